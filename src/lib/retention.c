#include "pcapanalyzer/retention.h"

#include <string.h>

#define DAY_S    86400
#define DAYS_MAX 36500

/* The number that TEXT begins with, and what is behind it; 0 digits or an overflow is NULL. */
static const char *number(const char *text, uint64_t *out)
{
	const char *p = text;
	uint64_t v = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (v > (UINT64_MAX - digit) / 10)
			return NULL;
		v = v * 10 + digit;
	}
	*out = v;
	return p == text ? NULL : p;
}

enum pa_status pa_retention_days(const char *option, const char *text, uint64_t *days,
                                 struct pa_error *err)
{
	uint64_t v = 0;
	const char *unit = number(text, &v);

	if (unit && v <= DAYS_MAX && strcmp(unit, "w") == 0)
		v *= 7;
	else if (!unit || strcmp(unit, "d") != 0)
		v = 0;
	if (v < 1 || v > DAYS_MAX)
		return pa_fail(err, PA_EUSAGE, 0,
		               "option --%s: \"%s\" is not a number of whole days or weeks, such "
		               "as 30d or 8w",
		               option, text);
	*days = v;
	return PA_OK;
}

enum pa_status pa_retention_size(const char *option, const char *text, uint64_t *bytes,
                                 struct pa_error *err)
{
	static const char units[] = "KMGT";
	uint64_t v = 0;
	const char *unit = number(text, &v);
	const char *known = unit && *unit ? strchr(units, *unit) : NULL;
	unsigned shift = known ? 10 * (unsigned)(known - units + 1) : 0;

	if (!unit || (*unit && (!known || unit[1])) || v == 0 || v > UINT64_MAX >> shift)
		return pa_fail(err, PA_EUSAGE, 0,
		               "option --%s: \"%s\" is not a size such as 500M, 100G or 2T", option,
		               text);
	*bytes = v << shift;
	return PA_OK;
}

static uint64_t above(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t pa_retention_choose(const struct pa_partition *p, size_t n, const struct pa_retention *r,
                             time_t now, enum pa_retention_reason *reasons)
{
	long today = (long)(now / DAY_S);
	uint64_t total = 0;
	uint64_t over = 0;
	uint64_t lacking = above(r->min_free, r->free_bytes);
	uint64_t gone = 0;     /* with all that is chosen up to now */
	uint64_t gone_day = 0; /* without those of the day at hand: a day goes whole */

	for (size_t i = 0; i < n; i++)
		total += p[i].bytes;
	if (r->max_bytes > 0)
		over = above(total, r->max_bytes);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || p[i].end != p[i - 1].end)
			gone_day = gone;
		reasons[i] = PA_RETENTION_STAYS;
		if (p[i].end > today)
			continue;
		if (r->keep_days > 0 &&
		    (time_t)p[i].end * DAY_S <= now - (time_t)r->keep_days * DAY_S)
			reasons[i] = PA_RETENTION_KEEP;
		else if (over > gone_day)
			reasons[i] = PA_RETENTION_MAX_SIZE;
		else if (lacking > gone_day)
			reasons[i] = PA_RETENTION_MIN_FREE;
		if (reasons[i] != PA_RETENTION_STAYS)
			gone += p[i].bytes;
	}
	return above(over > lacking ? over : lacking, gone);
}
