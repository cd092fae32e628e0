#!/usr/bin/env bash
# Installs what is missing (Debian 12), builds, and runs all checks and tests. Ends with "N passed, N failed".
#   ./tests/run.sh [--no-tidy] [--no-sanitizers]
# Environment: TIDY_BUDGET   seconds after which clang-tidy begins no further file (default 300)
set -uo pipefail
cd "$(dirname "$0")/.."
tidy=yes sanitizers=yes
for word in "$@"; do
    case $word in
        --no-tidy) tidy=no ;;
        --no-sanitizers) sanitizers=no ;;
        *) sed -n '2,4s/^# //p' "$0" >&2; exit 64 ;;
    esac
done
passed=0 failed=0 failures=()
jobs=$(nproc)

finish() {
    echo
    ((${#failures[@]} == 0)) || printf 'FAILED: %s\n' "${failures[@]}"
    echo "$passed passed, $failed failed"
    exit $((failed > 0))
}

# Runs a command as one check.
check() {
    local name=$1 start=$SECONDS
    shift
    echo "== $name"
    if "$@"; then
        passed=$((passed + 1))
        echo "   $name: passed, $((SECONDS - start)) s"
    else
        failed=$((failed + 1)) failures+=("$name")
        echo "   $name: FAILED, $((SECONDS - start)) s"
        return 1
    fi
}

# Runs the tests given (all if none) of a build folder, and counts each.
count_tests() {
    local name=$1 folder=$2 start=$SECONDS log ran
    shift 2
    log=$folder/meson-logs/testlog.json
    echo "== $name"
    rm -f "$log"
    meson test -C "$folder" --no-rebuild --print-errorlogs --num-processes "$jobs" "$@"
    # One line per test: passed, failed or skipped, and its name.
    ran=$(python3 - "$log" <<'END'
import json, sys
try:
    lines = open(sys.argv[1]).read().splitlines()
except OSError:
    lines = []
words = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}
for line in lines:
    test = json.loads(line)
    print(words.get(test["result"], "failed"), test["name"])
if not lines:
    print("failed no tests ran")
END
    )
    passed=$((passed + $(grep -c '^passed ' <<<"$ran")))
    failed=$((failed + $(grep -c '^failed ' <<<"$ran")))
    while read -r test; do failures+=("$name: $test"); done < <(sed -n 's/^failed //p' <<<"$ran")
    echo "   $name: $(grep -c '^passed ' <<<"$ran") passed, $(grep -c '^failed ' <<<"$ran") failed," \
        "$(grep -c '^skipped ' <<<"$ran") skipped, $((SECONDS - start)) s"
}

# Prepares a build folder, unless it stands: set_up FOLDER COMPILER [OPTION]…
set_up() {
    local folder=$1 compiler=$2
    shift 2
    [ -f "$folder/build.ninja" ] || CXX="ccache $compiler" meson setup "$folder" "$@" >"$folder.log" 2>&1 || {
        cat "$folder.log"
        rm -rf "$folder"
        return 1
    }
    rm -f "$folder.log"
}

build() {
    set_up build g++ && ninja -C build -j "$jobs" --quiet
}

# Unit tests and replayed fuzz corpora: what the sanitizers watch. clang's, as GCC's ASan gives false warnings.
sanitized='^unit_|_replay$|^age_vectors'

build_sanitized() {
    set_up build-sanitized clang++-16 -Db_sanitize=address,undefined -Db_lundef=false \
        -Doptimization=1 -Ddebug=false -Dcpp_args=-gline-tables-only || return
    local programs
    mapfile -t programs < <(meson introspect build-sanitized --targets | python3 -c '
import json, os, re, sys
for target in json.load(sys.stdin):
    if target["type"] == "executable" and re.search(sys.argv[1], target["name"]):
        print(os.path.relpath(target["filename"][0], "build-sanitized"))' "$sanitized")
    ninja -C build-sanitized -j "$jobs" --quiet "${programs[@]}"
}

. tests/install_packages.sh
check "install packages" eval "install_build_packages && install_test_packages" || finish
check "build" build || finish
check "quickstart" env SATCHEL_BUILD=build ./examples/quickstart.sh
count_tests "tests" build
if [ $sanitizers = yes ] && check "build with sanitizers" build_sanitized; then
    mapfile -t names < <(meson test -C build-sanitized --list 2>/dev/null | sed 's/.* //' | grep -E "$sanitized")
    count_tests "tests with sanitizers" build-sanitized --timeout-multiplier 4 "${names[@]}"
fi
if [ $tidy = yes ]; then
    check "clang-tidy" python3 tests/tidy/run_clang_tidy.py build --jobs "$jobs" --budget "${TIDY_BUDGET:-300}"
fi
finish
