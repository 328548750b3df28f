#include "pcapanalyzer/pcapfile.h"
#include "support.h"

/* Captures are built here number by number, in either byte order. */
struct maker {
	struct pa_buf b;
	int big;
	size_t block; /* where the block that is being made begins */
};

static void put(struct maker *m, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_ok(pa_buf_putc(&m->b, (uint8_t)(v >> 8 * (m->big ? n - 1 - i : i))));
}

static void put_bytes(struct maker *m, const char *bytes, size_t n, int pad)
{
	assert_ok(pa_buf_put(&m->b, bytes, n));
	for (; pad && n % 4; n++)
		put(m, 0, 1);
}

static void begin(struct maker *m, uint32_t type)
{
	m->block = m->b.len;
	put(m, type, 4);
	put(m, 0, 4);
}

static void end(struct maker *m)
{
	size_t n = m->b.len + 4 - m->block;

	put(m, n, 4);
	memcpy(m->b.ptr + m->block + 4, m->b.ptr + m->b.len - 4, 4);
}

static void option(struct maker *m, unsigned code, const char *bytes, size_t n)
{
	put(m, code, 2);
	put(m, n, 2);
	put_bytes(m, bytes, n, 1);
}

static void option_u64(struct maker *m, unsigned code, uint64_t v, int as_time)
{
	put(m, code, 2);
	put(m, 8, 2);
	if (as_time) {
		put(m, v >> 32, 4);
		put(m, v & UINT32_MAX, 4);
	} else {
		put(m, v, 8);
	}
}

static void section(struct maker *m)
{
	begin(m, PA_PCAPNG_SECTION);
	put(m, PA_PCAPNG_ORDER, 4);
	put(m, 1, 2);
	put(m, 0, 2);
	put(m, UINT64_MAX, 8);
	end(m);
}

static void interface(struct maker *m, unsigned link, unsigned snaplen, const char *name,
                      unsigned resolution)
{
	char byte = (char)resolution;

	begin(m, PA_PCAPNG_INTERFACE);
	put(m, link, 2);
	put(m, 0, 2);
	put(m, snaplen, 4);
	option(m, 2, name, strlen(name));
	option(m, 9, &byte, 1);
	put(m, 0, 4);
	end(m);
}

static void packet(struct maker *m, uint32_t id, uint64_t time, const char *bytes, size_t len)
{
	size_t n = strlen(bytes);

	begin(m, PA_PCAPNG_PACKET);
	put(m, id, 4);
	put(m, time >> 32, 4);
	put(m, time & UINT32_MAX, 4);
	put(m, n, 4);
	put(m, len, 4);
	put_bytes(m, bytes, n, 1);
	option(m, 1, "a comment", 9);
	put(m, 0, 4);
	end(m);
}

static void make_pcap(struct maker *m, uint32_t magic)
{
	put(m, magic, 4);
	put(m, 2, 2);
	put(m, 4, 2);
	put(m, 0, 8);
	put(m, 65535, 4);
	put(m, 113, 4);
	for (unsigned i = 1; i <= 3; i++) {
		put(m, 1000 * i, 4);
		put(m, 5 * i, 4);
		put(m, i, 4);
		put(m, 60 + i, 4);
		put_bytes(m, "abc", i, 0);
	}
}

/* Two sections, the second of the other byte order. */
static void make_pcapng(struct maker *m)
{
	section(m);
	interface(m, 1, 4, "eth0", 9);
	interface(m, 113, 0, "any", 0x80 | 10);
	packet(m, 0, 1500000000123456789, "hello", 60);
	begin(m, 0x7777);
	put_bytes(m, "unknown!", 8, 1);
	end(m);
	packet(m, 1, 1024 * 7 + 512, "", 0);
	begin(m, PA_PCAPNG_SIMPLE);
	put(m, 9, 4);
	put_bytes(m, "simp", 4, 1);
	end(m);
	begin(m, 0xbad); /* a frame to tshark */
	put(m, 12345, 4);
	end(m);
	begin(m, PA_PCAPNG_OLD_PACKET);
	put(m, 1, 2);
	put(m, 99, 2);
	put(m, 0, 4);
	put(m, 1024 * 8, 4);
	put(m, 3, 4);
	put(m, 44, 4);
	put_bytes(m, "old", 3, 1);
	end(m);
	for (unsigned i = 1; i <= 2; i++) {
		begin(m, PA_PCAPNG_STATISTICS);
		put(m, 0, 4);
		put(m, 0, 8);
		option_u64(m, 2, 1500000000000000000, 1);
		option_u64(m, 3, 1500000001000000000, 1);
		option_u64(m, 4, 100 * i, 0);
		option_u64(m, 5, 7 * i, 0);
		option_u64(m, 7, 8 * i, 0);
		option_u64(m, 8, 9 * i, 0);
		end(m);
	}
	m->big = !m->big;
	section(m);
	interface(m, 147, 0, "", 6);
	packet(m, 0, 1, "x", 1);
}

