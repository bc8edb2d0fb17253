"""What cells put out, as the executed notebook holds it and as events tell it.

Follows nbclient: displays with an id are updated wherever they stand, also in earlier cells of the step;
`clear_output(wait=True)` clears when the next output comes. Beyond it: text of one stream that comes in
portions is one output, as JupyterLab shows it.

A display's id stays with its output, and updates of displays that earlier steps made are kept, so that `notebook.executed` can apply them.

Events carry outputs as nbformat has them, and two that it has not, named as in Jupyter's protocol:
`{"output_type": "update_display_data", "data", "metadata", "transient": {"display_id"}}` and
`{"output_type": "clear_output", "wait"}`. A display with an id has `transient` in its event only.
"""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode

from jupyter_mlflow.notebook import executed
from jupyter_mlflow.runtime.notebooks import node
from jupyter_mlflow.runtime.reports import Reports

_OUTPUTS = frozenset({"display_data", "execute_result", "error"})
_BAR = re.compile(r"(?:^|[\s:])(\d{1,3})%\|")


class Recorder:
    """Keeps the outputs of the cell that runs, in the notebook and in reports."""

    def __init__(self, notebook: NotebookNode, reports: Reports) -> None:
        self.notebook = notebook
        self.reports = reports
        self._cell: NotebookNode | None = None
        self._next: tuple[NotebookNode, int] = node({"outputs": []}), -1
        self._clear_next = False
        self._open: list[str] = []  # portions of the last output, which is a stream
        self._displays: dict[str, list[tuple[int, NotebookNode]]] = {}
        self._widgets: dict[str, dict[str, Any]] = {}
        self._buffers: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}

    def announce(self, cell: NotebookNode, index: int) -> None:
        """`cell` will start; until it does, what comes late belongs to the one before."""
        self._next = cell, index

    def start(self) -> None:
        """From now on what comes belongs to the announced cell."""
        self.settle()
        self._cell, index = self._next
        self._clear_next = False
        self.reports.current(index)

    def pause(self) -> None:
        """From now on what comes belongs to no cell: it is not the user's code that runs. It goes to the log."""
        self.settle()
        self._cell = None
        self.reports.current(None)

    def print(self, name: str, text: str) -> None:
        """Printed text."""
        text = self.reports.stream(name, text)
        if text:
            self._print(name, text)

    def publish(self, kind: str, content: dict[str, Any], buffers: list[str] | None = None) -> None:
        """A message of Jupyter's protocol."""
        if kind == "stream":
            self.print(content["name"], content["text"])
            return
        self._let_out()
        if kind in _OUTPUTS:
            self._add(kind, self.reports.redactor.value(content))
        elif kind == "update_display_data":
            self._update(self.reports.redactor.value(content))
        elif kind == "clear_output":
            self._clear(wait=bool(content.get("wait")))
        elif kind.startswith("comm_"):
            self._keep_widget(self.reports.redactor.value(content), buffers or [])

    def fail(self, ename: str, evalue: str, traceback: list[str]) -> None:
        """Show in the cell what ended it from outside."""
        self.publish("error", {"ename": ename, "evalue": evalue, "traceback": traceback})

    def last_error(self) -> NotebookNode | None:
        """The error that the cell shows, if it shows one."""
        outputs = self._cell.outputs if self._cell is not None else []
        return next((output for output in reversed(outputs) if output.output_type == "error"), None)

    def settle(self) -> None:
        """Make the notebook complete: nothing is held back."""
        self._let_out()
        self._join()
        if self._widgets:
            self.notebook.metadata.widgets = node({"application/vnd.jupyter.widget-state+json": self._widget_states()})

    def _let_out(self) -> None:
        for name, text in self.reports.held_back():
            self._print(name, text)

    def _print(self, name: str, text: str) -> None:
        if self._cell is None:
            return
        self._clear_if_due()
        outputs = self._cell.outputs
        if not (outputs and outputs[-1].output_type == "stream" and outputs[-1].name == name):
            self._join()
            outputs.append(node({"output_type": "stream", "name": name, "text": ""}))
        self._open.append(text)
        if name == "stderr":
            self._tell_progress(text)

    def _join(self) -> None:
        if self._open and self._cell is not None:
            self._cell.outputs[-1]["text"] += "".join(self._open)
        self._open = []

    def _add(self, kind: str, content: dict[str, Any]) -> None:
        self._clear_if_due()
        shown = (content.get("transient") or {}).get("display_id")
        plain = {name: content[name] for name in _FIELDS[kind] if name in content}
        output = node({"output_type": kind, **plain})
        self.reports.output({"output_type": kind, **plain, **({"transient": {"display_id": shown}} if shown else {})})
        if self._cell is None:
            return
        self._join()
        self._cell.outputs.append(output)
        if shown:
            self._displays.setdefault(shown, []).append((id(self._cell), output))
            self._show(shown, content)

    def _update(self, content: dict[str, Any]) -> None:
        shown = (content.get("transient") or {}).get("display_id")
        plain = {"data": content["data"], "metadata": content.get("metadata") or {}}
        self.reports.output({"output_type": "update_display_data", **plain, "transient": {"display_id": shown}})
        if shown and self._displays.get(shown):
            self._show(shown, content)
        elif shown and self._cell is not None:
            self._leave({"display_id": shown, "cell": self._cell.get("id", ""), **plain})

    def _show(self, shown: str, content: dict[str, Any]) -> None:
        for _, output in self._displays[shown]:
            output["data"] = node(content["data"])
            output["metadata"] = node({**(content.get("metadata") or {}), executed.DISPLAY_ID: shown})

    def _leave(self, update: dict[str, Any]) -> None:
        """Keep an update for the cells of other steps."""
        ours = self.notebook.metadata.setdefault(executed.OURS, node({}))
        before = [
            one for one in ours.get(executed.UPDATES, ()) if (one["display_id"], one["cell"]) != (update["display_id"], update["cell"])
        ]
        ours[executed.UPDATES] = node([*before, update])

    def _clear(self, *, wait: bool) -> None:
        self.reports.output({"output_type": "clear_output", "wait": wait})
        self._clear_next = wait
        if not wait:
            self._empty()

    def _clear_if_due(self) -> None:
        if self._clear_next:
            self._clear_next = False
            self._empty()

    def _empty(self) -> None:
        self._open = []
        if self._cell is not None:
            self._cell.outputs = []
            self._displays = {shown: [place for place in places if place[0] != id(self._cell)] for shown, places in self._displays.items()}

    def _tell_progress(self, text: str) -> None:
        bars = _BAR.findall(text)
        if bars:
            self.reports.progress(min(int(bars[-1]), 100) / 100)

    def _keep_widget(self, content: dict[str, Any], buffers: list[str]) -> None:
        data, name = content.get("data") or {}, content["comm_id"]
        if "state" not in data:
            return
        self._widgets.setdefault(name, {}).update(data["state"])
        for path, buffer in zip(data.get("buffer_paths") or [], buffers, strict=False):
            self._buffers.setdefault(name, {})[tuple(map(str, path))] = {"data": buffer, "encoding": "base64", "path": path}

    def _widget_states(self) -> dict[str, Any]:
        states = {name: _widget(state) for name, state in self._widgets.items() if "_model_name" in state}
        for name, buffers in self._buffers.items():
            if name in states:
                states[name]["buffers"] = list(buffers.values())
        return {"state": states, "version_major": 2, "version_minor": 0}


_FIELDS = {
    "display_data": ("data", "metadata"),
    "execute_result": ("data", "metadata", "execution_count"),
    "error": ("ename", "evalue", "traceback"),
}


def _widget(state: dict[str, Any]) -> dict[str, Any]:
    return {
        "model_name": state.get("_model_name"),
        "model_module": state.get("_model_module"),
        "model_module_version": state.get("_model_module_version"),
        "state": state,
    }
