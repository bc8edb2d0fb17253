"""Rules about what stays in the process of a step."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_mlflow.assemble.facts import Facts
from jupyter_mlflow.assemble.rules.rule import Finding, Rule
from jupyter_mlflow.dataflow.effects import Effects, Lingering
from jupyter_mlflow.spec.diagnostics import Place


def stays_behind(facts: Facts) -> Iterator[Finding]:
    """A call leaves something in its process that no later step would find.

    Environment variables set by `os.putenv`, mocks that were started and not stopped, `atexit` functions that touch files: in Run All they
    last until the kernel ends, which is after the last cell. A step's process ends with the step, and nothing can carry them on.

    Put the cells that rely on it into one step, or use what travels: `os.environ`, a `with` block, an explicit last step that cleans up.
    """
    for index, effects in sorted(facts.effects.items()):
        step = facts.step_of(index)
        later = _next_step(facts, index, step)
        for call, stay in effects.stays.items():
            if later is not None:
                yield Finding(
                    place=Place(cell=index, line=stay.line, step=step),
                    message=f"`{call}` leaves {stay.words}; step `{facts.step_of(later)}` runs in another process, without it.",
                    fix="Put the cells that rely on it into one step, or undo it in the cell that does it.",
                    related=(Place(cell=later, step=facts.step_of(later)),),
                )


def lingering_thread(facts: Facts) -> Iterator[Finding]:
    """A thread or a task may still change something when its step has ended.

    In Run All it goes on while the next cells run. A step hands over what is there when its last cell ends, so what it does afterwards
    would be lost.

    Wait for it in the same step: `thread.join()`, `await task`.
    """
    for index, effects in sorted(facts.effects.items()):
        step = facts.step_of(index)
        for one in effects.lingering:
            seen = "" if _joined(facts, index, step) else _seen_later(facts, step, one)
            if seen:
                yield Finding(
                    place=Place(cell=index, line=one.line, step=step),
                    message=f"This {one.kind} may go on when step `{step}` has ended, and a later step looks at {seen}, which it may change.",
                    fix=f"Wait for it in the same step, with {_WAITING[one.kind]}.",
                )


_WAITING = {"thread": "`thread.join()`", "task": "`await task`"}


def _joined(facts: Facts, index: int, step: str) -> bool:
    return any(effects.joins for one, effects in facts.effects.items() if one >= index and facts.step_of(one) == step)


def _seen_later(facts: Facts, step: str, thread: Lingering) -> str:
    for need in facts.channels.needs.values():
        if need.source == step and need.key in thread.names:
            return f"`{need.key}`"
    return "files" if thread.files and any(one.source == step for one in facts.channels.orders) else ""


def rewritten_cells(facts: Facts) -> Iterator[Finding]:
    """A cell changes how the text of later cells is read.

    What an input or syntax transformer of IPython makes of a cell is only known when it runs, so nobody can tell which names it reads.

    Remove the transformer, or put the cells that need it into its step.
    """
    for index, effects in sorted(facts.effects.items()):
        step = facts.step_of(index)
        later = _next_step(facts, index, step) if effects.rewrites else None
        for call, line in effects.rewrites.items():
            if later is not None:
                yield Finding(
                    place=Place(cell=index, line=line, step=step),
                    message=f"`{call}` changes the text of all cells below; what they read and write cannot be told.",
                    fix="Remove it, or put the cells that need it into this step.",
                    related=(Place(cell=later, step=facts.step_of(later)),),
                )


def _next_step(facts: Facts, index: int, step: str) -> int | None:
    """The first cell below that another step runs, if it holds any code."""

    def runs(one: int, effects: Effects) -> bool:
        return one > index and facts.step_of(one) != step and bool(effects.names or effects.writes or effects.uses or effects.shows)

    return next((one for one, effects in sorted(facts.effects.items()) if runs(one, effects)), None)


RULES = (
    Rule("JM311", "stays-behind", "error", stays_behind),
    Rule("JM312", "lingering-thread", "error", lingering_thread),
    Rule("JM313", "rewritten-cells", "error", rewritten_cells),
)
