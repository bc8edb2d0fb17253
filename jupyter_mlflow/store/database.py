"""The SQLite file of a home: how it is opened, written and shared by several processes and threads.

Write-ahead logging lets readers read while one process writes; writers wait for each other up to `BUSY`
seconds. `synchronous=NORMAL` is enough for the promise that nothing recorded is lost when a process is
killed: a committed transaction has been written to the log file, and what a process has written outlives it.
Only a power cut can take the last transactions, and it leaves the database whole.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from jupyter_mlflow.errors import StoreError
from jupyter_mlflow.store import migrations, places

FILE = "runs.sqlite"

# Transactions take milliseconds; who waits this long waits for a stopped process.
BUSY = 30.0

# Connections that came along into a forked process: closing them there could disturb the parent's locks.
_left_by_parent: list[sqlite3.Connection] = []


class Database:
    """One connection, shared by the threads of a process, made anew in a forked one."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        with self.reading():
            pass

    def close(self) -> None:
        """Close the connection; the next use opens it again."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for single statements."""
        with self._lock, self._translated():
            yield self._open()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """The connection, for several reads that see the same state."""
        with self.reading() as connection, _transaction(connection, "BEGIN"):
            yield connection

    @contextlib.contextmanager
    def trial(self) -> Iterator[sqlite3.Connection]:
        """The connection in a transaction that leaves nothing behind: what would be, if."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def shrink(self) -> None:
        """Give the space of deleted rows back to the disk."""
        with self.reading() as connection:
            connection.executescript("PRAGMA incremental_vacuum")  # `execute` would take one step, which is one page
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection in a transaction: all of it is recorded when the block ends, or nothing."""
        with self.reading() as connection, _transaction(connection, "BEGIN IMMEDIATE"):
            yield connection

    def _open(self) -> sqlite3.Connection:
        if self._connection is None or self._process != os.getpid():
            if self._connection is not None:
                _left_by_parent.append(self._connection)
            self._connection = _connect(self.path)
            self._process = os.getpid()
        return self._connection

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(_explained(self.path, error)) from error


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    if connection.in_transaction:  # part of the transaction around it
        yield
        return
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _connect(path: Path) -> sqlite3.Connection:
    _make_private(path)
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts for an empty file only
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        _use_write_ahead_log(connection)
        migrations.migrate(connection, str(path))
    except BaseException:
        connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    """SQLite gives its log files the mode of the database, so that is made first."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, places.PRIVATE_FILE)
    except OSError as error:
        raise places.unwritable(path, error) from error
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, places.PRIVATE_FILE)
    finally:
        os.close(descriptor)


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file over once; SQLite does not wait for others there, so we do."""
    deadline = time.monotonic() + BUSY
    while True:
        try:
            if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                return
            raise StoreError("SQLite cannot keep a write-ahead log in this folder; set JUPYTER_MLFLOW_HOME to a folder on a local disk.")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _explained(path: Path, error: sqlite3.Error) -> str:
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return (
            f"The run history {path} is damaged ({text}). Move it away together with {path.name}-wal and {path.name}-shm; "
            "a new one is made at the next run. Run folders and artifacts are not affected."
        )
    if "locked" in text:
        return f"The run history {path} was in use by another process for {BUSY:.0f} seconds. Try again."
    if "readonly" in text or "unable to open" in text:
        return f"Cannot write to {path} ({text}). Set JUPYTER_MLFLOW_HOME to a folder that you can write to."
    if "full" in text:
        return f"Cannot write to {path}: the disk is full."
    return f"The run history {path} failed: {text}. See whether its disk is full or gone; JUPYTER_MLFLOW_HOME chooses another folder."
