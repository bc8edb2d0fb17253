"""Which block each code cell goes to; the rules are in the docstring of `blocks`.

A *place* is a block that has no final name yet: a step with its name, or the n-th run of cells with another role.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from jupyter_mlflow.notebook.cells import Dialect, NotebookCell
from jupyter_mlflow.notebook.problems import TagProblem
from jupyter_mlflow.notebook.tags import CellTags
from jupyter_mlflow.spec.ids import StepName
from jupyter_mlflow.spec.pipelines import Role


class Place(msgspec.Struct, frozen=True):
    """A block to be: `name` is a step's name, or the number of a run."""

    role: Role
    name: str


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The place of each cell by notebook index; skipped cells and blank untagged ones have none."""

    places: dict[int, Place]
    problems: tuple[TagProblem, ...] = ()


def place(code: Sequence[NotebookCell], understood: Mapping[int, CellTags], dialect: Dialect, whole: StepName) -> Placed:
    """The place of every code cell; `whole` names the one step of a notebook that has no `step:` tag."""
    asked = [(cell, understood[cell.index]) for cell in code if not understood[cell.index].skip]
    if any(tags.step for _, tags in asked):
        return _Walk(dialect).over(asked)
    return _Walk(dialect).over(_as_one_step(asked, whole))


def _as_one_step(asked: list[tuple[NotebookCell, CellTags]], whole: StepName) -> list[tuple[NotebookCell, CellTags]]:
    """The same cells, tagged as if their author had made one step of them."""
    step = CellTags(cell=-1, step=whole)
    start = _start_of_work(asked)
    result = []
    begun = False
    for position, (cell, tags) in enumerate(asked):
        work = cell.runs and tags.role is None and position >= start
        if (work and not begun) or (begun and tags.role == "setup"):
            begun = True
            result.append((cell, msgspec.structs.replace(step, cell=cell.index)))
        else:
            result.append((cell, tags))
    return result


def _start_of_work(asked: Sequence[tuple[NotebookCell, CellTags]]) -> int:
    """The position behind the last `parameters` cell that has untagged code below it, or 0."""
    below = False
    for position in range(len(asked) - 1, -1, -1):
        cell, tags = asked[position]
        if tags.role == "parameters" and below:
            return position + 1
        below = below or (cell.runs and tags.role is None)
    return 0


class _Walk:
    """One pass from the first cell to the last."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._previous: Place | None = None  # of the cell above
        self._step: Place | None = None  # the step above
        self._runs: dict[Role, int] = {}
        self._places: dict[int, Place] = {}
        self._problems: list[TagProblem] = []

    def over(self, asked: Sequence[tuple[NotebookCell, CellTags]]) -> Placed:
        for cell, tags in asked:
            if cell.runs or tags.step or tags.role:
                self._previous = self._places[cell.index] = self._place(cell, tags)
                if self._previous.role in {"step", "metrics"}:
                    self._step = self._previous
        return Placed(places=self._places, problems=tuple(self._problems))

    def _place(self, cell: NotebookCell, tags: CellTags) -> Place:
        if tags.step:
            return Place("step", tags.step)
        if tags.role:
            return self._run(tags.role)
        if self._dialect == "kale":
            return self._previous or self._run("setup")
        if self._step is None:
            return self._run("setup")
        if self._previous != self._step:
            self._surprise(cell.index)
        return self._step

    def _run(self, role: Role) -> Place:
        """The run that the cell above belongs to, or a new one."""
        if self._previous is not None and self._previous.role == role:
            return self._previous
        self._runs[role] = self._runs.get(role, 0) + 1
        return Place(role, str(self._runs[role]))

    def _surprise(self, cell: int) -> None:
        """Tell that an untagged cell below `setup` or `parameters` goes back to the step above those."""
        above = self._previous.role if self._previous else "setup"
        step = self._step.name if self._step and self._step.role == "step" else "metrics"
        self._problems.append(
            TagProblem(
                kind="continues-above",
                severity="info",
                cell=cell,
                tag="",
                message=f"The cell has no tag and stands below a `{above}` cell: it continues step `{step}`, which stands above that.",
                fix=f"Tag the cell `{above}` if it belongs there, or give it a step of its own.",
            )
        )
