/* pcapng, block by block: what a block says, and the interfaces of the file so far.
 *
 * Blocks are taken whole and in the order of the file. Several sections, in either byte order,
 * follow each other; interfaces are numbered through the file.
 * Source: draft-ietf-opsawg-pcapng; for what gets a frame number, Wireshark, wiretap/pcapng.c.
 */
#ifndef PCAPANALYZER_PCAPNG_H
#define PCAPANALYZER_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

#define PA_PCAPNG_SECTION      0x0a0d0d0au
#define PA_PCAPNG_INTERFACE    1u
#define PA_PCAPNG_OLD_PACKET   2u /* obsolete, but still met */
#define PA_PCAPNG_SIMPLE       3u
#define PA_PCAPNG_STATISTICS   5u
#define PA_PCAPNG_PACKET       6u
#define PA_PCAPNG_ORDER        0x1a2b3c4du /* byte order magic of a section */
#define PA_PCAPNG_FRAME_BYTES  12u         /* type and length before a block's body, length after */
#define PA_PCAPNG_PACKET_BYTES 20u         /* body of a packet before its bytes, old or new */
#define PA_INTERFACES_MAX      65536u
#define PA_INTERFACE_NAME_MAX  256u /* with its NUL; longer ones are cut */

enum pa_record_kind {
	PA_RECORD_HEADER,     /* of the file (pcap) or of a section (pcapng) */
	PA_RECORD_INTERFACE,  /* its description */
	PA_RECORD_PACKET,     /* has a frame number */
	PA_RECORD_EVENT,      /* no packet, but tshark gives it a frame number: journal entries,
	                       * system calls, custom blocks */
	PA_RECORD_STATISTICS, /* of an interface */
	PA_RECORD_OTHER,      /* to be passed through */
};

/* One record of a capture file. Slices live until the next one is asked for. */
struct pa_record {
	enum pa_record_kind kind;
	uint64_t offset;       /* in the file */
	struct pa_slice block; /* all its bytes, headers and padding included */
	uint32_t type;         /* of a pcapng block; 0 in pcap */
	uint64_t frame;        /* 1-based; 0 for what has no number */
	/* PA_RECORD_PACKET: */
	uint32_t interface; /* 0-based through the file */
	uint16_t link_type; /* LINKTYPE_ of tcpdump.org */
	int has_time;       /* 0: the block has none, or int64_t cannot hold it */
	int64_t time_ns;    /* since 1970-01-01 UTC */
	uint32_t caplen;
	uint32_t len;          /* on the wire */
	struct pa_slice bytes; /* caplen of them */
};

/* What an interface statistics block said. Bit N of `has` stands for its option number N. */
struct pa_interface_stats {
	unsigned has;
	int64_t start_ns, end_ns;                  /* isb_starttime 2, isb_endtime 3 */
	uint64_t ifrecv, ifdrop, osdrop, usrdeliv; /* 4, 5, 7, 8 */
};
#define PA_ISB_START    (1u << 2)
#define PA_ISB_END      (1u << 3)
#define PA_ISB_IFRECV   (1u << 4)
#define PA_ISB_IFDROP   (1u << 5)
#define PA_ISB_OSDROP   (1u << 7)
#define PA_ISB_USRDELIV (1u << 8)

struct pa_interface {
	char name[PA_INTERFACE_NAME_MAX]; /* any bytes but NUL; "" when the file has none */
	uint16_t link_type;
	uint32_t snaplen; /* 0: no limit */
	uint8_t tsresol;  /* as in the file: a power of 10, or of 2 with the high bit */
	int64_t tsoffset; /* seconds */
	uint64_t packets; /* so far */
	struct pa_interface_stats stats; /* of the last statistics block */
};

struct pa_pcapng {
	int swapped;            /* the section has the other byte order than this machine */
	size_t first_interface; /* of the section */
	struct pa_interface *interfaces;
	size_t n_interfaces, cap_interfaces;
};

void pa_pcapng_init(struct pa_pcapng *p);
void pa_pcapng_done(struct pa_pcapng *p);

/* A number of the section's byte order; P has its bytes, any alignment. */
uint16_t pa_pcapng_u16(const struct pa_pcapng *p, const uint8_t *bytes);
uint32_t pa_pcapng_u32(const struct pa_pcapng *p, const uint8_t *bytes);
/* And back. */
void pa_pcapng_put_u32(const struct pa_pcapng *p, uint32_t v, uint8_t *bytes);

/* The length that a block says it has, from its first 12 bytes. A section header, which may be
 * of the other byte order, sets the order for all that follows.
 * PA_EROW: none that can be right; err has the reason */
enum pa_status pa_pcapng_length(struct pa_pcapng *p, const uint8_t *head, size_t *length,
                                struct pa_error *err) __attribute__((warn_unused_result));
#define PA_PCAPNG_BLOCK_MAX (128u * 1024 * 1024 + 65536) /* as Wireshark */

/* Read one whole block.
 * out: all of it but offset and frame, which are the caller's to know
 * PA_EROW: the block is damaged, err has the reason; PA_ENOMEM */
enum pa_status pa_pcapng_take(struct pa_pcapng *p, struct pa_slice block, struct pa_record *out,
                              struct pa_error *err) __attribute__((warn_unused_result));

#endif
