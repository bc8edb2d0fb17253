"""Sets in their order, which depends on all that was ever added and removed.

A set is a table of places. An item goes to the place its hash says, or to the first free one after it in a sequence that the hash decides; the order
of the set is that of the places. What was removed is still in the way until the table grows. So a set is made again in its order by growing a table
of the same size with *fillers*, numbers that go where the items must not, adding the items, and removing the fillers.
"""

from __future__ import annotations

import operator
import sys
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

_LARGEST = 1 << 16  # places; the order of a larger set is kept only where it was made at once, or grew and nothing was removed
_SMALLEST = 8  # places
_NEIGHBOURS = 9  # places that CPython looks at before it jumps
_PROBES = 40  # places to consider for one item
_FAR = 1 << 40  # fillers are numbers above it: none is equal to an item

Recipe = Tuple[List[Any], str, List[int], int]
"""Items in the order to add them, how (see `_WAYS`), what is added before them, and how many are added at once."""


def recipe(found: Any) -> Optional[Recipe]:
    """How a set is made again in its order: None if adding its items one by one does it, or nothing does."""
    items, kind = list(found), type(found)
    if _is_in_order(kind(items), items):
        return None
    for how in _WAYS:
        if _is_in_order(made(kind, (items, how, [], 0)), items):
            return items, how, [], 0
    plans = _plans(items, _places(found), kind) if _places(found) <= _LARGEST else ()
    return next((plan for plan in plans if _is_in_order(made(kind, plan), items)), None)


def made(kind: type, recipe: Recipe) -> Any:
    """A set, or a frozenset, by a recipe."""
    found: Set[Any] = set()
    refill(found, recipe)
    return found if kind is set else _FROZEN[recipe[1]](recipe[0])


def refill(found: Set[Any], recipe: Recipe) -> None:
    """Fill an empty set by a recipe."""
    items, how, fillers, first = recipe
    if how == "grown":
        _grow(found, [*fillers, *items], first)
        for one in fillers:  # one by one: `difference_update` would make the table smaller
            found.discard(one)
    else:
        _WAYS[how](found, items)


def _presized(found: Set[Any], items: List[Any]) -> None:
    found.update(dict.fromkeys(items))


def _resized(found: Set[Any], items: List[Any]) -> None:
    found.update(dict.fromkeys(items))
    found.update(set(items))


_WAYS: Dict[str, Any] = {"presized": _presized, "copied": lambda found, items: found.update(set(items)), "resized": _resized}
_FROZEN: Dict[str, Any] = {
    "presized": lambda items: frozenset(dict.fromkeys(items)),
    "copied": lambda items: frozenset(set(items)),
    "resized": lambda items: frozenset(set(dict.fromkeys(items))),
    "grown": frozenset,
}


def _is_in_order(made: Any, items: List[Any]) -> bool:
    return len(made) == len(items) and all(map(operator.is_, made, items))


def _places(found: Any) -> int:
    """The size of a set's table."""
    return max(_SMALLEST, (sys.getsizeof(found) - sys.getsizeof(set())) // 16)


def _grow(found: Set[Any], items: List[Any], first: int) -> None:
    """A table is made for those that come at once before they come: two to four places for each."""
    found.update(dict.fromkeys(items[:first]))
    for one in items[first:]:
        found.add(one)


def _plans(items: List[Any], size: int, kind: type) -> Iterator[Recipe]:
    """Where each item shall be, what must be in its way, and in which order they come."""
    paths = [list(_path(hash(one), size - 1)) for one in items]
    ranks = _ranks(paths)
    if ranks is None:
        return
    place = {path[rank]: number for number, (path, rank) in enumerate(zip(paths, ranks))}
    passed = [path[:rank] for path, rank in zip(paths, ranks)]
    order = _sorted([[place[one] for one in before if one in place] for before in passed])
    if order is None:
        return
    added = [items[number] for number in sorted(order, key=lambda number: ranks[number] > 0)]
    if kind is frozenset:  # nothing can be removed from it
        yield from ((added, how, [], 0) for how in _FROZEN)
        return
    blocked = sorted({one for before in passed for one in before} - set(place))
    harmless = [one for one in range(size) if one not in place and one not in set(blocked)]
    for needed, first in ((max(size // 4, 5) - len(items), size // 2 - 1), (0, 0), *_growths(size)):
        filled = blocked + harmless[: max(0, needed - len(blocked))]
        yield added, "grown", [_FAR * size + one for one in filled], first


def _path(number: int, mask: int) -> Iterator[int]:
    """The places where CPython looks for something of that hash."""
    perturb, place, left = number & ((1 << 64) - 1), number & mask, _PROBES
    while left > 0:
        for step in range(_NEIGHBOURS + 1 if place + _NEIGHBOURS <= mask else 1):
            left -= 1
            yield place + step
        perturb >>= 5
        place = (place * 5 + 1 + perturb) & mask


def _ranks(paths: List[List[int]]) -> Optional[List[int]]:
    """How far along its path each item goes, so that all are in order and go as little as possible."""
    chains: List[Dict[int, Tuple[int, int]]] = []
    ends: Dict[int, int] = {-1: 0}
    for path in paths:
        reached: Dict[int, Tuple[int, int]] = {}  # place -> rank, place of the item before
        costs: Dict[int, int] = {}
        for rank, place in enumerate(path):
            before = min(((cost, end) for end, cost in ends.items() if end < place), default=None)
            if before is not None and (place not in costs or before[0] + rank < costs[place]):
                costs[place], reached[place] = before[0] + rank, (rank, before[1])
        if not costs:
            return None
        chains.append(reached)
        ends = costs
    end, ranks = min(ends, key=lambda one: ends[one]), []  # type: int, List[int]
    for reached in reversed(chains):
        rank, end = reached[end]
        ranks.append(rank)
    return ranks[::-1]


def _growths(size: int) -> Iterator[Tuple[int, int]]:
    """How many fillers, added one by one, make a table of that size, and how many of them must come at once before."""
    for first in (0, 5) if size > _SMALLEST else ():
        found = set(dict.fromkeys(range(first)))
        number = first
        while _places(found) < size:
            found.add(number)
            number += 1
        if _places(found) == size:
            yield number, first


def _sorted(before: List[List[int]]) -> Optional[List[int]]:
    """Numbers so that those before each come first; None if they go round in circles."""
    order, done = [], set()  # type: List[int], Set[int]
    left = list(range(len(before)))
    while left:
        ready = [one for one in left if all(other in done for other in before[one])]
        if not ready:
            return None
        order += ready
        done.update(ready)
        left = [one for one in left if one not in done]
    return order
