"""The history of runs: one row per run and per step, and a numbered event log per run.

Every method is one transaction: when it has returned, what it recorded survives the death of any process
(see `database`). Several processes may write to one run at once.

A parameter's value is written as it is given. Who starts a run leaves values of secret parameters out.
Metrics that are no finite numbers are not recorded, see `rows`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from jupyter_mlflow.errors import NotFoundError, StoreError, UsageError
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.ids import RunId, StepName
from jupyter_mlflow.spec.runs import Run, RunState, StepRun, StepState
from jupyter_mlflow.spec.tasks import Event, StepFailure
from jupyter_mlflow.store import database, events, places, processes, rows, selection

T = TypeVar("T", Run, StepRun)

# Without letters and digits that look alike.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"

UNFINISHED: frozenset[RunState] = frozenset({"queued", "running"})
_UNFINISHED_STEPS: frozenset[StepState] = frozenset({"queued", "running"})

# A launcher in another machine or container cannot be looked at; after this time without any record it counts as dead.
_SILENCE = 7 * 86400.0

# Seconds between two looks at whether the launcher of a followed run still lives.
_LOOK_AGAIN = 1.0

# Events are read in pages, so that following a long log does not hold all of it.
_PAGE = 1000


def new_run_id(now: float | None = None) -> RunId:
    """An id that sorts by start time (UTC): `20261124-015301-k3f9`."""
    moment = datetime.fromtimestamp(time.time() if now is None else now, timezone.utc)
    return RunId(f"{moment:%Y%m%d-%H%M%S}-{''.join(_ALPHABET[byte % len(_ALPHABET)] for byte in os.urandom(4))}")


class RunStore:
    """The run history of one home folder; a context manager that closes it."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = places.home() if home is None else places.chosen_folder(home)
        self.database = database.Database(self.home)

    def __enter__(self) -> RunStore:  # noqa: PYI034 - `Self` came with Python 3.11
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; the next use opens it again."""
        self.database.close()

    def folder(self, run: RunId) -> Path:
        """The run's own folder, made if it is missing."""
        return places.run_folder(self.home, run)

    def step_folder(self, run: RunId, step: StepName) -> Path:
        """The folder of one step of the run, made if it is missing."""
        return places.step_folder(self.home, run, step)

    def create(self, run: Run) -> None:
        """Record a new run with its steps."""
        self.folder(run.run)  # refuses an unsafe id before it is recorded
        birth = processes.birth(run.pid)
        values = (
            run.run,
            rows.text(run.notebook),
            run.state,
            run.started,
            run.pid,
            birth,
            processes.machine(),
            time.time(),
            rows.run_body(run),
        )
        with self.database.writing() as connection:
            if connection.execute("SELECT 1 FROM run WHERE run = ?", (run.run,)).fetchone():
                raise StoreError(f"There is a run {run.run} already.")
            connection.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            for step in run.steps:
                _put_step(connection, run.run, step)

    def update(self, run: RunId, /, **fields: Any) -> Run:
        """Replace fields of a run (not its steps) and give the whole; `update(run, state="done", seconds=3.5)`."""
        if "steps" in fields or "run" in fields:
            raise UsageError("A run's id never changes, and its steps are recorded with put_step.")
        with self.database.writing() as connection:
            changed = _checked(_get(connection, run), **fields)
            _write(connection, changed)
            if "pid" in fields:  # another launcher goes on with the run
                _put_launcher(connection, changed)
        return changed

    def end(self, run: RunId, /, **fields: Any) -> Run:
        """Record the end of a run: `update`, and no step is left as if it went on."""
        with self.database.writing() as connection:
            for step in _get(connection, run).steps:
                if step.state in _UNFINISHED_STEPS:
                    _put_step(connection, run, msgspec.structs.replace(step, state="cancelled", reason="the run ended before it"))
            return self.update(run, **fields)

    def put_step(self, run: RunId, step: StepRun) -> None:
        """Record a step, new or changed."""
        with self.database.writing() as connection:
            _must_exist(connection, run)
            _put_step(connection, run, _checked(step))
            _touch(connection, run)

    def append(self, run: RunId, batch: Sequence[Event]) -> int:
        """Add events to the run's log; gives the number of the last one."""
        with self.database.writing() as connection:
            _must_exist(connection, run)
            if batch:
                _touch(connection, run)
            return events.append(connection, run, batch)

    def events(self, run: RunId, after: int = 0) -> tuple[Event, ...]:
        """Events with a number greater than `after`, oldest first."""
        with self.database.reading() as connection:
            _must_exist(connection, run)
            return tuple(events.read(connection, run, after, -1))

    def follow(self, run: RunId, after: int = 0, *, pause: float = 0.1, until: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        """Events from number `after` on, waiting for new ones until the run has ended (or was lost) or `until` says so."""
        looked = time.monotonic()
        while True:
            if time.monotonic() - looked > _LOOK_AGAIN:
                looked = time.monotonic()
                self.mark_lost()
            ended = until() or not self._unfinished(run)  # asked before reading, so that the last events are not missed
            while page := self._page(run, after):
                yield from page
                after = page[-1].number
            if ended:
                return
            time.sleep(pause)

    def get(self, name: str) -> Run:
        """The run with its steps, by id, beginning of an id, `latest` or number from the newest (1)."""
        with self.database.snapshot() as connection:
            return _get(connection, selection.find(connection, name))

    def state(self, run: RunId) -> str:
        """The run's state, even when the rest of its record is damaged."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT state FROM run WHERE run = ?", (run,)).fetchone()
            return str(row[0]) if row is not None else ""

    def find(self, name: str) -> RunId:
        """The id that `name` means, see `get`."""
        with self.database.reading() as connection:
            return selection.find(connection, name)

    def list(
        self,
        *,
        notebook: str | None = None,
        state: RunState | None = None,
        since: float | None = None,
        before: float | None = None,
        limit: int | None = None,
    ) -> tuple[Run, ...]:
        """Runs with their steps, newest first, but for those whose record is damaged; `since` and `before` are start times."""
        wanted = {"notebook = ?": notebook and rows.text(notebook), "state = ?": state, "started >= ?": since, "started < ?": before}
        given = {condition: value for condition, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(given)} " if given else ""
        query = f"SELECT run FROM run {where}ORDER BY started DESC, rowid DESC LIMIT ?"  # noqa: S608 - fixed texts only
        with self.database.snapshot() as connection:
            found = connection.execute(query, (*given.values(), -1 if limit is None else limit)).fetchall()
            return tuple(_sound(connection, [row[0] for row in found]))

    def delete(self, run: RunId) -> None:
        """Forget the run, its steps and its log; its folder and artifacts are `garbage`'s business."""
        with self.database.writing() as connection:
            _must_exist(connection, run)
            connection.execute("DELETE FROM run WHERE run = ?", (run,))

    def mark_lost(self) -> tuple[RunId, ...]:
        """Mark unfinished runs whose launcher is dead as `lost`, and their unfinished steps as `cancelled`."""
        with self.database.reading() as connection:
            open_runs = connection.execute(
                "SELECT run, pid, birth, machine, touched FROM run WHERE state IN ('queued', 'running')"
            ).fetchall()
        return tuple(
            RunId(run) for run, pid, birth, machine, touched in open_runs if _dead(pid, birth, machine, touched) and self._lose(run)
        )

    def _lose(self, run: RunId) -> bool:
        with self.database.writing() as connection:
            try:
                found = _get(connection, run)
            except StoreError:  # damaged: all that can be told is that it does not go on
                connection.execute("UPDATE run SET state = 'lost' WHERE run = ?", (run,))
                return True
            if found.state not in UNFINISHED:  # it ended while we looked
                return False
            for step in found.steps:
                if step.state in _UNFINISHED_STEPS:
                    _put_step(connection, run, _lost_step(step))
            _write(connection, msgspec.structs.replace(found, state="lost"))
        return True

    def _unfinished(self, run: RunId) -> bool:
        with self.database.reading() as connection:
            row = connection.execute("SELECT state FROM run WHERE run = ?", (run,)).fetchone()
            return bool(row) and row[0] in UNFINISHED

    def _page(self, run: RunId, after: int) -> tuple[Event, ...]:
        with self.database.reading() as connection:
            return tuple(events.read(connection, run, after, _PAGE))


def _dead(pid: int, birth: str, machine: str, touched: float) -> bool:
    here = processes.machine()
    if machine == here and pid:
        return not processes.alive(pid, birth)
    (host, boot), (our_host, our_boot) = (text.split("/")[:2] for text in (machine, here))
    if host == our_host and boot != our_boot:
        return True  # this machine has been started anew since
    return time.time() - touched > _SILENCE


def _lost_step(step: StepRun) -> StepRun:
    started = step.state == "running"
    failure = StepFailure(kind="lost", ename="RuntimeLostError", evalue="The process that ran the pipeline ended.") if started else None
    return msgspec.structs.replace(step, state="cancelled", reason="the launcher of the run died", failure=failure)


def _get(connection: sqlite3.Connection, run: RunId) -> Run:
    row = connection.execute("SELECT body FROM run WHERE run = ?", (run,)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no run {run!r}.")
    found = connection.execute("SELECT body FROM step WHERE run = ? ORDER BY position", (run,))
    try:
        steps = tuple(codec.decode(body, StepRun) for (body,) in found)
        return msgspec.structs.replace(codec.decode(row[0], Run), steps=steps)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise StoreError(f"The record of run {run} is damaged ({error}). `jupyter mlflow runs rm {run}` removes it.") from error


def _sound(connection: sqlite3.Connection, runs: Iterable[str]) -> Iterator[Run]:
    """Runs that can be read: one damaged record must not hide the others."""
    for run in runs:
        with contextlib.suppress(StoreError):
            yield _get(connection, RunId(run))


def _write(connection: sqlite3.Connection, run: Run) -> None:
    connection.execute(
        "UPDATE run SET notebook = ?, state = ?, started = ?, touched = ?, body = ? WHERE run = ?",
        (rows.text(run.notebook), run.state, run.started, time.time(), rows.run_body(run), run.run),
    )


def _put_launcher(connection: sqlite3.Connection, run: Run) -> None:
    launcher = (run.pid, processes.birth(run.pid), processes.machine(), run.run)
    connection.execute("UPDATE run SET pid = ?, birth = ?, machine = ? WHERE run = ?", launcher)


def _put_step(connection: sqlite3.Connection, run: RunId, step: StepRun) -> None:
    connection.execute(
        "INSERT INTO step (run, name, position, state, body) "
        "VALUES (?, ?, (SELECT coalesce(max(position), 0) + 1 FROM step WHERE run = ?), ?, ?) "
        "ON CONFLICT (run, name) DO UPDATE SET state = excluded.state, body = excluded.body",
        (run, rows.text(step.name), run, step.state, rows.step_body(step)),
    )


def _touch(connection: sqlite3.Connection, run: RunId) -> None:
    connection.execute("UPDATE run SET touched = ? WHERE run = ?", (time.time(), run))


def _must_exist(connection: sqlite3.Connection, run: RunId) -> None:
    if connection.execute("SELECT 1 FROM run WHERE run = ?", (run,)).fetchone() is None:
        raise NotFoundError(f"There is no run {run!r}.")


def _checked(noun: T, **fields: Any) -> T:
    """`replace` takes anything; a wrong state must not be recorded, because it could never be read again."""
    try:
        return codec.convert(codec.builtins(msgspec.structs.replace(noun, **fields)), type(noun))
    except (msgspec.ValidationError, TypeError) as error:
        raise UsageError(f"This cannot be recorded: {error}.") from error
