"""The event log of a run: numbered from 1 without gaps, written in batches, read from any number on."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence

import msgspec

from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.ids import RunId
from jupyter_mlflow.spec.tasks import Event
from jupyter_mlflow.store import rows


def append(connection: sqlite3.Connection, run: RunId, events: Sequence[Event]) -> int:
    """Add events in the order given, inside the caller's transaction; gives the number of the last one."""
    last = last_number(connection, run)
    batch = [(run, number, rows.body(msgspec.structs.replace(event, number=0))) for number, event in enumerate(events, last + 1)]
    connection.executemany("INSERT INTO event (run, number, body) VALUES (?, ?, ?)", batch)
    return last + len(batch)


def last_number(connection: sqlite3.Connection, run: RunId) -> int:
    """The number of the newest event, 0 when there is none."""
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM event WHERE run = ?", (run,)).fetchone()[0])


def read(connection: sqlite3.Connection, run: RunId, after: int, limit: int) -> Iterator[Event]:
    """Events with a number greater than `after`, oldest first, but for damaged ones."""
    found = connection.execute("SELECT number, body FROM event WHERE run = ? AND number > ? ORDER BY number LIMIT ?", (run, after, limit))
    for number, body in found:
        with contextlib.suppress(msgspec.MsgspecError, UnicodeError):
            yield msgspec.structs.replace(codec.decode(body, Event), number=number)
