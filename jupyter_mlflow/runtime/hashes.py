"""Hashes of texts are the same in all processes of all runs, so that a set of texts which one step made has its order in the next.

In a kernel Python chooses them anew each time it starts. Here a step may start from what a step of yesterday made.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

_VARIABLE = "PYTHONHASHSEED"
_OURS = "JUPYTER_MLFLOW_HASH_SEED"  # says that the user did not set the variable, so that cells and their programs do not see it either
FORGET = f"__import__('os').environ.pop({_VARIABLE!r}, None)"
_SEED = "1"  # 0 would be seen in sys.flags


def fix(environment: MutableMapping[str, str]) -> bool:
    """Choose the hashes of Python programs that start with that environment; False if the user chose."""
    if environment.get(_VARIABLE, "random") != "random":
        return False
    environment[_VARIABLE] = _SEED
    return True


def fix_here() -> None:
    """Choose them for this program, which starts again for that; to be called first of all."""
    if os.environ.pop(_OURS, ""):
        del os.environ[_VARIABLE]
        return
    environment = dict(os.environ)
    if fix(environment):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**environment, _OURS: "1"})  # noqa: S606 - this very program
