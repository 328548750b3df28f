/* What a capture holds, looked at before it is divided. */
#ifndef PTSHARK_PLAN_H
#define PTSHARK_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/pcapfile.h"

/* A capture at its beginning. */
struct capture {
	int fd; /* can be read again */
	struct pa_pcapfile *file;
};

struct plan {
	enum pa_pcapfile_format format;
	struct pa_pcapng order; /* of the file's bytes */
	int nanoseconds;        /* pcap */
	uint16_t link_type;     /* pcap */
	uint32_t snaplen;       /* pcap */
	uint64_t frames;
	uint64_t strange; /* of these: packets without an address that we can find */
	uint32_t n_interfaces;
	struct pa_buf interfaces; /* pcapng: their blocks */
	char reason[REASON_MAX];  /* why it cannot be divided; "" when it can */
};

/* PA_EVALUE: it is none that is read here */
enum pa_status capture_open(int fd, struct capture *out, struct pa_error *err);
void capture_close(struct capture *c);

/* Look through the capture FD. */
enum pa_status plan_read(int fd, struct plan *out, struct pa_error *err);
void plan_done(struct plan *p);

#endif
