"""From the effects of cells to what travels between steps.

A step reads a name from the latest other step, in notebook order, that may have written it. A step that may have written a name, but
need not, passes on what it found: so it reads the name itself, and the latest possible writer always has the right value.

Variables are isolated (each step has its own process), so only this true dependence counts. Files are not: steps share the folder, so two
steps that touch the same file, one of them writing, keep their order.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from jupyter_mlflow.dataflow import knowledge
from jupyter_mlflow.dataflow.effects import Effects
from jupyter_mlflow.dataflow.machine import BUILTINS


@dataclass(frozen=True)
class Write:
    """`step` may (or with `certain`, does) give `key` a new state in `cell`; `wild` when only because its code may write anything."""

    position: int
    step: str
    cell: int
    certain: bool
    wild: bool = False
    sure: bool = False  # certainly a new state, if only a change of the old one


@dataclass(frozen=True)
class Need:
    """`step` starts with `key` as `source` left it. `passing`: only to hand it on."""

    key: str
    step: str
    source: str
    certain: bool
    reader: int  # cell
    writer: int  # cell
    line: int
    passing: bool = False


@dataclass(frozen=True)
class Order:
    """`target` touches a file after `source` did, and one of them writes it."""

    source: str
    target: str
    path: str
    cells: tuple[int, int]
    certain: bool


@dataclass(frozen=True)
class Missing:
    """A name that no earlier cell gives."""

    name: str
    step: str
    cell: int
    line: int
    certain: bool


@dataclass(frozen=True)
class Clash:
    """A step whose cells stand apart would need `key` in two states at once."""

    key: str
    step: str
    other: str
    cell: int


@dataclass
class Channels:
    """All that travels, and what was noticed on the way."""

    needs: dict[tuple[str, str], Need] = field(default_factory=dict)  # (step, key)
    orders: list[Order] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    writes: dict[str, list[Write]] = field(default_factory=dict)
    modules: dict[str, tuple[str, ...]] = field(default_factory=dict)  # step -> dotted modules imported before it
    replay: dict[str, tuple[str, ...]] = field(default_factory=dict)


def connect(cells: Sequence[tuple[str, Effects]], fallible: Iterable[int] = ()) -> Channels:
    """Channels between steps; `cells` are (step, effects) in notebook order, `fallible` those that may stop half-way and still go on."""
    homes: dict[str, list[Write]] = {}
    for _ in range(len(cells) + 1):  # each round may move the home of names that are seen together one step further down
        connector = _Connector(cells, frozenset(fallible), homes)
        found = connector.run()
        if not connector.moved:
            break
    return found


class _Connector:
    def __init__(self, cells: Sequence[tuple[str, Effects]], fallible: frozenset[int], homes: dict[str, list[Write]]) -> None:
        self.homes = homes
        self.moved = False
        self.cells = cells
        self.fallible = fallible
        self.found = Channels()
        self.bound: dict[str, set[str]] = {}
        self.wild: list[Write] = []
        self.gathered: set[tuple[frozenset[str], int]] = set()
        self.ambient: dict[str, None] = {}  # process state that was written: every later step starts with it
        self.seeded: set[str] = set()
        self.files: list[tuple[str, int, str, bool]] = []  # step, cell, path, writes
        self.moves = any(effects.links or "process:cwd" in effects.keys_written for _, effects in cells)
        self.modules: list[str] = []
        self.replays: list[tuple[str, str, set[str]]] = []  # step, statement, names
        self.started: set[str] = set()
        self.cell = 0

    def run(self) -> Channels:
        for position, (step, effects) in enumerate(self.cells):
            self._start(step, position, effects)
            self._names(step, position, effects)
            self._keys(step, position, effects)
            self._files(step, effects)
            self._end(step, effects)
        self._apart()
        return self.found

    # ---- a step begins: what it gets whether it asks or not --------------------------------------------------------

    def _start(self, step: str, position: int, effects: Effects) -> None:
        self.found.modules[step] = tuple(dict.fromkeys(self.modules))
        if step in self.started:
            return
        self.started.add(step)
        self.bound[step] = set()
        self.found.replay[step] = tuple(text for owner, text, _ in self.replays if owner != step)
        for _, _, names in self.replays:
            for name in sorted(names):
                self._need(name, step, position, certain=False, cell=effects.cell, line=1)
        for key in self.ambient:
            self._need(key, step, position, certain=False, cell=effects.cell, line=1)
            if key.startswith("patch:"):
                self._need(key.removeprefix("patch:").partition(".")[0], step, position, certain=False, cell=effects.cell, line=1)

    def _for_effect(self, name: str, text: str) -> bool:
        """Whether an import is there for what it does to other libraries, since no cell uses its name: `import swifter`."""
        first, module = text.split()[:2]
        if module in knowledge.IMPORTED_FOR_EFFECT:
            return True
        if first != "import" or module.partition(".")[0] in knowledge.KNOWN_ROOTS:
            return False
        return not any(name in effects.reads or name in effects.names for _, effects in self.cells)

    def _end(self, step: str, effects: Effects) -> None:
        self.replays += [(step, text, set()) for name, text in effects.imports.items() if text and self._for_effect(name, text)]
        self.modules += sorted(effects.modules)
        self.replays += [(step, text, effects.replay_reads) for text in effects.replay]

    # ---- names -----------------------------------------------------------------------------------------------------

    def _names(self, step: str, position: int, effects: Effects) -> None:
        bound = self.bound[step]
        for group in effects.together:
            former = effects.former.get(group, frozenset())
            outside = {name for name in group | former if (step, name) in self.found.needs or (name in effects.reads and name not in bound)}
            self._gather((group - bound) | outside, former, step, position)
        for name, certain in effects.reads.items():
            if name in bound:
                self._in_between(name, step, position, effects)
            else:
                found = self._need(name, step, position, certain=certain, cell=effects.cell, line=effects.lines.get(name, 1))
                if not found and name not in BUILTINS and name not in effects.guarded and name not in effects.history:
                    self._missing(name, step, effects, certain)
        if effects.reads_any:
            self._everything(step, position, effects, effects.reads_any)
        fallible = effects.cell in self.fallible
        for name, sure in effects.writes.items():
            certain = (sure and not fallible) or (name in bound and name not in effects.deleted)
            self._write(name, Write(position, step, effects.cell, certain=certain, sure=certain or name in effects.sure))
            if certain:
                bound.add(name)
            elif name in effects.deleted or fallible:
                bound.discard(name)
        if effects.writes_any:
            self.wild.append(Write(position, step, effects.cell, certain=False, wild=True))
            bound.clear()

    def _in_between(self, key: str, step: str, position: int, effects: Effects) -> None:
        """A step that goes on after others would see what it wrote itself, and not what they wrote since."""
        own = max(one.position for one in self.found.writes[key] if one.step == step)
        others = [*self.found.writes[key], *(self.wild if ":" not in key else ())]
        later = next((one for one in others if one.step != step and own < one.position < position), None)
        if later is not None:
            self.found.clashes.append(Clash(key, step, later.step, effects.cell))

    def _gather(self, names: frozenset[str], former: frozenset[str], step: str, position: int) -> None:
        """Names that may show one object come from one step, the latest that made one of them: it hands on the others beside it.

        That step itself must have got them from one place, and with them the names of before (`former`) that it made them from.
        """
        writes = {name: write for name in names if (write := self._latest(name, step, position)) is not None}
        if not writes:
            return
        home = max(writes.values(), key=lambda one: one.position)
        rest = frozenset(name for name, write in writes.items() if write.step != home.step)
        for name in rest:
            moved = Write(home.position, home.step, home.cell, certain=False)
            if moved not in self.homes.setdefault(name, []):
                self.homes[name].append(moved)
                self.moved = True
        handed_on = frozenset(name for name, write in writes.items() if not write.certain)
        again = rest | handed_on | {name for name in names | former if (home.step, name) in self.found.needs}
        if len(again) > 1 and (again, home.position) not in self.gathered:
            self.gathered.add((again, home.position))
            self._gather(again, former, home.step, home.position)

    def _missing(self, name: str, step: str, effects: Effects, certain: bool) -> None:
        wild = any(one.step == step for one in self.wild)
        if not wild and not effects.writes_any:
            self.found.missing.append(Missing(name, step, effects.cell, effects.lines.get(name, 1), certain))

    def _everything(self, step: str, position: int, effects: Effects, line: int) -> None:
        for name in [key for key in self.found.writes if ":" not in key]:
            self._need(name, step, position, certain=False, cell=effects.cell, line=line)

    def _write(self, key: str, write: Write) -> None:
        self.found.writes.setdefault(key, []).append(write)
        if key.startswith(("process:", "patch:")):
            self.ambient[key] = None

    def _latest(self, key: str, step: str, position: int) -> Write | None:
        """The latest other step before `position` that may have written `key`."""
        known = [*self.found.writes.get(key, ()), *self.homes.get(key, ())]
        candidates = [one for one in known if one.step != step and one.position < position]
        if ":" not in key:
            candidates += [one for one in self.wild if one.step != step and one.position < position]
        return max(candidates, key=lambda one: (one.position, not one.wild)) if candidates else None

    def _need(self, key: str, step: str, position: int, *, certain: bool, cell: int, line: int, passing: bool = False) -> bool:
        write = self._latest(key, step, position)
        if write is None:
            return False
        if not write.certain:  # it hands on what it may not have touched
            self._need(key, write.step, write.position, certain=False, cell=write.cell, line=1, passing=True)
        sure = certain and write.sure
        old = self.found.needs.get((step, key))
        if old is None or (old.source == write.step and ((sure and not old.certain) or (old.passing and not passing))):
            self.found.needs[step, key] = Need(
                key, step, write.step, sure or (old is not None and old.certain), cell, write.cell, line, passing
            )
        elif old.source != write.step:
            self.found.clashes.append(Clash(key, step, write.step, cell))
        return True

    # ---- random and process state ----------------------------------------------------------------------------------

    def _keys(self, step: str, position: int, effects: Effects) -> None:
        bound = self.bound[step]
        seeds = set(effects.seeded)
        for key, certain in effects.keys_read.items():
            if key in bound:
                self._in_between(key, step, position, effects)
            elif not key.startswith("random:") or key in self.seeded:
                self._need(key, step, position, certain=certain, cell=effects.cell, line=1)
        self.seeded |= seeds
        for key, certain in effects.keys_written.items():
            if key.startswith("random:") and key not in self.seeded:
                continue
            always = certain or key in bound
            self._write(key, Write(position, step, effects.cell, certain=always, sure=always or key in effects.sure))
            if always:
                bound.add(key)

    # ---- files -----------------------------------------------------------------------------------------------------

    def _files(self, step: str, effects: Effects) -> None:
        for writes, paths in ((False, effects.files_read), (True, effects.files_written)):
            for raw in paths:
                path = "*" if self.moves else normal(raw)
                for other, cell, before, wrote in self.files:
                    if other != step and (wrote or writes) and overlap(before, path):
                        self._order(other, step, path if path != "*" else before, (cell, effects.cell))
                self.files.append((step, effects.cell, path, writes))

    def _order(self, source: str, target: str, path: str, cells: tuple[int, int]) -> None:
        if not any(one.source == source and one.target == target and one.path == path for one in self.found.orders):
            self.found.orders.append(Order(source, target, path, cells, certain=path != "*"))

    # ---- steps whose cells stand apart -----------------------------------------------------------------------------

    def _apart(self) -> None:
        """A need that was met from a step's first cells, though the step goes on writing the key after the reader ran."""
        positions: dict[str, list[int]] = {}
        first: dict[int, int] = {effects.cell: position for position, (_, effects) in enumerate(self.cells)}
        for position, (step, _) in enumerate(self.cells):
            positions.setdefault(step, []).append(position)
        for need in list(self.found.needs.values()):
            reader = first[need.reader]
            later = [one for one in self.found.writes.get(need.key, ()) if one.step == need.source and one.position > reader]
            if later and not need.passing:
                self.found.clashes.append(Clash(need.key, need.source, need.step, later[0].cell))


