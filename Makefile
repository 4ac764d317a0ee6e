# Every target builds .venv if it is missing, or older than the lock file or pyproject.toml.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
# Warnings of Python are for developers: those who serve or try it cannot act on them.
test proofs torture check: export PYTHONWARNINGS ?= default
# Commands start twice as fast from bytecode; an empty value lets Python write it, whatever the shell says.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo serve test proofs torture check format bench docs dbt-docs answers sbom lock clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Replicate a sandbox workspace into DuckDB; a second run loads only changes
	@$(BIN)/cio-elt demo

serve: $(INSTALLED) ## Serve every Prefect deployment of prefect.yaml, with a server if none answers
	@$(BIN)/python -m flows

test: $(INSTALLED) ## Run the tests
	@$(BIN)/pytest -q -n auto --dist worksteal

# Proofs of the flows share one Prefect server and mostly wait for it, so they run beside the others.
proofs: $(INSTALLED) ## Run the slow tests: killed processes, flows on a Prefect server and in its pages
	@mkdir -p .pytest_cache; $(BIN)/pytest -q -m proof tests/flows > .pytest_cache/flows.log 2>&1 & flows=$$!; \
	$(BIN)/pytest -q -m proof -n 2 --dist loadfile --no-loadscope-reorder --ignore tests/flows; rest=$$?; \
	wait $$flows; flows=$$?; cat .pytest_cache/flows.log; [ $$rest = 0 ] && [ $$flows = 0 ]

torture: $(INSTALLED) ## Run the longest tests: 500 random schedules (SCHEDULES=500), 50 killed runs (KILLS=50)
	@$(BIN)/python -m tests.torture --schedules $${SCHEDULES:-500}
	@CIO_ELT_WORLDS=10 CIO_ELT_TRIALS=100 $(BIN)/pytest -q -m proof tests/pipelines/push/forecast \
		tests/pipelines/push/test_trial.py tests/pipelines/test_workspace.py
	@CIO_ELT_KILLS=$${KILLS:-50} $(BIN)/pytest -q -rP -m proof tests/pipelines/ingest/test_sync_kills.py tests/pipelines/push/test_run_kills.py \
		tests/flows/test_runs.py tests/flows/test_together.py

check: $(INSTALLED) ## Check lint, format, types, import contracts and known vulnerabilities
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.dependencies.audit

format: $(INSTALLED) ## Format the code, and correct lint
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(INSTALLED) ## Run the benchmarks, each with its baseline (BENCH="search --save": one part, saved)
	@$(BIN)/python -m tests.bench $(BENCH)

docs: $(INSTALLED) ## Generate reference pages, types, dbt sources, staging models, metrics and the map
	@$(BIN)/python -m sources.customerio.pages
	@$(BIN)/python -m sources.customerio.client.signatures
	@$(BIN)/python -m pipelines.cli.pages
	@$(BIN)/python -m pipelines.privacy.json_schema
	@$(BIN)/python -m pipelines.transform.raw_tables
	@$(BIN)/python -m pipelines.transform.staging_models
	@$(BIN)/python -m pipelines.transform.semantic_models
	@$(BIN)/python -m tests.architecture
	@$(BIN)/python -m tests.bench.page
	@$(BIN)/python -m tests.warehouse.questions

dbt-docs: $(INSTALLED) ## Write dbt's documentation of the warehouse, or of the demo's, as one HTML file
	@$(BIN)/python -m pipelines.cli.dbt_docs

answers: $(INSTALLED) ## Ask the questions of warehouse/questions of a demo's workspace; write the answers into their page
	@$(BIN)/python -m tests.warehouse.questions --ask

sbom: $(INSTALLED) ## Write dist/sbom.cdx.json: every package of the lock with version, hashes and licence
	@$(BIN)/python -m tests.dependencies.materials

lock: $(INSTALLED) ## Resolve requirements.lock from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-strip-extras --upgrade -o requirements.lock

clean: ## Remove .venv and caches; the warehouse stays
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "customerio-elt needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into .venv ..."
	@$(PYTHON) -m venv --clear .venv
	@PYTHONWARNINGS= $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes \
		-r requirements.lock
	@# pip compiles on one core. Some packages hold templates that are no Python, so errors are left.
	@PYTHONWARNINGS=ignore $(BIN)/python -m compileall -qq -j 0 .venv/lib || true
	@PYTHONWARNINGS= $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
