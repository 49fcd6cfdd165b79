#!/usr/bin/env bash
# Everything about the C and C++ interface: header, packaging, tests, sizes. Builds in target/c-tests.
#
#   c.sh          all of it
#   c.sh tests    only the library and its tests, plainly; further arguments go to ctest
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/c-tests"
target=$(cd "$target" && pwd)
work=$target/c-tests
prefix=$work/prefix
jobs=$(nproc)

# The emulated module that the tests start.
export ATMQTT_EMULATOR=$target/debug/atmqtt-emulator

heading() {
    printf -- '-- %s\n' "$*"
}

build_library() {
    heading 'build and install'
    cargo build --locked --quiet -p atmqtt-emulator
    rm -rf "$prefix"
    PREFIX=$prefix ffi-c/install.sh
}

# run_tests NAME [CMAKE OPTION...] [-- CTEST OPTION...]: configures, builds and runs tests/c.
run_tests() {
    local name=$1 options=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    [ $# -eq 0 ] || shift
    heading "tests: $name"
    cmake -S tests/c -B "$work/$name" -DCMAKE_PREFIX_PATH="$prefix" "${options[@]}" >/dev/null
    cmake --build "$work/$name" -j "$jobs" -- --no-print-directory --quiet
    ctest --test-dir "$work/$name" --output-on-failure -j "$jobs" "$@"
}

# The header by itself, in every language it is for.
check_header() {
    heading 'header'
    tests/scripts/header.sh --check
    python3 tests/scripts/header-lint.py
    local flags=(-Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only) compiler standard
    local twice=$'#include <atmqtt.h>\n#include <atmqtt.h>\n'
    for compiler in gcc clang; do
        for standard in c99 c11; do
            "$compiler" -std=$standard "${flags[@]}" -x c - <<<"$twice"
        done
    done
    for compiler in g++ clang++; do
        "$compiler" -std=c++17 "${flags[@]}" -x c++ - <<<"$twice"
        for standard in c++17 c++20; do
            for flag in '' -DATMQTT_NO_EXCEPTIONS -fno-exceptions; do
                # shellcheck disable=SC2086 # no flag is no argument
                "$compiler" -std=$standard "${flags[@]}" $flag -x c++ - <<<"${twice//.h>/.hpp>}"
            done
        done
    done
    # What the README shows.
    awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' README.md | gcc -std=c11 "${flags[@]}" -x c -
    awk '/^```cpp$/ { on = 1; next } /^```$/ { on = 0 } on' README.md | g++ -std=c++17 "${flags[@]}" -x c++ -
    echo 'compiles alone and twice: gcc, clang; C99, C11, C++17, C++20'
}

# What is installed: symbols, ABI, links, the libraries that the README quotes.
check_package() {
    heading 'package'
    local library=$prefix/lib/libatmqtt.so
    readelf -d "$library" | grep -q 'SONAME.*\[libatmqtt.so.0\]'
    if nm -D --defined-only "$library" | grep -v ' T atmqtt_'; then
        echo 'the library exports something else than atmqtt_*' >&2
        return 1
    fi
    python3 ffi-c/abi.py "$library" "$prefix/include" >"$work/abi.txt"
    if ! diff -u ffi-c/abi.txt "$work/abi.txt"; then
        echo 'the binary interface has changed: if that is meant, say so in CHANGELOG.md and copy' >&2
        echo "$work/abi.txt to ffi-c/abi.txt" >&2
        return 1
    fi
    echo "binary interface: $(wc -l <ffi-c/abi.txt) lines, as in ffi-c/abi.txt"
    local native
    native=$(cat "$target/c/native-static-libs")
    if ! grep -qF -- "libatmqtt.a $native" README.md; then
        echo "README.md does not quote what libatmqtt.a needs: $native" >&2
        return 1
    fi

    # A program by pkg-config, from a folder that was moved after the installation.
    rm -rf "$work/moved"
    cp -a "$prefix" "$work/moved"
    local pc=$work/moved/lib/pkgconfig flags
    flags=$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs atmqtt)
    # shellcheck disable=SC2086 # flags are words
    cc -Wall -Werror examples/c/quickstart.c -o "$work/quickstart-shared" $flags
    flags=$(PKG_CONFIG_PATH=$pc pkg-config --static --cflags --libs atmqtt)
    # shellcheck disable=SC2086
    cc -Wall -Werror examples/c/quickstart.c -o "$work/quickstart-static" ${flags/-latmqtt/-l:libatmqtt.a}
    LD_LIBRARY_PATH=$work/moved/lib run_with_module "$work/quickstart-shared"
    run_with_module "$work/quickstart-static"
    if ldd "$work/quickstart-static" | grep atmqtt; then
        echo 'the static program needs the shared library' >&2
        return 1
    fi
    # And DESTDIR is in no file.
    rm -rf "$work/destdir"
    DESTDIR=$work/destdir PREFIX=/opt/there LIBDIR=lib/multiarch ffi-c/install.sh >/dev/null
    if grep -r "$work" "$work/destdir/opt/there/lib/multiarch/pkgconfig" "$work/destdir/opt/there/lib/multiarch/cmake"; then
        echo 'DESTDIR is in what is installed' >&2
        return 1
    fi
    PKG_CONFIG_PATH=$work/destdir/opt/there/lib/multiarch/pkgconfig pkg-config --cflags atmqtt |
        xargs realpath -m -- | grep -q . || true
}

