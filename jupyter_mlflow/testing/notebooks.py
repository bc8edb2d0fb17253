"""Notebooks for tests, written as short as they can be read.

    notebook([("setup", "import math"), ("step:load", "x = math.pi"), ("", "y = 2 * x")])

    notebook('''
    # %% [setup]
    import math
    # %% [step:load]
    x = math.pi
    # %%
    y = 2 * x
    # %% [markdown]
    # Text, with or without comment signs
    ''')

Both give the bytes of an .ipynb file. Tags are separated by white space; `markdown` or `raw` as the only tag makes a cell of that type.
A tag that holds white space needs the list form: `[(["step:a b"], "x = 1")]`.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

CellText = tuple[str | Sequence[str], str]
"""Tags, as one text or one by one, and the cell's source."""

_MARK = re.compile(r"# %%(?:[ \t]*\[(?P<tags>.*)\])?[ \t]*")


def notebook(cells: str | Iterable[CellText], metadata: Mapping[str, Any] | None = None, *, minor: int = 5) -> bytes:
    """An nbformat 4 notebook, laid out as Jupyter does it; `minor` below 5 has no cell ids."""
    texts = parse(cells) if isinstance(cells, str) else cells
    document = {
        "cells": [_cell(number, tags, source, with_id=minor >= 5) for number, (tags, source) in enumerate(texts)],
        "metadata": dict(metadata or {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}),
        "nbformat": 4,
        "nbformat_minor": minor,
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def parse(text: str) -> Iterator[CellText]:
    """Tags and sources from text in which `# %% [tags]` lines separate cells; what stands above the first is a cell too."""
    tags = ""
    lines: list[str] = []
    begun = False
    for line in textwrap.dedent(text).strip("\n").split("\n"):
        mark = _MARK.fullmatch(line)
        if not mark:
            lines.append(line)
            continue
        if begun or any(one.strip() for one in lines):
            yield tags, "\n".join(lines).strip("\n")
        tags, lines, begun = mark["tags"] or "", [], True
    if begun or any(one.strip() for one in lines):
        yield tags, "\n".join(lines).strip("\n")


def _cell(number: int, tags: str | Sequence[str], source: str, *, with_id: bool) -> dict[str, Any]:
    listed = tags.split() if isinstance(tags, str) else list(tags)
    kind = listed[0] if listed in (["markdown"], ["raw"]) else "code"
    metadata: dict[str, Any] = {"tags": listed} if listed and kind == "code" else {}
    cell: dict[str, Any] = {"cell_type": kind}
    if kind == "code":
        cell["execution_count"] = None
    if with_id:
        cell["id"] = f"cell-{number}"
    cell["metadata"] = metadata
    if kind == "code":
        cell["outputs"] = []
    return {**cell, "source": source.splitlines(keepends=True)}
