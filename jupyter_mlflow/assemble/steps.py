"""Blocks of cells and channels -> steps with what they start with and give, and edges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from jupyter_mlflow.dataflow.channels import Channels, Need
from jupyter_mlflow.dataflow.effects import Effects
from jupyter_mlflow.notebook.blocks import Block, Blocks
from jupyter_mlflow.spec.ids import Key, StepName
from jupyter_mlflow.spec.pipelines import Channel, ChannelKind, Edge, Read, Step


def steps(found: Blocks, effects: Mapping[int, Effects], connected: Channels) -> tuple[Step, ...]:
    """Steps in notebook order of their first cell."""
    order = {str(block.name): position for position, block in enumerate(found.blocks)}
    gives: dict[str, set[str]] = {name: set() for name in order}
    needs: dict[str, list[Need]] = {name: [] for name in order}
    for need in connected.needs.values():
        gives[need.source].add(need.key)
        needs[need.step].append(need)
    return tuple(
        _step(block, effects, connected, sorted(needs[block.name], key=lambda need: (order[need.source], need.key)), gives[block.name])
        for block in found.blocks
    )


def _step(block: Block, effects: Mapping[int, Effects], connected: Channels, needs: list[Need], gives: set[str]) -> Step:
    return Step(
        name=block.name,
        role=block.role,
        cells=block.cells,
        after=block.after,
        reads=tuple(Read(key=Key(need.key), source=StepName(need.source), certain=need.certain) for need in needs),
        gives=tuple(Key(key) for key in sorted(gives)),
        replay=connected.replay.get(str(block.name), ()),
        modules=connected.modules.get(str(block.name), ()),
        metrics=_metrics(block, effects) if block.role == "metrics" else (),
        settings=block.settings,
    )


def _metrics(block: Block, effects: Mapping[int, Effects]) -> tuple[str, ...]:
    """Names that a metrics cell binds, or mentions if it binds none; those that hold numbers in the end are metrics."""
    cells = [effects[cell.index] for cell in block.cells]
    bound = [name for one in cells for name in one.writes if name not in one.changes]
    names = bound or [name for one in cells for name in one.reads]
    return tuple(dict.fromkeys(name for name in names if not name.startswith("_")))


def edges(found: Blocks, effects: Mapping[int, Effects], connected: Channels, *, readable: bool = True) -> tuple[Edge, ...]:
    """Edges in notebook order of target, then source.

    Where the code cannot be read, any step may use what those above it left in files; only an `after:` tag says better.
    """
    order = {str(block.name): position for position, block in enumerate(found.blocks)}
    channels: dict[tuple[str, str], list[Channel]] = {}
    for need in connected.needs.values():
        channels.setdefault((need.source, need.step), []).append(_channel(need, effects))
    for one in connected.orders:
        certainty = "certain" if one.certain else "possible"
        channel = Channel(kind="file", name=one.path, certainty=certainty, cells=tuple(dict.fromkeys(one.cells)))  # type: ignore[arg-type]
        channels.setdefault((one.source, one.target), []).append(channel)
    for source, target in () if readable else _one_after_the_other(found):
        cells = (source.cells[-1].index, target.cells[0].index)
        channels[str(source.name), str(target.name)] = [Channel(kind="file", name="*", certainty="possible", cells=cells)]
    explicit = {(str(name), str(block.name)) for block in found.blocks for name in block.after if str(name) in order and name != block.name}
    pairs = sorted({*channels, *explicit}, key=lambda pair: (order[pair[1]], order[pair[0]]))
    return tuple(
        Edge(
            source=StepName(source),
            target=StepName(target),
            channels=tuple(sorted(channels.get((source, target), ()), key=lambda one: (one.kind, one.name))),
            explicit=(source, target) in explicit,
        )
        for source, target in pairs
    )


def _one_after_the_other(found: Blocks) -> Iterator[tuple[Block, Block]]:
    """Steps without an `after:` tag, each with the step above it."""
    yield from ((above, block) for above, block in pairwise(found.blocks) if not block.after)


def _channel(need: Need, effects: Mapping[int, Effects]) -> Channel:
    kind, name = _kind(need, effects)
    cells = tuple(dict.fromkeys((need.writer, need.reader)))
    return Channel(kind=kind, name=name, certainty="certain" if need.certain else "possible", cells=cells)


def _kind(need: Need, effects: Mapping[int, Effects]) -> tuple[ChannelKind, str]:
    head, colon, rest = need.key.partition(":")
    if not colon:
        kind = effects[need.writer].kinds.get(need.key, "variable")
        return ("definition" if kind == "definition" else "variable"), need.key
    if head == "random":
        return "random", rest
    return "process", rest
