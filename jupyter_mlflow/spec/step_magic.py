"""`%%step name --after a,b` as the first line of a cell: the same as the tags `step:name` and `after:a,b`, and otherwise nothing.

The rest of the cell is ordinary code: it may await, display its last expression, or begin with another cell magic.
"""

from __future__ import annotations

import re
import shlex

_LINE = re.compile(r"\s*%%step(?![\w.])[ \t]*(?P<words>[^\n]*)(?P<end>\n|\Z)")


def tags(source: str) -> tuple[str, ...]:
    """The tags that the first line of a cell stands for; none where it is something else."""
    found = _LINE.match(source)
    if found is None:
        return ()
    names, after = _understood(found["words"])
    return (f"step:{' '.join(names)}", *(f"after:{one}" for one in after))


def without(source: str) -> str:
    """The cell's code, its lines at their places where they can be: a cell magic has to stand in the first line."""
    found = _LINE.match(source)
    if found is None:
        return source
    rest = source[found.end() :]
    return rest if rest.lstrip().startswith("%%") else f"# {found['words'].strip()}{found['end']}{rest}"


def _understood(words: str) -> tuple[list[str], list[str]]:
    try:
        parts = shlex.split(words, comments=True)
    except ValueError:  # a quotation mark without its partner
        parts = words.split()
    names: list[str] = []
    after: list[str] = []
    waiting = False
    for part in parts:
        option, equals, value = part.partition("=")
        if waiting:
            after.append(part)
            waiting = False
        elif option in {"--after", "-a"} and equals:
            after.append(value)
        elif option in {"--after", "-a"}:
            waiting = True
        else:
            names.append(part)
    return names, after
