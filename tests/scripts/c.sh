#!/usr/bin/env bash
# Everything about the C and C++ interface: header, packaging, tests, sizes. Builds in target/c-tests.
#
#   c.sh          all of it
#   c.sh tests    only the library and its tests, plainly; further arguments go to ctest
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/c-tests"
target=$(cd "$target" && pwd)
work=$target/c-tests
prefix=$work/prefix
jobs=$(nproc)

# The emulated module that the tests start.
export ATMQTT_EMULATOR=$target/debug/atmqtt-emulator

heading() {
    printf -- '-- %s\n' "$*"
}

build_library() {
    heading 'build and install'
    cargo build --locked --quiet -p atmqtt-emulator
    rm -rf "$prefix"
    PREFIX=$prefix ffi-c/install.sh
}

# run_tests NAME [CMAKE OPTION...] [-- CTEST OPTION...]: configures, builds and runs tests/c.
run_tests() {
    local name=$1 options=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    [ $# -eq 0 ] || shift
    heading "tests: $name"
    cmake -S tests/c -B "$work/$name" -DCMAKE_PREFIX_PATH="$prefix" "${options[@]}" >/dev/null
    cmake --build "$work/$name" -j "$jobs" -- --no-print-directory --quiet
    ctest --test-dir "$work/$name" --output-on-failure -j "$jobs" "$@"
}

build_library
if [ "${1:-}" = tests ]; then
    shift
    run_tests shared -- "$@"
    exit
fi
run_tests shared
