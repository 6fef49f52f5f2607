# The front door. Everything is in xtask; each target is one line.

XTASK := cargo run --package xtask --

.DEFAULT_GOAL := help
.PHONY: help run dev build check test e2e contract bench lighthouse soak audit fmt need

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: need ## Set up, build and start the demo on http://127.0.0.1:8080
	@$(XTASK) run

dev: need ## The same, rebuilt and reloaded on every change
	@$(XTASK) dev

build: need ## Build the finished binary: target/release/overkey
	@$(XTASK) build

check: need ## Check format, lints and types
	@$(XTASK) check

test: need ## Set up and run every test: rules, stores, whole server, browser
	@$(XTASK) test

e2e: need ## Run the browser tests alone
	@$(XTASK) e2e

contract: need ## Hold the REST API against its description
	@$(XTASK) contract

bench: need ## Measure Overkey beside nginx (BENCH_QUICK=1: under a minute)
	@$(XTASK) bench

lighthouse: need ## Measure how fast the pages are in a browser
	@$(XTASK) lighthouse

soak: need ## Load Overkey with faults on its way for SOAK_SECONDS (600)
	@$(XTASK) soak

audit: need ## Check the dependencies: known weaknesses, licences
	@$(XTASK) audit

fmt: need ## Format Rust and TypeScript
	@$(XTASK) fmt

need:
	@command -v cargo >/dev/null || { echo "Rust is missing: install it as https://rustup.rs says" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "a C compiler is missing: install it with 'apt-get install gcc libc6-dev'" >&2; exit 1; }
