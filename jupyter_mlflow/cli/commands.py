"""`jupyter mlflow ...`."""

from __future__ import annotations

import sys

import click

from jupyter_mlflow.cli import application, history, looking, running

EPILOG = """\b
Examples:
  jupyter mlflow check train.ipynb
  jupyter mlflow run train.ipynb -p lr=0.1 -o out.ipynb
  jupyter mlflow graph train.ipynb --format svg -o train.svg
  jupyter mlflow resume latest

\b
Exit codes: 0 done, 1 the notebook or a step is at fault, 2 the command is.
Runs are kept in Jupyter's data folder, or in $JUPYTER_MLFLOW_HOME.
Completion: eval "$(_JUPYTER_MLFLOW_COMPLETE=bash_source jupyter-mlflow)"
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(package_name="jupyter-mlflow", prog_name="jupyter mlflow")
def cli() -> None:
    """Run a tagged notebook as a pipeline of isolated steps."""


for _command in (running.run, running.resume, looking.check, looking.graph, looking.explain, looking.schema, history.runs, history.logs):
    cli.add_command(_command)


def main() -> None:
    """Entry point."""
    sys.exit(application.call(cli, sys.argv[1:], "jupyter mlflow"))
