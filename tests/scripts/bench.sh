#!/usr/bin/env bash
# Measures what the library costs, beside the least possible and beside what people use today: see tests/bench.
# The table is printed; the rows are in target/bench.json, and as a picture in target/bench.svg. Arguments go to
# the program: --quick, --only NAME. WHEEL is the wheel of this tree, where there is one; else it is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mkdir -p "${CARGO_TARGET_DIR:-target}"
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
work=$target/bench
export CARGO_TARGET_DIR=$target PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1

echo '-- this library and pyserial for Python'
[ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q -r tests/bench/peers/requirements.txt
"$work/venv/bin/pip" install -q --force-reinstall --no-deps "${WHEEL:-./py}"

echo '-- this library for C'
PREFIX=$work/prefix ffi-c/install.sh >"$work/install.log"
# in_c NAME FLAG...: builds one of the peers.
in_c() {
    cc -std=c99 -D_POSIX_C_SOURCE=200809L -O2 -o "$work/$1" "tests/bench/peers/$1.c" "${@:2}"
}
in_c with_atmqtt -I "$work/prefix/include" -L "$work/prefix/lib" -Wl,-rpath,"$work/prefix/lib" -latmqtt
in_c handoff -pthread
in_c empty

echo '-- measuring'
CARGO_TARGET_DIR=$work/build cargo build --quiet --release --locked --manifest-path tests/bench/Cargo.toml
"$work/build/release/atmqtt-bench" --python "$work/venv/bin/python" --in-c "$work" \
    --library "$work/prefix/lib/libatmqtt.so" \
    --json "$target/bench.json" --svg "$target/bench.svg" "$@"
