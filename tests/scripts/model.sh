#!/usr/bin/env bash
# Runs the threads of a port under the model checker (core/src/runtime/model). Arguments go to the test
# program, as the name of a scenario.
#
#   ITERATIONS=N  schedules of each kind and scenario
#   SEED=N        start of everything random
#   SCHEDULE=...  replays one schedule, as a failure printed it, of the scenario named
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The flag changes every crate, hence a folder of its own.
export RUSTFLAGS="${RUSTFLAGS:-} --cfg shuttle"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/model"
exec cargo test --profile model -p atmqtt --lib runtime::model -- "$@"
