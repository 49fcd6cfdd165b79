#!/usr/bin/env bash
# Runs the fuzz targets of tests/fuzz, side by side as far as there are processors, and prints a line for each.
#
#   fuzz.sh SECONDS [TARGET...]
#
# With RUNS=N each target runs N inputs and always the same, where its own threads let it: what a change is checked
# with must not fail for another reason than the change.
#
# Everything is kept in target/fuzz: what was built, corpora, logs, and what made a target fail. Where a compiler
# with the sanitizers cannot be had it fails, or with FUZZ_OPTIONAL=1 says so and ends with success.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/scripts/nightly.sh
. tests/scripts/nightly.sh

version=0.13.2
seconds=$1
shift
mkdir -p "${CARGO_TARGET_DIR:-target}/fuzz"
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
work=$target/fuzz
tools=$target/tools

skip() {
    echo "fuzz: SKIPPED: $*"
    [ "${FUZZ_OPTIONAL:-0}" = 1 ]
    exit
}

has_runtime asan || skip "$reason"
command -v c++ >/dev/null || skip 'there is no C++ compiler (Debian package g++)'

if [ "$("$tools/bin/cargo-fuzz" --version 2>/dev/null)" != "cargo-fuzz $version" ]; then
    echo "installing cargo-fuzz $version"
    cargo install --quiet cargo-fuzz --version "$version" --locked --root "$tools"
fi
fuzz() {
    unstable "$tools/bin/cargo-fuzz" "$@"
}

known=$(cd tests/fuzz/libfuzzer/targets && printf '%s\n' *.rs | sed 's/\.rs$//')
targets=("$@")
[ $# -gt 0 ] || mapfile -t targets <<<"$known"
for name in "${targets[@]}"; do
    grep -qx "$name" <<<"$known" || { echo "there is no target $name, but" $known >&2 && exit 2; }
done

# In a folder of its own: other flags than elsewhere.
fuzz build --fuzz-dir tests/fuzz/libfuzzer --target-dir "$work/build"
programs=$work/build/$host/release
cargo run --quiet --locked -p atmqtt-fuzz -- seeds "$work/seeds"

# run TARGET: runs it for the time given; its output goes to a log.
run() {
    local name=$1
    mkdir -p "$work"/{corpus,crashes}/"$name"
    # The border waits for threads, so it does little in its time; the rest do not take a second.
    local -a same=()
    [ -z "${RUNS:-}" ] || same=(-runs="$RUNS" -seed=1)
    "$programs/$name" -max_total_time="$seconds" "${same[@]}" -timeout=30 -rss_limit_mb=2048 -max_len=4096 \
        -dict=tests/fuzz/words.dict -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$work/crashes/$name/" \
        "$work/corpus/$name" "$work/seeds/$name" >"$work/$name.log" 2>&1
}

# report TARGET STATUS: a line about it.
report() {
    local name=$1 log=$work/$1.log
    printf '%-11s %10s executions %6d inputs  coverage %6s  %s\n' "$name" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)" \
        "$(find "$work/corpus/$name" -type f | wc -l)" \
        "$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)" \
        "$([ "$2" = 0 ] && echo 'holds' || echo "FAILED: see $log")"
}

echo "${#targets[@]} targets for $seconds s each"
declare -A running=()
failed=()
# finish: waits for one of those that run.
finish() {
    local pid status=0
    wait -n -p pid "${!running[@]}" || status=$?
    report "${running[$pid]}" "$status"
    [ "$status" = 0 ] || failed+=("${running[$pid]}")
    unset "running[$pid]"
}
for name in "${targets[@]}"; do
    [ "${#running[@]}" -lt "${FUZZ_JOBS:-$(nproc)}" ] || finish
    run "$name" &
    running[$!]=$name
done
while [ "${#running[@]}" -gt 0 ]; do
    finish
done

for name in "${failed[@]}"; do
    echo
    grep -E 'panicked at|ERROR: |SUMMARY: ' -A 3 "$work/$name.log" | head -n 12 || true
    for file in "$work/crashes/$name"/*; do
        [ -e "$file" ] || continue
        echo "again:     cargo run -p atmqtt-fuzz -- run $name $file"
        echo "smaller:   $programs/$name -minimize_crash=1 -max_total_time=60 $file"
        echo "as a test: cp $file tests/fuzz/regressions/$name/WHAT-IT-IS"
    done
done >&2
[ ${#failed[@]} = 0 ]
