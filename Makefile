# Everything one does with this repository. `make` alone lists it.

# A toolchain that rustup has just installed is not on the PATH of the shell that did it, and Debian's
# nginx and HAProxy, which the tests start, are on that of root alone.
export PATH := $(PATH):$(HOME)/.cargo/bin:/usr/sbin
# Cargo's own switch; the folder is used below, too.
target := $(or $(CARGO_TARGET_DIR),target)

.DEFAULT_GOAL := help
.PHONY: help demo build test check fmt fmt-check clippy docs deny audit bench load micro clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: build ## Build and start everything on this machine; ARGS="..." goes to `linkgate demo`.
	@exec $(target)/release/linkgate demo $(ARGS)

build: ## Build the release binary, target/release/linkgate.
	@scripts/needs build
	cargo build --release --locked

test: ## Run the whole suite, or ARGS="..." of it; installs what it needs.
	@scripts/needs test
	cargo test --locked $(ARGS)

check: fmt-check clippy docs deny ## Check formatting, lints, documentation and dependencies.

fmt: ## Format the code.
	cargo fmt

fmt-check:
	cargo fmt --check

clippy:
	@scripts/needs build
	cargo clippy --locked --all-targets -- -D warnings

docs:
	@scripts/needs build
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

deny: ## Check licences, sources and banned crates.
	scripts/deny bans licenses sources

audit: ## Check the dependencies for known vulnerabilities; needs github.com.
	scripts/deny advisories

bench: ## Measure everything, for half an hour, into benches/results; ARGS="--short" only tries it.
	@scripts/needs bench
	benches/load/all $(ARGS)

load: ## Measure linkgate against bare Pingora; ARGS="--rounds 3" and others.
	@scripts/needs load
	benches/load/run $(ARGS)

micro: ## Measure the parts of a request; ARGS="-- session" measures some of them.
	@scripts/needs build
	cargo bench --locked $(ARGS)

clean: ## Remove everything that was built.
	cargo clean
