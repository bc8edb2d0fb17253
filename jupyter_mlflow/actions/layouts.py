"""Where the steps of a graph stand when it is drawn: in layers from top to bottom, with few crossings and straight lines.

The classic four phases: a layer for each node, bends where an edge passes a layer, an order in each layer (by the middle of the
neighbours, the best of several sweeps), and positions (as near to the neighbours as the widths allow). The same graph always gets
the same picture.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Vertex = Hashable
"""A node's name, or `(source, target, layer)` for the bend of an edge."""

_SWEEPS = 16  # after so many, orders hardly ever get better
_PULLS = 25  # the last one goes down, as reading does
_STRAIGHT = 4.0  # how much more than a node a bend wants to stand below its neighbours


@dataclass(frozen=True)
class Layout:
    """Centres of nodes on the x axis and their layer; each edge as the vertices it passes, both ends included."""

    x: Mapping[Vertex, float]
    layer: Mapping[Vertex, int]
    routes: Mapping[tuple[str, str], Sequence[Vertex]]


def layered(nodes: Sequence[str], edges: Sequence[tuple[str, str]], widths: Mapping[str, float], gap: float) -> Layout:
    """Lay out a graph. Steps whose cells stand apart, or whose tags are wrong, may wait for one below them, or in a circle."""
    nodes = in_order(nodes, edges)
    place = {node: number for number, node in enumerate(nodes)}
    down = {(source, target): (source, target) if place[source] < place[target] else (target, source) for source, target in edges}
    layer: dict[Vertex, int] = dict(_layers(nodes, list(down.values())).items())
    descending = {edge: _route(one, layer) for edge, one in down.items()}
    routes = {edge: route if down[edge] == edge else route[::-1] for edge, route in descending.items()}
    for route in descending.values():
        layer.update((vertex, number) for number, vertex in enumerate(route[1:-1], layer[route[0]] + 1))
    above: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in layer}
    below: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in layer}
    for route in descending.values():
        for one, two in pairwise(route):
            below[one].append(two)
            above[two].append(one)
    rows = _ordered(_rows(layer), above, below)
    return Layout(x=_positions(rows, above, below, widths, gap), layer=layer, routes=routes)


