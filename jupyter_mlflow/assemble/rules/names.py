"""Rules about names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_mlflow.assemble.facts import Facts
from jupyter_mlflow.assemble.rules.rule import Finding, Rule
from jupyter_mlflow.spec.diagnostics import Place


def undefined_name(facts: Facts) -> Iterator[Finding]:
    """A name is read that no earlier cell gives.

    Run All would stop there too, unless the name comes from outside (a start-up file, an extension). When a skipped cell would have
    made the name the run is refused, for the pipeline certainly fails where the notebook in the editor may work.

    Define the name above, or tag the cell that makes it.
    """
    for one in facts.channels.missing:
        maker = next((index for index, effects in facts.skipped.items() if one.name in effects.writes), None)
        below = next((write.cell for write in facts.channels.writes.get(one.name, ()) if write.cell > one.cell), None)
        if maker is None and not one.certain:
            continue
        if maker is not None:
            hint, fix = (
                f"only the skipped cell {maker} makes it",
                f"Remove the tag `skip` of cell {maker}, or define `{one.name}` elsewhere.",
            )
        elif below is not None:
            hint, fix = f"it is made below, in cell {below}", f"Move cell {below} up."
        else:
            hint, fix = "no cell makes it", f"Define `{one.name}` in a cell above, or in a `setup` cell."
        yield Finding(
            place=Place(cell=one.cell, line=one.line, step=one.step),
            message=f"`{one.name}` may be undefined: {hint}.",
            fix=fix,
            severity="error" if maker is not None and one.certain else None,
        )


def history(facts: Facts) -> Iterator[Finding]:
    """A cell uses the history of the session (`_`, `Out[3]`, `In`) beyond its own step.

    Each step runs in a process of its own, so it cannot see what cells of other steps showed.

    Give the result a name where it is made, and use that name.
    """
    for index, effects in sorted(facts.effects.items()):
        step = facts.step_of(index)
        for name, line in effects.history.items():
            if not _own_history(facts, index, step, name):
                yield Finding(
                    place=Place(cell=index, line=line, step=step),
                    message=f"`{name}` looks at the output or text of an earlier cell, which ran in another step.",
                    fix="Give that result a name in its cell, and use the name here.",
                )


def _own_history(facts: Facts, index: int, step: str, name: str) -> bool:
    """Whether what is asked for lies within the step."""
    cells = [cell for block in facts.blocks.blocks for cell in block.cells if cell.index < index]
    own = {cell.index for cell in facts.block(step).cells}
    if not [cell for cell in cells if cell.index not in own]:
        return True
    if name == "_":
        shown = [cell.index for cell in cells if facts.effects[cell.index].shows]
        return bool(shown) and max(shown) in own
    counts = {cell.count for cell in facts.block(step).cells if cell.index < index or (name in {"In", "_ih"} and cell.index == index)}
    if re.fullmatch(r"_\d+", name):
        return int(name[1:]) in counts
    if name in {"Out", "_oh", "In", "_ih"}:
        source = next(cell.source for cell in facts.block(step).cells if cell.index == index)
        asked = re.findall(rf"\b{name}\s*\[\s*(\d+)\s*\]", source)
        return bool(asked) and len(asked) == len(re.findall(rf"\b{name}\b", source)) and all(int(one) in counts for one in asked)
    return False


def any_name(facts: Facts) -> Iterator[Finding]:
    """A cell may read or bind any name, so its step runs after all steps above it, and all below run after it.

    `exec`, `eval` and `globals()` with texts that are only known at run time, `from x import *`, `%run` and magics that we do not know
    hide what they touch. The result is right; steps around it just cannot run at the same time.

    Import by name, or put such cells into `setup`.
    """
    for index, effects in sorted(facts.effects.items()):
        step = facts.step_of(index)
        if facts.block(step).role == "step" and (effects.reads_any or effects.writes_any) and len(facts.pipeline.steps) > 1:
            verb = " or ".join(word for word, line in (("read", effects.reads_any), ("bind", effects.writes_any)) if line)
            magics = [f"%{name}" for name in effects.magics]
            yield Finding(
                place=Place(cell=index, line=effects.reads_any or effects.writes_any, step=step),
                message=f"{' and '.join(magics) or 'This cell'} may {verb} any name, so step `{step}` waits for all steps above.",
                fix="Import by name and use plain names, or move the cell to `setup`.",
            )


RULES = (
    Rule("JM201", "undefined-name", "warning", undefined_name),
    Rule("JM202", "session-history", "error", history),
    Rule("JM203", "any-name", "info", any_name),
)
