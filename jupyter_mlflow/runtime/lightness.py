"""Modules that are loaded here and would not be in a kernel.

papermill imports pyarrow, boto3, gcsfs and azure's clients if they are installed, and every engine that any
package registers, ours for the other direction included. Nothing here uses them, and together they cost more
time and memory than everything else in the template; so papermill is loaded without them. And what is loaded
here for our own use must not stand in for the user's own files of the same name.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import ClassVar

import entrypoints  # type: ignore[import-untyped]

_OPTIONAL = frozenset({"aiobotocore", "azure", "boto3", "botocore", "gcsfs", "github", "pyarrow"})

# Loaded in every IPython kernel before the first cell: there, too, a file of such a name is never imported.
_KERNELS_OWN = frozenset(
    """
    IPython asttokens comm dateutil debugpy decorator executing ipykernel ipykernel_launcher jedi jupyter_client jupyter_core
    jupyter_mlflow matplotlib_inline nest_asyncio nest_asyncio2 packaging parso pexpect platformdirs prompt_toolkit psutil
    ptyprocess pure_eval pygments six stack_data tornado traitlets typing_extensions wcwidth zmq
    """.split()
)


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


def survey() -> None:
    """In a template: note what is loaded, so that no child has to go through thousands of names.

    Only looking at a name writes to its reference count, and so costs a child of a fork a page of memory of its own.
    """
    names = list(sys.modules)
    _Survey.removable = _removable(names)
    _Survey.roots = set(map(_root, names))
    _Survey.size, _Survey.last = len(names), names[-1]


class _Survey:
    """What was loaded when `survey` or `unload` looked, the modules in the order of `sys.modules`."""

    removable: ClassVar[dict[str, list[str]]] = {}
    roots: ClassVar[set[str]] = set()
    size = 0
    last = ""


def unload(folder: str) -> None:
    """In a process whose cells run in `folder`: forget papermill, and what files in that folder are meant to be imported instead of."""
    newest = _newest()
    _Survey.roots |= set(map(_root, newest))
    for loaded in (_Survey.removable, _removable(newest)):
        for root, names in loaded.items():
            if root == "papermill" or _is_shadowed(root, folder):
                _Survey.roots.discard(root)
                for name in names:
                    sys.modules.pop(name, None)
    _Survey.size, _Survey.last = len(sys.modules), next(reversed(sys.modules))


def roots() -> list[str]:
    """The top-level names of all modules that are loaded."""
    return sorted({*map(_root, _newest()), *_Survey.roots})


def _newest() -> list[str]:
    """Modules loaded since the last look; after one of those before was removed, all are looked at again."""
    added = len(sys.modules) - _Survey.size
    found = list(itertools.islice(reversed(sys.modules), added + 1)) if added >= 0 else []
    if found[-1:] != [_Survey.last]:  # removing moves all that stand behind
        survey()
        return []
    return found[:-1]


def _root(name: str) -> str:
    return name.partition(".")[0]


def _removable(names: list[str]) -> dict[str, list[str]]:
    """Modules that may have to go, by the package that they belong to."""
    found: dict[str, list[str]] = {}
    for name in names:
        root = _root(name)
        if root not in _KERNELS_OWN and root not in sys.stdlib_module_names:
            found.setdefault(root, []).append(name)
    return found


def _is_shadowed(root: str, folder: str) -> bool:
    place = os.path.join(folder, root)  # noqa: PTH118 - a hundred times for each step
    return os.path.exists(place + ".py") or os.path.exists(os.path.join(place, "__init__.py"))  # noqa: PTH110, PTH118
