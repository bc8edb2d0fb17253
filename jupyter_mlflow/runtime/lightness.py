"""Importing papermill without the cloud libraries that it can read notebooks from.

papermill imports pyarrow, boto3, gcsfs and azure's clients if they are installed. Nothing here uses them, and
together they cost more time and memory than everything else in the template.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_OPTIONAL = frozenset({"aiobotocore", "azure", "boto3", "botocore", "gcsfs", "github", "pyarrow"})


class _Absent(MetaPathFinder):
    """Says of some modules that they are not installed."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG002
        if fullname.partition(".")[0] in _OPTIONAL:
            raise ModuleNotFoundError(f"{fullname} is not needed here", name=fullname)
        return None


@contextlib.contextmanager
def _without_clouds() -> Iterator[None]:
    finder = _Absent()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def load() -> None:
    """Import papermill as it is used here."""
    if "papermill" not in sys.modules:
        with _without_clouds():
            import papermill.engines  # noqa: F401


def unload() -> None:
    """Forget papermill, in a process whose user may import all of it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "papermill"]:
        del sys.modules[name]
