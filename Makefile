# Everything a person needs: `make run` and `make test`. Each target builds .venv by itself the first time.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CODE := functions shared local ctp docs benchmarks tests function_app.py
LOCAL_DATABASE := $(or $(LOCAL_DATA_DIR),.local)/payments.sqlite3
# What a check prints belongs on stderr where the output is a value (make token).
QUIETLY := >&2

.DEFAULT_GOAL := help
.PHONY: help run token test prove prove-stateful check format lint types imports docs docs-check db-check audit-verify chase-check ledger-check invariants index-check bench bench-import bench-profile bench-shadow demo-rollout openapi audit-deps sbom fuzz

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

$(READY): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Building $(VENV) with $$($(PYTHON) --version) ..." $(QUIETLY)
	@$(PYTHON) -m venv $(VENV) $(QUIETLY)
	@echo "Installing requirements-dev.txt ..." $(QUIETLY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt $(QUIETLY)
	@touch $(READY)

run: $(READY) ## the service on :7071 with the Chase simulator on :7072
	@exec $(BIN)/python -m local

token: $(READY) ## a bearer token for the running service, all roles and billers, 90 days
	@$(BIN)/python -m local.token

test: $(READY) ## every test, on every core, with 100 % branch coverage of payments/, shadow/ and use_cases/
	@$(BIN)/python -m pytest -n auto --dist loadfile --cov --cov-report=term-missing -q

prove-stateful: $(READY) ## anything in any order, PROVE_EXAMPLES (500) runs of 40 steps each, against the money invariants
	@PROVE_EXAMPLES="$${PROVE_EXAMPLES:-500}" $(BIN)/python -m pytest tests/stateful -q

check: format lint types imports docs-check audit-deps test bench-import index-check ## what CI runs
	@echo "all checks passed"

format: $(READY)
	@$(BIN)/ruff format --check .

lint: $(READY)
	@$(BIN)/ruff check .

types: $(READY)
	@$(BIN)/mypy

imports: $(READY)
	@PYTHONPATH=. $(BIN)/lint-imports

docs: $(READY) ## make the generated pages anew
	@$(BIN)/python -m docs.generate

openapi: docs ## the same: docs/openapi.yaml is one of them

docs-check: $(READY)
	@$(BIN)/python -m docs.generate --check

db-check: $(READY) ## migrate the configured database and check that it enforces every rule
	@SQLITE_PATH="$${SQLITE_PATH-$(LOCAL_DATABASE)}" $(BIN)/python -m shared.database.check

audit-verify: $(READY) ## verify the chain of every payment's history, and every anchor
	@$(BIN)/python -m local.audit_verify

chase-check: $(READY) ## the production client through certification flows, against the configured Chase or the simulator
	@$(BIN)/python -m local.chase_check

ledger-check: $(READY) ## the journal against the simulator's books: 1 if something differs, 2 if it could not be checked
	@$(BIN)/python -m local.ledger_check

demo-rollout: $(READY) ## CTP's client through shadow, 1 %, 10 %, 100 % against a service of its own, with faults (DEMO_BILLS=200)
	@$(BIN)/python -m local.demo_rollout

invariants: $(READY) ## the invariants of money, asked of the configured database: 1 if one is violated, 2 if it could not be asked
	@SQLITE_PATH="$${SQLITE_PATH-$(LOCAL_DATABASE)}" $(BIN)/python -m shared.database.invariants

prove: $(READY) ## a crash at every point: all schedules, or SAMPLE=n of them, or one by its text (SCHEDULE=...)
	@$(BIN)/python -W error -m tests.proof $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SCHEDULE),'$(SCHEDULE)')

index-check: $(READY) ## every installed Python (3.11 to 3.13) indexes the same functions
	@$(BIN)/python -m local.index_check

bench: $(READY) ## what the service costs, beside the yardstick where there is one (BENCH=quick for three minutes)
	@YARDSTICK="$${YARDSTICK-../shared/tools/yardstick}" $(BIN)/python -m benchmarks

bench-profile: $(READY) ## where the CPU of a sale goes, stage by stage
	@$(BIN)/python -m benchmarks.profile

bench-shadow: $(READY) ## live sales beside shadow at twice what its mirror can carry: p99 at most 1.25x, every sale accounted for
	@$(BIN)/python -m benchmarks.shadow_load

bench-import: $(READY) ## what importing function_app costs, against azure.functions + pydantic
	@$(BIN)/python -m benchmarks.imports

audit-deps: $(READY) ## known advisories about the installed packages; says what could not be asked about
	@$(BIN)/python -m local.dependency_audit

sbom: $(READY) ## the bill of materials of what is deployed, .local/sbom.json: the same bytes for the same packages
	@$(BIN)/python -m local.sbom

fuzz: $(READY) ## anything at all against authenticator, parsers, decoders and every route (FUZZ_EXAMPLES=2000)
	@FUZZ_EXAMPLES="$${FUZZ_EXAMPLES:-2000}" $(BIN)/python -m pytest tests/fuzz -q
