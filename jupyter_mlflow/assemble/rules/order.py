"""Rules about the order of steps."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_mlflow.assemble.facts import Facts
from jupyter_mlflow.assemble.rules.rule import Finding, Rule
from jupyter_mlflow.dataflow import channels
from jupyter_mlflow.spec.diagnostics import Place
from jupyter_mlflow.spec.pipelines import ASIDE, Channel, Edge


def cycle(facts: Facts) -> Iterator[Finding]:
    """Steps wait for each other in a circle.

    This happens when the cells of a step stand apart and another step between them both uses what the first part made and makes what
    the second part uses. Run All runs the parts at different times; a step runs once.

    Give the later part a step name of its own.
    """
    found = channels.cycle({step: set(sources) for step, sources in facts.pipeline.waits.items()})
    if found:
        first = facts.block(found[0])
        names = " -> ".join(f"`{name}`" for name in (*reversed(found), found[-1]))
        yield Finding(
            place=Place(cell=first.cells[-1].index, step=found[0]),
            message=f"Steps wait for each other in a circle: {names}.",
            fix=f"Give the last cells of `{_torn(facts, found)}` a step name of their own.",
            related=tuple(Place(cell=facts.block(name).cells[0].index, step=name) for name in found[1:]),
        )


def _torn(facts: Facts, names: tuple[str, ...]) -> str:
    def span(name: str) -> int:
        cells = facts.block(name).cells
        return cells[-1].index - cells[0].index - len(cells)

    return max(names, key=span)


def split_step(facts: Facts) -> Iterator[Finding]:
    """The cells of a step stand apart, and a step between them needs something that changes again.

    In Run All the step in between sees the state of its moment. As a pipeline it could only see the state from before the first part or
    after the last.

    Give the later part a step name of its own.
    """
    seen: set[tuple[str, str]] = set()
    for clash in facts.channels.clashes:
        if (clash.step, clash.other) in seen:
            continue
        seen.add((clash.step, clash.other))
        yield Finding(
            place=Place(cell=clash.cell, step=clash.step),
            message=f"Step `{clash.step}` is continued here, and `{clash.other}` in between needs or changes `{clash.key}`.",
            fix=f"Give these cells a step name of their own, instead of `{clash.step}`.",
        )


def serialised(facts: Facts) -> Iterator[Finding]:
    """Two steps run one after the other only because the first may change something that the second reads.

    The result is right, but the steps could run at the same time if each worked on a name of its own, or on a copy. Nothing needs to be
    done.
    """
    roles = {step.name: step.role for step in facts.pipeline.steps}
    for edge in facts.pipeline.edges if facts.notebook.kernel.is_python else ():  # steps in other languages keep their order anyway
        if edge.explicit or roles[edge.source] in ASIDE or any(_handed_over(facts, edge, one) for one in edge.channels):
            continue
        doubtful = [one for one in edge.channels if not _made_there(facts, one.name, str(edge.source))] or list(edge.channels)
        if not doubtful:
            continue
        names = ", ".join(f"`{one.name}`" if one.name != "*" else "files" for one in doubtful[:4])
        cell = doubtful[0].cells[-1] if doubtful[0].cells else None
        yield Finding(
            place=Place(cell=cell, step=str(edge.target)),
            message=f"Step `{edge.target}` waits for `{edge.source}`, because that may change {names}.",
            fix="To let them run at the same time, let each work on a name of its own or on a copy.",
        )


def _handed_over(facts: Facts, edge: Edge, channel: Channel) -> bool:
    """Whether the edge is there for a name that its source makes and its target looks at itself, be it only in a branch."""
    need = facts.channels.needs.get((str(edge.target), channel.name))
    own = need is not None and not need.passing
    return channel.certainty == "certain" or (own and _made_there(facts, channel.name, str(edge.source)))


def _made_there(facts: Facts, name: str, step: str) -> bool:
    """Whether `step` certainly gives the name."""
    return any(write.step == step and write.certain for write in facts.channels.writes.get(name, ()))


RULES = (
    Rule("JM111", "cycle", "error", cycle),
    Rule("JM112", "split-step", "error", split_step),
    Rule("JM113", "serialised", "info", serialised),
)
