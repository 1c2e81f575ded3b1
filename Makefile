# Python 3.11 or newer, with its venv, and make are all that has to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# test processes; each has a database of its own, and a file stays with one of them
# (more than two cores' worth: many tests wait for other processes)
WORKERS ?= 3
# of load and faults; settling comes on top
CHAOS_SECONDS ?= 120

.PHONY: run test demo bench chaos browser fuzz models screenshots lint types contracts schema migrations secrets audit checks

run: $(STAMP)
	@$(BIN)/python -m sandbox.run

test: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not browser"

demo: $(STAMP)
	@$(BIN)/python -m sandbox.demo

bench: $(STAMP)
	$(BIN)/python -m benchmarks

# kills, freezes and starves the parts of a shop at work, and shows that nothing is lost
chaos: $(STAMP)
	$(BIN)/python -m benchmarks.chaos --seconds $(CHAOS_SECONDS)

# needs a Chromium: `apt-get install chromium`, or CHROMIUM=/path/to/it
browser: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m browser

# a quarter of an hour of what `make test` does for a minute, with other cases each time
fuzz: $(STAMP)
	FUZZ_SECONDS=$${FUZZ_SECONDS:-900} $(BIN)/python -m pytest tests/fuzz

# a long run of what `make test` does for a minute, with other cases each time
models: $(STAMP)
	MODEL_EXAMPLES=$${MODEL_EXAMPLES:-500} $(BIN)/python -m pytest tests/machine tests/refunds/test_refund_machine.py

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

# may each run while the version before it still serves?
migrations: $(STAMP)
	SANDBOX=1 DJANGO_SETTINGS_MODULE=ticketing.settings $(BIN)/python -m tests.migrations.lint

# What looks like a secret and is not in .secrets.baseline; in tests, what has the form of a real one.
# Exit code 3 says that lines have moved. `detect-secrets scan --baseline .secrets.baseline` moves them.
secrets: $(STAMP)
	@cp .secrets.baseline $(VENV)/.secrets.baseline
	$(BIN)/detect-secrets-hook --baseline $(VENV)/.secrets.baseline \
		$$(git ls-files ':!tests' ':!sandbox') || [ $$? = 3 ]
	$(BIN)/detect-secrets-hook --disable-plugin KeywordDetector \
		--disable-plugin Base64HighEntropyString --disable-plugin HexHighEntropyString \
		$$(git ls-files tests sandbox)

# Known holes in what the product runs with. Asks PyPI, or with AUDIT_OPTIONS="-s osv" OSV; no part of
# `checks`, since its answer changes by itself. A package that can't be asked about is a failure.
audit: $(STAMP)
	@test -x $(VENV)/audit/bin/pip || $(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	$(VENV)/audit/bin/pip-audit --strict --no-deps --disable-pip $(AUDIT_OPTIONS) \
		-r requirements.txt -r constraints.txt

checks: lint types contracts schema migrations secrets

$(STAMP): requirements.txt requirements-dev.txt constraints.txt
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
