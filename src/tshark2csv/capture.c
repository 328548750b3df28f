#include "capture.h"

#include <string.h>

/* pcap in both orders of bytes, of microseconds and nanoseconds; pcapng; RFC 1952, where the third
 * byte is the only method that there is. */
static const struct {
	const char *magic;
	size_t n;
	const char *kind;
} kinds[] = {
    {"\xd4\xc3\xb2\xa1", 4, "a pcap capture"},   {"\xa1\xb2\xc3\xd4", 4, "a pcap capture"},
    {"\x4d\x3c\xb2\xa1", 4, "a pcap capture"},   {"\xa1\xb2\x3c\x4d", 4, "a pcap capture"},
    {"\x0a\x0d\x0d\x0a", 4, "a pcapng capture"}, {"\x1f\x8b\x08", 3, "compressed by gzip"},
};

const char *capture_kind(const uint8_t *p, size_t n, int *more)
{
	const char *kind = NULL;

	*more = 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t least = n < kinds[i].n ? n : kinds[i].n;

		if (memcmp(p, kinds[i].magic, least) != 0)
			continue;
		if (least < kinds[i].n)
			*more = 1;
		else
			kind = kinds[i].kind;
	}
	return kind;
}
