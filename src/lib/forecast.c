#include "pcapanalyzer/forecast.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S        86400.0
#define MICROS       1e6
#define HALF_EXTENT  (512.0 * 1024)
#define RATE_MAX     1e12
#define RATE_LETTERS "0123456789."

enum pa_status pa_forecast_read(struct pa_lines *l, struct pa_forecast_sample *out)
{
	const struct {
		const char *key;
		uint64_t *value;
	} numbers[] = {
	    {"packets", &out->packets}, {"rows", &out->rows},
	    {"bytes", &out->bytes},     {"empty_bytes", &out->empty_bytes},
	    {"trees", &out->trees},     {"tshark_us", &out->tshark_us},
	    {"load_us", &out->load_us},
	};
	enum pa_status st;

	*out = (struct pa_forecast_sample){0};
	if (l->rest.len == 0)
		return PA_END;
	st = pa_lines_text(l, "profile", PA_FORECAST_TEXT_MAX, &out->profile);
	if (st == PA_OK)
		st = pa_lines_text(l, "keys", PA_FORECAST_TEXT_MAX, &out->keys);
	for (size_t i = 0; st == PA_OK && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		st = pa_lines_number(l, numbers[i].key, numbers[i].value);
	if (st == PA_OK && (out->packets == 0 || out->tshark_us == 0 || out->load_us == 0))
		st = pa_lines_bad(l, "nothing was measured");
	return st;
}

void pa_forecast_sample_done(struct pa_forecast_sample *s)
{
	free(s->profile);
	free(s->keys);
	*s = (struct pa_forecast_sample){0};
}

enum pa_status pa_forecast_rate(const char *option, const char *text, double *rate,
                                struct pa_error *err)
{
	char *end;
	double v = strtod(text, &end);

	/* strtod() also takes spaces, signs, "inf" and "0x1p3". */
	if (text[strspn(text, RATE_LETTERS)] || *end || !(v > 0) || v > RATE_MAX)
		return pa_fail(err, PA_EUSAGE, 0,
		               "option --%s: \"%s\" is not a number of packets a second, such as "
		               "2500 or 0.5",
		               option, text);
	*rate = v;
	return PA_OK;
}

void pa_forecast_of(const struct pa_forecast_sample *s, double rate, uint64_t room,
                    struct pa_forecast *out)
{
	double bytes = s->bytes > s->empty_bytes ? (double)(s->bytes - s->empty_bytes) : 0;
	double packets = (double)s->packets;

	out->tshark_packets_per_s = packets * MICROS / (double)s->tshark_us;
	out->cores = rate / out->tshark_packets_per_s;
	out->rows_per_s = (double)s->rows * MICROS / (double)s->load_us;
	out->bytes_per_packet = bytes / packets;
	out->bytes_per_day = out->bytes_per_packet * rate * DAY_S;
	out->days = bytes > 0 ? (double)room / out->bytes_per_day : -1;
	out->plus_minus_percent = bytes > 0 ? 100 * HALF_EXTENT * (double)s->trees / bytes : 100;
	if (out->plus_minus_percent > 100)
		out->plus_minus_percent = 100;
}
