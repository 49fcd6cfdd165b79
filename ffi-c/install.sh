#!/usr/bin/env bash
# Builds the C library and installs it: libraries, headers, and what pkg-config and CMake need.
#
#   PREFIX      where it will be used; default /usr/local
#   DESTDIR     put in front of that, for packages
#   LIBDIR      default lib; for Debian lib/x86_64-linux-gnu and the like
#   INCLUDEDIR  default include
#   FEATURES    of cargo; default none: "outbox" keeps the messages of links on disk
#   PROFILE     of cargo; default c, which is small and slow to build
#   RUST_TARGET for another processor, as aarch64-unknown-linux-gnu; its linker is cargo's business
#   STRIP       default strip; for another processor its own
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-lib}
includedir=${INCLUDEDIR:-include}
root=${DESTDIR:-}$prefix
case $libdir$includedir in
/*)
    echo 'LIBDIR and INCLUDEDIR are relative to PREFIX' >&2
    exit 2
    ;;
esac

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
IFS=. read -r major minor _ <<<"$version"

profile=${PROFILE:-c}
built=${CARGO_TARGET_DIR:-target}/${RUST_TARGET:-}/$profile
mkdir -p "$built"
built=$(cd "$built" && pwd)
# What a program must link beside libatmqtt.a; rustc writes it when it builds.
native=$built/native-static-libs
[ -e "$native" ] || touch ffi-c/src/lib.rs
cargo rustc --locked --quiet --color never --profile "$profile" ${RUST_TARGET:+--target "$RUST_TARGET"} \
    ${FEATURES:+--features "$FEATURES"} \
    -p atmqtt-c -- --print "native-static-libs=$native" 2> >(
    grep -v "^note: native artifacts\|^$" >&2
)
native_static_libs=$(cat "$native")
cmake_static_libs=$(sed 's/^-l//; s/ -l/;/g' <<<"$native_static_libs")

install -d "$root/$libdir/pkgconfig" "$root/$libdir/cmake/atmqtt" "$root/$includedir"
install -m 755 "$built/libatmqtt.so" "$root/$libdir/libatmqtt.so.$version"
"${STRIP:-strip}" --strip-unneeded "$root/$libdir/libatmqtt.so.$version"
ln -sf "libatmqtt.so.$version" "$root/$libdir/libatmqtt.so.$major"
ln -sf "libatmqtt.so.$major" "$root/$libdir/libatmqtt.so"
install -m 644 "$built/libatmqtt.a" "$root/$libdir/libatmqtt.a"
"${STRIP:-strip}" --strip-debug "$root/$libdir/libatmqtt.a"
install -m 644 include/atmqtt.h include/atmqtt.hpp "$root/$includedir"

# fill TEMPLATE TARGET: writes a template with its @names@ filled in.
fill() {
    local up
    up=$(realpath -m --relative-to="/p/$(dirname "$2")" /p)
    sed -e "s|@version@|$version|g" -e "s|@major@|$major|g" -e "s|@minor@|$minor|g" \
        -e "s|@libdir@|$libdir|g" -e "s|@includedir@|$includedir|g" \
        -e "s|@up@|$up|g" \
        -e "s|@native_static_libs@|$native_static_libs|g" -e "s|@cmake_static_libs@|$cmake_static_libs|g" \
        "ffi-c/packaging/$1" >"$root/$2"
    chmod 644 "$root/$2"
}

fill atmqtt.pc.in "$libdir/pkgconfig/atmqtt.pc"
fill atmqttConfig.cmake.in "$libdir/cmake/atmqtt/atmqttConfig.cmake"
fill atmqttConfigVersion.cmake.in "$libdir/cmake/atmqtt/atmqttConfigVersion.cmake"

echo "atmqtt $version is in $root"
