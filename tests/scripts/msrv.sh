#!/usr/bin/env bash
# Compiles everything with the oldest Rust that Cargo.toml promises (rust-version).
#
# Debian has that compiler as the package rustc-web. It is unpacked into target/msrv beside the
# toolchain, which stays as it is; no root needed. Where it cannot be had, the lint
# incompatible_msrv and the rust-version of every dependency have to do, and the script says so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Beside the build output; cargo clean takes it away.
dir=${CARGO_TARGET_DIR:-target}/msrv
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
promised=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

unpacked=$dir/root/usr/bin/rustc

# is_promised RUSTC: whether it runs and is the version that Cargo.toml promises.
is_promised() {
    case "$("$1" --version 2>/dev/null)" in
    "rustc $promised".*) ;;
    *) return 1 ;;
    esac
}

# Downloads and unpacks rustc-web and whatever of its dependencies is not installed.
unpack() {
    local packages
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
    # A fresh machine has no package lists, or old ones. Without root those that are there must do.
    if [ "$(id -u)" = 0 ]; then
        apt-get -qq update || return 1
    fi
    packages=$(apt-get -s --no-install-recommends install rustc-web 2>/dev/null |
        awk '/^Inst / { print $2 }') || return 1
    [ -n "$packages" ] || return 1
    echo "unpacking into $dir:" "${packages//$'\n'/ }"
    rm -rf "$dir/root" "$dir/debs"
    mkdir -p "$dir/root" "$dir/debs"
    # shellcheck disable=SC2086 # one word a package
    (cd "$dir/debs" && apt-get -qq download $packages 2>/dev/null) || return 1
    local deb
    for deb in "$dir"/debs/*.deb; do
        dpkg -x "$deb" "$dir/root" || return 1
    done
    rm -rf "$dir/debs"
}

# The unpacked rustc looks for its libraries where they are not. (No wrapper script around it: a shell
# drops the variables with a hyphen in their names that cargo sets.)
multiarch=$(gcc -print-multiarch 2>/dev/null || true)
export LD_LIBRARY_PATH=$dir/root/usr/lib/$multiarch${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

if is_promised rustc; then
    rustc=$(command -v rustc)
elif is_promised "$unpacked" || { unpack && is_promised "$unpacked"; }; then
    rustc=$unpacked
else
    echo "Rust $promised cannot be had here (Debian package rustc-web); instead:"
    python3 tests/scripts/dependencies-msrv.py "$promised"
    cargo clippy --workspace --all-targets -- -D clippy::incompatible_msrv
    exit
fi

"$rustc" --version
RUSTC=$rustc CARGO_TARGET_DIR=$dir/target cargo check --locked --workspace --all-targets
