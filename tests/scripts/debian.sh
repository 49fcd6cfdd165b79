# shellcheck shell=bash
#
# Sourced by msrv.sh, cross.sh, wheels.sh and sanitize.sh: Debian packages that are unpacked beside the build output
# instead of being installed, the oldest supported Rust among them. It takes no root, and leaves the packages of
# the machine and its lists of packages as they are.

# The Rust version that Cargo.toml promises.
promised=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

# cargo clean takes it away.
mkdir -p "${CARGO_TARGET_DIR:-target}/debian"
debian=$(cd "${CARGO_TARGET_DIR:-target}/debian" && pwd)
unpacked=$debian/root

# Why the last function here that failed did so.
reason=

# debian_setup: apt with lists of its own, for this architecture and those of the boards. Called by
# `once`, and does its work only once itself.
#
# They hold the release as it was published and not its security updates: these replace rustc-web, which
# follows the newest browsers, by newer versions.
debian_setup() {
    local release mirror native
    [ -z "${rust+set}" ] || return 0
    if ! command -v apt-get dpkg >/dev/null; then
        reason='this is no Debian system'
        return 1
    fi
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    # In the names of the packages of the promised Rust.
    case $release:$promised in
    bookworm:1.85) rust=-web ;;
    trixie:1.85) rust= ;;
    *)
        reason="Debian 12 and 13 are known to have Rust $promised, and this is ${release:-neither}"
        return 1
        ;;
    esac
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' |
        awk -v release="$release" '$2 == release && $3 == "main" { print $1; exit }')
    if [ -z "$mirror" ]; then
        reason="apt has no source of $release main"
        return 1
    fi
    native=$(dpkg --print-architecture)
    mkdir -p "$debian"/apt/{lists,cache/archives}/partial
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    {
        echo "deb [signed-by=$keyring] $mirror $release main"
        # For qemu alone, see unpack_qemu.
        [ "$release" = trixie ] || echo "deb [arch=$native signed-by=$keyring] $mirror trixie main"
    } >"$debian/apt/sources.list"
    cat >"$debian/apt/apt.conf" <<END
#clear APT::Architectures;
#clear APT::Update;
#clear Acquire::IndexTargets::deb::DEP-11;
APT::Architectures { "$native"; "arm64"; "armhf"; };
APT::Default-Release "$release";
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::Cache "$debian/apt/cache";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourcelist "$debian/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$debian/apt/lists";
END
    # What could not be fetched shows in what is not found.
    apt-get -qq -c "$debian/apt/apt.conf" update 2>"$debian/apt/errors" || cat "$debian/apt/errors"
}

# debian_download PACKAGE...: into $debs, each given as name, name:architecture or name/release.
debian_download() {
    debs=$debian/debs
    rm -rf "$debs"
    mkdir -p "$debs" "$unpacked"
    echo "unpacking into $unpacked:" "$@"
    (cd "$debs" && apt-get -qq -c "$debian/apt/apt.conf" download "$@") 2>"$debian/apt/errors" && return
    reason=$(tail -n 1 "$debian/apt/errors")
    return 1
}

# debian_unpack PACKAGE...: downloads and unpacks them.
debian_unpack() {
    local deb
    debian_download "$@" || return 1
    for deb in "$debs"/*.deb; do
        if ! dpkg -x "$deb" "$unpacked"; then
            reason="$(basename "$deb") cannot be unpacked"
            return 1
        fi
    done
    rm -rf "$debs"
}

# once NAME COMMAND...: runs it, unless it has succeeded under this name before.
once() {
    local name=$1
    shift
    [ ! -e "$debian/done/$name" ] || return 0
    debian_setup && "$@" && mkdir -p "$debian/done" && touch "$debian/done/$name"
}

# Where the unpacked compiler has its libraries; it looks for them elsewhere. (No wrapper script around it:
# a shell drops the variables with a hyphen in their names that cargo sets.)
libraries=$unpacked/usr/lib/$(gcc -print-multiarch 2>/dev/null || true)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

# is_promised RUSTC: whether it runs and is the version that Cargo.toml promises.
is_promised() {
    case "$(LD_LIBRARY_PATH=$libraries "$1" --version 2>/dev/null)" in
    "rustc $promised".*) ;;
    *) return 1 ;;
    esac
}

unpack_rust() {
    local dependencies
    # Those of its dependencies that the machine does not have.
    dependencies=$(apt-get -c "$debian/apt/apt.conf" -s --no-install-recommends install "rustc$rust" |
        awk '/^Inst / && $2 !~ /rust/ { print $2 }')
    # shellcheck disable=SC2086 # one word a package
    debian_unpack "rustc$rust" "libstd-rust$rust-$promised" "libstd-rust$rust-dev" $dependencies
}

unpack_std() {
    debian_unpack "libstd-rust$rust-dev:$1"
}

# oldest_rust [ARCHITECTURE...]: unpacks the promised Rust, with the standard libraries for these
# architectures of Debian besides the machine's own, and leaves the compiler in `rustc`.
oldest_rust() {
    local architecture
    rustc=$unpacked/usr/bin/rustc
    once "rust-$promised" unpack_rust || return 1
    for architecture; do
        once "std-$promised-$architecture" unpack_std "$architecture" || return 1
    done
    if ! is_promised "$rustc"; then
        reason="$rustc does not run as Rust $promised"
        return 1
    fi
}

# with_oldest_rust COMMAND...: runs it so that cargo takes that compiler.
with_oldest_rust() {
    RUSTC=$rustc CARGO_TARGET_DIR=$debian/target LD_LIBRARY_PATH=$libraries "$@"
}

# oldest_cargo ARGUMENT...: cargo with that compiler.
oldest_cargo() {
    with_oldest_rust cargo "$@"
}

# Downloads qemu and keeps two of its fifty programs. That of Debian 12 knows no TCGETS2, without which no
# serial port opens; that of 13 does, and is linked statically.
unpack_qemu() {
    debian_download qemu-user/trixie || return 1
    dpkg --fsys-tarfile "$debs"/qemu-user_*.deb |
        tar -x -C "$unpacked" ./usr/bin/qemu-aarch64 ./usr/bin/qemu-arm || return 1
    rm -rf "$debs"
}

# skip REASON: ends the script where its means are not to be had: a failure, unless CROSS_OPTIONAL=1.
skip() {
    echo "$(basename "$0" .sh): SKIPPED: $*"
    [ "${CROSS_OPTIONAL:-0}" = 1 ] && exit
    exit 1
}
