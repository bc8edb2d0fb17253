"""What a finished step read beside its ingredients, and whether all of that is still the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from jupyter_mlflow.spec.ids import Digest, RunId, StepName
from jupyter_mlflow.spec.tasks import StepResult
from jupyter_mlflow.store import digests, environments, mentions
from jupyter_mlflow.store.artifacts import Artifacts
from jupyter_mlflow.store.environments import ABSENT, Environment
from jupyter_mlflow.store.interpreters import Interpreter
from jupyter_mlflow.store.known import Known


class Trace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finished run of a step. Paths of files and folders are relative to `folder` where they lie below it."""

    run: RunId
    step: StepName
    folder: str  # the notebook's, absolute
    files: dict[str, str] = {}  # path -> digest of the content, or `absent`
    folders: dict[str, str] = {}  # path -> digest of the names in it, or `absent`
    patterns: dict[str, str] = {}  # pattern of names -> digest of the names it means
    environment: Environment = Environment()
    result: StepResult
    notebook: Digest | None = None  # the executed slice
    log: Digest | None = None


def objects(trace: Trace) -> Iterator[Digest]:
    """Artifacts without which the trace is worth nothing."""
    yield from (output.digest for output in trace.result.outputs)
    yield from (file.digest for file in trace.result.files_written)
    yield from (one for one in (trace.notebook, trace.log) if one)


def changes(trace: Trace, folder: Path, interpreter: Interpreter, known: Known) -> Iterator[str]:
    """What the step read that is different now, in words for people."""
    if trace.folder != str(folder):
        yield f"the notebook was moved from {trace.folder}"
        return  # everything else is relative to it
    yield from (f"file {path} {_became(was, now)}" for path, was, now in _differing(trace.files, folder, known.digest))
    yield from (f"folder {path} {_became(was, now)}" for path, was, now in _differing(trace.folders, folder, listing))
    yield from (f"other files match {text}" for text, was in trace.patterns.items() if mentions.matches(text, folder) != was)
    now = environment(trace.result, folder, interpreter, known)
    if now != trace.environment:
        yield from _environment_changes(trace.environment, now)


def missing(trace: Trace, artifacts: Artifacts) -> Iterator[str]:
    """Which of its artifacts are gone or damaged; those that are there are kept from collection for a while."""
    unsound = [digest for digest in objects(trace) if not artifacts.sound(digest)]
    if unsound:
        damaged = any(artifacts.has(digest) for digest in unsound)
        yield "outputs in the store were damaged" if damaged else "outputs were removed from the store"


def read_files(result: StepResult, mentioned: Iterable[str], folder: Path, known: Known) -> dict[str, str]:
    """Files that the step read, as it found them, and those that its code names, as they are."""
    written = {file.path for file in result.files_written}
    read = {file.path: file.digest for file in result.files_read}
    named = {path for path in mentions.present(mentioned, folder) if path not in read and path not in written}
    return {**read, **file_digests(sorted(named), folder, known)}


def environment(result: StepResult, folder: Path, interpreter: Interpreter, known: Known) -> Environment:
    """Where the step's modules come from now; modules that it wrote itself are among its results."""
    found = environments.describe(result.imports, folder, interpreter, known)
    written = {file.path for file in result.files_written}
    return msgspec.structs.replace(found, local={path: digest for path, digest in found.local.items() if path not in written})


def changed_since(trace: Trace, moment: float, interpreter: Interpreter) -> Iterator[str]:
    """What the step may have read before it changed, in words for people: then nobody knows what the result belongs to."""
    folder = Path(trace.folder)
    yield from (f"file {path} changed while it ran" for path in trace.files if _changed(folder / path) > moment)
    yield from environments.changed_since(moment, trace.environment.local, folder, interpreter)


def file_digests(paths: Iterable[str], folder: Path, known: Known) -> dict[str, str]:
    """Digests of files as they are now."""
    return {path: _now(folder / path, known.digest) for path in paths}


def file_digest(path: Path, known: Known) -> str:
    """Digest of a file as it is now, or `absent`."""
    return _now(path, known.digest)


def listings(paths: Iterable[str], folder: Path) -> dict[str, str]:
    """Digests of the names in folders as they are now."""
    return {path: _now(folder / path, listing) for path in paths}


def listing(folder: Path) -> Digest:
    """Digest of the names in a folder."""
    return digests.of_parts(sorted(os.listdir(folder)))  # noqa: PTH208 - names are all we need


def _differing(before: dict[str, str], folder: Path, look: Callable[[Path], Digest]) -> Iterator[tuple[str, str, str]]:
    for path, was in before.items():
        now = _now(folder / path, look)
        if now != was:
            yield path, was, now


def _now(path: Path, look: Callable[[Path], Digest]) -> str:
    try:
        return look(path)
    except OSError:  # gone, or not to be read any more: either way not what it was
        return ABSENT


def _changed(path: Path) -> float:
    try:
        return path.stat().st_ctime
    except OSError:  # not there, which is what the trace says or what the next look-up finds
        return 0.0


def _became(was: str, now: str) -> str:
    if now == ABSENT:
        return "is gone"
    return "is new" if was == ABSENT else "changed"


def _environment_changes(was: Environment, now: Environment) -> Iterator[str]:
    for name in sorted(was.versions.keys() | now.versions.keys()):
        before, after = was.versions.get(name, ABSENT), now.versions.get(name, ABSENT)
        if before == after and was.contents.get(name) != now.contents.get(name):
            yield f"{name} {after} was installed again with other files"
        elif before != after:
            yield _version_change(name, before, after)
    for path in sorted(was.local.keys() | now.local.keys()):
        if was.local.get(path) != now.local.get(path):
            yield f"module {path} {_became(was.local.get(path, ABSENT), now.local.get(path, ABSENT))}"


def _version_change(name: str, before: str, after: str) -> str:
    if before == ABSENT:
        return f"{name} {after} was installed"
    return f"{name} {before} was removed" if after == ABSENT else f"{name} {before} -> {after}"
