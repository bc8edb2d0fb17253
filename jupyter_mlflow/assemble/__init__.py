"""Tagged cells and data flow -> a `Pipeline` and what is wrong with it. Pure: nothing is read, run or written here.

steps        blocks of cells + channels -> steps with reads and gives, edges
parameters   the parameters cell -> names, types, defaults
rules/       one function per rule; its docstring is its help page

Not here: reading files and tags (`notebook`), what code does (`dataflow`), starting anything (`actions`, `engines`).
"""

from __future__ import annotations

from jupyter_mlflow.assemble.assembly import Assembly, assemble

__all__ = ["Assembly", "assemble"]
