# The two commands of the README; both make the environment they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ROOT := $(shell [ "$$(id -u)" = 0 ] && echo --allow-root)

.PHONY: lab test check bench

$(BIN)/.made: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

$(BIN)/.lab: $(BIN)/.made
	$(BIN)/python -m pip install --quiet --editable '.[lab]'
	touch $@

$(BIN)/.test: $(BIN)/.made
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@ $(BIN)/.lab

lab: $(BIN)/.lab
	$(BIN)/jupyter trust notebooks/*.ipynb
	$(BIN)/jupyter lab $(ROOT) $(ARGS) notebooks/01_flights.ipynb

check: $(BIN)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

test: check
	$(BIN)/pytest $(ARGS)
	$(BIN)/pytest --nbval --nbval-current-env --nbval-cell-timeout=60 notebooks
