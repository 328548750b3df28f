#!/usr/bin/env bash
# cppcheck over our sources. Uninitialised variables are left to the compilers and clang-tidy: its own
# analysis of them takes two loops with the same bound for different ones.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability \
	--inline-suppr --error-exitcode=1 --suppress=missingIncludeSystem --suppress=uninitvar -j 2 \
	-D_GNU_SOURCE -DPA_VERSION='"0"' -I include src
