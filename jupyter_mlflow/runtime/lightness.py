"""Importing papermill alone.

papermill imports pyarrow, boto3, gcsfs and azure's clients if they are installed, and every engine that any
package registers, ours for the other direction included. Nothing here uses them, and together they cost more
time and memory than everything else in the template.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import entrypoints

_OPTIONAL = frozenset({"aiobotocore", "azure", "boto3", "botocore", "gcsfs", "github", "pyarrow"})


class _Absent(MetaPathFinder):
    """Says of some modules that they are not installed."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG002
        if fullname.partition(".")[0] in _OPTIONAL:
            raise ModuleNotFoundError(f"{fullname} is not needed here", name=fullname)
        return None


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    finder, listed = _Absent(), entrypoints.get_group_all
    sys.meta_path.insert(0, finder)
    entrypoints.get_group_all = lambda *_, **__: []
    try:
        yield
    finally:
        entrypoints.get_group_all = listed
        sys.meta_path.remove(finder)


def load() -> None:
    """Import papermill as it is used here."""
    if "papermill" not in sys.modules:
        with _alone():
            import papermill.engines  # noqa: F401


def unload() -> None:
    """Forget papermill, in a process whose user may import all of it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "papermill"]:
        del sys.modules[name]
