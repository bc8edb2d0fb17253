"""What the world hears of a step while it runs: events for the engine, a log for people.

Events are stored by those who hear them, and shown live, so there is a bound to what a step says in them. The log and the executed
notebook hold all of it.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from jupyter_mlflow.runtime.redaction import Redactor
from jupyter_mlflow.spec.tasks import Event, StepTask, TaskCell

# Text is gathered for so long, or until it is so much, before it becomes an event.
_GATHER = 0.05
_GATHERED = 1 << 16

# So much printed text of a step, and so much of one kind of an output (a large picture), goes into events.
_PRINTED = 8 << 20
_SHOWN = 4 << 20

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Reports:
    """Events and log of one step; everything that passes here is free of secrets."""

    def __init__(self, task: StepTask, redactor: Redactor, emit: Callable[[Event], None], log: BinaryIO) -> None:
        self.redactor = redactor
        self._step = task.step
        self._emit = emit
        self._log = log
        self._fresh_line = True
        self._cell: int | None = None
        self._held: dict[str, str] = {}  # ends of streams in which a secret may have begun
        self._gathered: list[str] = []
        self._gathered_name = ""
        self._gathered_since = 0.0
        self._fraction = -1.0
        self._left = _PRINTED

    def cell(self, cell: TaskCell, state: str, position: int, total: int, text: str = "") -> None:
        """A cell's state has changed: running, done or failed."""
        self.flush()
        if state == "running":
            self.note(f"cell {cell.index} ({position} of {total})")
        self._tell(kind="cell", cell=cell.index, state=state, position=position, total=total, text=self.redactor.text(text))

    def current(self, cell: int | None) -> None:
        """Outputs that come from now on are this cell's."""
        self.flush()
        self._cell = cell
        self._fraction = -1.0

    def stream(self, name: str, text: str) -> str:
        """Printed text has come; gives what of it can be shown, without secrets."""
        shown, held = self.redactor.split(self._held.pop(name, "") + text)
        if held:
            self._held[name] = held
        if shown:
            self._say(name, shown)
        return shown

    def held_back(self) -> Iterator[tuple[str, str]]:
        """The ends of streams that waited for more, which does not come."""
        while self._held:
            name, text = self._held.popitem()
            self._say(name, text)
            yield name, text

    def output(self, output: dict[str, Any]) -> None:
        """A rich output, free of secrets already."""
        self.flush()
        if output["output_type"] == "error":
            self._write(_COLOURS.sub("", "\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}") + "\n")
        self._tell(kind="output", output=_bounded(output))

    def progress(self, fraction: float) -> None:
        """A progress bar moved."""
        if fraction != self._fraction:
            self._fraction = fraction
            self._tell(kind="progress", fraction=fraction)

    def note(self, text: str) -> None:
        """A line of ours in the log."""
        self._write(f"{'' if self._fresh_line else chr(10)}[{time.strftime('%H:%M:%S')}] {self.redactor.text(text)}\n")

    def tick(self) -> float | None:
        """Let out text that was gathered long enough; gives the seconds until that is due."""
        if not self._gathered:
            return None
        due = self._gathered_since + _GATHER - time.monotonic()
        if due > 0:
            return due
        self.flush()
        return None

    def flush(self) -> None:
        """Let out all gathered text."""
        if self._gathered:
            text, self._gathered = "".join(self._gathered), []
            if self._left > 0:
                self._tell(kind="stream", name=self._gathered_name, text=self._within(text))

    def _within(self, text: str) -> str:
        """What of the text is still told, and when that is the last of it, that there is more."""
        told, self._left = text[: self._left], self._left - len(text)
        if self._left > 0:
            return told
        return f"{told}\n[The step printed more than {_PRINTED >> 20} MiB. All of it is in its log and in the executed notebook.]\n"

    def _say(self, name: str, text: str) -> None:
        self._write(text)
        if name != self._gathered_name or sum(map(len, self._gathered)) > _GATHERED:
            self.flush()
        if not self._gathered:
            self._gathered_name, self._gathered_since = name, time.monotonic()
        self._gathered.append(text)

    def _write(self, text: str) -> None:
        if text:
            self._fresh_line = text.endswith("\n")
            with contextlib.suppress(OSError):  # a full disk ends the step where its notebook is saved
                self._log.write(text.encode("utf-8", "backslashreplace"))

    def _tell(self, **fields: Any) -> None:
        where: dict[str, Any] = {"time": time.time(), "step": self._step, "cell": self._cell}
        self._emit(Event(**(where | fields)))


def _bounded(output: dict[str, Any]) -> dict[str, Any]:
    """The output without what is too large to be told; its metadata says what that is."""
    large = {kind: len(value) for kind, value in output.get("data", {}).items() if isinstance(value, str) and len(value) > _SHOWN}
    if not large:
        return output
    data = {kind: value for kind, value in output["data"].items() if kind not in large}
    told = ", ".join(f"{kind} of {size / (1 << 20):.0f} MiB" for kind, size in large.items())
    data.setdefault("text/plain", f"[{told}: see the executed notebook]")
    return {**output, "data": data, "metadata": {**output.get("metadata", {}), "jupyter_mlflow_omitted": large}}
