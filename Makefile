# Python 3.11 or newer and make are all that has to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# test processes; each has a database of its own, and a file stays with one of them
WORKERS ?= 2
# of load and faults; settling comes on top
CHAOS_SECONDS ?= 120

.PHONY: run test demo bench chaos browser screenshots lint types contracts schema checks

run: $(STAMP)
	@$(BIN)/python -m sandbox.run

test: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not browser"

demo: $(STAMP)
	@$(BIN)/python -m sandbox.demo

bench: $(STAMP)
	$(BIN)/python -m benchmarks

# kills, freezes and starves the parts of a shop at work, and shows that nothing is lost
chaos: $(STAMP)
	$(BIN)/python -m benchmarks.chaos --seconds $(CHAOS_SECONDS)

# needs a Chromium: `apt-get install chromium`, or CHROMIUM=/path/to/it
browser: $(STAMP)
	$(BIN)/python -m pytest -m browser

# pictures of the main pages, into docs/screenshots
screenshots: $(STAMP)
	$(BIN)/python -m sandbox.screenshots

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	SANDBOX=1 $(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

schema: $(STAMP)
	SANDBOX=1 $(BIN)/python manage.py makemigrations --check --dry-run
	SANDBOX=1 $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

checks: lint types contracts schema

$(STAMP): requirements.txt requirements-dev.txt constraints.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
