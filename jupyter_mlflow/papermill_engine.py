"""`papermill --engine jupyter-mlflow in.ipynb out.ipynb`: papermill's own run, with the notebook as a pipeline inside.

papermill has injected the parameters already; they stand in a cell of their own, which counts as parameters.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from papermill.engines import Engine as PapermillEngine

from jupyter_mlflow.actions import runs


class Engine(PapermillEngine):  # type: ignore[misc]
    """Runs the steps of the notebook in the current working folder, as papermill does."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> None:  # noqa: ARG003 - papermill passes them
        """Fill the notebook that papermill manages with the outputs of the pipeline."""
        with tempfile.TemporaryDirectory() as folder:
            source, output = Path(folder) / "notebook.ipynb", Path(folder) / "output.ipynb"
            nbformat.write(nb_man.nb, source)  # type: ignore[no-untyped-call]
            runs.run(source, output=output, folder=Path.cwd())
            document = json.loads(output.read_text(encoding="utf-8"))
        _fill(nb_man, nbformat.from_dict(document))  # type: ignore[no-untyped-call]


def _fill(nb_man: Any, executed: Any) -> None:
    for index, (own, ran) in enumerate(zip(nb_man.nb.cells, executed.cells, strict=True)):
        if own.cell_type != "code":
            continue
        nb_man.cell_start(own, index)
        own.outputs, own.execution_count = ran.outputs, ran.execution_count
        error = next((one for one in ran.outputs if one.output_type == "error"), None)
        if error is not None and "raises-exception" not in own.metadata.get("tags", []):
            from nbclient.exceptions import CellExecutionError

            problem = CellExecutionError("\n".join(error.traceback), error.ename, error.evalue)
            nb_man.cell_exception(own, cell_index=index, exception=problem)
            nb_man.cell_complete(own, cell_index=index)
            return
        nb_man.cell_complete(own, cell_index=index)