def crossings(rows: Sequence[Sequence[Vertex]], below: Mapping[Vertex, Sequence[Vertex]]) -> int:
    """How many lines between neighbouring rows cross."""
    total = 0
    for row, following in pairwise(rows):
        place = {vertex: number for number, vertex in enumerate(following)}
        seen: list[int] = []
        for vertex in row:
            ends = sorted(place[one] for one in below[vertex])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def in_order(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[str]:
    """Each node below those it waits for, otherwise in the order given; a circle begins with its first node."""
    waits: dict[str, set[str]] = {node: set() for node in nodes}
    for source, target in edges:
        waits[target].add(source)
    found: dict[str, None] = {}
    left = list(nodes)
    while left:
        node = next((one for one in left if waits[one] <= found.keys()), left[0])
        found[node] = None
        left.remove(node)
    return list(found)


def _layers(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """As near to the top as possible; a node that waits for nothing stands right above the first that waits for it."""
    found: dict[str, int] = {}
    for node in nodes:
        found[node] = max((found[source] + 1 for source, target in edges if target == node), default=0)
    targets = {target for _, target in edges}
    for node in nodes:
        waiting = [found[target] for source, target in edges if source == node]
        if node not in targets and waiting:
            found[node] = min(waiting) - 1
    return found


def _route(edge: tuple[str, str], layer: Mapping[Vertex, int]) -> list[Vertex]:
    source, target = edge
    return [source, *((source, target, number) for number in range(layer[source] + 1, layer[target])), target]


def _rows(layer: Mapping[Vertex, int]) -> list[list[Vertex]]:
    rows: list[list[Vertex]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for vertex, number in layer.items():
        rows[number].append(vertex)
    return rows


def _ordered(
    rows: list[list[Vertex]], above: Mapping[Vertex, Sequence[Vertex]], below: Mapping[Vertex, Sequence[Vertex]]
) -> list[list[Vertex]]:
    best, fewest = rows, crossings(rows, below)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        rows = _swept(rows, above if down else below, down=down)
        count = crossings(rows, below)
        if count < fewest:
            best, fewest = rows, count
        if not fewest:
            break
    return best


def _swept(rows: list[list[Vertex]], neighbours: Mapping[Vertex, Sequence[Vertex]], *, down: bool) -> list[list[Vertex]]:
    """Each row sorted by the middle of its neighbours in the row before."""
    result = [list(row) for row in rows]
    numbers = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
    for number in numbers:
        before = result[number - 1 if down else number + 1]
        place = {vertex: float(index) for index, vertex in enumerate(before)}
        now = {vertex: index for index, vertex in enumerate(result[number])}
        result[number].sort(key=lambda vertex, place=place, now=now: (_middle(neighbours[vertex], place, now[vertex]), now[vertex]))  # type: ignore[misc]
    return result


def _middle(neighbours: Sequence[Vertex], place: Mapping[Vertex, float], otherwise: float) -> float:
    return sum(place[one] for one in neighbours) / len(neighbours) if neighbours else otherwise


def _positions(
    rows: Sequence[Sequence[Vertex]],
    above: Mapping[Vertex, Sequence[Vertex]],
    below: Mapping[Vertex, Sequence[Vertex]],
    widths: Mapping[str, float],
    gap: float,
) -> dict[Vertex, float]:
    """Start packed, then let each row move towards its neighbours, by turns those above and those below."""
    x: dict[Vertex, float] = {}
    for row in rows:
        for number, place in enumerate(_separations(row, widths, gap)):
            x[row[number]] = place
    for turn in range(_PULLS):
        both = turn >= _PULLS - 2
        for row in rows if turn % 2 == 0 else reversed(rows):
            wanted = [_wanted(vertex, x, above if turn % 2 == 0 else below, above, below, both=both) for vertex in row]
            x.update(zip(row, _settled(row, wanted, _separations(row, widths, gap)), strict=True))
    left = min((x[vertex] - _half(vertex, widths) for row in rows for vertex in row), default=0.0)
    return {vertex: place - left for vertex, place in x.items()}


def _wanted(
    vertex: Vertex,
    x: Mapping[Vertex, float],
    side: Mapping[Vertex, Sequence[Vertex]],
    above: Mapping[Vertex, Sequence[Vertex]],
    below: Mapping[Vertex, Sequence[Vertex]],
    *,
    both: bool,
) -> float:
    neighbours = [*above[vertex], *below[vertex]] if both else side[vertex]
    return _middle(neighbours, x, x[vertex])


def _separations(row: Sequence[Vertex], widths: Mapping[str, float], gap: float) -> list[float]:
    """Places of the vertices when they stand as close as they may, the first at 0."""
    places = [0.0]
    for one, two in pairwise(row):
        places.append(places[-1] + _half(one, widths) + _half(two, widths) + gap)
    return places


def _half(vertex: Vertex, widths: Mapping[str, float]) -> float:
    return widths[vertex] / 2 if isinstance(vertex, str) else 0.0


def _settled(row: Sequence[Vertex], wanted: Sequence[float], packed: Sequence[float]) -> list[float]:
    """The places nearest to the wanted ones (least squares) that keep order and distance: pool adjacent violators."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for vertex, place, least in zip(row, wanted, packed, strict=True):
        weight = 1.0 if isinstance(vertex, str) else _STRAIGHT
        pool = (place - least, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            mean, other, count = pools.pop()
            both = other + pool[1]
            pool = ((mean * other + pool[0] * pool[1]) / both, both, count + pool[2])
        pools.append(pool)
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + least for mean, least in zip(means, packed, strict=True)]
