/* A capture file, record by record: pcap (both byte orders, microseconds and nanoseconds) and
 * pcapng.
 *
 * Records come in the order of the file, over one sliding window that grows with the longest
 * record that is really there: a length alone makes nobody allocate. Nothing is allocated per
 * record. What is behind a cut or a damage is not read, but can be had as raw bytes.
 */
#ifndef PCAPANALYZER_PCAPFILE_H
#define PCAPANALYZER_PCAPFILE_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/error.h"
#include "pcapanalyzer/pcapng.h"
#include "pcapanalyzer/rows.h"

#define PA_PCAP_HEADER_BYTES 24u
#define PA_PCAP_RECORD_BYTES 16u
#define PA_PACKET_MAX        (128u * 1024 * 1024) /* as Wireshark: the longest one it takes */

enum pa_pcapfile_format { PA_PCAPFILE_PCAP, PA_PCAPFILE_PCAPNG };

enum pa_pcapfile_end {
	PA_PCAPFILE_COMPLETE,
	PA_PCAPFILE_TRUNCATED, /* the file ends inside a record */
	PA_PCAPFILE_DAMAGED,   /* what stands there can be no record */
};

struct pa_pcapfile;

/* Begin. READ gives the file's bytes (rows.h), at most as many as asked for.
 * PA_EVALUE: not a file that is read here: something else, compressed, or one of pcap's odd
 * relatives; err says which. Errors of READ, and PA_ENOMEM. */
enum pa_status pa_pcapfile_new(pa_read_fn *read, void *ctx, struct pa_pcapfile **out,
                               struct pa_error *err) __attribute__((warn_unused_result));
/* Takes NULL. */
void pa_pcapfile_free(struct pa_pcapfile *f);

/* The next record, or PA_END: at the end of the file, at a cut, or at a damage. */
enum pa_status pa_pcapfile_next(struct pa_pcapfile *f, struct pa_record *out, struct pa_error *err)
    __attribute__((warn_unused_result));

/* After PA_END, the bytes that are no record, piece by piece until PA_END again. They live until
 * the next call. */
enum pa_status pa_pcapfile_rest(struct pa_pcapfile *f, struct pa_slice *out, struct pa_error *err)
    __attribute__((warn_unused_result));

enum pa_pcapfile_format pa_pcapfile_format(const struct pa_pcapfile *f) __attribute__((pure));

/* How it ended, after PA_END; behind the last record stands *offset, and of a damage *reason says
 * what it is (else it is ""). Lives as long as F. */
enum pa_pcapfile_end pa_pcapfile_end(const struct pa_pcapfile *f, uint64_t *offset,
                                     const char **reason);

/* Interfaces so far (a pcap file has one), with their last statistics. Valid until the next record
 * is asked for. */
size_t pa_pcapfile_interfaces(const struct pa_pcapfile *f, const struct pa_interface **out);

/* Append RECORD, which F gave last and which is a packet, with its bytes taken out: caplen 0, the
 * original length, time and interface kept. A few bytes stay where Wireshark refuses the file
 * without them (a pseudo header of the link type); a simple packet block, whose length is the
 * packet's, gets zeros instead. Options go, too.
 * PA_EVALUE for a record that is no packet. */
enum pa_status pa_pcapfile_empty(const struct pa_pcapfile *f, const struct pa_record *record,
                                 struct pa_buf *out) __attribute__((warn_unused_result));

#endif
