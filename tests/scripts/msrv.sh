#!/usr/bin/env bash
# Compiles everything with the oldest Rust that Cargo.toml promises (rust-version).
#
# Debian has that compiler. It is unpacked beside the build output and not installed; no root needed.
# Where it cannot be had, the lint incompatible_msrv and the rust-version of every dependency have to
# do, and the script says so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/scripts/debian.sh
. tests/scripts/debian.sh

if is_promised rustc; then
    rustc=$(command -v rustc)
elif ! oldest_rust; then
    echo "Rust $promised cannot be had here ($reason); instead:"
    python3 tests/scripts/dependencies-msrv.py "$promised"
    cargo clippy --workspace --all-targets -- -D clippy::incompatible_msrv
    cargo clippy -p atmqtt --all-targets --features outbox -- -D clippy::incompatible_msrv
    exit
fi

oldest_cargo check --locked --workspace --all-targets
oldest_cargo check --locked -p atmqtt --all-targets --features outbox
