"""`papermill --engine jupyter-mlflow in.ipynb out.ipynb`: papermill's own run, with the notebook as a pipeline inside.

papermill has injected the parameters already; they stand in a cell of their own, which counts as parameters. It then owns the output
file, the progress bar, the error markers and the exit code: we tell it which cell starts, what it shows and when it ends, and steps that
run at the same time fill their cells at the same time. So the output file is as complete as the run, at any moment.

From Python, `workers`, `cache` and `keep` may be given: `papermill.execute_notebook(.., engine_name="jupyter-mlflow", workers=2)`.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import nbformat
from papermill.engines import Engine as PapermillEngine
from papermill.exceptions import PapermillException
from papermill.iorw import papermill_io
from papermill.log import logger

from jupyter_mlflow.actions import runs, slices
from jupyter_mlflow.actions.runs import Stop
from jupyter_mlflow.errors import MlflowError
from jupyter_mlflow.spec.runs import Run
from jupyter_mlflow.spec.tasks import Event

_LOOK = 0.1  # seconds between two looks at cells that may have run too long


class NotRunError(PapermillException, click.ClickException):  # type: ignore[misc]
    """The pipeline was refused or could not go on; papermill's command line shows its text and no traceback."""

    def __init__(self, message: str) -> None:
        click.ClickException.__init__(self, message)


