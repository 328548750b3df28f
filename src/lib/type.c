#include "pcapanalyzer/type.h"

static const struct {
	const char *name;
	unsigned row_bytes;
} types[PA_T_COUNT] = {
    [PA_T_TIME] = {"time", 8},       [PA_T_NANOS] = {"nanos", 2},
    [PA_T_UINT8] = {"uint8", 1},     [PA_T_UINT16] = {"uint16", 2},
    [PA_T_UINT32] = {"uint32", 4},   [PA_T_UINT64] = {"uint64", 8},
    [PA_T_INT8] = {"int8", 1},       [PA_T_INT16] = {"int16", 2},
    [PA_T_INT32] = {"int32", 4},     [PA_T_INT64] = {"int64", 8},
    [PA_T_DOUBLE] = {"double", 8},   [PA_T_BOOL] = {"bool", 1},
    [PA_T_PRESENT] = {"present", 1}, [PA_T_CHAR] = {"char", 1},
    [PA_T_IP] = {"ip", 17},          [PA_T_MAC] = {"mac", 6},
    [PA_T_EUI64] = {"eui64", 8},     [PA_T_GUID] = {"guid", 16},
    [PA_T_BYTES] = {"bytes", 12},    [PA_T_TEXT] = {"text", 12},
    [PA_T_JSON] = {"json", 12},      [PA_T_DURATION] = {"duration", 9},
    [PA_T_SET] = {"set", 8},         [PA_T_COMMUNITY_ID] = {"community_id", 30},
};

const char *pa_type_name(enum pa_type type)
{
	return type < PA_T_COUNT ? types[type].name : "?";
}

int pa_type_find(struct pa_slice name, enum pa_type *out)
{
	for (unsigned i = 0; i < PA_T_COUNT; i++) {
		if (pa_slice_is(name, types[i].name)) {
			*out = (enum pa_type)i;
			return 1;
		}
	}
	return 0;
}

unsigned pa_type_row_bytes(enum pa_type type)
{
	return type < PA_T_COUNT ? types[type].row_bytes : 0;
}
