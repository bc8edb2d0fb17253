"""What a step leaves: snapshots into the store, files by digest, the rest into the result."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Any

import msgspec

from jupyter_mlflow.runtime import chances
from jupyter_mlflow.runtime.redaction import Redactor
from jupyter_mlflow.spec.tasks import FileRecord, Output, StepTask
from jupyter_mlflow.store import digests
from jupyter_mlflow.store.artifacts import Artifacts

_REFUSED = "it holds the value of a secret, which must not reach the disk"


class Captured(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a result that the agent answers for."""

    outputs: tuple[Output, ...] = ()
    absent: tuple[str, ...] = ()
    unportable: dict[str, str] = {}
    summaries: dict[str, str] = {}
    metrics: dict[str, float] = {}
    files_read: tuple[FileRecord, ...] = ()
    files_written: tuple[FileRecord, ...] = ()
    imports: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """By the names they have in `StepResult`."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


def store(answer: dict[str, Any], task: StepTask, place: Artifacts, redactor: Redactor) -> Captured:
    """Move the snapshots of the agent's answer into the store."""
    outputs: list[Output] = []
    unportable = {key: redactor.text(reason) for key, reason in answer["unportable"].items()}
    for snapshot in answer["outputs"]:
        path = Path(snapshot["path"])
        if redactor.file_holds_secret(path):
            path.unlink()
            unportable |= dict.fromkeys(snapshot["keys"], _REFUSED)
            continue
        digest, size = place.put_file(path, move=True)
        outputs.append(Output(digest=digest, size=size, keys=tuple(snapshot["keys"])))
    return Captured(
        outputs=tuple(outputs),
        absent=tuple(answer["absent"]),
        unportable=unportable,
        summaries=redactor.value(answer["summaries"]),
        metrics=answer["metrics"],
        files_read=_records(answer["files_read"], task.folder),
        files_written=_records(answer["files_written"], task.folder),
        imports=tuple(name for name in answer["imports"] if name != "jupyter_mlflow"),  # it is there because we are
        effects=(
            *answer["effects"],
            *chances.effects(task, answer.get("drawn", ())),
            *_secret_files(answer["files_written"], task.folder, redactor),
        ),
    )


def _secret_files(paths: list[str], folder: str, redactor: Redactor) -> tuple[str, ...]:
    """The effect of writing a secret to a file: what the user's code does is its own affair, but no copy of it is kept."""
    for path in paths:
        with contextlib.suppress(OSError):
            if redactor.file_holds_secret(Path(folder, path)):
                return ("secret",)
    return ()


def _records(paths: list[str], folder: str) -> tuple[FileRecord, ...]:
    records: list[FileRecord] = []
    for path in paths:
        with contextlib.suppress(OSError):  # gone again, or not for us: it cannot be compared later
            found = Path(folder, path)
            if stat.S_ISREG(found.stat().st_mode):
                digest, signature = digests.of_file(found)
                records.append(FileRecord(path=_relative(found, folder), digest=digest, size=signature.size))
    return tuple(records)


def _relative(path: Path, folder: str) -> str:
    absolute = os.path.normpath(path)
    inside = os.path.relpath(absolute, folder)
    return absolute if inside.startswith("..") else inside
