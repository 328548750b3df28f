/* What reads as a manifest is written and read again as the same one. The input is the text,
 * once as it is and once with its right checksum, which a fuzzer cannot guess. */
#include "fuzz.h"
#include "pcapanalyzer/manifest.h"
#include "pcapanalyzer/profile.h"

static void check(struct pa_slice text)
{
	static struct pa_manifest m;
	struct pa_error err = {0};
	struct pa_buf one;
	struct pa_buf two;
	enum pa_status st;

	pa_manifest_init(&m);
	st = pa_manifest_read(text, &m, &err);
	MUST(st == PA_OK || (st == PA_EFORMAT && err.code == st && err.msg[0]));
	if (st != PA_OK) {
		pa_manifest_done(&m);
		return;
	}
	MUST(m.packets + m.rejected + m.filtered == m.last_row + 1 - m.first_row);
	MUST(m.packets <= m.last_row && m.rejected <= m.last_row && m.filtered <= m.last_row);
	MUST(m.first_row > 0);
	MUST(pa_identifier_ok(pa_slice_of(m.profile)));
	MUST(m.replaces == 0 || m.replaces == 1);
	MUST(!m.tshark_args || strlen(m.tshark_args) <= PA_TSHARK_ARGS_MAX);
	MUST(!m.filter || strlen(m.filter) <= 255);
	MUST(m.n_tables <= PA_MANIFEST_TABLES_MAX);
	for (unsigned i = 0; i < m.n_tables; i++) {
		MUST(pa_identifier_ok(pa_slice_of(m.tables[i].name)));
		MUST(strspn(m.tables[i].columns, "abcdefghijklmnopqrstuvwxyz0123456789_,") ==
		     strlen(m.tables[i].columns));
	}
	pa_buf_init(&one, SIZE_MAX);
	pa_buf_init(&two, SIZE_MAX);
	MUST(pa_manifest_write(&m, &one, NULL) == PA_OK);
	pa_manifest_done(&m);
	MUST(pa_manifest_read((struct pa_slice){one.ptr, one.len}, &m, NULL) == PA_OK);
	MUST(pa_manifest_write(&m, &two, NULL) == PA_OK);
	MUST(one.len == two.len && memcmp(one.ptr, two.ptr, one.len) == 0);
	pa_manifest_done(&m);
	pa_buf_done(&one);
	pa_buf_done(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pa_buf sealed;
	uint8_t sum[PA_SHA256_BYTES];
	char hex[PA_SHA256_HEX + 1];

	check((struct pa_slice){data, size});
	pa_buf_init(&sealed, SIZE_MAX);
	MUST(pa_sha256_of(data, size, sum) == PA_OK);
	pa_hex(sum, sizeof(sum), hex);
	MUST(pa_buf_put(&sealed, data, size) == PA_OK);
	MUST(pa_buf_printf(&sealed, "sha256 %s\n", hex) == PA_OK);
	check((struct pa_slice){sealed.ptr, sealed.len});
	pa_buf_done(&sealed);
	return 0;
}
