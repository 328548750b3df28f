#!/usr/bin/env bash
# C sources are as clang-format writes them.
set -euo pipefail
cd "$(dirname "$0")/../.."
find include src tests -name '*.[ch]' -print0 | xargs -0 -r clang-format --dry-run -Werror
