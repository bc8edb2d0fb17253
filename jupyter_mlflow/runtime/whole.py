"""All cells of a notebook in one stock kernel, as Run All does: what a pipeline is compared with. A program of its own.

    stdin   {"notebook": nbformat 4, "kernel": .., "folder": .., "skip": [cell id], "parameters": {cell id: {name: value}}, "secrets": [..]}
    fd N    {"notebook": the executed document}  or  {"error": text}; N is the only argument of `main`

Nothing of it touches the disk: parameters may be secret. They are set as papermill would write them, right after their cell ran, but silently,
so that counts are those of Run All and the kernel's history does not learn them.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from jupyter_mlflow.runtime import hashes
from jupyter_mlflow.runtime.redaction import Redactor
from jupyter_mlflow.spec.pipelines import Kernel

_DIED = {"output_type": "error", "ename": "ProcessDied", "evalue": "The kernel died.", "traceback": []}
_IN_MEMORY = ["--HistoryManager.hist_file=:memory:"]


def execute(request: dict[str, Any]) -> dict[str, Any]:
    """Run the cells in order until one fails; gives the document with their outputs."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    notebook = nbformat.from_dict(request["notebook"])  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook,
        kernel_name=request["kernel"],
        timeout=None,
        resources={"metadata": {"path": request["folder"]}},
        extra_arguments=_IN_MEMORY if Kernel(language=request["language"]).is_python else [],
    )
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code" or cell.id in request["skip"]:
                continue
            try:
                client.execute_cell(cell, index)
            except CellExecutionError:
                break
            except DeadKernelError:
                cell.outputs.append(nbformat.from_dict(_DIED))  # type: ignore[no-untyped-call]
                break
            _set(client, request["parameters"].get(cell.id), request)
    return {"notebook": Redactor(request["secrets"]).value(notebook)}


def _set(client: Any, values: dict[str, Any] | None, request: dict[str, Any]) -> None:
    if not values:
        return
    from papermill.translators import papermill_translators

    code = papermill_translators.find_translator(request["kernel"], request["language"]).codify(values)
    client.wait_for_reply(client.kc.execute(code, silent=True, store_history=False))


def main(arguments: list[str]) -> int:
    """Read the request, answer, end."""
    request = json.load(sys.stdin)
    hashes.fix(os.environ)
    try:
        answer = execute(request)
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer must say it
        answer = {"error": f"{type(error).__name__}: {error}"}
    with os.fdopen(int(arguments[0]), "w", encoding="utf-8") as pipe:
        json.dump(answer, pipe)
    return 0
