"""Our papermill engine: papermill keeps the record of each cell, a host runs it."""

from __future__ import annotations

from typing import Any

from papermill.engines import Engine, NotebookExecutionManager, papermill_engines

from jupyter_mlflow.runtime.executions import Execution

NAME = "jupyter-mlflow-step"


class StepEngine(Engine):  # type: ignore[misc] # papermill has no types
    """Registered with papermill as `jupyter-mlflow-step`, for this process only."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, *, execution: Execution, **_: Any) -> None:  # noqa: ARG003
        """Run all cells of the step until one fails; called by papermill."""
        nb_man.save = execution.saver.save_if_due
        nb_man.nb.metadata["language_info"] = execution.language_info()
        for index, cell in enumerate(nb_man.nb.cells):
            nb_man.cell_start(cell, index)
            try:
                if not execution.run(index, cell):
                    nb_man.cell_exception(cell, cell_index=index)
                    break
            finally:
                nb_man.cell_complete(cell, cell_index=index)


papermill_engines.register(NAME, StepEngine)


def execute(execution: Execution, kernel: str) -> None:
    """Have papermill run the notebook of `execution`."""
    papermill_engines.execute_notebook_with_engine(
        NAME, execution.recorder.notebook, kernel_name=kernel, output_path=None, progress_bar=False, log_output=False, execution=execution
    )
