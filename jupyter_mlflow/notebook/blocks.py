"""Tagged cells -> blocks of cells that run together, in notebook order of their first cell.

    Block = step        all cells with one `step:` name, wherever they stand
          | setup       a run of `setup` cells, or of untagged cells before the first step
          | parameters  a run of `parameters` cells
          | metrics     a run of `metrics` cells

A *run* is broken only by a cell of another block: text cells, blank cells and skipped cells are transparent.

Where an untagged code cell goes:
- It continues the step above it; `metrics` counts as a step here, `setup` and `parameters` do not. Before the first step it is setup.
- In Kale's notebooks it continues whatever stands above it, as in Kale; before the first tag it is setup, where Kale would drop it.

A notebook without any `step:` tag is one step, named after the notebook. Untagged cells above its `parameters` cell are setup (papermill's usual
order: imports, parameters, work), and `setup` cells between its cells are part of it, so that nothing is pulled out of its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from jupyter_mlflow.notebook import layers, names, placing, tags
from jupyter_mlflow.notebook import settings as notebook_settings
from jupyter_mlflow.notebook.cells import NotebookCell, TaggedNotebook
from jupyter_mlflow.notebook.placing import Place
from jupyter_mlflow.notebook.problems import TagProblem, quoted
from jupyter_mlflow.notebook.settings import NotebookSettings
from jupyter_mlflow.notebook.tags import CellTags
from jupyter_mlflow.spec.ids import StepName
from jupyter_mlflow.spec.pipelines import Cell, Role, Settings

__all__ = ["Block", "Blocks", "TagProblem", "blocks"]


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Code cells that become one step; never empty."""

    name: StepName
    role: Role
    cells: tuple[Cell, ...]
    after: tuple[StepName, ...] = ()  # as tagged: a name may be no step of this notebook
    settings: Settings = Settings()


class Blocks(msgspec.Struct, frozen=True, kw_only=True):
    """A notebook cut into blocks; `skipped` cells never run and have the count 0."""

    blocks: tuple[Block, ...]
    skipped: tuple[Cell, ...]
    problems: tuple[TagProblem, ...]
    settings: NotebookSettings = NotebookSettings()


def blocks(notebook: TaggedNotebook) -> Blocks:
    """Cut a notebook into blocks."""
    code = [cell for cell in notebook.cells if cell.type == "code"]
    understood = {cell.index: tags.understand(cell, notebook.dialect) for cell in code}
    checked = notebook_settings.check(notebook)
    placed = placing.place(code, understood, notebook.dialect, names.suggestion(notebook.name, default="notebook"))
    groups = _groups(code, placed.places)
    own = _tagged(understood.values())
    named = _names(groups, own)
    counts = _counts(code, understood)
    found = tuple(
        _block(named[place], place.role, (_cell(one, counts[one.index]) for one in cells), own.get(place, []), checked.settings)
        for place, cells in groups.items()
    )
    text = [one for cell in notebook.cells if cell.type != "code" for one in tags.on_text_cell(cell, notebook.dialect)]
    problems = [
        *(problem for one in understood.values() for problem in one.problems),
        *text,
        *placed.problems,
        *_empty_steps(own, groups),
        *_conflicts(own),
        *checked.problems,
        *notebook_settings.of_unknown_steps(checked.settings, [str(block.name) for block in found]),
    ]
    return Blocks(
        blocks=found,
        skipped=tuple(_cell(cell, 0) for cell in code if cell.runs and understood[cell.index].skip),
        problems=tuple(sorted(problems, key=lambda one: (one.cell is None, one.cell or 0))),
        settings=checked.settings,
    )


def _groups(code: Sequence[NotebookCell], places: dict[int, Place]) -> dict[Place, list[NotebookCell]]:
    """Cells by the block they are placed in, in notebook order of first cells; blank cells are left out."""
    groups: dict[Place, list[NotebookCell]] = {}
    for cell in code:
        if cell.runs and cell.index in places:
            groups.setdefault(places[cell.index], []).append(cell)
    return groups


def _tagged(understood: Iterable[CellTags]) -> dict[Place, list[CellTags]]:
    """The tags of each step, from the cells that carry its name; blank ones too."""
    steps: dict[Place, list[CellTags]] = {}
    for one in understood:
        if one.step:
            steps.setdefault(Place("step", one.step), []).append(one)
    return steps


def _names(groups: Iterable[Place], tagged: Iterable[Place]) -> dict[Place, StepName]:
    """Steps keep their names; the others get the name of their role, with a number where that is taken."""
    places = list(groups)
    taken = {place.name.casefold() for place in (*places, *tagged) if place.role == "step"}
    named: dict[Place, StepName] = {}
    for place in places:
        named[place] = StepName(place.name) if place.role == "step" else names.free(place.role, taken)
        taken.add(named[place].casefold())
    return named


def _counts(code: Sequence[NotebookCell], understood: dict[int, CellTags]) -> dict[int, int]:
    """Execution counts as Run All would show them."""
    ran = (cell.index for cell in code if cell.runs and not understood[cell.index].skip)
    return {index: count for count, index in enumerate(ran, start=1)}


def _block(name: StepName, role: Role, cells: Iterable[Cell], own: Sequence[CellTags], metadata: NotebookSettings) -> Block:
    # The first cell that says something counts, as in Kale: later ones are the weaker layers.
    tagged = [setting.layer for one in reversed(own) for setting in reversed(one.settings)]
    return Block(
        name=name,
        role=role,
        cells=tuple(cells),
        after=tuple(dict.fromkeys(after for one in own for after in one.after)),
        settings=layers.settings([*metadata.defaults, *tagged, metadata.steps.get(name, {})]),
    )


def _cell(cell: NotebookCell, count: int) -> Cell:
    return Cell(id=cell.id, index=cell.index, count=count, source=cell.source, tags=cell.tags)


def _empty_steps(own: Mapping[Place, Sequence[CellTags]], groups: Collection[Place]) -> list[TagProblem]:
    """Steps of which every cell is blank: they are left out."""
    return [
        TagProblem(
            kind="empty-step",
            severity="warning",
            cell=tagged[0].cell,
            tag=f"step:{place.name}",
            message=f"Step {quoted(place.name)} has no code, so it is left out.",
            fix="Write its code, or remove the tag.",
        )
        for place, tagged in own.items()
        if place not in groups
    ]


def _conflicts(own: Mapping[Place, Sequence[CellTags]]) -> list[TagProblem]:
    """Setting tags of one step that ask for different things."""
    problems = []
    for place, tagged in own.items():
        settings = [setting for one in tagged for setting in one.settings]
        for position, setting in enumerate(settings):
            clash = next((one for one in settings[:position] if layers.conflicts(one.layer, setting.layer)), None)
            if clash:
                problems.append(
                    TagProblem(
                        kind="setting-conflict",
                        severity="warning",
                        cell=setting.cell,
                        tag=setting.tag,
                        message=f"Step `{place.name}` has both {quoted(clash.tag)} and {quoted(setting.tag)}; the first one counts.",
                        fix="Remove one of them.",
                    )
                )
    return problems
