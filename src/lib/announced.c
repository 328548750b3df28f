#include "pcapanalyzer/announced.h"

#include <arpa/inet.h>
#include <string.h>

#define WINDOW 8u /* slots in which an end may stand */

void pa_announced_init(struct pa_announced *a)
{
	memset(a, 0, sizeof(*a));
}

static unsigned slot_of(uint32_t end, unsigned i)
{
	return (end + i) % PA_ANNOUNCED_ENDS;
}

/* Its slot, or PA_ANNOUNCED_ENDS. */
static unsigned find(const struct pa_announced *a, uint32_t end)
{
	for (unsigned i = 0; end != 0 && i < WINDOW; i++)
		if (a->slots[slot_of(end, i)].end == end)
			return slot_of(end, i);
	return PA_ANNOUNCED_ENDS;
}

static void add(struct pa_announced *a, uint32_t end)
{
	unsigned at = find(a, end);

	for (unsigned i = 0; at == PA_ANNOUNCED_ENDS && i < WINDOW; i++)
		if (a->slots[slot_of(end, i)].left == 0)
			at = slot_of(end, i);
	if (at == PA_ANNOUNCED_ENDS)
		at = slot_of(end, a->n % WINDOW);
	a->slots[at].end = end;
	a->slots[at].left = PA_ANNOUNCED_PACKETS;
	a->n++;
}

/* SDP */

struct address {
	uint8_t bytes[16];
	size_t n; /* 0: none */
};

static int begins(struct pa_slice line, const char *word)
{
	const size_t n = strlen(word);

	return line.len >= n && memcmp(line.ptr, word, n) == 0;
}

/* Of "c=IN IP4 ADDRESS", behind which "/TTL" may stand. */
static int read_address(struct pa_slice line, struct address *out)
{
	static const size_t prefix = sizeof("c=IN IP4 ") - 1;
	const int v6 = begins(line, "c=IN IP6 ");
	char text[INET6_ADDRSTRLEN];
	size_t n = prefix;

	if (!v6 && !begins(line, "c=IN IP4 "))
		return 0;
	while (n < line.len && !strchr("/ \r", line.ptr[n]))
		n++;
	if (n - prefix >= sizeof(text))
		return 0;
	memcpy(text, line.ptr + prefix, n - prefix);
	text[n - prefix] = '\0';
	if (inet_pton(v6 ? AF_INET6 : AF_INET, text, out->bytes) != 1)
		return 0;
	out->n = v6 ? 16 : 4;
	return 1;
}

/* Of "m=MEDIA PORT ..."; 0 when it is none. */
static uint16_t read_port(struct pa_slice line)
{
	const uint8_t *p = memchr(line.ptr, ' ', line.len);
	const uint8_t *end = line.ptr + line.len;
	uint32_t port = 0;

	if (!p)
		return 0;
	for (p++; p < end && *p >= '0' && *p <= '9' && port <= UINT16_MAX; p++)
		port = port * 10 + (uint32_t)(*p - '0');
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* RTP and, above it, RTCP. */
static void add_media(struct pa_announced *a, const struct address *address, uint16_t port)
{
	if (address->n == 0 || port == 0)
		return;
	add(a, pa_flow_end(address->bytes, address->n, port));
	if (port < UINT16_MAX)
		add(a, pa_flow_end(address->bytes, address->n, (uint16_t)(port + 1)));
}

void pa_announced_read(struct pa_announced *a, struct pa_slice text)
{
	struct address session = {.n = 0};
	struct address own = {.n = 0};
	uint16_t port = 0;

	while (text.len > 0) {
		const uint8_t *lf = memchr(text.ptr, '\n', text.len);
		const struct pa_slice line = {text.ptr, lf ? (size_t)(lf - text.ptr) : text.len};

		if (begins(line, "v=")) {
			session.n = 0;
			port = 0;
		} else if (begins(line, "m=")) {
			port = read_port(line);
			add_media(a, &session, port);
		} else if (read_address(line, port != 0 ? &own : &session)) {
			/* One below a medium is that of this medium only. */
			add_media(a, &own, port);
		}
		text.ptr += line.len + (lf != NULL);
		text.len -= line.len + (lf != NULL);
	}
}

int pa_announced_take(struct pa_announced *a, const struct pa_flow *flow)
{
	unsigned at;

	if (a->n == 0)
		return 0;
	/* Wireshark looks for the sender's end first. */
	at = find(a, flow->from);
	if (at == PA_ANNOUNCED_ENDS)
		at = find(a, flow->to);
	if (at == PA_ANNOUNCED_ENDS || a->slots[at].left == 0)
		return 0;
	a->slots[at].left--;
	return 1;
}
