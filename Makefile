# Python 3.11 or newer and make are all that has to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test demo bench lint types contracts checks browser clean

run: $(STAMP)
	@$(BIN)/python -m sandbox.run

test: $(STAMP)
	$(BIN)/python -m pytest -m "not browser"

demo: $(STAMP)
	@$(BIN)/python -m sandbox.demo

bench: $(STAMP)
	$(BIN)/python -m benchmarks

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	SANDBOX=1 $(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

checks: lint types contracts

$(STAMP): requirements.txt requirements-dev.txt constraints.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
