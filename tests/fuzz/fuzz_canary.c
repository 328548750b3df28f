/* An answer to the canary is accepted only when a tshark that we know gives it. What is accepted
 * must be one of the recorded answers (tests/data/canary), but for the two places where either of
 * two printings is right.
 *
 * Input: a byte that chooses an aggregator, and an answer; and the same bytes once more as
 * changes (two of place, one of value) to the recorded answer that the first byte chooses. */
#include <fcntl.h>
#include <stdio.h>

#include "fuzz.h"
#include "pcapanalyzer/canary.h"
#include "pcapanalyzer/io.h"

#define N_ANSWERS 6

static const struct {
	const char *name;
	uint8_t aggregator;
	enum pa_dialect dialect;
} known[N_ANSWERS] = {
    {"4.0-ff", 0xff, PA_DIALECT_4_0}, {"4.4-ff", 0xff, PA_DIALECT_4_4},
    {"4.6-ff", 0xff, PA_DIALECT_4_4}, {"4.0-cr", '\r', PA_DIALECT_4_0},
    {"4.4-cr", '\r', PA_DIALECT_4_4}, {"4.6-cr", '\r', PA_DIALECT_4_4},
};

static struct pa_buf answers[N_ANSWERS];

static void read_answers(void)
{
	for (unsigned i = 0; i < N_ANSWERS; i++) {
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/tests/data/canary/%s", PA_SOURCE_DIR,
		               known[i].name);
		pa_buf_init(&answers[i], PA_CANARY_ANSWER_MAX);
		MUST(pa_io_read_file(AT_FDCWD, path, &answers[i], NULL) == PA_OK);
	}
}

static int is_known(struct pa_slice answer, uint8_t aggregator, enum pa_dialect dialect)
{
	for (unsigned i = 0; i < N_ANSWERS; i++)
		if (known[i].aggregator == aggregator && known[i].dialect == dialect &&
		    answers[i].len == answer.len &&
		    memcmp(answers[i].ptr, answer.ptr, answer.len) == 0)
			return 1;
	return 0;
}

/* The shorter printing of the comment is as right as the one that was recorded. */
static int is_known_but_comment(struct pa_slice answer, uint8_t aggregator, enum pa_dialect dialect)
{
	const char *const more[2] = {"\xffline\xffline\xff"
	                             "and line",
	                             "\\rline\\rline\\rand line"};
	const char *const after = "two\\\\three";
	const uint8_t *hit = memmem(answer.ptr, answer.len, after, strlen(after));
	struct pa_buf whole;
	size_t at;
	int yes;

	if (!hit || dialect != PA_DIALECT_4_4)
		return 0;
	at = (size_t)(hit - answer.ptr) + strlen(after);
	pa_buf_init(&whole, SIZE_MAX);
	MUST(pa_buf_put(&whole, answer.ptr, at) == PA_OK);
	MUST(pa_buf_puts(&whole, more[aggregator == '\r']) == PA_OK);
	MUST(pa_buf_put(&whole, answer.ptr + at, answer.len - at) == PA_OK);
	yes = is_known((struct pa_slice){whole.ptr, whole.len}, aggregator, dialect);
	pa_buf_done(&whole);
	return yes;
}

static void check(struct pa_slice answer, uint8_t aggregator)
{
	enum pa_dialect dialect = PA_DIALECT_AUTO;
	struct pa_error err = {0};
	enum pa_status st = pa_canary_learn(answer, aggregator, &dialect, &err);

	if (st == PA_OK) {
		MUST(dialect == PA_DIALECT_4_0 || dialect == PA_DIALECT_4_4);
		MUST(aggregator != 0xff && aggregator != '\r'
		         ? 1
		         : is_known(answer, aggregator, dialect) ||
		               is_known_but_comment(answer, aggregator, dialect));
		return;
	}
	MUST(st == PA_EFORMAT && err.code == st && err.msg[0] && dialect == PA_DIALECT_AUTO);
	for (const char *p = err.msg; *p; p++)
		MUST(*p >= 0x20 && *p < 0x7f);
	for (unsigned i = 0; i < N_ANSWERS; i++)
		MUST(!is_known(answer, aggregator, known[i].dialect));
}

static void check_changed(const uint8_t *data, size_t size)
{
	const unsigned which = data[0] % N_ANSWERS;
	const struct pa_buf *answer = &answers[which];
	uint8_t *copy = malloc(answer->len);

	MUST(copy);
	memcpy(copy, answer->ptr, answer->len);
	for (size_t i = 1; i + 3 <= size; i += 3)
		copy[(data[i] * 256u + data[i + 1]) % answer->len] = data[i + 2];
	check((struct pa_slice){copy, answer->len}, known[which].aggregator);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!answers[0].ptr)
		read_answers();
	if (size == 0)
		return 0;
	check((struct pa_slice){data + 1, size - 1}, data[0] == 0   ? 0xff
	                                             : data[0] == 1 ? '\r'
	                                                            : data[0]);
	check_changed(data, size);
	return 0;
}
