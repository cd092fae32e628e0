#!/usr/bin/env bash
# Satchel's main job on this machine: installs, builds, and sends a real message through a gateway to somebody with
# storage and to somebody without. No mail server is needed, and nothing leaves loopback.
#   ./examples/quickstart.sh [MESSAGE.eml]
set -euo pipefail
cd "$(dirname "$0")/.."
message=${1:+$(realpath "$1")}
. tests/install_packages.sh
install_build_packages
# Built as the tests are, so that what passes there builds here. SATCHEL_BUILD names a folder that stands already.
build=${SATCHEL_BUILD:-build-quickstart}
if [ ! -f $build/build.ninja ]; then
    CXX="ccache g++" meson setup $build -Dtests=false >$build.log 2>&1 || { cat $build.log; exit 1; }
    rm -f $build.log
fi
echo "Building (the first time takes some minutes) …"
ninja -C $build --quiet src/programs/satchel
exec python3 examples/quickstart.py $build/src/programs/satchel ${message:+"$message"}
