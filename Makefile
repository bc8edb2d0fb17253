.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
export NO_MKDOCS_2_WARNING := 1
# All paths are relative, so that the folder of the clone may have any name; `make PYTHON=python3.12 test` chooses an interpreter.
export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK := 1
VENV := .venv
RUN := $(VENV)/bin/python -m
MLFLOW := $(RUN) jupyter_mlflow.cli
WORKERS ?= 2

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1  /' | awk '{name = $$1; $$1 = ""; printf "  make %-10s %s\n", name, $$0}'

# One stamp for each thing that is installed, so that a second call has nothing to do.
$(VENV)/.installed: pyproject.toml tools/environment.sh
	@echo "Installing into $(VENV) (a few minutes the first time) ..."
	@tools/environment.sh $(VENV)
	@$(RUN) pip install -q --upgrade "pip>=25.1"
	@$(RUN) pip install -q -e ".[examples]"
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(RUN) pip install -q --group test --group lint --group docs --group changes
	@touch $@

demo: $(VENV)/.installed ## run two example notebooks as pipelines, and say what to look at
	@mkdir -p demo
	$(MLFLOW) run example_notebooks/01_first_pipeline/wine.ipynb -o demo/wine.ipynb
	$(MLFLOW) run example_notebooks/02_three_models/churn.ipynb -o demo/churn.ipynb
	$(MLFLOW) graph example_notebooks/02_three_models/churn.ipynb
	@$(MLFLOW) graph example_notebooks/02_three_models/churn.ipynb --format svg -o demo/churn.svg
	@echo
	@echo "Look at"
	@echo "  demo/wine.ipynb, demo/churn.ipynb   the executed notebooks, as Run All would leave them"
	@echo "  demo/churn.svg                      the pipeline of the second one: three models at the same time"
	@echo "  $(VENV)/bin/jupyter mlflow runs         what ran; try also: runs show latest, logs latest"
	@echo "and run 'make demo' again: nothing has changed, so every step is reused."

test: lint docs changes pytest ## install what the tests need and run all checks and tests

pytest: $(VENV)/.tested
	$(RUN) pytest -q -n $(WORKERS) --dist load

lint: $(VENV)/.tested ## style, types
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

docs: $(VENV)/.tested ## build the documentation into site/; a warning is an error
	$(RUN) mkdocs build --strict --quiet

changes: $(VENV)/.tested ## the next entry of the changelog, from its fragments in changes/
	$(RUN) towncrier build --draft --version next

generate: $(VENV)/.tested ## write generated files anew: the help pages of diagnostics, the pictures of the README
	$(RUN) tools.generate

format: $(VENV)/.tested ## put the code into shape
	$(RUN) ruff check --fix -q .
	$(RUN) ruff format .

bench: $(VENV)/.tested ## measure against papermill, as ratios
	$(RUN) benchmarks

wheel: $(VENV)/.installed ## build the wheel into dist/
	$(RUN) pip wheel -q --no-deps -w dist .

clean: ## remove what is built or installed here
	rm -rf $(VENV) build dist site demo

.PHONY: help demo test pytest lint docs changes generate format bench wheel clean