class Engine(PapermillEngine):  # type: ignore[misc]
    """Runs the steps of the notebook in the current working folder, as papermill does."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        log_output: bool = False,  # noqa: FBT002 - papermill gives all by name
        input_path: Any = None,
        stdout_file: Any = None,
        stderr_file: Any = None,
        execution_timeout: float | None = None,
        workers: int | None = None,
        cache: bool = True,  # noqa: FBT002 - see above
        keep: Sequence[str] = (),
        **_others: Any,
    ) -> None:
        """Fill the notebook that papermill manages with the outputs of the pipeline.

        `start_timeout` and `request_save_on_cell_execute` need nothing of us: steps start in milliseconds, and papermill saves.
        """
        shown = _Shown(nb_man, log_output=log_output, files={"stdout": stdout_file, "stderr": stderr_file}, timeout=execution_timeout)
        with tempfile.TemporaryDirectory(prefix="jupyter-mlflow-") as folder, shown.watched():
            output = Path(folder) / "executed.ipynb"
            try:
                found = runs.run(
                    _absolute(input_path),
                    data=_document(nb_man.nb, kernel_name),
                    output=output,
                    folder=Path.cwd(),
                    workers=workers,
                    cache=cache,
                    keep=keep,
                    beside=[_absolute(nb_man.output_path)],
                    on_start=shown.start,
                    on_event=shown,
                    stop=shown.stop,
                )
            except MlflowError as error:
                nb_man.nb.metadata.papermill["exception"] = True
                raise NotRunError(str(error)) from error
            shown.finish(found, json.loads(output.read_text(encoding="utf-8")))


def _document(notebook: Any, kernel: str) -> bytes:
    """The notebook's text, with the kernel that papermill was told to use.

    papermill gives the cell with its parameters another id each time; with a lasting one it is the same cell in a later run.
    """
    for cell in notebook.cells:
        if "id" in cell and "injected-parameters" in cell.metadata.get("tags", ()):
            cell["id"] = "injected-parameters"
    document = json.loads(nbformat.writes(notebook))  # type: ignore[no-untyped-call]
    spec = document["metadata"].get("kernelspec", {})
    if kernel and spec.get("name") != kernel:
        document["metadata"]["kernelspec"] = {**spec, "name": kernel, "display_name": kernel}
    return json.dumps(document).encode()


def _absolute(path: Any) -> Path:
    """Where the input or output lies: papermill has left the folder that it is relative to. Others than files get a name here."""
    text = str(path) if isinstance(path, str | os.PathLike) else "-"
    if text == "-" or "://" in text:
        return Path.cwd() / (Path(text).name if "://" in text else "notebook.ipynb")
    started_in = getattr(papermill_io.get_handler(text), "_cwd", None) or Path.cwd()
    return Path(started_in) / text


class _Shown:
    """Tells papermill what happens, cell by cell."""

    def __init__(self, nb_man: Any, *, log_output: bool, files: dict[str, Any], timeout: float | None) -> None:
        self.stop = Stop()
        self._manager = nb_man
        self._log = log_output
        self._files = files
        self._timeout = timeout
        self._since: dict[int, float] = {}  # cells that run, since when
        self._late: int | None = None  # the cell that ran too long
        self._run: Run | None = None
        self._displays: dict[str, list[Any]] = {}  # outputs by display id
        self._clearing: set[int] = set()  # cells whose outputs go when the next one comes

    def start(self, run: Run) -> None:
        """A run begins."""
        self._run = run
        logger.info(f"Run {run.run}")

    def __call__(self, event: Event) -> None:
        """Something happened in it."""
        if event.kind == "step" and event.state in {"cached", "done", "failed", "cancelled"}:
            self._step(event)
        elif event.cell is None:
            return
        elif event.kind == "cell":
            self._cell(event)
        elif event.kind == "stream":
            self._stream(event)
        elif event.kind == "output":
            self._output(event)

    def finish(self, run: Run, executed: dict[str, Any]) -> None:
        """The merged copy has the last word about outputs, and papermill about what is an error."""
        notebook = self._manager.nb
        for own, ran in zip(notebook.cells, executed["cells"], strict=True):
            if own.cell_type == "code" and (ran["outputs"] or ran["execution_count"] is not None):
                _fill(own, ran)
        if "language_info" in executed["metadata"]:
            notebook.metadata["language_info"] = nbformat.from_dict(executed["metadata"]["language_info"])  # type: ignore[no-untyped-call]
        if "widgets" in executed["metadata"]:
            notebook.metadata["widgets"] = nbformat.from_dict(executed["metadata"]["widgets"])  # type: ignore[no-untyped-call]
        if self._late is not None:
            self._raise_late(notebook.cells[self._late])
        if run.state == "cancelled":
            raise KeyboardInterrupt
        if run.state == "done":
            for index, cell in enumerate(notebook.cells):
                self._passed(cell, index)
        elif not any(_raised(cell) for cell in notebook.cells):
            notebook.metadata.papermill["exception"] = True
            raise NotRunError(_why(run))

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Stop the run when a cell takes longer than papermill's `--execution-timeout`."""
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(over,), daemon=True)
        if self._timeout:
            watcher.start()
        try:
            yield
        finally:
            over.set()
            if self._timeout:
                watcher.join()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(_LOOK):
            late = [cell for cell, since in list(self._since.items()) if time.monotonic() - since > (self._timeout or 0.0)]
            if late and self._late is None:
                self._late = late[0]
                self.stop.level = 2

    def _raise_late(self, cell: Any) -> None:
        from nbclient.exceptions import CellTimeoutError

        self._manager.cell_exception(cell)
        raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", int(self._timeout or 0), cell)

    def _cell(self, event: Event) -> None:
        assert event.cell is not None
        cell = self._manager.nb.cells[event.cell]
        if event.state == "running":
            self._since[event.cell] = time.monotonic()
            cell.outputs = []  # those of a former attempt
            self._manager.cell_start(cell, event.cell)
            return
        self._since.pop(event.cell, None)
        if event.state == "failed":
            self._manager.cell_exception(cell, cell_index=event.cell)
        self._manager.cell_complete(cell, cell_index=event.cell)

    def _step(self, event: Event) -> None:
        """A step's own notebook holds all that its cells showed, events only so much of it."""
        if self._run is None:
            return
        left = slices.cells(self._run, event.step)
        for index, cell in enumerate(self._manager.nb.cells):
            ran = left.get(cell.get("id"), {})
            if cell.cell_type == "code" and ran.get("execution_count") is not None:
                _fill(cell, ran)
                self._passed(cell, index)
        self._manager.autosave_cell()

    def _passed(self, cell: Any, index: int) -> None:
        """A cell that was not run itself: reused, a text, or blank."""
        if cell.metadata.papermill["status"] == self._manager.PENDING:
            self._manager.cell_start(cell, index)
            self._manager.cell_complete(cell, cell_index=index)

    def _stream(self, event: Event) -> None:
        assert event.cell is not None
        outputs = self._outputs(event.cell)
        if outputs and outputs[-1].output_type == "stream" and outputs[-1].name == event.name:
            outputs[-1].text += event.text
        else:
            outputs.append(nbformat.v4.new_output("stream", name=event.name, text=event.text))  # type: ignore[no-untyped-call]
        if self._log:
            (logger.warning if event.name == "stderr" else logger.info)(event.text)
        file = self._files.get(event.name)
        if file is not None:
            file.write(event.text)
            file.flush()
        self._manager.autosave_cell()

    def _output(self, event: Event) -> None:
        assert event.cell is not None
        kind = event.output["output_type"]
        outputs = self._outputs(event.cell)
        if kind == "clear_output":
            self._clearing.add(event.cell)
            if not event.output.get("wait"):
                self._outputs(event.cell)
        elif kind == "update_display_data":
            for output in self._displays.get(event.output["transient"]["display_id"], ()):
                output["data"] = nbformat.from_dict(event.output["data"])  # type: ignore[no-untyped-call]
        else:
            self._append(outputs, event.output)
        self._manager.autosave_cell()

    def _append(self, outputs: list[Any], output: dict[str, Any]) -> None:
        shown = nbformat.from_dict({key: value for key, value in output.items() if key != "transient"})  # type: ignore[no-untyped-call]
        outputs.append(shown)
        identity = (output.get("transient") or {}).get("display_id")
        if identity:
            self._displays.setdefault(identity, []).append(shown)
        text = output.get("data", {}).get("text/plain")
        if self._log and text:
            logger.info("".join(text))

    def _outputs(self, cell: int) -> list[Any]:
        """Outputs of a cell to add to; cleared first if the cell asked for that."""
        if cell in self._clearing:
            self._clearing.discard(cell)
            self._manager.nb.cells[cell].outputs = []
        found: list[Any] = self._manager.nb.cells[cell].outputs
        return found


def _fill(own: Any, ran: dict[str, Any]) -> None:
    own.outputs = [nbformat.from_dict(_joined(one)) for one in ran["outputs"]]  # type: ignore[no-untyped-call]
    own.execution_count = ran["execution_count"]


def _joined(output: dict[str, Any]) -> dict[str, Any]:
    """An output with its texts whole, as papermill holds them in memory."""
    found = dict(output)
    if isinstance(found.get("text"), list):
        found["text"] = "".join(found["text"])
    if "data" in found:
        whole = {mime: "".join(value) if _is_lines(mime, value) else value for mime, value in found["data"].items()}
        found["data"] = whole
    return found


def _is_lines(mime: str, value: Any) -> bool:
    return isinstance(value, list) and not mime.endswith("json") and all(isinstance(line, str) for line in value)


def _raised(cell: Any) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", ()))


def _why(run: Run) -> str:
    failed = [(step.name, step.failure) for step in run.steps if step.failure is not None]
    told = "; ".join(f"step `{name}`: {failure.ename}: {failure.evalue}" for name, failure in failed)
    return f"Run {run.run} {run.state}. {told}".strip()
