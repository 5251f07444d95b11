# One obvious command for everything; continuous integration calls the same targets.
# SERVICE=gateway|identity|resources|files|audit|scheduler narrows `run`, `test`, `test-unit` and `migrate` to one service; `migration`
# drafts for one. No other command takes it.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON  := .venv/bin/python
LOCAL   := $(PYTHON) -m deploy.local
PYTEST  := $(PYTHON) -m pytest
# Two processes, whose servers are their own. Whole platforms too: one process for tests that kill, one for the others.
TWICE   := --numprocesses 2 --dist worksteal
HALVES  := --numprocesses 2 --dist loadscope
SOURCES := libs/*/src services/*/src deploy/local
WHOLE   := e2e or chaos or fuzz
TESTS    = $(if $(SERVICE),services/$(SERVICE),libs services $(filter-out tests/bench,$(wildcard tests/*)))
# pytest exits with 5 when a selection holds no test, which is fine for one service.
NONE_IS_FINE = || [ $$? -eq 5 ]

SERVICES := $(sort $(patsubst services/%/pyproject.toml,%,$(wildcard services/*/pyproject.toml)))
EACH     := run test test-unit migrate migration
ifneq ($(SERVICE),)
ifneq ($(filter-out $(SERVICES),$(SERVICE))$(word 2,$(SERVICE)),)
$(error SERVICE=$(SERVICE) is unknown: choose one of $(SERVICES))
endif
ifneq ($(filter-out $(EACH),$(MAKECMDGOALS)),)
$(error make $(firstword $(filter-out $(EACH),$(MAKECMDGOALS))) is for everything at once and takes no SERVICE; these do: $(EACH))
endif
endif

# $(call environment,runtime|full): make .venv hold what the stage needs, with the first Python that is new enough.
define environment
@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		exec "$$python" -m deploy.local.environment $(1); \
	fi; \
done; \
echo "signet: Python 3.11 or newer is missing: install it (on Debian or Ubuntu: apt install python3 python3-venv)" >&2; exit 1
endef

.PHONY: help
help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: runtime full
runtime:
	$(call environment,runtime)
full:
	$(call environment,full)

.PHONY: run
run: runtime  ## start the platform and stay in the foreground (SERVICE=x: one service alone; SIGNET_PORT, SIGNET_HOME)
	@exec $(LOCAL) run $(if $(SERVICE),--service "$(SERVICE)")

.PHONY: test
test: test-unit  ## run every test, with the real servers it can start (SERVICE=x, PYTEST_ARGS=…)
	@$(PYTHON) -m signet_testing.install
	@$(PYTEST) $(TWICE) -m "servers and not ($(WHOLE))" $(TESTS) $(PYTEST_ARGS) $(if $(SERVICE),$(NONE_IS_FINE))
	@$(PYTEST) $(HALVES) -m "$(WHOLE)" $(TESTS) $(PYTEST_ARGS) $(if $(SERVICE),$(NONE_IS_FINE))

.PHONY: test-unit
test-unit: full  ## run the tests that start no server; minutes for all of them (SERVICE=x, PYTEST_ARGS=…)
	@$(PYTEST) $(TWICE) -m "not (servers or $(WHOLE))" $(TESTS) $(PYTEST_ARGS) $(if $(SERVICE),$(NONE_IS_FINE))

.PHONY: check
check: full  ## lint, formatting, types, the house's import rules, contracts that drifted or break a promise
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check . || { echo "check: make fmt formats these" >&2; exit 1; }
	@$(PYTHON) -m mypy $(SOURCES)
	@$(PYTHON) -c 'import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())'
	@$(PYTHON) -m deploy.local.contracts --check
	@$(PYTHON) -m deploy.local.breaking

.PHONY: fmt
fmt: full  ## format the code and mend what the linter can mend
	@$(PYTHON) -m ruff check --fix --quiet . || true
	@$(PYTHON) -m ruff format .

.PHONY: contracts
contracts: full  ## write contracts/ from the code
	@$(PYTHON) -m deploy.local.contracts

.PHONY: migrate
migrate: runtime  ## bring the databases of $SIGNET_HOME up to date (SERVICE=x)
	@$(LOCAL) migrate $(if $(SERVICE),--service "$(SERVICE)")

.PHONY: migration
migration: full  ## draft a migration for review (SERVICE=x MESSAGE="…")
	$(if $(and $(SERVICE),$(MESSAGE)),,$(error say which and what: make migration SERVICE=resources MESSAGE="add a column"))
	@$(LOCAL) draft --service "$(SERVICE)" --message "$(MESSAGE)"

.PHONY: fuzz
fuzz: full  ## fuzz a running deployment; it changes and deletes data there (URL=http://…, FUZZ_ARGS="--seed 1")
	$(if $(URL),,$(error say which deployment: make fuzz URL=http://127.0.0.1:8080))
	@$(PYTHON) -m signet_testing.fuzz "$(URL)" $(FUZZ_ARGS)

.PHONY: bench
bench: full  ## measure speed and memory beside a bare hello (PROFILE=sqlite|postgresql)
	@$(PYTHON) -m signet_testing.install nginx postgresql rabbitmq wrk
	@$(PYTHON) -m tests.bench $(PROFILE)

.PHONY: lock
lock: full  ## resolve the newest packages that fit the pyproject files into requirements.lock
	@.venv/bin/uv lock --quiet --upgrade
	@.venv/bin/uv export --quiet --all-packages --all-groups --all-extras --no-header --no-emit-index-url \
		--no-emit-workspace --no-annotate --output-file requirements.lock >/dev/null

.PHONY: clean
clean:  ## remove the environment and caches; var/, which holds your data, stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	@find libs services deploy tests -name __pycache__ -type d -prune -exec rm -rf {} +
