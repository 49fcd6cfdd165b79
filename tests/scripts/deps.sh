#!/usr/bin/env bash
# Makes sure that the tests have what they need. Debian packages are installed when root; whatever
# else is missing is named.
set -euo pipefail

# Where Debian puts daemons; not in everybody's path.
export PATH=$PATH:/usr/sbin

missing=()

# need COMMAND PACKAGE: installs PACKAGE where COMMAND is not there. A Python module is asked for as
# python3:MODULE.
has() {
    case $1 in
    python3:*) python3 -c "import ${1#python3:}" 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

need() {
    has "$1" && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $2"
        apt-get -qq update
        DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$2" && return
    fi
    missing+=("$1 (Debian package $2)")
}

need cc build-essential
need c++ g++
# The C and C++ interface: builds against the installed library, sanitizers come with the compilers.
need clang clang
need cmake cmake
need make make
need pkg-config pkg-config
need valgrind valgrind
need python3 python3
# Programs in the style of tutorials run in an environment of their own.
need python3:ensurepip python3-venv
# A real broker, and its own clients as the other end.
need mosquitto mosquitto
need mosquitto_pub mosquitto-clients
# A real terminal for the command line.
need tmux tmux
# Keys of every form.
need openssl openssl

if command -v cargo >/dev/null; then
    for part in fmt clippy; do
        cargo "$part" --version >/dev/null 2>&1 || missing+=("cargo $part (rustup component add ${part/fmt/rustfmt})")
    done
else
    missing+=("cargo (Rust 1.85 or later, https://rustup.rs)")
fi

if [ ${#missing[@]} -gt 0 ]; then
    echo 'These are missing:' >&2
    printf '  %s\n' "${missing[@]}" >&2
    exit 1
fi
cargo --version
