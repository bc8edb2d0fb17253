"""The command line: each command parses, calls one action, prints."""

from __future__ import annotations

from jupyter_mlflow.cli.commands import main

__all__ = ["main"]
