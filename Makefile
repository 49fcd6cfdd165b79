# Everything a change is checked with. `make help` lists the targets.

export CARGO_TERM_COLOR ?= auto

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */\1\t/' | expand -t 12

.PHONY: test
test: ## Everything below, with what it needs: what CI runs
	@tests/scripts/test.sh

.PHONY: deps
deps: ## Install what is missing (Debian packages, when root), or say what is
	@tests/scripts/deps.sh

.PHONY: check
check: ## Format, lints and documentation, without running a test
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p atmqtt --all-targets --features outbox -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps

.PHONY: unit
unit: ## Unit, integration and documentation tests
	cargo test --workspace
	cargo test -p atmqtt --lib --features outbox outbox

.PHONY: model
model: ## The threads of a port under a model checker: ITERATIONS=200 SEED=1
	@tests/scripts/model.sh

.PHONY: quickstart
quickstart: ## The quickstart example against the emulated module
	cargo run --example quickstart

.PHONY: c
c: ## The C and C++ interface: header, packaging, tests, sizes
	@tests/scripts/c.sh

.PHONY: install
install: ## Build and install the C library: PREFIX=/usr/local DESTDIR= LIBDIR=lib
	@PREFIX='$(or $(PREFIX),/usr/local)' DESTDIR='$(DESTDIR)' LIBDIR='$(or $(LIBDIR),lib)' ffi-c/install.sh

.PHONY: python
python: ## The Python wheel on every CPython from 3.10 up that is found
	@tests/scripts/python.sh

.PHONY: wheels
wheels: ## The wheels (aarch64 too) and source archive for PyPI, in target/pypi, checked
	@tests/scripts/wheels.sh

.PHONY: soak
soak: ## Links in a storm of faults: MINUTES=2 KILLS=20 RECOVERIES=3 SEED=1; the report is target/soak.json
	@tests/scripts/soak.sh

.PHONY: bench
bench: ## What everything costs, beside floors and peers: ARGS=--quick; also target/bench.json and bench.svg
	@tests/scripts/bench.sh $(ARGS)

.PHONY: msrv
msrv: ## Compile with the oldest Rust that Cargo.toml promises
	@tests/scripts/msrv.sh

.PHONY: cross
cross: ## The library on the processors of boards, aarch64 and armv7, emulated
	@tests/scripts/cross.sh

.PHONY: fuzz
fuzz: ## Every fuzz target, or TARGET=name, for MINUTES=10 each
	@tests/scripts/fuzz.sh $$(( $(or $(MINUTES),10) * 60 )) $(TARGET)

.PHONY: fuzz-smoke
fuzz-smoke: ## The same with a few inputs each, always the same ones
	@RUNS=1000 tests/scripts/fuzz.sh 60 $(TARGET)

.PHONY: sanitize
sanitize: ## Threads with ThreadSanitizer, the C interface with AddressSanitizer
	@tests/scripts/sanitize.sh

.PHONY: clean
clean: ## Remove what was built
	cargo clean
