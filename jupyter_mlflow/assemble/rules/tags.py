"""Rules about tags and settings."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from jupyter_mlflow.assemble.facts import Facts
from jupyter_mlflow.assemble.rules.rule import Finding, Rule
from jupyter_mlflow.spec.diagnostics import Place


def bad_tag(facts: Facts) -> Iterator[Finding]:
    """A tag or setting of ours cannot be understood.

    Tags are `step:<name>`, `after:<name>`, `setup`, `parameters`, `metrics` and `skip`. A step name starts with a letter or underscore
    and holds letters, digits, `_` and `-`, 63 characters at most, because it also names files, folders and Kubernetes objects.

    Change the tag or setting that is named. Tags that are not ours are never touched and never an error.
    """
    for problem in facts.blocks.problems:
        place = Place(cell=problem.cell, step=(facts.step_of(problem.cell) or None) if problem.cell is not None else None)
        yield Finding(place=place, message=problem.message, fix=problem.fix, severity=problem.severity)


def unknown_step(facts: Facts) -> Iterator[Finding]:
    """An `after:` tag names a step that does not exist.

    The order that was asked for cannot be kept, so nothing runs. Mend the name, or tag the step that is meant.
    """
    known = [str(block.name) for block in facts.blocks.blocks]
    for block in facts.blocks.blocks:
        for name in block.after:
            if str(name) not in known:
                near = difflib.get_close_matches(str(name), known, n=1)
                fix = f"Did you mean `after:{near[0]}`?" if near else f"Steps are: {', '.join(known) or 'none'}."
                yield Finding(
                    place=Place(cell=block.cells[0].index, step=str(block.name)),
                    message=f"Step `{block.name}` is to run after `{name}`, which is no step of this notebook.",
                    fix=fix,
                )


def backwards(facts: Facts) -> Iterator[Finding]:
    """An `after:` tag names a step that stands further down in the notebook.

    Run All runs cells from top to bottom. A step that waits for one below it would run in another order, and could give another result.

    Move the cells, or remove the tag.
    """
    order = {str(block.name): position for position, block in enumerate(facts.blocks.blocks)}
    for block in facts.blocks.blocks:
        for name in block.after:
            if order.get(str(name), -1) > order[str(block.name)]:
                yield Finding(
                    place=Place(cell=block.cells[0].index, step=str(block.name)),
                    message=f"Step `{block.name}` is to run after `{name}`, which stands below it.",
                    fix=f"Move the cells of `{name}` above those of `{block.name}`, or remove the tag.",
                )


RULES = (
    Rule("JM101", "unknown-step", "error", unknown_step),
    Rule("JM102", "backwards-after", "error", backwards),
    Rule("JM103", "bad-tag", "error", bad_tag),
)
