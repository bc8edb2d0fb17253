"""How people name a run: `latest`, a number from the newest, the id, its beginning, or its last part.

    latest, 1      the newest run
    2              the one before it
    20261124-01    the one run whose id begins so
    k3f9           the one run whose id ends in -k3f9

A whole id comes before all of these.
"""

from __future__ import annotations

import sqlite3

from jupyter_mlflow.errors import NotFoundError
from jupyter_mlflow.spec.ids import RunId

# Longer numbers are the beginning of an id, which starts with year, month and day.
_LONGEST_NUMBER = 4
_SHOWN = 5


def find(connection: sqlite3.Connection, name: str) -> RunId:
    """The id of the run that `name` means; `NotFoundError` tells what is near when there is none, or several."""
    if name == "latest":
        return _counted(connection, 1)
    exact = connection.execute("SELECT run FROM run WHERE run = ?", (name,)).fetchone()
    if exact:
        return RunId(exact[0])
    if name.isascii() and name.isdigit() and len(name) <= _LONGEST_NUMBER:
        return _counted(connection, int(name))
    return _unique(name, _ids(connection))


def _counted(connection: sqlite3.Connection, number: int) -> RunId:
    row = connection.execute("SELECT run FROM run ORDER BY started DESC, rowid DESC LIMIT 1 OFFSET ?", (max(number, 1) - 1,)).fetchone()
    if row and number:
        return RunId(row[0])
    total = connection.execute("SELECT count(*) FROM run").fetchone()[0]
    if not total:
        raise NotFoundError("There are no runs yet.")
    raise NotFoundError(f"There is no run number {number}: runs are counted from 1, the newest, to {total}.")


def _unique(name: str, ids: list[str]) -> RunId:
    matches = [run for run in ids if name and (run.startswith(name) or run.endswith(f"-{name}"))]
    if len(matches) == 1:
        return RunId(matches[0])
    if matches:
        more = f" and {len(matches) - _SHOWN} more" if len(matches) > _SHOWN else ""
        raise NotFoundError(f"{name!r} means several runs: {', '.join(matches[:_SHOWN])}{more}. Give more of the id.")
    import difflib

    near = difflib.get_close_matches(name, ids, n=3, cutoff=0.6) or ids[:3]
    hint = f" Near it: {', '.join(near)}." if near else " There are no runs yet."
    raise NotFoundError(f"There is no run {name!r}.{hint}")


def _ids(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT run FROM run ORDER BY started DESC, rowid DESC")]
