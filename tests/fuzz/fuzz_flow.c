/* A packet's flow is the same whenever it is asked for, and what is found stands in its bytes: no
 * byte behind them is read, and a longer packet with the same beginning has an answer, too.
 *
 * Input: link type (2 bytes), packet. */
#include "fuzz.h"
#include "pcapanalyzer/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint16_t link_type;
	struct pa_flow whole;
	struct pa_flow again;

	if (size < 2)
		return 0;
	memcpy(&link_type, data, sizeof(link_type));
	whole = pa_flow_of(link_type, (struct pa_slice){data + 2, size - 2});
	again = pa_flow_of(link_type, (struct pa_slice){data + 2, size - 2});
	MUST(whole.hash == again.hash && whole.shared == again.shared);
	MUST(whole.hash != 0 || !whole.shared);
	MUST(whole.hash == 0 || pa_flow_supports(link_type));
	for (size_t n = 0; n + 2 < size; n++) {
		uint8_t *cut = malloc(n ? n : 1);

		MUST(cut);
		memcpy(cut, data + 2, n);
		(void)pa_flow_of(link_type, (struct pa_slice){cut, n});
		free(cut);
	}
	return 0;
}
