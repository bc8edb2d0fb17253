"""What packages, ours included, register under an entry point group: found by name, imported when it is used.

[project.entry-points."jupyter_mlflow.engines"]
local = "jupyter_mlflow.engines.local:LocalEngine"
"""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from jupyter_mlflow.errors import UsageError

T = TypeVar("T")


class Registry(Generic[T]):
    """All that is registered under one group; `noun` is what people call it."""

    def __init__(self, group: str, noun: str) -> None:
        self.group = group
        self.noun = noun
        self._loaded: dict[str, T] = {}

    def names(self) -> tuple[str, ...]:
        """All names, sorted; nothing is imported for that."""
        return tuple(sorted({one.name for one in entry_points(group=self.group)}))

    def load(self, name: str) -> T:
        """What is registered as `name`; raises UsageError, with the reason, for what is unknown or cannot be imported."""
        if name not in self._loaded:
            self._loaded[name] = self._import(self._find(name))
        return self._loaded[name]

    def _find(self, name: str) -> EntryPoint:
        found = tuple(entry_points(group=self.group, name=name))
        if not found:
            known = self.names()
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else f"There are: {', '.join(f'`{one}`' for one in known) or 'none'}."
            raise UsageError(f"There is no {self.noun} `{name}`. {hint}")
        return found[0]

    def _import(self, point: EntryPoint) -> T:
        try:
            loaded: T = point.load()()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise UsageError(f"The {self.noun} `{point.name}` ({point.value}) cannot be loaded: {reason}.") from error
        return loaded
