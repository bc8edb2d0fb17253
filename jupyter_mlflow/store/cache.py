"""The step cache: same ingredients, same files, same packages -> the same result, taken from the store.

A step is looked up in two stages, because what it reads is known only after it ran:

1. the key of its ingredients (`ingredients`) leads to the traces of all its finished runs with them;
2. a trace holds if the files, folders and packages it names are unchanged (`traces`) and its artifacts are in
   the store. The newest trace that holds is the hit.

When nothing holds, the answer says why in words for people, compared with the last run of the same step.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from jupyter_mlflow.errors import StoreError
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.ids import Digest, RunId
from jupyter_mlflow.spec.tasks import StepResult, StepTask
from jupyter_mlflow.store import ingredients, interpreters, mentions, places, rows, salts, traces
from jupyter_mlflow.store.artifacts import Artifacts
from jupyter_mlflow.store.ingredients import Ingredients, key
from jupyter_mlflow.store.interpreters import Interpreter
from jupyter_mlflow.store.known import Known
from jupyter_mlflow.store.runs import RunStore
from jupyter_mlflow.store.traces import Trace

__all__ = ["Cache", "Hit", "Ingredients", "Miss", "key"]

T = TypeVar("T")

# Traces kept for one key: enough to go back and forth between a few versions of the data.
_TRACES = 8
_REASONS_TOLD = 3

_EFFECTS = {
    "secret": "a file that it wrote holds the value of a secret, which must not be kept",
    "network": "it used the network",
    "unseeded": "it drew random numbers without a seed",
    "unseen-files": "files in the folder changed while it ran, by a native library, a command or another step",
    "temporary": "it made temporary files that last until the run is done",
    "date": "it asked for the date",
    "foreign": "what cells of its language read and write cannot be seen",
}


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """The step need not run: this is its result, as `run` got it."""

    key: str
    trace: Trace

    @property
    def result(self) -> StepResult:
        """What the step gave."""
        return self.trace.result

    @property
    def run(self) -> RunId:
        """The run that executed it."""
        return self.trace.run

    @property
    def reason(self) -> str:
        """For people."""
        return f"unchanged since run {self.trace.run}"


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """The step must run; `reasons` say why, the likeliest first."""

    key: str
    reasons: tuple[str, ...]

    @property
    def reason(self) -> str:
        """For people."""
        told = "; ".join(self.reasons[:_REASONS_TOLD])
        more = len(self.reasons) - _REASONS_TOLD
        return f"{told}; and {more} more" if more > 0 else told


class Cache:
    """The cached steps of one home, with their artifacts in one store."""

    def __init__(self, runs: RunStore, artifacts: Artifacts, interpreter: Interpreter | None = None) -> None:
        self._database = runs.database
        self._artifacts = artifacts
        self._interpreter = interpreter or interpreters.this()
        self._known = Known(runs.database)
        self._salt = salts.salt(runs.home)

    def ingredients(self, task: StepTask, notebook: str, *, inherited: Mapping[str, str] | None = None) -> Ingredients:
        """The ingredients of a task of the notebook at this absolute path; it inherits our environment variables, or those given."""
        variables = os.environ if inherited is None else inherited
        return ingredients.of_task(task, notebook=notebook, interpreter=self._interpreter, salt=self._salt, inherited=variables)

    def lookup(self, wanted: Ingredients, folder: Path) -> Hit | Miss:
        """A former result that still holds for a step whose cells run in `folder`, or why there is none.

        Files that earlier steps write must be in place already (`restore_files`).
        """
        found = key(wanted)
        reasons: tuple[str, ...] = ()
        for number, trace in self._traces(found):
            why_not = tuple(traces.changes(trace, folder, self._interpreter, self._known)) or tuple(traces.missing(trace, self._artifacts))
            if not why_not:
                self._used(number)
                return Hit(key=found, trace=trace)
            reasons = reasons or why_not
        return Miss(key=found, reasons=reasons or self._compared(wanted))

    def insert(
        self,
        made: Ingredients,
        folder: Path,
        result: StepResult,
        *,
        started: float,
        outbox: Path | None = None,
        folders: Iterable[str] = (),
    ) -> str:
        """Keep a finished step for later; gives an empty text, or why it cannot be kept.

        `started` is when its process started: a file or module that changed since may have been read before
        it changed. `outbox` is where the result's notebook and log lie; `folders` are those whose names it read.
        `result.imports` must name all modules its process had loaded, and `files_read` only files that it had
        not written before: a file that it both read and wrote was changed by it, so that it must run each time.
        """
        refusal = why_not_kept(result)
        if refusal:
            return self._refuse(made, refusal)
        trace = self._trace(made, folder, result, folders)
        refusal = "; ".join(traces.changed_since(trace, started, self._interpreter)) or "; ".join(self._not_stored(folder, result))
        if refusal:
            return self._refuse(made, refusal)
        self._known.trust(folder, result.files_read)
        kept = msgspec.structs.replace(trace, notebook=self._stored(outbox, result.notebook), log=self._stored(outbox, result.log))
        self._write(made, kept)
        return ""

    def still_holds(self, wanted: Ingredients, made: str, result: StepResult, folder: Path) -> str:
        """Why a step that finished in a run which is gone on with must run again all the same; an empty text when it need not.

        `made` is the key of its ingredients then. Chance, time and network are no reasons: it is the same run that goes on.
        """
        if key(wanted) != made:
            return "; ".join(self._compared(wanted)) or "its code or inputs changed"
        changed = [record.path for record in result.files_read if traces.file_digest(folder / record.path, self._known) != record.digest]
        if changed:
            return f"file {changed[0]} changed"
        if not all(self._artifacts.sound(output.digest) for output in result.outputs):
            return "outputs were removed from the store"
        gone = [
            record.path
            for record in result.files_written
            if traces.file_digest(folder / record.path, self._known) != record.digest and not self._artifacts.sound(record.digest)
        ]
        return f"file {gone[0]}, which it wrote, was changed or removed" if gone else ""

    def _not_stored(self, folder: Path, result: StepResult) -> Iterator[str]:
        """Store the files that the step wrote; those that have changed again already, in words for people."""
        for file in result.files_written:
            if self._artifacts.sound(file.digest):
                continue
            path = folder / file.path
            if not path.is_file():
                yield f"file {file.path}, which it wrote, is gone again"
            elif self._artifacts.put_file(path)[0] != file.digest:
                yield f"file {file.path}, which it wrote, was changed by something else"

    def _trace(self, made: Ingredients, folder: Path, result: StepResult, folders: Iterable[str]) -> Trace:
        return Trace(
            run=result.run,
            step=result.step,
            folder=str(folder),
            files=traces.read_files(result, made.mentioned, folder, self._known),
            folders=traces.listings(folders, folder),
            patterns={text: mentions.matches(text, folder) for text in mentions.patterns(made.mentioned)},
            environment=traces.environment(result, folder, self._interpreter, self._known),
            result=rows.finite(result),
        )

    def fetch(self, hit: Hit, run: RunId, outbox: Path) -> StepResult:
        """The hit's result as a result of `run`: its executed notebook and log are copied into `outbox`."""
        notebook = self._copied(hit.trace.notebook, outbox, hit.result.notebook)
        log = self._copied(hit.trace.log, outbox, hit.result.log)
        return msgspec.structs.replace(hit.result, run=run, notebook=notebook, log=log)

    def restore_files(self, result: StepResult, folder: Path) -> tuple[str, ...]:
        """Put files that the step wrote in place again where they are missing or different; gives their paths."""
        return tuple(record.path for record in result.files_written if self._restored(record.path, record.digest, folder))

    def _restored(self, path: str, digest: Digest, folder: Path) -> bool:
        target = _below(folder, path)
        if traces.file_digests([str(target)], folder, self._known)[str(target)] == digest:
            return False
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _put_in_place(self._artifacts.local_path(digest), target)
        except OSError as error:
            raise StoreError(f"Cannot put {target} back, which the cached step wrote: {error.strerror or error}.") from error
        return True

    def _traces(self, found: str) -> list[tuple[int, Trace]]:
        with self._database.reading() as connection:
            found_rows = connection.execute(
                "SELECT number, body FROM trace WHERE key = ? ORDER BY used DESC, number DESC", (found,)
            ).fetchall()
        read = [(number, _readable(body, Trace)) for number, body in found_rows]
        return [(number, trace) for number, trace in read if trace is not None]

    def _compared(self, wanted: Ingredients) -> tuple[str, ...]:
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT body FROM entry WHERE notebook = ? AND step = ? ORDER BY made DESC LIMIT 1",
                (rows.text(wanted.notebook), rows.text(wanted.step)),
            ).fetchone()
        if row is None:
            return ("never run before",)
        before = _readable(row[0], Ingredients)
        if before is None:
            return ("the cache was written by another version of jupyter_mlflow",)
        changed = tuple(ingredients.changes(before, wanted))
        if before.unkept:
            return *changed, f"it was not kept, because {before.unkept}"
        return changed or ("outputs were removed from the store",)

    def _refuse(self, made: Ingredients, reason: str) -> str:
        """Remember why a step was not kept, to be told when it is looked up again."""
        with self._database.writing() as connection:
            if not connection.execute("SELECT 1 FROM trace WHERE key = ?", (key(made),)).fetchone():
                _put_entry(connection, msgspec.structs.replace(made, unkept=reason), time.time())
        return reason

    def _write(self, made: Ingredients, trace: Trace) -> None:
        now, found = time.time(), key(made)
        with self._database.writing() as connection:
            _put_entry(connection, made, now)
            connection.execute("INSERT INTO trace (key, made, used, body) VALUES (?, ?, ?, ?)", (found, now, now, rows.body(trace)))
            connection.execute(
                "DELETE FROM trace WHERE key = ? AND number NOT IN "
                "(SELECT number FROM trace WHERE key = ? ORDER BY used DESC, number DESC LIMIT ?)",
                (found, found, _TRACES),
            )

    def _used(self, number: int) -> None:
        with self._database.writing() as connection:
            connection.execute("UPDATE trace SET used = ? WHERE number = ?", (time.time(), number))
            connection.execute("UPDATE entry SET made = ? WHERE key = (SELECT key FROM trace WHERE number = ?)", (time.time(), number))

    def _stored(self, outbox: Path | None, name: str) -> Digest | None:
        if outbox is None or not name:
            return None
        return self._artifacts.put_file(outbox / name)[0]

    def _copied(self, digest: Digest | None, outbox: Path, name: str) -> str:
        if digest is None:
            return ""
        target = outbox / Path(name).name
        try:
            shutil.copyfile(self._artifacts.local_path(digest), target)
            target.chmod(places.PRIVATE_FILE)
        except OSError as error:
            raise StoreError(f"Cannot write {target}: {error.strerror or error}.") from error
        return str(target) if Path(name).is_absolute() else target.name


