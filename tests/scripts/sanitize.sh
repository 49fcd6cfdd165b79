#!/usr/bin/env bash
# Runs what has threads with ThreadSanitizer, and what has pointers with AddressSanitizer. Builds in
# target/sanitize. `sanitize.sh thread` and `sanitize.sh address` run one of them; further arguments go to the tests.
#
# The standard library is not instrumented, because its source does not come with every toolchain: what it
# does with memory of its own is not seen. What of that looks like a race is listed in tests/scripts/tsan.txt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/scripts/nightly.sh
. tests/scripts/nightly.sh

mkdir -p "${CARGO_TARGET_DIR:-target}/sanitize"
work=$(cd "${CARGO_TARGET_DIR:-target}/sanitize" && pwd)

# sanitized SANITIZER ARGUMENT...: cargo test with everything but the standard library instrumented. With a target given,
# build scripts and procedural macros are not.
sanitized() {
    local sanitizer=$1
    shift
    RUSTFLAGS="-Zsanitizer=$sanitizer -Cunsafe-allow-abi-mismatch=sanitizer" \
        CARGO_TARGET_DIR=$work/$sanitizer unstable cargo test --locked --target "$host" "$@"
}

threads() {
    has_runtime tsan || { echo "sanitize: SKIPPED: $reason" >&2 && return 1; }
    echo '-- threads: the library on a pseudo-terminal, with the emulated module'
    export TSAN_OPTIONS="suppressions=$PWD/tests/scripts/tsan.txt halt_on_error=0 exitcode=66"
    sanitized thread -p atmqtt --test module --test brokers -- "$@"
}

addresses() {
    has_runtime asan || { echo "sanitize: SKIPPED: $reason" >&2 && return 1; }
    echo '-- addresses: the C interface, by what its fuzz target begins with and has found'
    sanitized address -p atmqtt-fuzz --test inputs -- "$@"
}

case ${1:-} in
thread) threads "${@:2}" ;;
address) addresses "${@:2}" ;;
'') threads && addresses ;;
*) echo 'usage: sanitize.sh [thread|address] [TEST OPTION...]' >&2 && exit 2 ;;
esac
