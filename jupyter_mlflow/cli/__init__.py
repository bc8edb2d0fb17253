"""The command line: each command parses, calls one action, prints.

Results and documents for machines go to stdout; progress, problems and hints go to stderr.
Exit codes: 0 done, 1 the notebook or a step is at fault, 2 the command is.
Not here: anything that a user of the Python API would want as well; that is an action.
"""

from __future__ import annotations

from jupyter_mlflow.cli.commands import main

__all__ = ["main"]
