"""Cell ids: kept where they are valid and unique, made from the cell's content where they are not.

A made id is a digest of the cell's type and source, and of how many equal cells stand above it. So the same file always gives the same ids,
and a cell keeps its id while others are added, moved or edited around it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

_VALID = re.compile(r"[a-zA-Z0-9_-]{1,64}")  # as the nbformat 4.5 schema has it


def cell_ids(given: Sequence[Any], contents: Sequence[tuple[str, str]]) -> list[str]:
    """One unique id per cell, from the ids that stand in the file and the cells' types and sources."""
    kept: dict[str, int] = {}
    for position, one in enumerate(given):
        if isinstance(one, str) and _VALID.fullmatch(one):
            kept.setdefault(one, position)
    owners = {position: one for one, position in kept.items()}
    if len(owners) == len(given):
        return [owners[position] for position in range(len(given))]
    return _with_made(owners, contents)


def _with_made(owners: dict[int, str], contents: Sequence[tuple[str, str]]) -> list[str]:
    ids: list[str] = []
    taken = set(owners.values())
    seen: Counter[tuple[str, str]] = Counter()
    for position, content in enumerate(contents):
        seen[content] += 1
        ids.append(owners.get(position) or _made(content, seen[content], taken))
        taken.add(ids[-1])
    return ids


def _made(content: tuple[str, str], number: int, taken: set[str]) -> str:
    import hashlib  # only here: most notebooks have all their ids

    text = "\0".join((*content, str(number))).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(text, digest_size=16).hexdigest()
    lengths = range(8, len(digest) + 1, 4)
    return next(digest[:length] for length in lengths if digest[:length] not in taken)
