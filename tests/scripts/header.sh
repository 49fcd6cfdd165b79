#!/usr/bin/env bash
# Makes include/atmqtt.h from ffi-c/src; with --check only compares. One version of cbindgen, because
# others lay the same header out differently; it is installed into target/tools where it is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=0.29.4
tools=${CARGO_TARGET_DIR:-target}/tools
cbindgen=$tools/bin/cbindgen
if [ "$("$cbindgen" --version 2>/dev/null)" != "cbindgen $version" ]; then
    echo "installing cbindgen $version"
    cargo install --quiet cbindgen --version "$version" --locked --root "$tools"
fi

made=$(mktemp)
trap 'rm -f "$made"' EXIT
"$cbindgen" --quiet --config ffi-c/cbindgen.toml --crate atmqtt-c --output "$made" ffi-c
if [ "${1:-}" = --check ]; then
    if ! diff -u include/atmqtt.h "$made"; then
        echo 'include/atmqtt.h is not what ffi-c/src makes: run tests/scripts/header.sh' >&2
        exit 1
    fi
    echo 'include/atmqtt.h is what ffi-c/src makes'
else
    cp "$made" include/atmqtt.h
fi
