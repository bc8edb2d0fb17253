"""Both ways: the pipeline, and all cells in one kernel; then the first difference.

Each way runs in a fresh copy of the notebook's folder, so that neither sees a file that the other wrote, and the folder itself stays as it was.
A notebook that writes to absolute paths escapes that; when the folder changed all the same, a note says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_mlflow.actions import comparisons, copies, reports, runs
from jupyter_mlflow.engines import local
from jupyter_mlflow.errors import MlflowError
from jupyter_mlflow.spec.ids import StepName
from jupyter_mlflow.spec.pipelines import Cell, Pipeline
from jupyter_mlflow.spec.reports import Difference, RunReport, Verification
from jupyter_mlflow.spec.runs import Run
from jupyter_mlflow.spec.tasks import Event


@dataclass(frozen=True)
class _Way:
    """What one way of running left: the executed cells by id, the folder, and which files in it are new or changed."""

    cells: Mapping[str, Mapping[str, Any]]
    folder: Path
    written: frozenset[str]

    @property
    def failed(self) -> str | None:
        """Id of the cell that ended the run, in the order of the notebook."""
        return next((name for name, cell in self.cells.items() if _raised(cell)), None)


def verify(
    path: str | Path,
    *,
    given: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
    workers: int | None = None,
    on_start: runs.OnStart = lambda _: None,
    on_event: runs.OnEvent = lambda _: None,
    home: Path | None = None,
) -> RunReport:
    """The pipeline's run with the comparison; raises what `runs.run` raises before anything has run."""
    asked = runs.request(path, given=given)
    target = runs.output_target(output, asked.file)
    real = asked.file.parent
    before = copies.listing(real)
    with copies.copied(real) as parts, copies.copied(real) as whole, tempfile.TemporaryDirectory(prefix="jupyter-mlflow-") as scratch:
        document = Path(scratch) / "executed.ipynb"
        found = runs.run(
            path, given=given, output=document, workers=workers, cache=False, on_start=on_start, on_event=on_event, home=home, folder=parts
        )
        if target is not None:
            shutil.copyfile(document, target)
        if found.state == "cancelled":
            return reports.of_run(found)
        one = _way(json.loads(document.read_text(encoding="utf-8")), real, parts)
        on_event(Event(time=time.time(), kind="run", state="comparing", text=found.run))
        two = _way(_run_all(asked, whole), real, whole)
        touched = _changed(before, copies.listing(real)) - {os.path.relpath(target, real) if target is not None else ""}
        verification = _compared(asked.pipeline, two, one, found, touched)
    return _report(found, target, verification)


def _report(found: Run, target: Path | None, verification: Verification) -> RunReport:
    import msgspec

    return msgspec.structs.replace(reports.of_run(found, verification), output=str(target or ""))


def _way(document: Mapping[str, Any], real: Path, folder: Path) -> _Way:
    changed = _changed(copies.listing(real), copies.listing(folder))
    return _Way({cell["id"]: cell for cell in document["cells"]}, folder, frozenset(changed))


def _changed(one: Mapping[str, Any], two: Mapping[str, Any]) -> set[str]:
    return {name for name in {*one, *two} if one.get(name) != two.get(name)}


def _run_all(asked: runs.Request, folder: Path) -> dict[str, Any]:
    """The document as executed by `runtime.whole`; nothing of the request touches the disk or a command line."""
    at = {cell.index: cell.id for step in asked.pipeline.steps for cell in step.cells}
    ran = set(at.values())
    values: dict[str, dict[str, Any]] = {}
    for one in asked.pipeline.parameters:
        if one.name in asked.values:
            values.setdefault(at[one.cell], {})[one.name] = asked.values[one.name]
    request = {
        "notebook": {**asked.notebook.document, "cells": [_blank(cell) for cell in asked.notebook.document["cells"]]},
        "kernel": asked.pipeline.kernel.name,
        "language": asked.pipeline.kernel.language,
        "folder": str(folder),
        "skip": [cell.id for cell in asked.notebook.cells if cell.type == "code" and cell.id not in ran],
        "parameters": values,
        "secrets": [str(asked.values[one.name]) for one in asked.pipeline.parameters if one.secret and one.name in asked.values],
    }
    answer = _asked(request)
    if "error" in answer:
        raise MlflowError(f"The pipeline ran, but Run All could not: {answer['error']}.")
    document: dict[str, Any] = answer["notebook"]
    return document


