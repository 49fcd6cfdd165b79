#!/usr/bin/env bash
# Builds for the processors of boards with the oldest supported Rust, and runs the result on these
# processors, emulated by qemu, against the emulated module on this machine: the unit tests, examples in
# Rust, and the C library with its tests.
#
# Debian's cross compilers are installed if this runs as root; the rest is unpacked beside the build
# output. What cannot be had fails it, or with CROSS_OPTIONAL=1 ends it with success.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/scripts/debian.sh
. tests/scripts/debian.sh

heading() {
    printf '\n---- %s\n' "$*"
}

# need COMMAND PACKAGE: notes PACKAGE where COMMAND is not there.
missing=()
need() {
    command -v "$1" >/dev/null || missing+=("$2")
}

heading 'what it needs'
need aarch64-linux-gnu-g++ g++-aarch64-linux-gnu
need arm-linux-gnueabihf-g++ g++-arm-linux-gnueabihf
need cmake cmake
if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo installing "${missing[@]}"
    # What could not be fetched shows in what cannot be installed.
    apt-get -qq update || true
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "${missing[@]}" >/dev/null &&
        missing=()
fi
[ ${#missing[@]} = 0 ] || skip "missing are the Debian packages ${missing[*]}"
oldest_rust arm64 armhf || skip "$reason"
once qemu unpack_qemu || skip "$reason"

heading 'the emulated module, for this machine'
cargo build --locked -p atmqtt-emulator
emulator=$(cd "${CARGO_TARGET_DIR:-target}/debug" && pwd)/atmqtt-emulator

# on_module COMMAND...: runs it with the device of a fresh emulated module as its last argument.
on_module() {
    local device status=0
    # It ends with its standard input.
    coproc "$emulator" --exit-with-stdin
    local module=$COPROC_PID input=${COPROC[1]}
    read -r device <&"${COPROC[0]}"
    "$@" "$device" || status=$?
    exec {input}>&-
    wait "$module"
    return "$status"
}

# exchange COMMAND... FOLDER DEVICE: publishes and receives by the examples in a folder, which COMMAND runs.
exchange() {
    local folder=${*: -2:1} device=${*: -1} message="a message of $RANDOM" received
    local run=("${@:1:$#-2}") common=(--modem "$device" -h broker.example -t boards -q 2)
    # It is retained, so that the subscriber may come later.
    "${run[@]}" "$folder/publish" "${common[@]}" -m "$message" -r || return
    received=$("${run[@]}" "$folder/subscribe" "${common[@]}" -C 1 -W 60) || return
    [ "$received" = "$message" ] || { echo "received $received, sent $message" >&2 && return 1; }
    echo "sent and received: $received"
}

# inspect LIBRARY GNU: whether a shared library has the name and the symbols that programs count on.
inspect() {
    local library=$1 tool=$2 dynamic exported declared
    dynamic=$("$tool-readelf" -dW "$library")
    grep 'SONAME.*\[libatmqtt\.so\.0\]' <<<"$dynamic" || { echo "$library has no SONAME" >&2 && return 1; }
    grep 'FLAGS_1.*NODELETE' <<<"$dynamic" || { echo "$library may be unloaded" >&2 && return 1; }
    grep 'NEEDED' <<<"$dynamic"
    exported=$("$tool-nm" -D --defined-only "$library" | awk '{ print $3 }' | sort)
    declared=$(grep -v '^ *\*' include/atmqtt.h | grep -o '\batmqtt_[a-z0-9_]*(' | tr -d '(' | sort -u)
    if ! diff <(echo "$declared") <(echo "$exported"); then
        echo "include/atmqtt.h declares (<) what $library does not export (>), or not that" >&2
        return 1
    fi
    echo "$(wc -l <<<"$exported") functions, needs $("$tool-nm" -D "$library" |
        grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1), $(stat -L -c %s "$library") bytes"
}

# board TARGET GNU QEMU: everything for one processor, as Rust, Debian's compilers and qemu name it.
board() {
    local target=$1 gnu=$2 qemu=$unpacked/usr/bin/$3 variable
    local built=$debian/target/$target run
    # cross_cmake SOURCE FOLDER [OPTION...]: configures and builds a project for this processor.
    cross_cmake() {
        cmake -S "$1" -B "$2" -DCMAKE_TOOLCHAIN_FILE="$PWD/tests/c/cmake/$gnu.cmake" \
            -Datmqtt_DIR="$built/prefix/lib/cmake/atmqtt" "${@:3}" >/dev/null
        cmake --build "$2" --parallel "$(nproc)" -- --no-print-directory --quiet
    }
    run=("$qemu" -L "/usr/$gnu")
    variable=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$target")
    export "${variable}_LINKER=$gnu-gcc" "${variable}_RUNNER=${run[*]}"

    heading "$target: unit tests"
    # An emulated processor is slow: fewer random cases than on this machine.
    PROPTEST_CASES=16 oldest_cargo test --quiet --locked --target "$target" -p atmqtt --lib
    heading "$target: examples in Rust"
    oldest_cargo build --quiet --locked --target "$target" -p atmqtt --example publish --example subscribe
    on_module exchange "${run[@]}" "$built/debug/examples"

    heading "$target: the C library, installed"
    rm -rf "$built/prefix"
    RUST_TARGET=$target PROFILE=release STRIP=$gnu-strip PREFIX=$built/prefix \
        with_oldest_rust ffi-c/install.sh
    inspect "$built/prefix/lib/libatmqtt.so" "$gnu"

    # They start the emulated module themselves: it runs on this machine's own processor.
    local link
    for link in shared static; do
        heading "$target: tests in C and C++, linked with the $link library"
        cross_cmake tests/c "$built/c-$link" -DLIBRARY=$link -DRUNNER="$(IFS=';'; echo "${run[*]}")"
        ATMQTT_EMULATOR=$emulator ctest --test-dir "$built/c-$link" --output-on-failure --parallel "$(nproc)"
    done
    heading "$target: examples in C and C++"
    cross_cmake examples/c "$built/c-examples"
    python3 tests/scripts/c-examples.py "$built/c-examples" "$emulator" "${run[@]}"
}

board aarch64-unknown-linux-gnu aarch64-linux-gnu qemu-aarch64
board armv7-unknown-linux-gnueabihf arm-linux-gnueabihf qemu-arm
