# postmine: `make` lists the targets.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Written when everything of pyproject.toml and constraints.txt is installed: while it is newer
# than both, no target needs the network.
STAMP  := $(VENV)/.installed
# Options that are passed on: make demo ARGS="--for 60 --port 18050", make test ARGS="-k store"
ARGS   ?=
# Tests run in this many processes, each file in one of them.
JOBS   ?= 2

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format lint types imports spelling bench docs texts constraints clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Install everything into .venv (the network is needed once)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "postmine needs Python 3.11 or newer, and '$(PYTHON)' is not; name another one:"; \
	  echo "  make $(firstword $(MAKECMDGOALS) setup) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { \
	  echo "Python cannot make a virtual environment; on Debian: apt-get install python3-venv"; \
	  exit 1; }
	@echo "Installing postmine into $(VENV) (once, some minutes)"
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]' || { \
	  echo "The installation did not finish; with a network, 'make setup' goes on with it."; \
	  exit 1; }
	@touch $@

demo: $(STAMP) ## Play the bundled site: make demo ARGS="--for 60 --port 18050"
	@exec $(BIN)/postmine demo $(ARGS)

test: $(STAMP) ## Run the tests: make test ARGS="-k store"
	@.ci/tools
	@PATH="$(CURDIR)/$(BIN):$$PATH:/usr/sbin" $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile $(ARGS)

check: lint types imports spelling test ## Everything that a change must pass

format: $(STAMP) ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lint: $(STAMP) ## Check format and style
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(STAMP) ## Check types
	@$(BIN)/mypy

imports: $(STAMP) ## Check that imports point upstream
	@$(BIN)/lint-imports

spelling: $(STAMP) ## Check spelling
	@git ls-files -z | xargs -0 $(BIN)/codespell

bench: $(STAMP) ## Run every benchmark and print its table
	@for script in benchmarks/[a-z]*.py; do \
	  echo "## $$script"; $(BIN)/python "$$script" $(ARGS) || exit 1; done

docs: $(STAMP) ## Write docs/reference.md and docs/contract/ anew from the code
	@$(BIN)/python docs/make_reference.py
	@$(BIN)/python docs/make_contract.py

texts: $(STAMP) ## Bring the translation catalogues up to date with the texts
	@$(BIN)/pybabel -q extract --no-location --sort-output -k Text -o $(VENV)/postmine.pot \
	  ingest twin simulators analytics dashboard
	@$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete -D postmine -i $(VENV)/postmine.pot -d dashboard/locales

constraints: $(STAMP) ## Resolve the newest versions into constraints.txt (needs the network)
	@$(BIN)/python -m pip install --quiet --dry-run --ignore-installed --report $(VENV)/report.json -e '.[dev]'
	@$(BIN)/python -c "import json; \
	  found = (p['metadata'] for p in json.load(open('$(VENV)/report.json'))['install']); \
	  print('# The exact versions that the tests run with; \`make constraints\` writes this file.'); \
	  print(*sorted({f'{m[\"name\"]}=={m[\"version\"]}' for m in found if m['name'] != 'postmine'}, key=str.lower), sep='\n')" \
	  > $(VENV)/constraints.txt
	@mv $(VENV)/constraints.txt constraints.txt

clean: ## Remove caches and built files; .venv and the runs' data stay
	@rm -rf build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	@find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
