# shellcheck shell=bash
#
# Sourced by fuzz.sh and sanitize.sh: a compiler that takes unstable options (-Z).

nightly=
if command -v rustup >/dev/null; then
    nightly=$(rustup toolchain list 2>/dev/null | sed -n 's/^\(nightly[^ ]*\).*/\1/p' | head -n 1)
fi

# unstable COMMAND...: with the nightly toolchain where rustup has one, else with the stable one, told to be
# nightly: it has the same code, and the runtimes of the sanitizers as well.
unstable() {
    if [ -n "$nightly" ]; then
        RUSTUP_TOOLCHAIN=$nightly "$@"
    else
        RUSTC_BOOTSTRAP=1 "$@"
    fi
}

host=$(unstable rustc -vV | sed -n 's/^host: //p')

# Where the runtimes of its sanitizers are.
runtime=$(unstable rustc --print sysroot)/lib/rustlib/$host/lib

# has_runtime NAME: whether the compiler comes with this sanitizer; else `reason` says so.
has_runtime() {
    compgen -G "$runtime/librustc-*_rt.$1.a" >/dev/null && return
    reason="this Rust compiler comes without the sanitizer \"$1\" (that of rustup has it on Linux)"
    return 1
}
