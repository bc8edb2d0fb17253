"""Removal of runs, and of what no run and no cached step needs any more.

Safe beside running runs, without stopping them:

- an unfinished run is never removed;
- an artifact that any row names is kept: every digest in the text of a row counts, whatever it stands for;
- an artifact that was stored or used after the oldest unfinished run began, or within the last hour, is kept
  even if no row names it yet. Whether that is so is decided while nobody can store or use (see `local`).

Rows go first and files after them, so that a collection which is killed leaves files without rows, and the
next collection takes those. Objects in remote stores are left alone: other homes may use the same bucket,
and its owner has rules for its age.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from jupyter_mlflow.errors import StoreError, UsageError
from jupyter_mlflow.spec.ids import Digest, RunId
from jupyter_mlflow.store import places
from jupyter_mlflow.store.artifacts import Artifacts
from jupyter_mlflow.store.known import Known
from jupyter_mlflow.store.local import LocalArtifacts
from jupyter_mlflow.store.runs import UNFINISHED, RunStore

# Between storing an artifact and recording it pass milliseconds, or a nap of the machine.
GRACE = 3600.0

# Storing waits while so many objects are removed: a few milliseconds.
_BATCH = 100

_DIGEST = re.compile(r"blake3:[0-9a-f]{64}")
_SOUND = "CASE WHEN json_valid(body) THEN body END"  # a damaged record has no parts


class Freed(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed, or would be."""

    runs: tuple[RunId, ...] = ()
    cached_steps: int = 0
    artifacts: int = 0
    bytes: int = 0


def remove_runs(store: RunStore, artifacts: Artifacts, names: Sequence[str], *, dry_run: bool = False) -> Freed:
    """Remove runs, given as `RunStore.get` takes them, and what only they needed, their cached steps included."""
    store.mark_lost()
    runs = tuple(dict.fromkeys(store.find(name) for name in names))
    busy = [run for run in runs if store.state(run) in UNFINISHED]
    if busy:
        raise UsageError(f"Run {busy[0]} has not ended. Cancel it, or wait for its end, before you remove it.")
    return _removed(store, artifacts, runs, unused_since=None, dry_run=dry_run)


def collect(store: RunStore, artifacts: Artifacts, *, older_than: float, dry_run: bool = False) -> Freed:
    """Remove ended runs that began more than `older_than` seconds ago, cached steps not used since, and what nobody needs."""
    store.mark_lost()
    limit = time.time() - older_than
    runs = tuple(run.run for run in store.list(before=limit) if run.state not in UNFINISHED)
    return _removed(store, artifacts, runs, unused_since=limit, dry_run=dry_run)


def _removed(store: RunStore, artifacts: Artifacts, runs: tuple[RunId, ...], *, unused_since: float | None, dry_run: bool) -> Freed:
    local = artifacts.on_disk()
    old = _old_objects(local, _limit(store))  # before the rows are read: what is named later was used later
    with store.database.trial() if dry_run else store.database.writing() as connection:
        steps = _forget(connection, runs, unused_since)
        needed = _named(connection)
        known = {row[0] for row in connection.execute("SELECT run FROM run")}
    folders = [store.home / "runs" / run for run in runs] + _orphans(store.home, known | set(runs))
    doomed = [digest for digest in old if digest not in needed]
    if dry_run:
        sizes = [path.stat().st_size for path in map(local.path, doomed) if path.exists()]
        return Freed(runs=runs, cached_steps=steps, artifacts=len(sizes), bytes=sum(sizes) + sum(map(_folder_size, folders)))
    freed = [*_delete(local, doomed, _limit(store))]
    size = sum(freed) + sum(map(_remove_folder, folders)) + _remove_leftovers(local)
    Known(store.database).forget_missing()
    store.database.shrink()
    return Freed(runs=runs, cached_steps=steps, artifacts=len(freed), bytes=size)


def _forget(connection: sqlite3.Connection, runs: Sequence[RunId], unused_since: float | None) -> int:
    """Delete the rows of runs and of cached steps; gives how many of the latter.

    A cached step of a removed run stays if a run that remains has reused it.
    """
    connection.executemany("DELETE FROM run WHERE run = ?", [(run,) for run in runs])
    reused = {row[0] for row in connection.execute(f"SELECT DISTINCT json_extract({_SOUND}, '$.cache_key') FROM step")}  # noqa: S608 - fixed texts
    rows = connection.execute(f"SELECT number, key, used, json_extract({_SOUND}, '$.run') FROM trace").fetchall()  # noqa: S608 - fixed texts
    gone = set(runs)
    doomed = [
        (number,)
        for number, key, used, run in rows
        if (run in gone and key not in reused) or (unused_since is not None and used < unused_since)
    ]
    connection.executemany("DELETE FROM trace WHERE number = ?", doomed)
    connection.execute("DELETE FROM entry WHERE key NOT IN (SELECT key FROM trace)")
    return len(doomed)


def _named(connection: sqlite3.Connection) -> set[str]:
    """Every digest that a row names."""
    found: set[str] = set()
    for table in ("run", "step", "trace"):
        for (body,) in connection.execute(f"SELECT body FROM {table}"):  # noqa: S608 - fixed names
            found.update(_DIGEST.findall(body))
    return found


def _limit(store: RunStore) -> float:
    """Artifacts stored or used after this moment are out of bounds."""
    starts = [run.started for state in UNFINISHED for run in store.list(state=state)]
    return min([time.time() - GRACE, *starts])


def _old_objects(local: LocalArtifacts, limit: float) -> list[Digest]:
    return [digest for digest in local if local.last_used(digest) < limit]


def _delete(local: LocalArtifacts, doomed: Sequence[Digest], limit: float) -> Iterator[int]:
    """Delete what is still old now; gives the size of each."""
    waiting = iter(doomed)
    while batch := [*islice(waiting, _BATCH)]:
        with local.collecting():
            yield from [local.delete(digest) for digest in batch if local.last_used(digest) < limit]


def _orphans(home: Path, runs: set[str]) -> list[Path]:
    """Folders of runs that no row knows and that have been there for a while."""
    limit = time.time() - GRACE
    return [folder for folder in places.runs_folder(home).iterdir() if folder.name not in runs and folder.lstat().st_mtime < limit]


def _remove_leftovers(local: LocalArtifacts) -> int:
    limit = time.time() - GRACE
    size = 0
    for path in local.leftovers():
        found = path.lstat()
        if found.st_mtime < limit:
            path.unlink(missing_ok=True)
            size += found.st_size
    return size


def _remove_folder(folder: Path) -> int:
    size = _folder_size(folder)
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise StoreError(f"Cannot remove {folder}: {error.strerror or error}. Remove it by hand; nothing refers to it any more.") from error
    return size


def _folder_size(folder: Path) -> int:
    return sum(os.lstat(os.path.join(parent, name)).st_size for parent, _, files in os.walk(folder) for name in files)  # noqa: PTH118
