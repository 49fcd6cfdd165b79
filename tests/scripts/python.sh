#!/usr/bin/env bash
# Builds the Python wheel once, installs it into every CPython from 3.10 up that is found (in the path,
# or under pyenv) and runs the tests there; then installs from the sources of a clean clone, as a user
# would. Everything it makes is under target/python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD

mkdir -p "${CARGO_TARGET_DIR:-target}"
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
work=$target/python
mkdir -p "$work"
export RUFF_CACHE_DIR=$work/ruff MYPY_CACHE_DIR=$work/mypy
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1
export CARGO_TARGET_DIR=$target

# Every interpreter once: "VERSION PATH" a line.
interpreters() {
    local python
    for python in python3 python3.{10..19} ~/.pyenv/versions/3.*/bin/python; do
        python=$(command -v "$python") || continue
        # Not free-threaded: those cannot load a wheel for the stable ABI.
        "$python" 2>/dev/null - <<'PYTHON' || true
import sys, sysconfig
if sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED"):
    if sys.version_info >= (3, 10):
        print("%d.%d" % sys.version_info[:2], sys.executable)
PYTHON
    done | sort -t. -k2,2n -u
}

# venv DIRECTORY PYTHON PIP-ARGUMENTS...: a fresh environment.
venv() {
    local directory=$1 python=$2
    shift 2
    rm -rf "$directory"
    "$python" -m venv "$directory"
    "$directory/bin/pip" install -q "$@"
}

mapfile -t found < <(interpreters)
if [ ${#found[@]} = 0 ]; then
    echo 'no CPython from 3.10 up was found' >&2
    exit 1
fi
echo "found: ${found[*]}"
newest=${found[-1]#* }

# Tools, kept between runs while the list is the same.
tools=$work/tools
if ! cmp -s tests/scripts/python-tools.txt "$tools/made-from"; then
    venv "$tools" "$newest" -r tests/scripts/python-tools.txt
    cp tests/scripts/python-tools.txt "$tools/made-from"
fi

echo '-- style'
sources=(py/python py/tests examples/python/{quickstart,logger,link}.py tests/scripts/stub-docs.py)
"$tools/bin/ruff" format --config py/pyproject.toml --check "${sources[@]}"
"$tools/bin/ruff" check --config py/pyproject.toml "${sources[@]}"
# A project of its own, with its own rules.
"$tools/bin/ruff" format --check examples/python/pytest_suite
"$tools/bin/ruff" check examples/python/pytest_suite

echo '-- wheel'
rm -rf "$work/dist"
"$tools/bin/maturin" build --quiet --release --locked -m py/Cargo.toml -o "$work/dist" \
    -i "$newest" --compatibility linux
wheel=$(echo "$work"/dist/atmqtt-*-cp310-abi3-*.whl)
test -f "$wheel"

# pinned NAMES: packages in the versions of the list, the names separated by |.
pinned() {
    grep -E "^($1)==" tests/scripts/python-tools.txt
}

echo '-- tests'
pids=()
for entry in "${found[@]}"; do
    version=${entry%% *}
    (
        mapfile -t packages < <(pinned 'prompt_toolkit|pytest|pytest-asyncio|pytest-xdist|rich|typing_extensions')
        venv "$work/$version" "${entry#* }" "${packages[@]}" "$wheel"
        cd py
        "$work/$version/bin/python" -m pytest -q -p no:cacheprovider -p no:asyncio
    ) >"$work/$version.log" 2>&1 &
    pids+=($!)
done
failed=0
for n in "${!found[@]}"; do
    version=${found[$n]%% *}
    if wait "${pids[$n]}"; then
        echo "$version: $(tail -n 1 "$work/$version.log")"
    else
        cat "$work/$version.log"
        echo "$version: FAILED" >&2
        failed=1
    fi
done
[ $failed = 0 ]

echo '-- types'
environment=$work/${found[-1]%% *}
mapfile -t packages < <(pinned mypy)
"$environment/bin/pip" install -q "${packages[@]}"
(
    cd py
    # The installed package, and not the sources beside it.
    "$environment/bin/python" -m mypy.stubtest atmqtt
    "$environment/bin/mypy" --strict python/atmqtt python/pytest_atmqtt tests ../examples/python/*.py
    "$environment/bin/mypy" --strict ../examples/python/pytest_suite
    "$tools/bin/pyright" --pythonpath "$environment/bin/python" tests ../examples/python/*.py
    # A project of its own, whose modules are beside each other.
    cd ../examples/python/pytest_suite
    "$tools/bin/pyright" --pythonpath "$environment/bin/python" .
)

echo '-- from a clean clone'
rm -rf "$work/clone"
git clone -q --no-hardlinks . "$work/clone"
venv "$work/user" "$newest" "$work/clone/py"
# For cargo the crates of the clone are those of this tree, and what it built of them up to date here.
cargo clean --quiet --release -p atmqtt -p atmqtt-emulator -p atmqtt-py
cd "$work"
for example in quickstart logger link; do
    "$work/user/bin/python" "$root/examples/python/$example.py"
done

# An emulated module in one terminal, pub and then sub in another: the message is retained in between.
atmqtt=$work/user/bin/atmqtt
coproc emulated { exec "$atmqtt" emulate --exit-with-stdin; }
input=${emulated[1]}
read -r port <&"${emulated[0]}"
"$atmqtt" pub --modem "$port" -h any.host -t greetings -m hello -q 1 -r
received=$("$atmqtt" sub --modem "$port" -h any.host -t greetings -C 1 -W 60)
exec {input}>&-
wait
[ "$received" = hello ] || { echo "atmqtt sub received: $received" >&2 && exit 1; }
echo "published and received: $received"
