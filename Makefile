# make setup      the environment in .venv, once                make test       every quick proof
# make demo       train on handwritten digits for 30 seconds    make test-all   every proof
# make check      format, lint, types, import floors            make docs       run every command in the documentation
#                                                               make golden     rewrite the golden files; review them as a diff
.PHONY: setup demo check test test-all golden docs
.DEFAULT_GOAL := setup

PYTHON ?= python3
BIN := .venv/bin
# Two processes with one thread each: quicker here than one with two, and equal on every machine.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

setup: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,audio,fast-jpeg]'
	touch $@

demo: setup
	$(BIN)/gnomon train digits --budget 30s

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup
	$(PYTEST) -m "not slow"

test-all: setup
	$(PYTEST)

golden: setup
	GNOMON_GOLDEN=rewrite $(BIN)/python -m pytest -q tests/golden
	git diff --stat -- tests/golden

docs: setup
	$(BIN)/python -m pytest -q tests/docs
