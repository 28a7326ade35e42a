# Needs make and Python 3.11 or newer; everything else is fetched into .venv and var.

UV_VERSION := 0.13.8
PYTHON ?=
WORKERS ?= 2
BIN := .venv/bin
STAMP := .venv/.synced
# beside what is on the path: the uv that was fetched where there was none
WITH_UV = PATH="$$PATH:$(CURDIR)/var/tool/bin"
GUIDE := marketplace/terminals/guide/index.fjson
LOCALES := marketplace/terminals/locale
export UV_PYTHON_DOWNLOADS := never
# where it is set, every process compiles all that it imports again: seconds each time
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup browser guide messages demo serve test timing check types lint faults fuzz audit machines format db-stop clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## make .venv with the locked packages (PYTHON=... chooses the interpreter)

demo: guide ## run a deal from the request to the signature, with invented companies
	$(BIN)/marketplace demo

serve: guide ## run the marketplace on this machine
	$(BIN)/marketplace serve

browser: setup ## install Chromium for the tests of pages where there is none
	tools/get_browser.sh

guide: $(GUIDE) ## build the user guide that is served under /help

TEXTS := -F pyproject.toml -k words -k say -k said:2 -k marked marketplace buyers sellers matching notifications

messages: setup ## collect the texts of the pages and bring the catalogues of translations up to date
	@mkdir -p var
	PYTHONPATH=tools $(BIN)/pybabel -q extract --no-location --sort-output --omit-header -o var/messages.pot $(TEXTS)
	for language in de; do \
	  $(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --omit-header -w 120 -l $$language -i var/messages.pot -d $(LOCALES); \
	done

test: browser guide ## run the tests (WORKERS=... processes)
	$(WITH_UV) $(BIN)/pytest -n $(WORKERS) --dist loadfile

timing: setup ## measure whether what answers cost tells carriers who the buyer is (minutes, on a quiet machine)
	$(BIN)/pytest -q -s -p no:cacheprovider tests/anonymity/timing.py

check: browser guide ## run all that CI runs
	$(MAKE) --no-print-directory -j 2 types lint
	$(WITH_UV) $(BIN)/pytest -n $(WORKERS) --dist loadfile

types: setup ## check the types
	$(BIN)/mypy

lint: setup ## look at form, imports, the document of the API, secrets and components
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/marketplace openapi --check
	$(BIN)/python tools/audit.py secrets
	$(WITH_UV) $(BIN)/python tools/audit.py components

faults: setup ## kill, pause and cut everything under load and look whether anything is lost (FAULTS="--quick --seed 7")
	$(BIN)/python -m faults $(FAULTS)

machines: setup ## lose a server's machine and the database's under load, on six network namespaces (root; MACHINES="--quick")
	$(BIN)/python -m faults.machines $(MACHINES)

fuzz: setup ## call the API with whatever its document allows and forbids (FUZZ="--examples 200 --seed 7")
	$(BIN)/python -m tests.security.fuzz $(FUZZ)

audit: setup ## look for published weaknesses of the locked components
	$(WITH_UV) $(BIN)/python tools/audit.py components

format: setup ## format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

db-stop: setup ## end the embedded PostgreSQL
	$(BIN)/marketplace db stop

clean: ## remove .venv, the tools and caches; the database in var stays
	rm -rf .venv var/tool dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(GUIDE): $(STAMP) $(wildcard docs/guide/*.md docs/guide/*.py docs/guide/pictures/*.png docs/guide/examples/*.http)
	$(BIN)/sphinx-build -q -W -b pieces -d var/guide docs/guide $(@D)
	@touch $@

# An existing .venv keeps its interpreter; else the newest one is taken. A name that does not run is passed over.
$(STAMP): pyproject.toml uv.lock
	@set -eu; \
	python=; \
	for name in $(if $(PYTHON),'$(PYTHON)',$(BIN)/python python3.14 python3.13 python3.12 python3.11 python3 python); do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "No Python 3.11 or newer was found$(if $(PYTHON), at '$(PYTHON)'): install one, or name it: make setup PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	python=$$("$$python" -c 'import sys; print(sys.executable)'); \
	uv=$$(command -v uv || true); \
	if [ -z "$$uv" ] || ! "$$uv" --version >/dev/null 2>&1; then \
	  uv=var/tool/bin/uv; \
	  if ! [ "$$("$$uv" --version 2>/dev/null | cut -d ' ' -f 2)" = "$(UV_VERSION)" ]; then \
	    echo "Fetching uv $(UV_VERSION) into var/tool"; \
	    rm -rf var/tool; mkdir -p var; \
	    if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	      "$$python" -m venv var/tool; \
	      var/tool/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); \
	    else \
	      "$$python" tools/get_uv.py $(UV_VERSION) var/tool; \
	    fi; \
	  fi; \
	fi; \
	"$$uv" sync --frozen --all-groups --all-extras --python "$$python"
	@touch $@