# run_with_module PROGRAM [ARGUMENT...]: with an emulated module's device as the last argument.
run_with_module() {
    local device input
    coproc module { exec "$ATMQTT_EMULATOR" --exit-with-stdin; }
    # shellcheck disable=SC2154 # coproc sets it
    input=${module[1]}
    read -r device <&"${module[0]}"
    local status=0
    "$@" "$device" || status=$?
    exec {input}>&-
    wait
    return $status
}

# Figures beside what is promised. They are printed and not asserted.
print_sizes() {
    heading 'sizes'
    local size empty program
    size=$(stat -L -c %s "$prefix/lib/libatmqtt.so")
    printf 'libatmqtt.so: %d KiB, promised at most 700 KiB\n' $((size / 1024))
    printf 'libatmqtt.a: %d KiB\n' $(($(stat -c %s "$prefix/lib/libatmqtt.a") / 1024))
    cc -O2 tests/c/footprint/footprint.c -o "$work/empty"
    cc -O2 -DATMQTT tests/c/footprint/footprint.c -o "$work/footprint" -I"$prefix/include" -L"$prefix/lib" \
        -Wl,-rpath,"$prefix/lib" -latmqtt
    empty=$("$work/empty")
    program=$(run_with_module "$work/footprint")
    printf 'resident memory: %d KiB with a connected client, %d KiB of an empty program: %d KiB more, ' \
        "${program% *}" "${empty% *}" $((${program% *} - ${empty% *}))
    printf 'promised at most 2560 KiB\n'
    printf 'of that not backed by a file: %d KiB\n' $((${program#* } - ${empty#* }))
}

run_examples() {
    heading 'examples'
    cmake -S examples/c -B "$work/examples" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
    cmake --build "$work/examples" -j "$jobs" -- --no-print-directory --quiet
    python3 tests/scripts/c-examples.py "$work/examples" "$ATMQTT_EMULATOR"
}

build_library
if [ "${1:-}" = tests ]; then
    shift
    run_tests shared -- "$@"
    exit
fi
check_header
run_tests shared
run_tests static -DLIBRARY=static
run_tests sanitized -DSANITIZE=ON
# Not "possible": std keeps the handle of the main thread by a pointer into its middle (48 bytes).
run_tests valgrind "-DRUNNER=valgrind;--quiet;--leak-check=full;--show-leak-kinds=definite,indirect;\
--errors-for-leak-kinds=definite,indirect;--error-exitcode=99"
run_examples
check_package
print_sizes
