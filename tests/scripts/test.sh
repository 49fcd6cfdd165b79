#!/usr/bin/env bash
# Runs every check in turn, with a heading and the time each took; stops at the first that fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

times=()

section() {
    local name=$1 start=$SECONDS
    shift
    printf '\n==== %s\n' "$name"
    if ! "$@"; then
        printf '==== %s: FAILED after %d s\n' "$name" $((SECONDS - start)) >&2
        exit 1
    fi
    times+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
}

# The soak waits more than it works.
wheels_and_soak() {
    local log soak failed=0
    log=$(mktemp)
    RECOVERIES=0 make --no-print-directory soak >"$log" 2>&1 &
    soak=$!
    CROSS_OPTIONAL=1 make --no-print-directory wheels || failed=1
    wait "$soak" || failed=1
    cat "$log"
    rm "$log"
    return $failed
}

# With the wheel that the Python section has built.
benchmark() {
    WHEEL=$(echo "${CARGO_TARGET_DIR:-target}"/python/dist/atmqtt-*.whl) make --no-print-directory bench ARGS=--quick
}

section 'what the tests need' make --no-print-directory deps
section 'format, lints, documentation' make --no-print-directory check
section 'tests' make --no-print-directory unit
section 'threads, model checked' make --no-print-directory model
section 'C and C++' make --no-print-directory c
section 'quickstart' make --no-print-directory quickstart
section 'Python' make --no-print-directory python
section 'fuzz targets, for a short time' env FUZZ_OPTIONAL=1 make --no-print-directory fuzz-smoke
section 'oldest supported Rust' make --no-print-directory msrv
section 'processors of boards' env CROSS_OPTIONAL=1 make --no-print-directory cross
section 'benchmark, briefly' benchmark
section 'wheels, and links in a storm beside' wheels_and_soak

printf '\n==== all passed\n'
printf '%s\n' "${times[@]}"
printf '%5d s  in all\n' "$SECONDS"
