"""Abstract values: what a name may hold, and which objects it may share with other names.

    Value  = kinds, regions, path, const
    Region = an object (or several, made at one place), with the regions it may contain

`contains` goes from a container to what lies inside: changing the inside changes what the container shows, and handing the
container to unknown code may change the inside. `holds` goes the same way but only counts for the first: a fitted model keeps the
data it was given, so a change of the data may show in the model, yet using the model never changes the data.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

UNKNOWN = "unknown"
MISSING: Any = object()

IMMUTABLE = frozenset({"none", "scalar", "str", "bytes", "module", "external", "pattern", "sentinel"})
LIVE = {
    "generator": "a generator",
    "coroutine": "a coroutine",
    "file": "an open file",
    "lock": "a lock",
    "thread": "a thread",
    "task": "a task that may still run",
    "socket": "a network connection",
    "connection": "a database connection",
    "process": "a running process",
    "pool": "a pool of workers",
}
"""Kinds that exist only in the process that made them, as words for people."""
ITERATORS = frozenset({"iterator", "generator", "file", UNKNOWN})
"""Kinds that may be used up by looping over them."""


@dataclass(frozen=True)
class Value:
    """What an expression may give. Unknown values have the kind `unknown`; no region means nothing that could be changed."""

    kinds: frozenset[str] = frozenset({UNKNOWN})
    regions: frozenset[int] = frozenset()
    path: str = ""  # dotted name of something imported: `pandas.read_csv`
    const: Any = field(default=MISSING, compare=False)

    def only(self, *kinds: str) -> bool:
        """Certainly one of `kinds`."""
        return self.kinds <= set(kinds)

    def may(self, kind: str) -> bool:
        """Possibly `kind`; unknown values may be anything."""
        return kind in self.kinds or UNKNOWN in self.kinds

    @property
    def immutable(self) -> bool:
        return self.kinds <= IMMUTABLE


NONE = Value(frozenset({"none"}), const=None)
SCALAR = Value(frozenset({"scalar"}))
STR = Value(frozenset({"str"}))
ANYTHING = Value()


def constant(value: object) -> Value:
    """A literal."""
    if value is None:
        return NONE
    kind = "str" if isinstance(value, str) else "bytes" if isinstance(value, bytes) else "scalar"
    return Value(frozenset({kind}), const=value)


def external(path: str) -> Value:
    """Something imported, by its dotted name."""
    return Value(frozenset({"external"}), path=path)


def join(values: Iterable[Value]) -> Value:
    """Any one of `values`."""
    rest = list(values)
    if not rest:
        return ANYTHING
    first = rest[0]
    for value in rest[1:]:
        if value == first and _same(value.const, first.const):
            continue
        first = Value(
            kinds=first.kinds | value.kinds,
            regions=first.regions | value.regions,
            path=first.path if first.path == value.path else "",
            const=first.const if _same(first.const, value.const) else MISSING,
        )
    return first


def _same(one: object, other: object) -> bool:
    return one is other or (type(one) is type(other) and isinstance(one, (str, int, float, bool)) and one == other)


@dataclass
class Code:
    """A function or class made in the notebook; `frame` is where it was made, for the names it closes over."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
    frame: Any
    scopes: Any
    cell: int
    defaults: dict[str, Value] = field(default_factory=dict)
    bases: tuple[Value, ...] = ()
    members: dict[str, Value] = field(default_factory=dict)  # of a class
    owner: int | None = None  # region of the class that a method belongs to
    kind: str = "function"  # function, generator, coroutine, class
    leaves_early: bool = False  # a `return` or `raise` stands before the end
    remembers: bool = False  # keeps the results of former calls


@dataclass
class Region:
    """One abstract object. `element` joins what was put in; `attributes` what was set on it, as far as known."""

    contains: set[int] = field(default_factory=set)
    holds: set[int] = field(default_factory=set)
    code: Code | None = None
    cls: int | None = None  # region of the notebook class this is an instance of
    bound: Value | None = None  # the object of a bound method
    method: str = ""  # the name of a bound method of a library's object
    in_place: bool = False  # works on the data it is given (`copy=False`)
    element: Value | None = None
    attributes: dict[str, Value] = field(default_factory=dict)
    plain_keys: bool = False  # a dict all of whose keys we saw, none of which could be changed
    opaque: bool = False  # unknown code had it: elements and attributes may be anything
    placed: bool = False  # what lies at which position is known: it was written out, and changed by known positions only
    blur: bool = False  # stands for itself or anything inside, nobody knows which
    nan: bool = False  # a NaN, which equals nothing but is found where it is
    stays: str = ""  # has no meaning in another process; words for it
    rng: bool = False  # draws from the global random generators when used
    came_from: set[int] = field(default_factory=set)  # a tensor's way back for gradients
    learns: bool = False  # a network, a parameter or a tensor that asks for a gradient


class Heap:
    """All regions of a notebook, with the reverse arrows kept."""

    def __init__(self) -> None:
        self.regions: list[Region] = []
        self._inside: list[set[int]] = []  # region -> regions that contain or hold it
        self.staying: set[int] = set()  # regions that mean nothing in another process
        self.instances = 0  # how many objects of notebook classes there are

    def new(self, **fields: Any) -> int:
        self.instances += fields.get("cls") is not None
        if fields.get("stays"):
            self.staying.add(len(self.regions))
        self.regions.append(Region(**fields))
        self._inside.append(set())
        return len(self.regions) - 1

    def __getitem__(self, region: int) -> Region:
        return self.regions[region]

    def contain(self, outer: Iterable[int], inner: Iterable[int]) -> None:
        """`outer` may now contain `inner`."""
        inner = tuple(inner)
        for region in outer:
            for one in inner:
                if one != region:
                    self.regions[region].contains.add(one)
                    self._inside[one].add(region)

    def hold(self, outer: Iterable[int], inner: Iterable[int]) -> None:
        """`outer` may now keep a reference to `inner` that it only reads."""
        inner = tuple(inner)
        for region in outer:
            for one in inner:
                if one != region:
                    self.regions[region].holds.add(one)
                    self._inside[one].add(region)

    def reach(self, start: Iterable[int], *, held: bool = False) -> set[int]:
        """`start` and all that lies inside."""
        seen = set(start)
        todo = list(seen)
        while todo:
            region = self.regions[todo.pop()]
            more = region.contains | region.holds if held else region.contains
            for one in more - seen:
                seen.add(one)
                todo.append(one)
        return seen

    def around(self, start: Iterable[int]) -> set[int]:
        """`start` and all that may show a change of it."""
        seen = set(start)
        todo = list(seen)
        while todo:
            for one in self._inside[todo.pop()] - seen:
                seen.add(one)
                todo.append(one)
        return seen
