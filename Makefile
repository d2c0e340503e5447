# make demo   the whole loop on one library, in a scratch project     LIB=name==version  CASES=file  BUDGET=tokens
# make test   every test, offline (set-up itself needs the package index once)
# make lint   ruff and the layers of the house
# make vscode the VS Code extension, editor-clients/vscode/seal-lsp.vsix (needs Node 20 with npm)
# make test-editors  the real editors, installed below build/editors and driven against the real server
# All of them create .venv when it is missing or when pyproject.toml changed, and can be run again.

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
LIB    ?= throttled-py==3.3.1
OUT    ?= build
PYTEST ?=

.PHONY: setup demo test lint vscode weights clean check-tools
.PHONY: test-editors test-neovim test-emacs test-helix test-vscode test-jupyterlab editors-extra
.DEFAULT_GOAL := help

.PHONY: help
help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

# Say all that is missing at once, before anything is made.
check-tools:
	@missing=""; \
	"$(PYTHON)" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11)' >/dev/null 2>&1 \
	  || missing="$$missing\n  Python 3.11 or newer with the venv module as '$(PYTHON)' (Debian: apt install python3.11-venv; another name: make PYTHON=/path/to/python)"; \
	command -v git >/dev/null 2>&1 || missing="$$missing\n  git"; \
	if [ -n "$$missing" ]; then printf "missing on this machine:$$missing\n" >&2; exit 1; fi

# --no-compile: of the thousands of files that torch brings, Python compiles the few it imports, when it imports them.
# The stamp is named by pyproject's hash, not by its time: a checkout touches files without changing them.
STAMP := $(VENV)/.seal-$(shell cksum < pyproject.toml | tr -c '0-9\n' '-')

$(STAMP): | check-tools
	@test -x $(BIN)/python || { echo "creating $(VENV) with $(PYTHON)"; "$(PYTHON)" -m venv $(VENV); }
	@echo "installing seal-lsp and what it needs into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -e '.[cpu,dev]' \
	  || { echo "pip could not install the packages: is a package index reachable, and is there room on the disk?" >&2; exit 1; }
	@rm -f $(VENV)/.seal-*; touch $@

weights: $(STAMP)
	@$(BIN)/seal-lsp model pull default

setup: $(STAMP) weights

demo: $(STAMP) weights
	@$(BIN)/seal-lsp demo --lib '$(LIB)' --out '$(OUT)' $(if $(CASES),--cases '$(CASES)') $(if $(BUDGET),--budget-tokens '$(BUDGET)')

# No index, no hub: a test that reaches for the network fails here.
test: $(STAMP) weights
	@PIP_NO_INDEX=1 HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 $(BIN)/python -m pytest $(PYTEST)

lint: $(STAMP)
	@$(BIN)/ruff check seal_lsp tests
	@$(BIN)/lint-imports

VSCODE := editor-clients/vscode

# The .vsix carries the server's wheel, so that an environment it makes has the server that fits it.
vscode: $(STAMP)
	@command -v npm >/dev/null || { echo "make vscode needs Node 20 or newer, with npm" >&2; exit 1; }
	@rm -rf build/lib build/bdist.* $(VSCODE)/server
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir $(VSCODE)/server .
	@cp LICENSE $(VSCODE)/
	@cd $(VSCODE) && npm ci --silent --no-audit --no-fund && npm run --silent package

# What a machine cannot run is skipped with the reason, which pytest prints at the end.
test-editors: test-neovim test-emacs test-helix test-vscode test-jupyterlab

EDITOR_TESTS := $(BIN)/python -m pytest -m editors

editors-extra: $(STAMP) weights
	@$(BIN)/python -c 'import msgpack, playwright, pyte' 2>/dev/null \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[editors]'

test-neovim: editors-extra
	@$(EDITOR_TESTS) tests/editors/test_neovim.py tests/editors/test_neovim_bad_days.py $(PYTEST)

test-emacs: editors-extra
	@$(EDITOR_TESTS) tests/editors/test_emacs.py tests/editors/test_emacs_bad_days.py tests/editors/test_emacs_package.py \
	  $(PYTEST)

test-helix: editors-extra
	@$(EDITOR_TESTS) tests/editors/test_helix.py $(PYTEST)

test-vscode: editors-extra
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory vscode; fi
	@$(EDITOR_TESTS) tests/editors/test_vscode.py tests/editors/test_vscode_bad_days.py $(PYTEST)

test-jupyterlab: editors-extra
	@$(EDITOR_TESTS) tests/editors/test_jupyterlab.py $(PYTEST)

clean:
	rm -rf build .pytest_cache .ruff_cache .import_linter_cache
