SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# The interpreter .venv is made from. If the default one is too old, a newer one beside it is taken.
PYTHON ?= python3
# Test processes: numba compiles on every core it gets, so two are usually enough.
WORKERS ?= 2
# Passed on to pytest, e.g. make test ARGS="-k cse -x"
ARGS ?=

BIN := .venv/bin
STAMP := .venv/.installed
BENCH_STAMP := .venv/.bench-installed
TYPES := build/types

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- environment -------------------------------------------------------------------------------

.PHONY: setup
setup: $(STAMP) ## build .venv with gradc and everything its tests need

# pip upgrades nothing that already fits pyproject.toml, so after a change there this takes seconds.
$(STAMP): pyproject.toml
	@if [ ! -x $(BIN)/python ]; then \
	  is_new() { "$$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }; \
	  chosen=; \
	  for candidate in $(PYTHON) $(if $(filter file,$(origin PYTHON)),python3.13 python3.12 python3.11); do \
	    if is_new "$$candidate"; then chosen=$$candidate; break; fi; \
	  done; \
	  if [ -z "$$chosen" ]; then \
	    echo "gradc needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1 | tail -n 1)." >&2; \
	    echo "Name one that is: make setup PYTHON=/path/to/python3.12" >&2; \
	    exit 1; \
	  fi; \
	  echo "making .venv from $$chosen ($$("$$chosen" --version))"; \
	  "$$chosen" -m venv .venv || { rm -rf .venv; \
	    echo "$$chosen cannot make a virtual environment (on Debian: apt install python3-venv)." >&2; exit 1; }; \
	fi
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# --- every day ---------------------------------------------------------------------------------

.PHONY: test
test: $(STAMP) ## all tests, CUDA code too (no GPU needed); ARGS="-k name" to choose
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

.PHONY: demo
demo: $(STAMP) ## compile, check and train the digits network of examples/
	$(BIN)/gradc compile examples/digits.toml
	$(BIN)/gradc check examples/digits.toml
	$(BIN)/gradc train examples/digits.toml

.PHONY: lint
lint: $(STAMP) ## ruff: rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: format
format: $(STAMP) ## let ruff repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# mypy names a module after its folder, and these folders are not called what they are imported as.
.PHONY: typecheck
typecheck: $(STAMP) ## mypy: strict on compiler, runtime and bench/; then on what users write, examples/
	@mkdir -p $(TYPES)
	@ln -sfn ../../compiler $(TYPES)/gradc
	@ln -sfn ../../runtime $(TYPES)/gradc_runtime
	MYPYPATH=$(TYPES) $(BIN)/mypy -p gradc -p gradc_runtime -p bench \
	  | sed -e 's#^$(TYPES)/gradc/#compiler/#' -e 's#^$(TYPES)/gradc_runtime/#runtime/#'
	MYPYPATH=$(TYPES) $(BIN)/mypy --allow-untyped-defs --allow-untyped-calls tests/typed examples

# --- now and then ------------------------------------------------------------------------------

# Random Python programs: value, both modes, passes, text; a wrong one is shrunk and printed.
N ?= 10000
SEED ?= 0
.PHONY: fuzz
fuzz: $(STAMP) ## check N random programs, e.g. make fuzz N=50000 SEED=1
	$(BIN)/python -m tests.fuzz.run --programs $(N) --seed $(SEED)

# What gradc is timed against. Where it cannot be installed, what is there is timed all the same.
$(BENCH_STAMP): $(STAMP)
	@echo "installing JAX and PyTorch to compare with; PyTorch is a large download"
	@if $(BIN)/python -m pip install --quiet --editable '.[bench]'; then touch $@; \
	  else echo "not all of it could be installed: only what is there is timed" >&2; fi

.PHONY: bench
bench: $(BENCH_STAMP) ## timings of bench/, beside JAX and PyTorch; ARGS="--quick train_step" to choose
	$(BIN)/python -m bench $(ARGS)

# GradBench, the public comparison: cloned beside the project, or GRADBENCH=path of a checkout.
.PHONY: gradbench
gradbench: $(STAMP) ## the evals of GradBench, beside the tools that build here; ARGS="gmm --full"
	$(BIN)/python -m bench.gradbench $(ARGS)

.PHONY: docs
docs: $(STAMP) ## the pages of docs/ that are generated from the code
	$(BIN)/python -m gradc.explain.functions_page > docs/functions.md

.PHONY: size
size: ## lines per Python file, biggest first (the limit is 500)
	@git ls-files --cached --others --exclude-standard '*.py' | tr '\n' '\0' | wc -l --files0-from=- | sort -rn

.PHONY: clean
clean: ## remove .venv, caches and builds
	rm -rf .venv build dist ./*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
