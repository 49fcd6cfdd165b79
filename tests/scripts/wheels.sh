#!/usr/bin/env bash
# Builds what is uploaded to PyPI into target/pypi: the source archive, and wheels for the stable ABI of
# CPython 3.10 and up that load on every Linux with glibc 2.17 or later, for this machine's processor and
# for 64-bit boards (aarch64). Checks that they need no newer glibc, that the archive builds by itself,
# outside the repository, and that each wheel works: that for boards on Debian's Python for arm64,
# emulated by qemu.
#
# What the wheel for boards needs is unpacked beside the build output; if it cannot be had, this fails, or
# with CROSS_OPTIONAL=1 ends with success and without that wheel.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD

mkdir -p "${CARGO_TARGET_DIR:-target}"
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
work=$target/python
# Not target/wheels: maturin leaves there what pip has it build from the archive.
wheels=$target/pypi
export CARGO_TARGET_DIR=$target PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
# shellcheck source=tests/scripts/debian.sh
. tests/scripts/debian.sh

# Beside those of python.sh: zig links against an old glibc wherever it runs, for every processor.
tools=$work/wheel-tools
if ! [ -x "$tools/bin/auditwheel" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install -q maturin==1.16.0 ziglang==0.15.2 auditwheel==6.8.2
fi

# build [OPTION...]: a wheel.
build() {
    PATH=$tools/bin:$PATH maturin build --quiet --release --locked --zig --compatibility manylinux2014 \
        -m py/Cargo.toml -o "$wheels" "$@"
}

# check WHEEL: whether it is for every Linux that its name promises.
check() {
    ls -l "$1"
    "$tools/bin/auditwheel" show "$1"
    # The tag is a promise; this is what the linker has made of it.
    "$tools/bin/python" - "$1" <<'PYTHON'
import re, sys, zipfile

with zipfile.ZipFile(sys.argv[1]) as wheel:
    [name] = [name for name in wheel.namelist() if name.endswith(".so")]
    versions = set(re.findall(rb"GLIBC_(\d+)\.(\d+)", wheel.read(name)))
newest = max((int(major), int(minor)) for major, minor in versions)
print(f"{name} needs glibc {newest[0]}.{newest[1]}")
sys.exit(newest > (2, 17))
PYTHON
}

# Python as Debian has it for 64-bit boards, with all that it depends on.
unpack_python() {
    local unpacked=$debian/arm64 packages
    # As if nothing were installed. Packages for all processors hold nothing that it needs to run.
    packages=$(apt-get -c "$debian/apt/apt.conf" -o Dir::State::status=/dev/null \
        -s --no-install-recommends install python3:arm64 2>"$debian/apt/errors" |
        awk '/^Inst / && $2 ~ /:arm64$/ { print $2 }')
    if [ -z "$packages" ]; then
        reason=$(tail -n 1 "$debian/apt/errors")
        return 1
    fi
    # Packages of Debian 13 have nothing in /lib, where the loader is looked for.
    mkdir -p "$unpacked/usr/lib"
    ln -sfn usr/lib "$unpacked/lib"
    # shellcheck disable=SC2086 # one word a package
    debian_unpack $packages
}

echo '-- source archive'
rm -rf "$wheels"
"$tools/bin/maturin" sdist -m py/Cargo.toml -o "$wheels"
echo "-- wheel for $(uname -m)"
build
wheel=$(echo "$wheels"/atmqtt-*-cp310-abi3-manylinux*.whl)
check "$wheel"

# Away from the repository, so that nothing in it helps.
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT
cd "$away"
for what in "$wheel" "$wheels"/atmqtt-*.tar.gz; do
    echo "-- install ${what##*/}"
    rm -rf venv
    python3 -m venv venv
    venv/bin/pip install -q "$what"
    venv/bin/python "$root/examples/python/quickstart.py"
done
cd "$root"

[ "$(uname -m)" != aarch64 ] || exit 0
echo '-- wheel for aarch64'
oldest_rust arm64 || skip "no wheel for aarch64: $reason"
once qemu unpack_qemu || skip "no wheel for aarch64: $reason"
once python-arm64 unpack_python || skip "no wheel for aarch64: $reason"
with_oldest_rust build --target aarch64-unknown-linux-gnu
wheel=$(echo "$wheels"/atmqtt-*-cp310-abi3-manylinux*aarch64.whl)
check "$wheel"

echo "-- install ${wheel##*/}, and run it on aarch64"
# pip decides by the tags, as on the board.
"$tools/bin/pip" install -q --target "$away/aarch64" --platform manylinux2014_aarch64 --python-version 3.10 \
    --implementation cp --abi abi3 --only-binary :all: "$wheel"
python=("$unpacked/usr/bin/qemu-aarch64" -L "$debian/arm64" -E "PYTHONPATH=$away/aarch64"
    "$debian/arm64/usr/bin/python3")
"${python[@]}" -c 'import platform, atmqtt
print("CPython", platform.python_version(), platform.machine(), *platform.libc_ver(), atmqtt.__file__)'
"${python[@]}" examples/python/quickstart.py
