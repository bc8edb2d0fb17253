"""Problems in a user's notebook: data with a code and a place, not exceptions."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["error", "warning", "info"]
"""`error` refuses the run, `warning` lets it run, `info` explains a choice (such as two steps run in order)."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the notebook: `cell` counts all cells from 0; `line` counts from 1 in that cell."""

    cell: int | None = None
    line: int | None = None
    step: str | None = None


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """One problem: what is wrong, where, why it matters and how to mend it."""

    code: str  # stable, like `JM101`; its help page is docs/diagnostics/<code>
    name: str  # the rule in words, like `unknown-step`
    severity: Severity
    place: Place
    message: str
    fix: str
    related: tuple[Place, ...] = ()
