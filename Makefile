# `make` shows nothing but its result: the environment in .venv. See `make help`.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := env

ENVIRONMENT := .venv
BIN := $(ENVIRONMENT)/bin
STAMP := $(ENVIRONMENT)/.made-from-lock
# Two processes share the tests where there are two cores or more; WORKERS= (empty) is one process.
WORKERS ?= $(shell [ "$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)" -ge 2 ] && echo 2)

export ENVIRONMENT WORKERS PYTHON
# Python's bytecode cache makes TensorFlow start three times faster.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env test check static demo bench lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

env: $(STAMP)  ## the environment: .venv, from requirements.lock

$(STAMP): pyproject.toml requirements.lock scripts/environment
	@scripts/environment $(ENVIRONMENT)
	@touch $@

test: env  ## everything: format, lint, types, layers, tests and doctests
	@scripts/check

check: test  ## the same

static: env  ## format, lint, types and layers, without the tests
	@scripts/check static

demo: env  ## the main job on a real table; leaves a report to open
	@scripts/demo

bench: env  ## ratios of speed and memory against peers, on this machine
	@$(BIN)/python -m benchmarks $(ARGS)

lock: env  ## write requirements.lock anew from pyproject.toml (needs uv; UPGRADE=1 takes the newest versions)
	@scripts/lock

clean:  ## remove what the other targets made
	rm -rf $(ENVIRONMENT) demo build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
