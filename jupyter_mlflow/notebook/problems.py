"""What can be wrong with tags and settings, as data with a place and a way out.

`assemble` turns these into diagnostics. They never stop the reading: a notebook with problems still has blocks, so that it can be drawn.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from jupyter_mlflow.spec.diagnostics import Severity

ProblemKind = Literal[
    "malformed-tags",
    "bad-step-name",
    "empty-name",
    "two-steps",
    "two-roles",
    "role-and-step",
    "skip-and-others",
    "after-itself",
    "after-without-step",
    "setting-without-step",
    "bad-setting",
    "unknown-setting",
    "setting-conflict",
    "settings-of-unknown-step",
    "tag-on-text-cell",
    "empty-step",
    "kale-notebook-step",
    "continues-above",
]
"""`malformed-tags`: the cell's tags are no list of texts. `bad-step-name`: a name in `step:` or `after:` cannot be a step's name.
`empty-name`: nothing behind the colon. `two-steps`, `two-roles`, `role-and-step`: a cell cannot be both.
`skip-and-others`: a skipped cell has further tags of ours, which do nothing.
`after-itself`: a step cannot wait for itself. `after-without-step`, `setting-without-step`: only a cell with a `step:` tag can have it.
`bad-setting`: a value has the wrong type or form. `unknown-setting`: a name that looks like a slip.
`setting-conflict`: two cells of a step ask for different things. `settings-of-unknown-step`: no step has that name.
`tag-on-text-cell`: only code cells make steps. `empty-step`: all cells of a step are blank.
`kale-notebook-step`: Kale would run another notebook here. `continues-above`: which step an untagged cell belongs to may surprise."""


class TagProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One problem: `cell` is a notebook index, or None for the notebook's own metadata; `tag` is the tag or setting as written."""

    kind: ProblemKind
    severity: Severity
    cell: int | None
    tag: str
    message: str
    fix: str


def quoted(text: str, limit: int = 60) -> str:
    """`text` between backquotes, shortened, and with nothing in it that could move a terminal's cursor or leave the quotes."""
    shown = text if len(text) <= limit else text[: limit - 1] + "…"
    return "`" + visible(shown).replace("`", "'") + "`"


def visible(text: str) -> str:
    """`text` with nothing in it that could move a terminal's cursor, ring its bell or name its window."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in text)
