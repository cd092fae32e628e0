#!/bin/sh
# Installs a build into a folder of its own, and builds and runs the programs of examples/ against what is there.
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
for example in "$source"/examples/*.cc; do
    name=$(basename "$example" .cc)
    g++ -Wall -Werror "$example" $flags -o "$stage/$name"
done
printf 'a blob' >"$stage/file"
said=$("$stage/name_blob" "$stage/file")
# One block: the root is the plain SHA-256.
wanted="satchel:1:$(sha256sum "$stage/file" | cut -d' ' -f1):6  $stage/file"
[ "$said" = "$wanted" ] || { echo "said $said, not $wanted"; exit 1; }
if "$stage/name_blob" "$stage/none" 2>/dev/null; then echo "a missing file was named"; exit 1; fi

"$stage/publish_and_locate" carol@c.test | grep '^carol@c.test stores on node .*=$'
if "$stage/publish_and_locate" nobody 2>/dev/null; then echo "no address has storage"; exit 1; fi

program=$(find "$stage" -path '*/bin/satchel')
"$program" --version
# Two homes, each pinned by the other; the node of the second pushes to the first.
settings="--set node.control_listen=127.0.0.1:0 --set node.swarm_listen=127.0.0.1:0 --set node.dht_listen=127.0.0.1:0 --set trust.resolver=none"
for name in bob alice; do "$program" --home "$stage/$name" init --address $name@b.test >/dev/null; done
key() { "$program" --home "$stage/$1" --json id | sed 's/.*"user_key":"\([^"]*\)".*/\1/'; }
"$program" --home "$stage/alice" contact add bob@b.test "$(key bob)"
serve() {
    name=$1
    shift
    mkfifo "$stage/$name.ready"
    "$program" --home "$stage/$name" --json $settings "$@" node >"$stage/$name.ready" 2>"$stage/$name.log" &
    pids="$pids $!"
    head -1 "$stage/$name.ready" >"$stage/$name.told"
}
pids=
trap 'kill $pids 2>/dev/null; wait; rm -rf "$stage"' EXIT
serve bob --set node.accept_from=anyone
dht=$(sed 's/.*"dht":"\([^"]*\)".*/\1/' "$stage/bob.told")
"$program" --home "$stage/bob" publish >/dev/null
serve alice --set "node.dht_bootstrap=[\"$dht\"]"
"$stage/watch_node" "$stage/bob" 120 >"$stage/seen" &
pids="$pids $!"
"$stage/push_file" "$stage/alice" "$stage/file" bob@b.test | tee "$stage/pushed"
grep -q '^bob@b.test: delivered' "$stage/pushed"
timeout 60 sh -c 'tail -n +1 -f "$1" | grep -m1 "^1 attachments"' - "$stage/seen"
if "$stage/push_file" "$stage/none" "$stage/file" bob@b.test 2>/dev/null; then echo "pushed by nobody"; exit 1; fi
