# Each target prepares what it needs from an empty clone: make, and python3 (3.11 to 3.13) with its venv module.
PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .uv/bin/uv
BIN := .venv/bin
STAMP := .venv/.synced
# A machine behind a proxy with its own certificate has it in the system store.
export UV_SYSTEM_CERTS := 1

SYNC := $(UV) sync --quiet --frozen --all-extras --no-managed-python --python $(PYTHON)
EXPORT := $(UV) export --quiet --frozen --no-default-groups --no-emit-project --no-hashes --no-annotate --no-header

.PHONY: demo up test test-ui check conformance format docs screenshots bench prove lock event-names clean help

help:        ## what there is
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  +##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 14

demo: $(STAMP) ## three days of sample logs through real Airflow, then one table; nothing stays behind
	@$(BIN)/trailbook demo

up: $(STAMP) ## the same, and it stays: the Airflow UI with the runbooks' DAGs
	@$(BIN)/trailbook up

test: $(STAMP) ## the tests
	$(BIN)/pytest -n 2 --dist loadfile

test-ui: $(STAMP) ## the UI in Airflow, in a real browser: needs Chromium, and is skipped where there is none
	$(BIN)/pytest tests/ui -m ui -rs

check: $(STAMP) ## format, lint, types, the import contract, the runbooks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/trailbook check --strict runbooks

conformance: $(STAMP) ## ask a real Trino (TRINO_URL, else one is fetched and started) every recorded query again
	@test -n "$(TRINO_URL)" || $(BIN)/python tests/conformance/start_trino.py
	$(BIN)/python tests/conformance/record.py

format: $(STAMP) ## write the code as `check` wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP) ## write docs/catalogue.md as the runbooks are now
	$(BIN)/trailbook list --runbooks runbooks --format markdown > docs/.catalogue.md || { rm docs/.catalogue.md; exit 1; }
	@mv docs/.catalogue.md docs/catalogue.md

screenshots: $(STAMP) ## write docs/images anew, with Chromium
	$(BIN)/python tests/ui/screenshots.py

bench: $(STAMP) ## the benchmarks; ratios in one run
	$(SYNC) --group bench
	$(BIN)/python benchmarks/dag_factory.py
	$(BIN)/python benchmarks/local_athena.py
	$(BIN)/python benchmarks/diff.py
	$(BIN)/python benchmarks/ledger.py
	$(BIN)/python benchmarks/cases.py
	$(BIN)/python benchmarks/web.py
	$(BIN)/python benchmarks/pages.py

prove: $(STAMP) ## what takes longer than a test: tampering a thousand times, a kill at every call, a backfill, fuzzing
	$(BIN)/python benchmarks/tampering.py
	$(BIN)/python benchmarks/faults.py
	$(BIN)/python benchmarks/backfill.py
	$(BIN)/python tests/local/fuzz_api.py 10
	$(BIN)/python tests/local/fuzz_sql.py 10

lock: $(UV)  ## after a change of pyproject.toml: the lock, and what the Airflow image installs
	$(UV) lock
	$(EXPORT) --extra airflow -o requirements.txt
	$(EXPORT) --extra local -o deploy/requirements-local.txt

event-names: $(STAMP) ## after a change of botocore: the names of AWS's operations, for `trailbook check`
	$(BIN)/python -m trailbook.runbook.event_names

clean:       ## remove the environments and all state of demo and up
	rm -rf .venv .uv .trailbook

$(UV):
	@echo "… uv $(UV_VERSION)" >&2
	@$(PYTHON) -c 'import sys; assert sys.version_info[:2] >= (3, 11), "Trailbook needs Python 3.11 or later: make PYTHON=python3.12 …"'
	@$(PYTHON) -m venv .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(STAMP): uv.lock pyproject.toml | $(UV)
	@echo "… .venv from uv.lock (about 1 GB, once)" >&2
	@$(SYNC)
	@touch $@
