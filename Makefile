# talkbase's commands: `make demo` and `make test` are all that a fresh machine needs; `make help` lists the rest.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
ifeq ($(wildcard scripts/bootstrap),)
$(error run make in talkbase's own folder, or as: make -C FOLDER $(MAKECMDGOALS))
endif

BIN := .venv/bin
PYTHON ?=
export PYTHON

.PHONY: help env models demo test test-slow check lint types contracts dependencies migrations docs-check docs lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

env: ## Make or update .venv, talkbase's environment
	@scripts/bootstrap

models: env ## Fetch the offline models, each checked by its hash
	@$(BIN)/talkbase models fetch

demo: models ## Do the main job on the recordings in examples/
	@$(BIN)/python examples/demo.py

test: models ## Run the tests (ARGS="-k word" for some)
	@$(BIN)/python -m pytest -m "not slow" -n 2 $(ARGS)

test-slow: models ## Run the tests that take longer: kill, fuzz, memory, whole flows
	@$(BIN)/python -m pytest -m slow $(ARGS)

check: lint types contracts dependencies migrations docs-check test ## All that CI checks, but the slow tests

lint: env ## Style and common mistakes
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: env ## Types, strictly
	@$(BIN)/mypy --strict

contracts: env ## Which package may import which
	@$(BIN)/lint-imports --no-cache

dependencies: env ## Every dependency is used, and every one used is declared
	@$(BIN)/deptry src

migrations: env ## Locks and mistakes in the migrations' SQL
	@$(BIN)/python scripts/lint_migrations.py

docs-check: env ## The generated reference is up to date
	@$(BIN)/python scripts/generate_docs.py --check

docs: env ## Generate the reference in docs/reference
	@$(BIN)/python scripts/generate_docs.py

lock: env ## Write requirements/dev.lock anew (ARGS=--upgrade for the newest versions)
	@scripts/lock $(ARGS)

clean: ## Remove caches and build results (rm -r .venv removes the environment)
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	@find . -name .venv -prune -o -type d -name __pycache__ -exec rm -rf {} +