/* Input that comes in pieces of at most CHUNK bytes. */
struct source {
	struct pa_slice rest;
	size_t chunk;
	size_t fail_after; /* reads; 0: never */
	size_t reads;
};

static enum pa_status read_source(void *ctx, uint8_t *bytes, size_t n, size_t *got,
                                  struct pa_error *err)
{
	struct source *s = ctx;
	size_t take = s->rest.len < s->chunk ? s->rest.len : s->chunk;

	assert_true(n > 0);
	if (s->fail_after && ++s->reads > s->fail_after)
		return pa_fail(err, PA_EIO, 5, "the source failed");
	if (take > n)
		take = n;
	if (take)
		memcpy(bytes, s->rest.ptr, take);
	s->rest.ptr += take;
	s->rest.len -= take;
	*got = take;
	return PA_OK;
}

static void note_record(struct pa_buf *log, const struct pa_record *r)
{
	static const char kinds[] = "HIPESO";

	assert_ok(pa_buf_printf(log, "%c@%llu+%zu", kinds[r->kind], (unsigned long long)r->offset,
	                        r->block.len));
	if (r->frame)
		assert_ok(pa_buf_printf(log, "#%llu", (unsigned long long)r->frame));
	if (r->kind == PA_RECORD_PACKET) {
		assert_ok(pa_buf_printf(log, " i%u l%u %u/%u ", (unsigned)r->interface,
		                        (unsigned)r->link_type, (unsigned)r->caplen,
		                        (unsigned)r->len));
		assert_ok(r->has_time ? pa_buf_printf(log, "t%lld ", (long long)r->time_ns)
		                      : pa_buf_puts(log, "- "));
		assert_int_equal(r->bytes.len, r->caplen);
		for (size_t i = 0; i < r->bytes.len; i++)
			assert_ok(pa_buf_putc(log, r->bytes.ptr[i] ? r->bytes.ptr[i] : '0'));
	}
	assert_ok(pa_buf_putc(log, '\n'));
}

/* All that the reader says of INPUT, as text; the records and the rest must be the whole file. */
static enum pa_status run(struct pa_slice input, size_t chunk, struct pa_buf *log)
{
	static const char *const ends[] = {"complete", "truncated", "damaged"};
	struct source source = {.rest = input, .chunk = chunk};
	struct pa_error err = {0};
	struct pa_pcapfile *f;
	struct pa_record r;
	struct pa_slice rest;
	const char *reason;
	uint64_t at = 0;
	enum pa_pcapfile_end how;
	enum pa_status st = pa_pcapfile_new(read_source, &source, &f, &err);

	if (st != PA_OK) {
		assert_ok(pa_buf_puts(log, err.msg));
		return st;
	}
	while ((st = pa_pcapfile_next(f, &r, &err)) == PA_OK) {
		assert_int_equal(r.offset, at);
		assert_memory_equal(r.block.ptr, input.ptr + at, r.block.len);
		at += r.block.len;
		note_record(log, &r);
	}
	assert_int_equal(st, PA_END);
	assert_int_equal(pa_pcapfile_next(f, &r, &err), PA_END);
	how = pa_pcapfile_end(f, &source.reads, &reason);
	assert_int_equal(source.reads, at);
	assert_ok(pa_buf_printf(log, "%s %s", ends[how], reason));
	while ((st = pa_pcapfile_rest(f, &rest, &err)) == PA_OK) {
		assert_true(rest.len > 0);
		assert_memory_equal(rest.ptr, input.ptr + at, rest.len);
		at += rest.len;
	}
	assert_int_equal(st, PA_END);
	assert_int_equal(at, input.len);
	assert_true((how == PA_PCAPFILE_COMPLETE) == (source.reads == at));
	pa_pcapfile_free(f);
	return PA_OK;
}

