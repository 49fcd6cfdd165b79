#!/usr/bin/env bash
# Builds for the processors of boards with the oldest supported Rust, and runs the result on these
# processors, emulated by qemu, against the emulated module on this machine.
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

# skip REASON: the means are not to be had here.
skip() {
    echo "cross: SKIPPED: $*"
    [ "${CROSS_OPTIONAL:-0}" = 1 ] && exit
    exit 1
}

# Downloads qemu and keeps two of its fifty programs. That of Debian 12 knows no TCGETS2, without which no
# serial port opens; that of 13 does, and is linked statically.
unpack_qemu() {
    debian_download qemu-user/trixie || return 1
    dpkg --fsys-tarfile "$debs"/qemu-user_*.deb |
        tar -x -C "$unpacked" ./usr/bin/qemu-aarch64 ./usr/bin/qemu-arm || return 1
    rm -rf "$debs"
}

# need COMMAND PACKAGE: notes PACKAGE where COMMAND is not there.
missing=()
need() {
    command -v "$1" >/dev/null || missing+=("$2")
}

heading 'what it needs'
need aarch64-linux-gnu-g++ g++-aarch64-linux-gnu
need arm-linux-gnueabihf-g++ g++-arm-linux-gnueabihf
if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo installing "${missing[@]}"
    apt-get -qq update
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

# board TARGET GNU QEMU: everything for one processor, as Rust, Debian's compilers and qemu name it.
board() {
    local target=$1 gnu=$2 variable
    local run="$unpacked/usr/bin/$3 -L /usr/$gnu"
    variable=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$target")
    export "${variable}_LINKER=$gnu-gcc" "${variable}_RUNNER=$run"

    heading "$target: unit tests"
    # An emulated processor is slow: fewer random cases than on this machine.
    PROPTEST_CASES=16 oldest_cargo test --quiet --locked --target "$target" -p atmqtt --lib
    heading "$target: a Rust program"
    oldest_cargo build --quiet --locked --target "$target" -p atmqtt --example publish
    # shellcheck disable=SC2086 # a command and its options
    on_module $run "$debian/target/$target/debug/examples/publish" \
        -h broker.example -t boards -m "from $target" -q 2 --modem
    echo 'published with QoS 2'
}

board aarch64-unknown-linux-gnu aarch64-linux-gnu qemu-aarch64
board armv7-unknown-linux-gnueabihf arm-linux-gnueabihf qemu-arm
