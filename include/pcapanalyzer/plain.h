/* Cells that may stand in every output as they stand in the input, copied and looked at in one go.
 *
 * Plain text is printable ASCII (and DEL) without double quotes and backslashes, and the arrow
 * U+2192, which tshark writes between the ports of most packets. Plain numbers have at most nine
 * digits and no zeros before them. The scalar forms are the definition, as in scan.h.
 */
#ifndef PCAPANALYZER_PLAIN_H
#define PCAPANALYZER_PLAIN_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/scan.h"

#define PA_PLAIN_BLOCK 64

struct pa_plain_forms {
	/* Copy the N bytes at P to TO, and up to PA_PLAIN_BLOCK - 1 bytes more: those must be
	 * readable and there must be room for them. 1 when the N bytes are plain text. They are
	 * taken in blocks of PA_PLAIN_BLOCK, and an arrow in two of them is not plain. */
	int (*text)(const uint8_t *p, size_t n, uint8_t *to);
	/* Copy PA_PLAIN_BLOCK bytes, of which the first N (1 to PA_PLAIN_BLOCK) count, with the
	 * byte BETWEEN wherever SEPARATOR stands. Returns how many separators those N are; -1 when
	 * there is anything but plain numbers between them. */
	int (*numbers)(const uint8_t *p, size_t n, uint8_t separator, uint8_t between, uint8_t *to);
};

/* The forms of LEVEL, or NULL, as pa_scan_at() has them; and the fastest. */
const struct pa_plain_forms *pa_plain_at(enum pa_scan_level level);
const struct pa_plain_forms *pa_plain_best(void);

#endif