/* What it says must not depend on how the bytes come in. */
static void says(struct pa_slice made, const char *want)
{
	struct pa_slice input = copy_of(made);
	struct pa_buf log;

	pa_buf_init(&log, SIZE_MAX);
	for (size_t chunk = 1; chunk <= input.len + 1; chunk++) {
		pa_buf_reset(&log);
		assert_ok(run(input, chunk, &log));
		assert_text(of_buf(&log), want);
	}
	pa_buf_done(&log);
	free_copy(input);
}

static void reads_pcap(void **state)
{
	static const struct {
		uint32_t magic;
		const char *want;
	} cases[] = {
	    {0xa1b2c3d4, "H@0+24\nP@24+17#1 i0 l113 1/61 t1000000005000 a\n"
	                 "P@41+18#2 i0 l113 2/62 t2000000010000 ab\n"
	                 "P@59+19#3 i0 l113 3/63 t3000000015000 abc\ncomplete "},
	    {0xa1b23c4d, "H@0+24\nP@24+17#1 i0 l113 1/61 t1000000000005 a\n"
	                 "P@41+18#2 i0 l113 2/62 t2000000000010 ab\n"
	                 "P@59+19#3 i0 l113 3/63 t3000000000015 abc\ncomplete "},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		for (int big = 0; big < 2; big++) {
			struct maker m = {.big = big};

			pa_buf_init(&m.b, SIZE_MAX);
			make_pcap(&m, cases[i].magic);
			says(of_buf(&m.b), cases[i].want);
			pa_buf_done(&m.b);
		}
	}
}

static void reads_pcapng(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct maker m = {.big = big};

		pa_buf_init(&m.b, SIZE_MAX);
		make_pcapng(&m);
		says(of_buf(&m.b), "H@0+28\nI@28+40\nI@68+40\n"
		                   "P@108+60#1 i0 l1 5/60 t1500000000123456789 hello\n"
		                   "O@168+20\n"
		                   "P@188+52#2 i1 l113 0/0 t7500000000 \n"
		                   "P@240+20#3 i0 l1 4/9 - simp\n"
		                   "E@260+16#4\n"
		                   "P@276+36#5 i1 l113 3/44 t8000000000 old\n"
		                   "S@312+96\nS@408+96\nH@504+28\nI@532+36\n"
		                   "P@568+56#6 i2 l147 1/1 t1000 x\ncomplete ");
		pa_buf_done(&m.b);
	}
}

static void keeps_statistics(void **state)
{
	struct maker m = {.big = 0};
	struct source source;
	const struct pa_interface *i;
	struct pa_pcapfile *f;
	struct pa_record r;

	(void)state;
	pa_buf_init(&m.b, SIZE_MAX);
	make_pcapng(&m);
	source = (struct source){.rest = of_buf(&m.b), .chunk = SIZE_MAX};
	assert_ok(pa_pcapfile_new(read_source, &source, &f, NULL));
	while (pa_pcapfile_next(f, &r, NULL) == PA_OK)
		continue;
	assert_int_equal(pa_pcapfile_format(f), PA_PCAPFILE_PCAPNG);
	assert_int_equal(pa_pcapfile_interfaces(f, &i), 3);
	assert_string_equal(i[0].name, "eth0");
	assert_int_equal(i[0].packets, 2);
	assert_int_equal(i[0].stats.has, PA_ISB_START | PA_ISB_END | PA_ISB_IFRECV | PA_ISB_IFDROP |
	                                     PA_ISB_OSDROP | PA_ISB_USRDELIV);
	assert_true(i[0].stats.start_ns == 1500000000000000000);
	assert_true(i[0].stats.end_ns == 1500000001000000000);
	assert_int_equal(i[0].stats.ifrecv, 200);
	assert_int_equal(i[0].stats.ifdrop, 14);
	assert_int_equal(i[0].stats.osdrop, 16);
	assert_int_equal(i[0].stats.usrdeliv, 18);
	assert_string_equal(i[1].name, "any");
	assert_int_equal(i[1].stats.has, 0);
	assert_int_equal(i[2].packets, 1);
	pa_pcapfile_free(f);
	pa_buf_done(&m.b);
}

