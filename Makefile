# What one does with this checkout. Plain `make` prints the manual.

PYTHON ?= python3
URL ?= http://localhost:8080
WORKERS ?= 3
BIN := .venv/bin
PACKAGES := shared $(wildcard services/*)
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq

.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE # as Python's images set it: everything would be compiled at every start
.PHONY: help demo up test lint bench e2e docs lock clean

help:
	@echo "Dealwire: four services that take a lead to a signed contract, an order and a KPI."
	@echo
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## /{printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "Everything is installed on first use: Python packages into .venv, MongoDB and RabbitMQ where they are missing."
	@echo "ARGS=… passes options on: make demo ARGS=--exit, make test ARGS='tests/unit -x'."

demo: .venv/runtime ## play a sample of deals through all four services, show what happens, stay up (ARGS=--exit leaves)
	@$(BIN)/dealwire demo $(ARGS)

up: .venv/runtime ## start MongoDB, RabbitMQ and the services behind http://localhost:8080, until Ctrl-C
	@$(BIN)/dealwire up $(ARGS)

# The hash seed is fixed because the workers have to collect the same tests in the same order. What runs all services comes
# after the rest and with fewer at a time, since each of them is a dozen processes, and what kills and cuts comes last: it
# watches clocks, which say nothing on a machine that has too much to do.
PYTEST := PYTHONHASHSEED=0 $(BIN)/pytest --dist loadfile
FEWER := $(if $(filter 1,$(WORKERS)),1,2)

test: .venv/dev ## run the tests (ARGS=path, ARGS=--infra=containers, WORKERS=1)
ifneq ($(filter tests%,$(ARGS)),)
	@$(PYTEST) -n $(WORKERS) $(ARGS)
else
	@$(PYTEST) -n $(WORKERS) --ignore=tests/e2e --ignore=tests/faults $(ARGS)
	@$(PYTEST) -n $(FEWER) tests/e2e $(ARGS)
	@$(PYTEST) -n $(FEWER) tests/faults $(ARGS)
endif

lint: .venv/dev ## check style, types, layers, and that docs/ is what the code says
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(PACKAGES) tests
	$(BIN)/lint-imports
	$(BIN)/dealwire docs --check

bench: .venv/dev ## measure against floors of the same machine, and save build/bench.json
	@PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

e2e: .venv/dev ## run the end-to-end tests against a running Dealwire (URL=http://localhost:8080)
	@$(BIN)/pytest tests/e2e --url=$(URL) $(ARGS)

docs: .venv/runtime ## write docs/asyncapi.yaml, docs/events.md, docs/openapi and docs/schemas from the code
	@$(BIN)/dealwire docs $(ARGS)

lock: .venv/dev ## resolve deploy/requirements/*.in anew into *.txt, with hashes
	cd deploy/requirements && for name in runtime dev mongod; do \
	    ../../$(BIN)/uv pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 --no-header \
	        -o $$name.txt $$name.in || exit; \
	done

clean: ## remove what was made here: .venv, build/ with the data of the stack, caches
	@! command -v flock >/dev/null || [ ! -e build/stack/lock ] || flock -n build/stack/lock true || \
	    { echo "The stack in build/stack is running: stop it first (Ctrl-C in its terminal)." >&2; exit 1; }
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis

# One stamp for what the services run on, one for what tests and linters add; a changed lock file installs again.
.venv/runtime .venv/dev: .venv/%: deploy/requirements/%.txt $(PACKAGES:%=%/pyproject.toml) | .venv/bin/python
	@begun=$$(date +%s); echo "Installing the packages of $< (once; it may take a minute) …"; \
	$(PIP) install --require-hashes -r $< && \
	$(PIP) install --no-deps --no-build-isolation $(PACKAGES:%=-e ./%) && \
	touch $@ && echo "… done in $$(( $$(date +%s) - begun )) s."

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Dealwire needs Python 3.11 or newer as $(PYTHON). Install it (Debian, Ubuntu: apt-get install python3 python3-venv)," >&2; \
	    echo "or name one that is there: make PYTHON=/path/to/python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "Python's venv module is missing. Debian, Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
