#!/usr/bin/env bash
# Builds what is uploaded to PyPI into target/pypi: a wheel for the stable ABI of CPython 3.10 and up
# that loads on every Linux with glibc 2.17 or later, and the source archive. Checks that the wheel needs
# no newer glibc, and that the archive builds by itself, outside the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD

mkdir -p "${CARGO_TARGET_DIR:-target}"
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
work=$target/python
wheels=$target/pypi
export CARGO_TARGET_DIR=$target PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

# Beside those of python.sh: zig links against an old glibc wherever it runs.
tools=$work/wheel-tools
if ! [ -x "$tools/bin/auditwheel" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install -q maturin==1.16.0 ziglang==0.15.2 auditwheel==6.8.2
fi

rm -rf "$wheels"
PATH=$tools/bin:$PATH maturin build --quiet --release --locked --zig --compatibility manylinux2014 \
    -m py/Cargo.toml -o "$wheels"
"$tools/bin/maturin" sdist -m py/Cargo.toml -o "$wheels"
ls -l "$wheels"

wheel=$(echo "$wheels"/atmqtt-*-cp310-abi3-manylinux*.whl)
"$tools/bin/auditwheel" show "$wheel"
# The tag is a promise; this is what the linker has made of it.
"$tools/bin/python" - "$wheel" <<'PYTHON'
import re, sys, zipfile

with zipfile.ZipFile(sys.argv[1]) as wheel:
    [name] = [name for name in wheel.namelist() if name.endswith(".so")]
    versions = set(re.findall(rb"GLIBC_(\d+)\.(\d+)", wheel.read(name)))
newest = max((int(major), int(minor)) for major, minor in versions)
print(f"{name} needs glibc {newest[0]}.{newest[1]}")
sys.exit(newest > (2, 17))
PYTHON

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