def _asked(request: Mapping[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    command = [*local.program("jupyter_mlflow.runtime.whole"), str(writing)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        tempfile.TemporaryDirectory() as empty,
        subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[writing], cwd=empty, **quiet) as process,  # type: ignore[call-overload]  # noqa: S603
    ):
        os.close(writing)
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(request).encode())
            process.stdin.close()
            with os.fdopen(reading, encoding="utf-8") as pipe:
                text = pipe.read()
        except BaseException:
            process.terminate()
            raise
    found: dict[str, Any] = json.loads(text) if text else {"error": "its process ended without an answer"}
    return found


def _blank(cell: Mapping[str, Any]) -> dict[str, Any]:
    return {**cell, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else dict(cell)


# ---- comparing ---------------------------------------------------------------------------------------------------------------


def _compared(pipeline: Pipeline, whole: _Way, parts: _Way, found: Run, touched: set[str]) -> Verification:
    notes: list[str] = []
    cells, after = _comparable(pipeline, whole)
    if after:
        notes.append(f"Run All stopped at an error, so {after} cells below it were not compared.")
    difference = next((one for step, cell in cells for one in _of_cell(step, cell, whole, parts)), None)
    files = sorted(whole.written | parts.written)
    if difference is None and not whole.failed:
        difference = next(_of_files(pipeline, files, whole, parts, found, notes), None)
    elif files:
        notes.append("Files were not compared, because the cells end otherwise already.")
    if touched:
        notes.append(f"The notebook changed files in its folder by absolute paths, so the second way may have seen them: {_some(touched)}.")
    compared = {"cells": len(cells), "files": len(files) if difference is None and not whole.failed else 0}
    return Verification(same=difference is None, compared=compared, difference=difference, notes=tuple(notes))


def _comparable(pipeline: Pipeline, whole: _Way) -> tuple[list[tuple[StepName, Cell]], int]:
    """Cells that Run All reached, in its order, and how many it did not reach."""
    cells = sorted(((step.name, cell) for step in pipeline.steps for cell in step.cells), key=lambda pair: pair[1].index)
    stop = whole.failed
    reached = next((number + 1 for number, (_, cell) in enumerate(cells) if cell.id == stop), len(cells))
    return cells[:reached], len(cells) - reached


def _of_cell(step: StepName, cell: Cell, whole: _Way, parts: _Way) -> Iterator[Difference]:
    one = comparisons.parts(whole.cells[cell.id].get("outputs", ()), str(whole.folder))
    two = comparisons.parts(parts.cells[cell.id].get("outputs", ()), str(parts.folder))
    pair = comparisons.first_difference(one, two)
    if pair is None:
        return
    shown = comparisons.excerpts(pair[0].shown if pair[0] is not None else "", pair[1].shown if pair[1] is not None else "")
    present = [part for part in pair if part is not None]
    told = next((part for part in present if part.what == "error"), present[0])
    what: Any = told.what
    yield Difference(step=step, cell=cell.index, what=what, name=told.name, run_all=shown[0], pipeline=shown[1])


def _of_files(pipeline: Pipeline, names: list[str], whole: _Way, parts: _Way, found: Run, notes: list[str]) -> Iterator[Difference]:
    unclear = []
    for name in names:
        one, two = whole.folder / name, parts.folder / name
        same: bool | None = one.is_file() == two.is_file()
        if one.is_file() and two.is_file():
            same = comparisons.same_file(one, two, (str(whole.folder), str(parts.folder)))
        if same is None:
            unclear.append(name)
        elif not same:
            texts = comparisons.excerpts(comparisons.described(one, str(whole.folder)), comparisons.described(two, str(parts.folder)))
            yield Difference(step=_writer(pipeline, found, name), cell=None, what="file", name=name, run_all=texts[0], pipeline=texts[1])
    if unclear:
        notes.append(f"Both ways wrote these files, whose bytes may differ though they hold the same: {_some(unclear)}.")


def _writer(pipeline: Pipeline, found: Run, name: str) -> StepName:
    """The step that wrote a file: as recorded, else the first that mentions it, else the last."""
    for step in found.steps:
        if step.result is not None and any(one.path == name for one in step.result.files_written):
            return step.name
    base = Path(name).name
    mentioning = [step.name for step in pipeline.steps if any(base in cell.source for cell in step.cells)]
    return mentioning[0] if mentioning else pipeline.steps[-1].name


def _raised(cell: Mapping[str, Any]) -> bool:
    tags = cell.get("metadata", {}).get("tags", [])
    return "raises-exception" not in tags and any(one["output_type"] == "error" for one in cell.get("outputs", ()))


def _some(names: set[str] | list[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:5]) + (f" and {len(ordered) - 5} more" if len(ordered) > 5 else "")
