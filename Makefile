# Two commands do everything: `make run` and `make test`.
# PYTHON chooses the interpreter (3.11 or newer); .venv holds everything that is installed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEPS := pyproject.toml Makefile

.PHONY: run test check bench nightly clean

run: $(VENV)/.run
	@exec $(BIN)/headway serve --or-demo

test: $(VENV)/.test browser
	$(BIN)/ruff format --check src tests bench docs
	$(BIN)/ruff check src tests bench docs
	$(BIN)/mypy
	$(BIN)/pytest -q -n 3 --dist worksteal

nightly: $(VENV)/.test browser
	HEADWAY_PROPERTIES=nightly $(BIN)/pytest -q -n 2 --dist worksteal tests/fold tests/store tests/model

# The bars that need nothing but this machine; bench/README.md tells of the others.
BARS := fold append jobs_alone status status_two frame_latency fanout idle stuck posting resume \
	crash million watching effect faults track progress_latency visible run

bench: $(VENV)/.test
	for bar in $(BARS); do $(BIN)/python -m bench.$$bar || exit 1; done

# A browser for the page's tests: the system's Chromium, from Debian where none is there.
.PHONY: browser
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  { echo "installing Chromium for the page's tests"; \
	    as_root() { if [ "$$(id -u)" = 0 ]; then "$$@"; else sudo "$$@"; fi; }; \
	    as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends chromium; }

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Headway needs Python 3.11 or newer; name one: make PYTHON=python3.12 run" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "no venv here; on Debian: apt install python3-venv" >&2; exit 2; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --upgrade pip

$(VENV)/.run: $(VENV)/bin/python $(DEPS)
	@echo "installing Headway into $(VENV) (once)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/.test: $(VENV)/bin/python $(DEPS)
	@echo "installing Headway and what its tests need into $(VENV) (once)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[test]'
	@touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
