# make run        starts the workbench
# make test       runs all tests
# make test-fast  leaves out slow tests, and those with a browser or a server
# make lint       checks style, types, the documentation and whitespace
# make docs       builds the documentation as a site, without a network; warnings are errors
# make coverage   runs all tests and says which share of the lines they reach
# Each creates .venv the first time; a stamp file makes the second time quick.

PYTHON ?= python3.11
# Files of tests that run at the same time: one more than two cores, as browsers and trained processes are waited for.
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE  # each of the tests' processes would compile everything anew

.PHONY: run test test-fast lint docs coverage examples clean

run: $(VENV)/.installed
	$(BIN)/python app.py

test: $(VENV)/.installed-dev
	$(PYTEST)

test-fast: $(VENV)/.installed-dev
	$(PYTEST) -m "not slow and not browser and not server"

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(MAKE) docs
	if git rev-parse --git-dir; then $(BIN)/pre-commit run --all-files; fi  # hooks read the list of files from git

docs: $(VENV)/.installed-dev  # opens from site/index.html; with --quiet, warnings would pass
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

coverage: $(VENV)/.installed-dev  # of what runs in the tests' own processes
	$(PYTEST) --cov --cov-report=term:skip-covered

examples: $(VENV)/.installed
	$(BIN)/python -m examples.render_examples examples

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -r requirements.txt
	$(BIN)/python -m pip install --no-build-isolation --no-deps -e .
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV)
