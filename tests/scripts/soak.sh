#!/usr/bin/env bash
# Links left alone in bad weather: a storm of faults for MINUTES=2, SIGKILL of the program KILLS=20 times, and
# how long a link is down after each fault, measured RECOVERIES=3 times (0 = not at all). SEED=1 makes another storm.
# The report is in target/soak.json.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

target=${CARGO_TARGET_DIR:-target}
report=$target/soak.json
seed=${SEED:-1}
recoveries=${RECOVERIES:-3}

cargo build --release --locked -p atmqtt-soak
rm -f "$report"
failed=0
soak() {
    echo "-- $1"
    "$target/release/atmqtt-soak" "$@" --json "$report" || failed=1
}
soak storm --minutes "${MINUTES:-2}" --seed "$seed"
soak kills --times "${KILLS:-20}" --seed "$seed"
if [ "$recoveries" != 0 ]; then
    soak recovery --times "$recoveries"
fi
exit $failed
