"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jupyter_mlflow.assemble.facts import Facts
from jupyter_mlflow.spec.diagnostics import Place, Severity


@dataclass(frozen=True)
class Finding:
    """One breach of a rule; `severity` only where it differs from the rule's."""

    place: Place
    message: str
    fix: str
    related: tuple[Place, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True)
class Rule:
    """A stable code, a name in words, and the function that looks."""

    code: str
    name: str
    severity: Severity
    check: Callable[[Facts], Iterator[Finding]]

    @property
    def help(self) -> str:
        """The rule's help page."""
        return self.check.__doc__ or ""
