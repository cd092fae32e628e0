#!/bin/sh
# Fetches playwright-core from npm into OUTDIR/playwright-core: it drives Debian's Chromium. Does nothing where it is
# there already.
set -eu

version=1.48.2
out=${1:?usage: fetch_playwright.sh OUTDIR}
stamp="$out/.playwright-core-$version"
[ -e "$stamp" ] && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "playwright-core@$version" >/dev/null && tar -xzf "playwright-core-$version.tgz")
mkdir -p "$out"
rm -rf "$out/playwright-core"
mv "$work/package" "$out/playwright-core"
: >"$stamp"