def _put_entry(connection: sqlite3.Connection, made: Ingredients, now: float) -> None:
    told = msgspec.structs.replace(made, mentioned=())  # texts of the code are the notebook's, not ours to keep
    connection.execute(
        "INSERT INTO entry (key, notebook, step, made, body) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE "
        "SET notebook = excluded.notebook, step = excluded.step, made = excluded.made, body = excluded.body",
        (key(made), rows.text(made.notebook), rows.text(made.step), now, rows.body(told)),
    )


def _readable(body: str, kind: type[T]) -> T | None:
    """What another version of ours wrote may lack what this one needs, or be damaged: then it is as if it were not there."""
    try:
        return codec.decode(body, kind)
    except (msgspec.MsgspecError, UnicodeError):
        return None


def _put_in_place(source: Path, target: Path) -> None:
    """Copied beside its place and renamed, so that nobody reads half of it; through a link, as the step wrote it."""
    target = target.resolve()
    beside = target.with_name(f".{os.urandom(8).hex()}")
    try:
        shutil.copyfile(source, beside)
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def why_not_kept(result: StepResult) -> str:
    """Why a result must not be reused, or an empty text."""
    if result.state != "done":
        return f"it ended as {result.state}"
    for effect in result.effects:
        return _EFFECTS.get(effect.partition(":")[0], f"it has an effect beyond its results: {effect}")
    both = {file.path for file in result.files_read} & {file.path for file in result.files_written}
    if both:
        return f"it changes a file that it reads: {', '.join(sorted(both))}"
    return ""


def _below(folder: Path, path: str) -> Path:
    """Where a recorded path lies: below the folder, or anywhere if it was recorded as absolute, as the step wrote it."""
    if ".." in Path(path).parts:
        raise StoreError(f"The cached step claims to have written {path!r}, which leads out of its folder. Nothing was written.")
    return folder / path
