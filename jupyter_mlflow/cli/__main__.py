"""`python -m jupyter_mlflow.cli`."""

from jupyter_mlflow.cli.commands import main

main()
