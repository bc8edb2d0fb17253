"""The edits that users think in: this cell starts that step, this step waits for that one, rename, settings.

Each function takes a notebook and gives edits for `writer.retag`; none changes a foreign tag or the order of tags. A cell keeps the spelling its
author uses (`block:`, `prev:`), and new `after` tags in a Kale notebook are `prev:`, which Kale reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

from jupyter_mlflow.errors import NotFoundError, UsageError
from jupyter_mlflow.notebook import names, tags
from jupyter_mlflow.notebook.cells import Dialect, NotebookCell, TaggedNotebook
from jupyter_mlflow.notebook.problems import quoted
from jupyter_mlflow.notebook.settings import METADATA
from jupyter_mlflow.notebook.writer import Edit, MetadataEdit, TagEdit
from jupyter_mlflow.spec.ids import StepName

Part = Literal["setup", "parameters", "metrics"]


def set_step(notebook: TaggedNotebook, cells: Collection[int], step: str) -> list[Edit]:
    """Make cells part of a step; they stop being setup, parameters, metrics, skipped or part of another step."""
    name = _name(step)
    return [_edit(cell, _placed(cell, notebook.dialect, f"step:{name}", {"step", "role", "skip"})) for cell in _code(notebook, cells)]


def set_part(notebook: TaggedNotebook, cells: Collection[int], part: Part) -> list[Edit]:
    """Make cells setup, parameters or metrics; they stop being part of a step, and what is about steps goes with that."""
    return [_edit(cell, _placed(cell, notebook.dialect, part, _all_ours(notebook))) for cell in _code(notebook, cells)]


def set_skipped(notebook: TaggedNotebook, cells: Collection[int], *, skipped: bool) -> list[Edit]:
    """Skip cells or let them run again; their other tags stay, so that they come back to where they were."""
    code = _code(notebook, cells)
    if skipped:
        return [_edit(cell, cell.tags if any(one.strip() == "skip" for one in cell.tags) else (*cell.tags, "skip")) for cell in code]
    return [_edit(cell, [tag for tag in cell.tags if tag.strip() != "skip"]) for cell in code]


def join_above(notebook: TaggedNotebook, cells: Collection[int]) -> list[Edit]:
    """Take our tags off cells, so that they continue what stands above them."""
    ours = _all_ours(notebook)
    return [_edit(cell, [one for one in cell.tags if tags.kind(one, notebook.dialect) not in ours]) for cell in _code(notebook, cells)]


def add_after(notebook: TaggedNotebook, step: str, after: Sequence[str]) -> list[Edit]:
    """Let a step wait for others, by tags on its first cell."""
    first, *others = _cells_of(notebook, step)
    there = {name for cell in (first, *others) for tag in cell.tags for name in _waits(tag)}
    prefix = "prev" if notebook.dialect == "kale" else "after"
    new = [f"{prefix}:{name}" for name in dict.fromkeys(map(_name, after)) if name not in there]
    return [_edit(first, [*first.tags, *new])] if new else []


def remove_after(notebook: TaggedNotebook, step: str, after: Collection[str]) -> list[Edit]:
    """Let a step no longer wait for others."""
    gone = {names.step_name(one) for one in after}
    return _mapped(_cells_of(notebook, step), lambda tag: _with_waits(tag, [one for one in _waits(tag) if one not in gone]))


def rename_step(notebook: TaggedNotebook, old: str, new: str) -> list[Edit]:
    """Give a step another name, in its cells, in the tags of steps that wait for it and in its settings."""
    cells, name = _cells_of(notebook, old), _name(new)
    former = _step_of(cells[0])
    if name == former:
        return []
    code = [cell for cell in notebook.cells if cell.type == "code"]
    if any(_step_of(cell) == name for cell in code):
        raise UsageError(f"There is a step {quoted(name)} already.")
    return [*_mapped(code, lambda tag: _renamed(tag, former, name)), *_moved_settings(notebook, former, name)]


def set_settings(notebook: TaggedNotebook, step: str | None, settings: Mapping[str, Any]) -> list[Edit]:
    """Set fields of a step's settings, or with None of every step's; a field that is None is removed."""
    ours = _object(notebook.metadata.get(METADATA))
    if step is None:
        return _metadata(ours, defaults=_merged(ours.get("defaults"), settings))
    steps = _object(ours.get("steps"))
    name = _name(step)
    key = next((one for one in steps if names.step_name(one) == name), name)
    return _metadata(ours, steps=_merged(steps, {key: _merged(steps.get(key), settings) or None}))


def _all_ours(notebook: TaggedNotebook) -> set[tags.TagKind]:
    """Outside Kale's notebooks, what looks like a setting may be another tool's and stays."""
    ours: set[tags.TagKind] = {"step", "after", "role", "skip"}
    return {*ours, "setting"} if notebook.dialect == "kale" else ours


def _code(notebook: TaggedNotebook, cells: Collection[int]) -> list[NotebookCell]:
    found = []
    for index in sorted(cells):
        if not 0 <= index < len(notebook.cells):
            raise NotFoundError(f"There is no cell {index}: the notebook has {len(notebook.cells)} cells, counted from 0.")
        if notebook.cells[index].type != "code":
            raise UsageError(f"Cell {index} is a {notebook.cells[index].type} cell; only code cells are part of steps.")
        found.append(notebook.cells[index])
    return found


def _cells_of(notebook: TaggedNotebook, step: str) -> list[NotebookCell]:
    name = names.step_name(step)
    cells = [cell for cell in notebook.cells if cell.type == "code" and name and _step_of(cell) == name]
    if not cells:
        raise NotFoundError(f"There is no step {quoted(step)} in this notebook.")
    return cells


def _name(text: str) -> StepName:
    name = names.step_name(text)
    if name is None:
        raise UsageError(f"{quoted(text)} cannot be a step's name: it {names.why_invalid(text)}.")
    return name


def _step_of(cell: NotebookCell) -> StepName | None:
    return next((name for tag in cell.tags for name in _named(tag, tags.STEP_PREFIXES)), None)


def _waits(tag: str) -> list[StepName]:
    return _named(tag, tags.AFTER_PREFIXES)


def _named(tag: str, prefixes: Collection[str]) -> list[StepName]:
    """The step names behind the colon of a tag that starts with one of `prefixes`."""
    head, rest = tags.split(tag) or ("", "")
    found = (names.step_name(one) for one in rest.split(",")) if head in prefixes else ()
    return [one for one in found if one]


def _with_waits(tag: str, waits: Sequence[StepName]) -> str | None:
    """An `after` tag with other names; unchanged when they are the same, None when none is left."""
    if list(waits) == _waits(tag):
        return tag
    return f"{tag.partition(':')[0]}:{','.join(waits)}" if waits else None


def _renamed(tag: str, old: StepName | None, new: StepName) -> str:
    if _named(tag, tags.STEP_PREFIXES) == [old]:
        return f"{tag.partition(':')[0]}:{new}"
    return _with_waits(tag, [new if one == old else one for one in _waits(tag)]) or tag


def _edit(cell: NotebookCell, new: Iterable[str]) -> TagEdit:
    return TagEdit(cell=cell.index, tags=tuple(new))


def _mapped(cells: Iterable[NotebookCell], change: Callable[[str], str | None]) -> list[Edit]:
    """Edits of the cells of which a tag changes; None removes a tag."""
    new = [(cell, [one for one in map(change, cell.tags) if one is not None]) for cell in cells]
    return [_edit(cell, found) for cell, found in new if tuple(found) != cell.tags]


def _placed(cell: NotebookCell, dialect: Dialect, tag: str, replaced: Collection[tags.TagKind]) -> list[str]:
    """The cell's tags with `tag` in the place of the first that it replaces, or at the end; a `block:` stays a `block:`."""
    result: list[str] = []
    placed = False
    for one in cell.tags:
        what = tags.kind(one, dialect)
        if what not in replaced:
            result.append(one)
        elif not placed:
            keeps_prefix = what == "step" and tag.startswith("step:") and one.lstrip().startswith("block")
            result.append(tag.replace("step:", "block:", 1) if keeps_prefix else tag)
            placed = True
    return result if placed else [*result, tag]


def _moved_settings(notebook: TaggedNotebook, old: StepName | None, new: StepName) -> list[Edit]:
    ours = _object(notebook.metadata.get(METADATA))
    steps = _object(ours.get("steps"))
    moved = {new if names.step_name(key) == old else key: value for key, value in steps.items()}
    return _metadata(ours, steps=moved) if moved != steps else []


def _metadata(ours: Mapping[str, Any], **changes: Any) -> list[Edit]:
    """An edit of our metadata; objects that are left empty go."""
    return [MetadataEdit(value=_merged(ours, {key: value or None for key, value in changes.items()}))]


def _merged(old: Any, new: Mapping[str, Any]) -> dict[str, Any]:
    result = {**_object(old), **new}
    return {key: value for key, value in result.items() if value is not None or key not in new}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
