#!/usr/bin/env bash
# Runs what has threads with ThreadSanitizer, and what has pointers with AddressSanitizer. Builds in
# target/sanitize. `sanitize.sh thread` and `sanitize.sh address` run one of them; further arguments go to the tests.
#
# ThreadSanitizer has to see the standard library too: what is passed on by a lock that it does not know of looks
# like a race. So it is built from its source, with the compiler that this is the source of: both are Debian's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/scripts/nightly.sh
. tests/scripts/nightly.sh
# shellcheck source=tests/scripts/debian.sh
. tests/scripts/debian.sh

mkdir -p "${CARGO_TARGET_DIR:-target}/sanitize"
work=$(cd "${CARGO_TARGET_DIR:-target}/sanitize" && pwd)

missing() {
    echo "sanitize: SKIPPED: $reason" >&2
    return 1
}

unpack_source() {
    debian_unpack "rust$rust-src"
}

# The compiler comes without the runtime of the sanitizer, which is that of another one. GNU ld does not link it.
threads() {
    has_runtime tsan && oldest_rust && once "source-$promised" unpack_source || missing || return
    local linker=$runtime/../bin/gcc-ld
    if [ ! -x "$linker/ld.lld" ]; then
        reason='this Rust compiler comes without lld'
        missing || return
    fi
    local -a flags=(
        -Zsanitizer=thread -Zexternal-clangrt
        "-Clink-arg=-B$linker" -Clink-arg=-fuse-ld=lld
        "-Clink-arg=-Wl,--whole-archive,$(echo "$runtime"/librustc-*_rt.tsan.a),--no-whole-archive,-export-dynamic"
        -Clink-arg=-lm
    )
    instrumented() {
        RUSTC=$rustc LD_LIBRARY_PATH=$libraries RUSTC_BOOTSTRAP=1 RUSTFLAGS="${flags[*]}" \
            CARGO_TARGET_DIR=$work/thread TSAN_OPTIONS='halt_on_error=0 exitcode=66' \
            cargo "$1" --locked --target "$host" -Zbuild-std "${@:2}"
    }
    echo '-- threads: ports and links on a pseudo-terminal, with the emulated module'
    instrumented build -p atmqtt-emulator
    instrumented test -p atmqtt --test module --test brokers --test link -- "$@"
}

addresses() {
    has_runtime asan || missing || return
    echo '-- addresses: the C interface, by what its fuzz target begins with and has found'
    # With a target given, build scripts and procedural macros are not instrumented.
    RUSTFLAGS='-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer' \
        CARGO_TARGET_DIR=$work/address unstable cargo test --locked --target "$host" \
        -p atmqtt-fuzz --test inputs -- "$@"
}

case ${1:-} in
thread) threads "${@:2}" ;;
address) addresses "${@:2}" ;;
'') threads && addresses ;;
*) echo 'usage: sanitize.sh [thread|address] [TEST OPTION...]' >&2 && exit 2 ;;
esac
