"""What a case is: a tagged notebook in a short notation, and what must become of it.

The notation is the notebook's code with a line `--- tags` before each cell::

    --- setup
    import random
    --- step:load
    xs = [3, 1, 2]
    --- step:use after:load
    print(sorted(xs))

`---` alone starts an untagged code cell and `--- markdown` a text cell.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Literal

Expect = Literal["same", "refused", "same-or-refused"]
"""`same`: both runs agree, errors included. `refused`: a diagnostic before anything runs. `same-or-refused`: either is faithful."""

Cell = tuple[tuple[str, ...], str]
"""Tags and source; the single tag `markdown` makes a text cell."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One notebook and the verdict it deserves."""

    name: str
    cells: tuple[Cell, ...]
    expect: Expect = "same"
    error: str = ""  # the exception that Run All ends with
    ordered: tuple[tuple[str, str], ...] = ()  # the second step must wait for the first
    parallel: tuple[tuple[str, str], ...] = ()  # neither may wait for the other
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)  # in the notebook's folder, before it runs
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    python: tuple[int, int] = (3, 10)  # the oldest version that understands it
    compare_files: bool = True  # the folder must end up the same
    note: str = ""
    unsolved: str = ""  # why it is still wrong; it counts as bad, yet fails no test
    family: str = ""

    @property
    def id(self) -> str:
        return f"{self.family}/{self.name}"

    @property
    def runnable(self) -> bool:
        return sys.version_info >= self.python

    @property
    def digest(self) -> str:
        """Changes whenever Run All may end otherwise."""
        text = json.dumps([self.cells, dict(self.files), dict(self.parameters)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]


def case(name: str, text: str, **fields: Any) -> Case:
    """A case from the notation above; `after` orders and parallels may be given as `a<b a<c` and `b|c`."""
    for field, sign in (("ordered", "<"), ("parallel", "|")):
        if isinstance(fields.get(field), str):
            fields[field] = tuple(_pair(word, sign) for word in fields[field].split())
    fields["files"] = {path: textwrap.dedent(content) for path, content in fields.get("files", {}).items()}
    return Case(name=name, cells=cells(text), **fields)


def cells(text: str) -> tuple[Cell, ...]:
    found: list[tuple[tuple[str, ...], list[str]]] = []
    for line in textwrap.dedent(text).strip("\n").splitlines():
        if line.startswith("---"):
            found.append((tuple(line[3:].split()), []))
        else:
            found[-1][1].append(line)
    return tuple((tags, "\n".join(lines).strip("\n")) for tags, lines in found)


def notebook(cells: Sequence[Cell], *, drop: Sequence[str] = ()) -> Any:
    """As nbformat would write it; cells with a tag of `drop` become empty, so the others keep their places."""
    import nbformat.v4

    return nbformat.v4.new_notebook(
        cells=[_cell(number, tags, "" if set(tags) & set(drop) else source) for number, (tags, source) in enumerate(cells)],
        metadata={
            "kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"},
            "language_info": {"name": "python"},
        },
    )


def _cell(number: int, tags: tuple[str, ...], source: str) -> Any:
    import nbformat.v4

    if tags == ("markdown",):
        return nbformat.v4.new_markdown_cell(source, id=f"text-{number}")
    return nbformat.v4.new_code_cell(source, id=f"cell-{number}", metadata={"tags": list(tags)} if tags else {})


def _pair(word: str, sign: str) -> tuple[str, str]:
    first, second = word.split(sign)
    return first, second
