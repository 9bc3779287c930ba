# What a person runs, and CI: `make check` followed by `make test` is CI to the letter.

# The stamps of scripts/setup.sh lie beside the build, so that a fresh clone sets itself up once.
target := $(or $(CARGO_TARGET_DIR),target)

# Some peers of `make interop` are installed where only root looks.
export PATH := $(PATH):/usr/sbin

# How long each target of `make fuzz` runs.
SECONDS := 60

# cargo uses all cores by itself, and two installations at once would fight over apt's lock.
.NOTPARALLEL:
.PHONY: help setup demo build check audit test test-api test-browser test-training interop fuzz bench-sip bench-web bench-speech train-reader clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## Install whatever the targets below need (they do it themselves too, once)
	scripts/setup.sh build browser api interop check fuzz bench train

demo: build ## Build, then run the demo; ARGS="..." is passed on
	$(target)/release/zavud demo $(ARGS)

build: $(target)/setup-build ## Build the daemon: target/release/zavud
	cargo build --locked --release

# `--examples`, of which there are none, has cargo doc build the dependencies with the features that the
# tests ask of them: those are there already, after clippy.
check: $(target)/setup-check ## Formatting, lints, licences, docs
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	cargo deny --locked check bans licenses sources
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --all-features --no-deps --lib --examples

audit: $(target)/setup-check ## Known vulnerabilities; fetches the advisory database by git, so not in CI
	cargo deny --locked check advisories

# Whoever runs cargo alone is told of each test that is skipped for want of a program; here all are there.
# Many of them wait, for a call that is spoken as slowly as calls are: two at a time for each processor.
test: $(target)/setup-browser $(target)/setup-api $(target)/setup-interop ## All tests, with real SIP peers and a real browser
	RUST_TEST_THREADS=$$((2 * $$(nproc))) ZAVUD_INTEROP=required ZAVUD_BROWSER=required \
		cargo test --locked --workspace --all-features
	$(MAKE) test-api
	$(MAKE) test-training
	$(MAKE) train-reader SMOKE=1
	$(MAKE) train-reader SMOKE=1 SHAPE=judge

test-browser: $(target)/setup-browser ## The tests with a real browser alone; pictures go to target/screenshots
	ZAVUD_BROWSER=required cargo test --locked --test browser

# Built as for the tests: `cargo build` would leave out what only they need, and compile much anew.
test-api: $(target)/setup-api ## The REST API with the SDK of partners and schemathesis; EXAMPLES=30 for each address
	cargo test --locked --workspace --all-features --no-run
	EXAMPLES=$(EXAMPLES) tests/api/run.sh $(target)

test-training: $(target)/setup-train ## The tests of what teaches and judges the reader
	cd models/training && $(abspath $(target))/venv/bin/python -m unittest discover -q -p 'test_*.py'

interop: $(target)/setup-interop ## The tests with real SIP peers alone
	ZAVUD_INTEROP=required cargo test --locked --test interop

# With the compiler as it is: coverage needs no nightly one, and there is no unsafe code for a sanitizer
# to watch. What is found grows beside the build; the corpus in git stays as it is.
fuzz: $(target)/setup-fuzz ## Look for input that does harm; SECONDS=60 for each target
	set -e; names=$$(cargo fuzz list); for name in $$names; do \
		mkdir -p $(target)/fuzz-corpus/$$name; \
		cargo fuzz run --sanitizer none $$name $(target)/fuzz-corpus/$$name fuzz/corpus/$$name -- \
			-max_total_time=$(SECONDS) -max_len=4096 -timeout=10 -rss_limit_mb=1024; \
	done

# Calls by the second, and many at a time. Two sockets a call: more than a shell opens by default.
bench-sip: build ## Measure what calls this machine stands, with both ends on it
	ulimit -n 16384; for transport in udp tcp tls; do \
		$(target)/release/zavud bench sip --calls-per-second 1000 --seconds 20 --transport $$transport || exit; \
	done
	ulimit -n 16384; $(target)/release/zavud bench sip --calls-per-second 50 --concurrent 1000 --seconds 40 --media

# Two sockets a page: more than a shell opens by default.
bench-web: build ## Measure the pages and the API over a large database, and many open pages
	ulimit -n 16384; $(target)/release/zavud bench web

# With recordings that lie outside of the project; the script says what it can be told.
bench-speech: build $(target)/setup-bench ## Measure the reader against its goals and stock Whisper
	scripts/bench-speech.sh

# The recordings lie outside of the project: VOICES="folder folder". See models/README.md.
train-reader: $(target)/setup-train ## Teach the reader anew, in hours; SMOKE=1 for two minutes; SHAPE=judge, DEVICE=cuda
	$(target)/venv/bin/python models/training/recipe.py --work $(target)/reader$(if $(SMOKE),-smoke) \
		--shape $(or $(SHAPE),reader) --device $(or $(DEVICE),cpu) \
		$(if $(SMOKE),--smoke,--recorded $(or $(VOICES),../shared/voices ../shared/training))

clean: ## Remove what was built, and forget what was set up
	cargo clean --locked

$(target)/setup-%: scripts/setup.sh
	scripts/setup.sh $*
	@mkdir -p $(@D) && touch $@
