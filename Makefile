# The commands of the project; each does its own set-up. `make help` lists them.

.PHONY: help run test bench openapi schema check fmt fuzz guided deb
.DEFAULT_GOAL := help

help: ## list these commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: ## everything it needs, then the gateway beside three simulated town halls (PORT, OPERATOR_PORT, SIMULATOR_PORT, PROFILE)
	@exec env PORT='$(or $(PORT),8443)' OPERATOR_PORT='$(or $(OPERATOR_PORT),9443)' SIMULATOR_PORT='$(or $(SIMULATOR_PORT),18100)' \
		PROFILE='$(or $(PROFILE),dev)' scripts/run.sh

test: ## everything it needs, then all tests
	@scripts/test.sh

bench: ## Pontile beside nginx and HAProxy, same moment, same core (ARGS for benches/run.py)
	@scripts/install-debian-packages.sh build
	@benches/run.py $(ARGS)

openapi: ## write openapi/*.yaml from the code
	cargo run --locked --quiet --bin pontile -- openapi openapi

schema: ## write adapters/adapter.schema.json from the code
	cargo run --locked --quiet --bin pontile -- adapter schema adapters/adapter.schema.json

check: ## format, lints, dependencies: quick, before a commit
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	scripts/check-dependencies.sh

fmt: ## format the code
	cargo fmt --all

fuzz: ## ten minutes for each fuzz target (ARGS for fuzz/run.sh: MINUTES TARGET...); needs a nightly toolchain
	@fuzz/run.sh $(ARGS)

guided: ## the program as it is shipped and measured, target/guided/pontile: built by what was seen under load (about a quarter of an hour)
	@scripts/guided-build.sh

deb: guided ## the Debian package of that program, in target/debian
	@mkdir -p target/dist
	@cp target/guided/pontile target/dist/pontile
	PATH="$$(scripts/cargo-tool.sh cargo-deb):$$PATH" cargo deb --locked --no-build --no-strip
