/* For clang-tidy alone: pa_fail() returns its second argument, which the analysis cannot see
 * in another file. */
#ifndef PCAPANALYZER_TIDY_H
#define PCAPANALYZER_TIDY_H

#include "pcapanalyzer/error.h"

#define pa_fail(err, code, ...) ((void)(pa_fail)(err, code, __VA_ARGS__), (code))

#endif
