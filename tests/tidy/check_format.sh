#!/bin/sh
# Fails where clang-format would change something. To mend: check_format.sh --fix
set -eu
cd "$(dirname "$0")/../.."
how="--dry-run -Werror"
[ "${1:-}" = --fix ] && how=-i
# shellcheck disable=SC2086
find src dht transfer mailgw tests examples \( -name '*.h' -o -name '*.cc' \) -print0 |
    xargs -0 clang-format-16 $how
