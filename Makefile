.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/  /'

$(BIN)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || (echo "Python's venv is missing: apt-get install python3-venv" && exit 1)
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	$(BIN)/python -m pip install -q -e ".[examples]"
	touch $@

$(BIN)/.tested: $(BIN)/.installed
	$(BIN)/python -m pip install -q --group test --group lint
	touch $@

demo: $(BIN)/.installed ## run the example notebooks as pipelines
	$(BIN)/jupyter-mlflow run example_notebooks/01_first_pipeline/wine.ipynb -o wine-executed.ipynb
	$(BIN)/jupyter-mlflow run example_notebooks/02_three_models/churn.ipynb -o churn-executed.ipynb
	$(BIN)/jupyter-mlflow graph example_notebooks/02_three_models/churn.ipynb
	$(BIN)/jupyter-mlflow runs
	@echo "Look at wine-executed.ipynb and churn-executed.ipynb; run 'make demo' again to see every step reused."

test: $(BIN)/.tested ## install what the tests need and run them
	$(BIN)/python -m ruff check --select E9,F jupyter_mlflow
	$(BIN)/python -m pytest -q tests/dataflow tests/assemble tests/notebook tests/store tests/actions tests/runtime

.PHONY: help demo test