def normal(path: str) -> str:
    """A path in one spelling; wildcards leave the folder they stand in."""
    if path == "*":
        return path
    head = re.split(r"[*?\[{]", path, maxsplit=1)[0]
    if head != path:
        head = head.rpartition("/")[0]
    return posixpath.normpath(head) if head else "*"


def overlap(one: str, other: str) -> bool:
    """Whether two paths may be the same file, or one lies in the other."""
    if "*" in (one, other) or one == other or "." in (one, other):
        return True
    if posixpath.isabs(one) != posixpath.isabs(other):
        return posixpath.basename(one) == posixpath.basename(other)
    return one.startswith(other + "/") or other.startswith(one + "/")


def cycle(edges: Mapping[str, set[str]]) -> tuple[str, ...]:
    """One cycle among `node -> nodes it waits for`, or nothing."""
    state: dict[str, int] = {}
    for start in edges:
        path: list[str] = []
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                state[node] = 2
                path.pop()
                continue
            if state.get(node) == 2:
                continue
            if state.get(node) == 1:
                return tuple(path[path.index(node) :]) if node in path else ()
            state[node] = 1
            path.append(node)
            stack.append((node, True))
            for other in sorted(edges.get(node, ())):
                if state.get(other) == 1:
                    return tuple(path[path.index(other) :])
                if state.get(other) != 2:
                    stack.append((other, False))
    return ()
