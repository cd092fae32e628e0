#!/bin/sh
# Installs a build into a folder of its own, and builds and runs examples/name_blob.cc against what is there.
set -eu

build=${1:?usage: install_test.sh BUILD}
source=$(cd "$(dirname "$0")/.." && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
DESTDIR=$stage meson install -C "$build" --no-rebuild --quiet

pc=$(find "$stage" -name satchel.pc)
[ -n "$pc" ] || { echo "no satchel.pc"; exit 1; }
# The stage is not where it will live.
sed -i "s|^prefix=|prefix=$stage|" "$pc"
export PKG_CONFIG_PATH="${pc%/*}"
flags="$(pkg-config --cflags --libs satchel)"
# shellcheck disable=SC2086
g++ -Wall -Werror "$source/examples/name_blob.cc" $flags -o "$stage/name_blob"
printf 'a blob' >"$stage/file"
said=$("$stage/name_blob" "$stage/file")
# One block: the root is the plain SHA-256.
wanted="satchel:1:$(sha256sum "$stage/file" | cut -d' ' -f1):6  $stage/file"
[ "$said" = "$wanted" ] || { echo "said $said, not $wanted"; exit 1; }
if "$stage/name_blob" "$stage/none" 2>/dev/null; then echo "a missing file was named"; exit 1; fi

program=$(find "$stage" -path '*/bin/satchel')
[ -z "$program" ] || "$program" --version