/* Cut anywhere, a file is truncated but between two records, and what stands before the cut is
 * read as ever. */
static void sees_every_cut(void **state)
{
	(void)state;
	for (int ng = 0; ng < 2; ng++) {
		struct maker m = {.big = 0};
		struct pa_buf whole;
		struct pa_buf log;

		pa_buf_init(&m.b, SIZE_MAX);
		pa_buf_init(&whole, SIZE_MAX);
		pa_buf_init(&log, SIZE_MAX);
		if (ng)
			make_pcapng(&m);
		else
			make_pcap(&m, 0xa1b2c3d4);
		assert_ok(run(of_buf(&m.b), SIZE_MAX, &whole));
		for (size_t n = 4; n < m.b.len; n++) {
			struct pa_slice cut = copy_of((struct pa_slice){m.b.ptr, n});
			size_t said;

			pa_buf_reset(&log);
			assert_ok(run(cut, 7, &log));
			said = log.len;
			while (said > 0 && log.ptr[said - 1] != '\n')
				said--;
			assert_memory_equal(log.ptr, whole.ptr, said);
			free_copy(cut);
		}
		pa_buf_done(&log);
		pa_buf_done(&whole);
		pa_buf_done(&m.b);
	}
}

static void refuses_strangers(void **state)
{
	static const struct {
		struct pa_slice bytes;
		const char *word;
	} cases[] = {
	    {LIT(""), "empty"},
	    {LIT("x"), "not a pcap"},
	    {LIT("\x1f\x8b\x08\0\0\0"), "gzip"},
	    {LIT("\x28\xb5\x2f\xfd...."), "zstd"},
	    {LIT("\x04\x22\x4d\x18...."), "lz4"},
	    {LIT("\xfd"
	         "7zXZ"),
	     "xz"},
	    {LIT("BZh9...."), "bzip2"},
	    {LIT("\xa1\xb2\xcd\x34\0\2\0\4"), "Kuznetzov"},
	    {LIT("\x34\xcd\xb2\xa1\2\0\4\0"), "Kuznetzov"},
	    {LIT("\xa1\xe2\xcb\x12\0\2\0\4"), "IXIA"},
	    {LIT("\xd4\xc3\xb2\xa1\2\0\2\0................"), "version 2.2"},
	    {LIT("\xa1\xb2\xc3\xd4\0\2\0\3................"), "version 2.3"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct pa_slice input = copy_of(cases[i].bytes);
		struct pa_buf log;

		pa_buf_init(&log, SIZE_MAX);
		assert_int_equal(run(input, 1, &log), PA_EVALUE);
		if (!has(of_buf(&log), cases[i].word))
			fail_msg("case %zu: %s", i, shown(of_buf(&log)));
		pa_buf_done(&log);
		free_copy(input);
	}
}

/* One number of a good file made wrong: offset, size, value, and what is said then. */
static void sees_damage(void **state)
{
	static const struct {
		int ng;
		size_t at, n;
		uint64_t value;
		const char *want; /* the last line */
	} cases[] = {
	    {0, 24 + 8, 4, 0xffffffff, "damaged a packet cannot have 4294967295 bytes"},
	    {0, 24 + 8, 4, 128u << 20, "truncated "},
	    {1, 8, 4, 1, "damaged a section without a byte order"},
	    {1, 12, 2, 2, "damaged a section of version 2"},
	    {1, 28 + 4, 4, 8, "damaged a block cannot have 8 bytes"},
	    {1, 28 + 4, 4, 41, "damaged a block cannot have 41 bytes"},
	    {1, 28 + 4, 4, 0xfffffffc, "damaged a block cannot have 4294967292 bytes"},
	    {1, 28 + 4, 4, 120u << 20, "truncated "},
	    {1, 28 + 36, 4, 44, "damaged a block has two lengths"},
	    {1, 28 + 18, 2, 200, "damaged an option is longer than its block"},
	    {1, 108 + 8, 4, 2, "damaged the section has no interface 2"},
	    {1, 108 + 20, 4, 29, "damaged a packet that is longer than its block"},
	    {1, 312 + 8, 4, 2, "damaged the section has no interface 2"},
	    {1, 312 + 22, 2, 999, "damaged an option is longer than its block"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct maker m = {.big = 0};
		struct pa_buf log;
		const char *last;

		pa_buf_init(&m.b, SIZE_MAX);
		pa_buf_init(&log, SIZE_MAX);
		if (cases[i].ng)
			make_pcapng(&m);
		else
			make_pcap(&m, 0xa1b2c3d4);
		for (size_t k = 0; k < cases[i].n; k++)
			m.b.ptr[cases[i].at + k] = (uint8_t)(cases[i].value >> 8 * k);
		assert_ok(run(of_buf(&m.b), 11, &log));
		assert_ok(pa_buf_putc(&log, '\0'));
		last = strrchr((const char *)log.ptr, '\n');
		assert_string_equal(last ? last + 1 : (const char *)log.ptr, cases[i].want);
		pa_buf_done(&log);
		pa_buf_done(&m.b);
	}
}

static void tells_of_read_errors(void **state)
{
	struct maker m = {.big = 0};

	(void)state;
	pa_buf_init(&m.b, SIZE_MAX);
	make_pcapng(&m);
	for (size_t n = 1; n < 40; n++) {
		struct source source = {.rest = of_buf(&m.b), .chunk = 16, .fail_after = n};
		struct pa_error err = {0};
		struct pa_pcapfile *f = NULL;
		struct pa_record r;
		enum pa_status st = pa_pcapfile_new(read_source, &source, &f, &err);

		while (st == PA_OK)
			st = pa_pcapfile_next(f, &r, &err);
		assert_int_equal(st, PA_EIO);
		assert_int_equal(err.sys, 5);
		pa_pcapfile_free(f);
	}
	pa_buf_done(&m.b);
}

static void converts_times(void **state)
{
	static const struct {
		unsigned resolution;
		int64_t offset;
		uint64_t ticks;
		int has;
		int64_t want;
	} cases[] = {
	    {6, 0, 1500000, 1, 1500000000},
	    {0, 0, 3, 1, 3000000000},
	    {0, -5, 3, 1, -2000000000},
	    {12, 0, 1234567, 1, 1234},
	    {19, 0, UINT64_MAX, 1, 1844674407},
	    {20, 0, UINT64_MAX, 1, 184467440},
	    {127, 0, UINT64_MAX, 1, 0},
	    {0x80, 0, 9, 1, 9000000000},
	    {0x80 | 32, 0, 0x180000000u, 1, 1500000000},
	    {0x80 | 63, 0, UINT64_MAX, 1, 1999999999},
	    {0x80 | 64, 0, UINT64_MAX, 1, 999999999},
	    {0x80 | 127, 0, UINT64_MAX, 1, 0},
	    {9, 0, INT64_MAX, 1, INT64_MAX},
	    {9, 0, (uint64_t)INT64_MAX + 1, 0, 0},
	    {0, 0, UINT64_MAX, 0, 0},
	    {6, INT64_MAX, 1000000, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct maker m = {.big = 1};
		struct source source;
		struct pa_pcapfile *f;
		struct pa_record r = {.kind = PA_RECORD_OTHER};
		char byte = (char)cases[i].resolution;

		pa_buf_init(&m.b, SIZE_MAX);
		section(&m);
		begin(&m, PA_PCAPNG_INTERFACE);
		put(&m, 1, 2);
		put(&m, 0, 6);
		option(&m, 9, &byte, 1);
		option_u64(&m, 14, (uint64_t)cases[i].offset, 0);
		end(&m);
		packet(&m, 0, cases[i].ticks, "x", 1);
		source = (struct source){.rest = of_buf(&m.b), .chunk = SIZE_MAX};
		assert_ok(pa_pcapfile_new(read_source, &source, &f, NULL));
		while (r.kind != PA_RECORD_PACKET)
			assert_ok(pa_pcapfile_next(f, &r, NULL));
		if (r.has_time != cases[i].has || (r.has_time && r.time_ns != cases[i].want))
			fail_msg("case %zu: %lld", i, (long long)r.time_ns);
		pa_pcapfile_free(f);
		pa_buf_done(&m.b);
	}
}

/* The file with every packet emptied says the same of all of them but their bytes. */
static void empties(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct maker m = {.big = big};
		struct source source;
		struct pa_pcapfile *f;
		struct pa_record r;
		struct pa_buf out;

		pa_buf_init(&m.b, SIZE_MAX);
		pa_buf_init(&out, SIZE_MAX);
		make_pcapng(&m);
		source = (struct source){.rest = of_buf(&m.b), .chunk = 5};
		assert_ok(pa_pcapfile_new(read_source, &source, &f, NULL));
		while (pa_pcapfile_next(f, &r, NULL) == PA_OK) {
			if (r.kind == PA_RECORD_PACKET)
				assert_ok(pa_pcapfile_empty(f, &r, &out));
			else
				assert_ok(pa_buf_put(&out, r.block.ptr, r.block.len));
			if (r.kind == PA_RECORD_EVENT)
				assert_int_equal(pa_pcapfile_empty(f, &r, &out), PA_EVALUE);
		}
		pa_pcapfile_free(f);
		says(of_buf(&out), "H@0+28\nI@28+40\nI@68+40\n"
		                   "P@108+32#1 i0 l1 0/60 t1500000000123456789 \n"
		                   "O@140+20\n"
		                   "P@160+32#2 i1 l113 0/0 t7500000000 \n"
		                   "P@192+20#3 i0 l1 4/9 - 0000\n"
		                   "E@212+16#4\n"
		                   "P@228+32#5 i1 l113 0/44 t8000000000 \n"
		                   "S@260+96\nS@356+96\nH@452+28\nI@480+36\n"
		                   "P@516+32#6 i2 l147 0/1 t1000 \ncomplete ");
		pa_buf_done(&out);
		pa_buf_done(&m.b);
	}
}

/* A pseudo header without which Wireshark refuses the whole file stays. */
static void leaves_pseudo_headers(void **state)
{
	struct maker m = {.big = 0};
	struct source source;
	struct pa_pcapfile *f;
	struct pa_record r;
	struct pa_buf out;

	(void)state;
	pa_buf_init(&m.b, SIZE_MAX);
	pa_buf_init(&out, SIZE_MAX);
	section(&m);
	interface(&m, 196, 0, "", 6); /* SITA: 5 bytes */
	packet(&m, 0, 1, "123456", 6);
	packet(&m, 0, 1, "123", 6);
	source = (struct source){.rest = of_buf(&m.b), .chunk = SIZE_MAX};
	assert_ok(pa_pcapfile_new(read_source, &source, &f, NULL));
	while (pa_pcapfile_next(f, &r, NULL) == PA_OK) {
		if (r.kind == PA_RECORD_PACKET)
			assert_ok(pa_pcapfile_empty(f, &r, &out));
		else
			assert_ok(pa_buf_put(&out, r.block.ptr, r.block.len));
	}
	pa_pcapfile_free(f);
	says(of_buf(&out), "H@0+28\nI@28+36\nP@64+40#1 i0 l196 5/6 t1000 12345\n"
	                   "P@104+36#2 i0 l196 3/6 t1000 123\ncomplete ");
	pa_buf_done(&out);
	pa_buf_done(&m.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_pcap),
	    cmocka_unit_test(reads_pcapng),
	    cmocka_unit_test(keeps_statistics),
	    cmocka_unit_test(sees_every_cut),
	    cmocka_unit_test(refuses_strangers),
	    cmocka_unit_test(sees_damage),
	    cmocka_unit_test(tells_of_read_errors),
	    cmocka_unit_test(converts_times),
	    cmocka_unit_test(empties),
	    cmocka_unit_test(leaves_pseudo_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
