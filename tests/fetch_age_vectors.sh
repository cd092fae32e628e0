#!/bin/sh
# Fetches age's test vectors (C2SP/CCTV, npm package cctv-age) into OUTDIR, one file per vector, as the
# package describes them. Does nothing where they are there already.
set -eu

version=0.2.0
out=${1:?usage: fetch_age_vectors.sh OUTDIR}
stamp="$out/.cctv-age-$version"
[ -e "$stamp" ] && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "cctv-age@$version" >/dev/null && tar -xzf "cctv-age-$version.tgz")
mkdir -p "$out"
cat >"$work/unpack.mjs" <<'END'
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import * as vectors from "./package/index.js";

// The part behind the empty line may be compressed; the tests get it plain.
for (const [name, bytes] of Object.entries(vectors)) {
    const vector = Buffer.from(bytes);
    const end = vector.indexOf("\n\n") + 2;
    const header = vector.subarray(0, end).toString();
    const file = vector.subarray(end);
    const plain = /^compressed: zlib$/m.test(header) ? inflateSync(file) : file;
    writeFileSync(join(process.argv[2], name), Buffer.concat([vector.subarray(0, end), plain]));
}
END
node "$work/unpack.mjs" "$(cd "$out" && pwd)"
: >"$stamp"
