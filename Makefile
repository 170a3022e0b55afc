# Two commands matter to a newcomer: `make app` and `make test`. Each sets up what it needs on a Debian machine with
# git, make and Python 3.11 or newer; the second run finds the stamps in .venv and starts at once.

PYTHON ?= python3
TEST_WORKERS ?= 2

VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
WARM := $(VENV)/.warm

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help app test lint types arch style browser pictures fuzz bench studies traceability bounds interpreted check setup chromium pango postgresql lock clean fit-example pipeline-example

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

app: setup ## install what is missing, then open the dosing app on an example patient
	$(VENV)/bin/asuc app

test: setup chromium postgresql ## install what is missing, then run every test
	$(PY) -m pytest -n $(TEST_WORKERS) --dist worksteal

fit-example: setup ## fit the example cohort, check the predictions and bind the report: build/example/report.html
	$(VENV)/bin/asuc fit examples/virtual_asuc.csv --model niyigena_2026_asuc --out build/example --force
	$(VENV)/bin/asuc vpc examples/virtual_asuc.csv --model niyigena_2026_asuc --fit build/example --out build/example/vpc --force
	$(VENV)/bin/asuc report build/example --out build/example/report.html --force

pipeline-example: setup ## go from levels and event times of a virtual cohort to an event model: build/study/validation/report.html
	$(VENV)/bin/asuc pipeline examples/virtual_colectomy/cohort.csv examples/virtual_colectomy/events.csv --planned examples/virtual_colectomy/planned.csv --out build/study --force

lint: setup ## formatting, lint rules, types and layering: what pre-commit runs
	$(PY) -m ruff format --check --quiet .
	$(PY) -m ruff check --quiet .
	$(MAKE) --no-print-directory types arch

types: setup ## type check: strict on the packages, standard on the rest
	$(VENV)/bin/pyright --warnings

arch: setup ## check that imports point downwards only
	$(VENV)/bin/lint-imports --no-logo

style: setup ## report the sizes of files and functions beside their aims
	$(PY) scripts/style_report.py asuc crohns_srs dosing_app nonmem_ref pkpd tte

pictures: setup chromium ## write the pictures anew that the browser tests compare the screen with
	ASUC_WRITE_PICTURES=1 $(PY) -m pytest -q tests/browser/test_pictures.py

browser: setup chromium ## only the tests that drive the app in Chromium
	$(PY) -m pytest -m browser

fuzz: setup ## the tests that try random cases, with other cases every time
	$(PY) -m pytest -q -n $(TEST_WORKERS) -m "hypothesis and not browser" --hypothesis-profile=fuzz

bench: setup chromium ## measure every claim of speed and accuracy in the README
	$(PY) -m benchmarks

studies: setup ## make every study in docs/validation anew (hours); what is done of one is kept
	$(PY) -m studies all --resume

traceability: setup chromium ## run the tests that speak for requirements, and write the table that `asuc qualify` ships with
	$(PY) -m pytest -q -m requirement --traceability asuc/qualification/traceability.json

bounds: setup ## tests of the engine again with array bounds checked in compiled code
	NUMBA_BOUNDSCHECK=1 $(PY) -m pytest -n $(TEST_WORKERS) -m "not browser and not slow" tests/pkpd tests/tte

interpreted: setup ## tests of the compiled formulas again as plain Python
	NUMBA_DISABLE_JIT=1 $(PY) -m pytest -n $(TEST_WORKERS) -m "not browser and not slow" tests/pkpd/kernels tests/tte/kernels

check: lint test bounds ## everything that must hold before a release

setup: $(WARM) pango

$(VENV)/bin/pip:
	@command -v $(PYTHON) >/dev/null || { echo "setup: no '$(PYTHON)' found, Python 3.11 or newer expected; install python3 or name one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "setup: $(PYTHON) is Python %d.%d, 3.11 or newer expected; name a newer one: make PYTHON=/path/to/python3" % sys.version_info[:2])'
	$(PYTHON) scripts/create_environment.py $(VENV)

$(INSTALLED): requirements.lock pyproject.toml | $(VENV)/bin/pip
	@echo "Installing the pinned packages into $(VENV) (a minute or two the first time)"
	$(PY) -m pip install --quiet --require-hashes --requirement requirements.lock
	$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Machine code is compiled here once, so that no command and no page waits for the compiler.
$(WARM): $(INSTALLED) asuc/warm.py $(wildcard pkpd/kernels/*.py tte/kernels/*.py)
	$(PY) -m asuc.warm
	@touch $@

# The browser of the browser tests.
chromium: $(INSTALLED)
	@$(PY) scripts/ensure_browser.py

# The library that sets reports as PDF; over at once where it is there, and never a reason to stop.
pango: $(INSTALLED)
	@$(PY) scripts/ensure_pango.py

# The database server of the tests of OMOP; never a reason to stop.
postgresql: $(INSTALLED)
	@$(PY) scripts/ensure_postgresql.py

lock: $(INSTALLED) ## choose and pin the newest allowed version of every package
	$(PY) scripts/write_lock.py

clean: ## remove the environment and every cache in this folder
	rm -rf $(VENV) .hypothesis .pytest_cache .ruff_cache .import_linter_cache test-results build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
