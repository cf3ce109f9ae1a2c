# Sets the project up in .venv and runs it. What the tools hold the code to is in pyproject.toml, the versions in locks/.

PYTHON ?= python3
JOBS ?= 2
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
CODE := $(wildcard harness tests bench tools examples/agent)
# One file's tests stay in one worker, so that what a file builds once is built once. (--dist loadgroup, the finer tool,
# does nothing under pytest 9.2: pytest-xdist issue 1386.)
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile
PIP_INSTALL := -m pip --quiet --quiet --disable-pip-version-check --no-input install

# What is not in the lock must not be importable.
unexport PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help demo test proof lint bench docs coverage compatibility lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.ready ## judge a real server, llama.cpp's own, on a model made on the spot
	@$(BIN)/deltaproof demo $(ARGS)

test: $(VENV)/.ready ## run the tests; ARGS='-k sse' and JOBS=4 are passed on to pytest
	@$(PYTEST) $(ARGS)

lint: $(VENV)/.ready ## check style, format, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

proof: $(VENV)/.ready ## hold every fault against every exchange of every cassette, and through record; takes half an hour
	@DELTAPROOF_ALL=1 $(BIN)/python -m pytest -n $(JOBS) tests/test_diagonal.py tests/through/test_record.py $(ARGS)

bench: $(VENV)/.ready ## measure judging, recording, serving, the matrix of clients and the plugin; ARGS=judge is one of them
	@for part in $(or $(ARGS),judge record serve matrix plugin); do $(BIN)/python bench/$$part.py || exit 1; done

docs: $(VENV)/.ready ## fill in what is generated; counts per provider only where ../shared/corpus is
	@$(BIN)/python -m tools.figures
	@$(BIN)/python -m tools.cassettes
	@if [ -d ../shared/corpus ]; then $(BIN)/python -m tools.providers; fi

coverage: $(VENV)/.ready ## run the tests and list what they do not reach
	@$(PYTEST) --cov --cov-report term $(ARGS)

compatibility: $(VENV)/.ready ## run the plugin's tests on each Python there is, with pytest 8.3 and 9; takes some minutes
	@JOBS=$(JOBS) $(BIN)/python -m tools.compatibility $(ARGS)

# The installed version is read from __init__.py, so a new one is a new install.
$(VENV)/.ready: $(VENV)/.locked pyproject.toml harness/deltaproof/__init__.py
	@$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# --no-deps: the lock is whole. Older pips take an extra that it does not name, as coverage[toml], from the newest release.
$(VENV)/.locked: locks/dev.txt
	@command -v '$(PYTHON)' >/dev/null || \
	  { echo "deltaproof needs Python 3.11 or later, and there is no '$(PYTHON)' here; name one: make PYTHON=python3.12" >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "deltaproof needs Python 3.11 or later, and '$(PYTHON)' is older; name another: make PYTHON=python3.12" >&2; exit 1; }
	@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "deltaproof needs the venv module, and '$(PYTHON)' lacks it; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV) from locks/dev.txt; this happens once and takes about a minute."
	@'$(PYTHON)' -m venv --clear $(VENV)
	@$(BIN)/python $(PIP_INSTALL) --no-deps --require-hashes --requirement locks/dev.txt
	@touch $@

# core.txt is what a user installs, at the versions that dev.txt tests. Pins that still fit stay; ARGS=--upgrade renews
# them. One resolution for all Python versions: what is tested on one is what runs on another.
LOCK = UV_CUSTOM_COMPILE_COMMAND='make lock' build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 \
  --fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links pyproject.toml

lock: ## pin the versions again in locks/, after a change to pyproject.toml; ARGS=--upgrade takes newer ones
	'$(PYTHON)' -m venv --clear build/uv
	build/uv/bin/python $(PIP_INSTALL) uv==0.13.9
	$(LOCK) $(ARGS) --extra pytest --extra demo --group dev --output-file locks/dev.txt
	$(LOCK) --upgrade --constraint locks/dev.txt --no-annotate --output-file locks/core.txt

clean: ## remove what make made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
