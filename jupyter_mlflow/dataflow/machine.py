"""The state of the pass over a notebook, and the few primitive acts that everything else is made of.

Branches are layers: what an alternative binds lies in a layer of its own until the alternatives meet again. A name that all of them
bind is certainly bound afterwards; one that some bind is possibly bound and keeps its former value beside the new one.
"""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from jupyter_mlflow.dataflow.effects import Effects
from jupyter_mlflow.dataflow.knowledge import KNOWN_ROOTS
from jupyter_mlflow.dataflow.scopes import Scopes
from jupyter_mlflow.dataflow.values import ANYTHING, LIVE, SCALAR, UNKNOWN, Code, Heap, Value, join

BUILTINS = frozenset(dir(builtins)) | {
    "__file__",
    "__builtins__",
    "__annotations__",
    "__spec__",
    "__package__",
    "__loader__",
    "get_ipython",
    "display",
    "exit",
    "quit",
    "__conditional_annotations__",
    "__class__",
    "__module__",
    "__qualname__",
    "__name__",
    "__doc__",
}
HISTORY = frozenset({"_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh", "In", "Out", "_exit_code"})
MOST_STEPS = 60_000  # nodes looked at per cell before calls are no longer followed into functions
SEPARATE = 12  # objects that may be meant, up to which names are grouped for each of them; beyond that all together, which is safe
DEEPEST = 12  # calls followed into one another


@dataclass
class Frame:
    """Names of one running function (or class body or comprehension); `parent` is where it was made."""

    scope: ast.AST | None = None
    scopes: Scopes | None = None
    parent: Frame | None = None
    names: dict[str, Value] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    returned: list[Value] = field(default_factory=list)
    kind: str = "function"  # function, class, comprehension
    owner: int | None = None  # class region, for super() and __class__
    itself: Value | None = None
    region: int | None = None  # stands for the names that inner functions share, once there are any


class Machine:
    """All that is known at the point that the pass has reached."""

    def __init__(self, own: frozenset[str] | None = None) -> None:
        self.own = own  # modules in the notebook's folder; None when nobody looked
        self.imported: set[str] = set()  # own modules that a cell above imported
        self.heap = Heap()
        self._blurs: dict[frozenset[int], int] = {}
        self.layers: list[dict[str, Value | None]] = [{}]
        self.bound: list[set[str]] = [set()]
        self.holders: defaultdict[int, set[str]] = defaultdict(set)
        self.effects = Effects(cell=0)
        self.frame: Frame | None = None
        self.scopes: Scopes | None = None
        self.tries = 0
        self.weak = 0  # > 0 where code may stop half-way and the notebook goes on: what a name showed before stays possible
        self.unsure = 0  # > 0 inside a branch of a function
        self.calls: list[int] = []
        self.steps = 0
        self.called: set[tuple[int, bool]] = set()
        self.methods: defaultdict[str, set[int]] = defaultdict(set)  # method name -> classes of the notebook that have it
        self.line = 1
        self.patches: dict[str, Value] = {}  # what the notebook put into libraries, by dotted name and by last name
        self.callbacks: list[Value] = []  # functions of the notebook that may run in any later cell
        self.handlers: list[Value] = []  # what records of `logging` go to
        self.tasks: set[int] = set()  # regions of tasks of asyncio
        self.log_files: list[Value | None] = []
        self.wild = False  # a cell above may have bound any name
        self.figures_stay = False  # whether what pyplot draws on is still there in the next cell, as with any backend but the inline one
        self.marks = 0  # counts what could be seen from outside a function
        self.raised: frozenset[int] = frozenset()  # what lies in exceptions that were raised
        self.evaluate: Callable[[ast.expr], Value]
        self.execute: Callable[[list[ast.stmt]], None]
        self.invoke: Callable[[Value, list[Value], dict[str, Value]], Value]

    # ---- names of the notebook -------------------------------------------------------------------------------------

    def look(self, name: str) -> Value | None:
        """Value of a global name as last bound; None when it never was, or was deleted."""
        for layer in reversed(self.layers):
            if name in layer:
                return layer[name]
        return None

    def is_bound(self, name: str) -> bool:
        """Whether this cell certainly bound the name before this point."""
        return any(name in names for names in self.bound)

    @property
    def certain(self) -> bool:
        """Whether this point is certainly reached when the cell runs."""
        return len(self.bound) == 1 and self.unsure == 0

    def read(self, name: str) -> Value:
        """Look a global name up, on the record."""
        value = self.look(name)
        if self._in_the_text():
            self.effects.names.add(name)
        if value is None and name in BUILTINS:
            if self.wild:
                self.effects.read(name, certain=False, line=self.line)
            return self.builtin(name)
        if not self.is_bound(name):
            if value is None and (name in HISTORY or (name[:1] == "_" and name[1:].lstrip("i").isdigit())):
                self.effects.history.setdefault(name, self.line)
                return ANYTHING
            self.effects.read(name, certain=self.certain and not self.tries, line=self.line)
            if self.tries:
                self.effects.guarded.add(name)
        return ANYTHING if value is None else value

    def _in_the_text(self) -> bool:
        """Whether this point stands in the cell itself, not in a function that it calls."""
        frame = self.frame
        while frame is not None and frame.kind == "comprehension":
            frame = frame.parent
        return frame is None

    def builtin(self, name: str) -> Value:
        return Value(frozenset({"external"}), path=f"builtins.{name}")

    def bind(self, name: str, value: Value) -> None:
        """Bind a global name."""
        self.marks += 1
        old = self.look(name) if self.weak else None
        if old is not None:
            value = join([old, value])
        self.layers[-1][name] = value
        self.bound[-1].add(name)
        self.effects.write(name, certain=self.certain, line=self.line)
        if self.certain:
            self.effects.deleted.discard(name)
        for region in value.regions:
            self.holders[region].add(name)
        self._describe(name, value)

    def _describe(self, name: str, value: Value) -> None:
        effects = self.effects
        is_definition = bool(value.kinds) and value.kinds <= {"function", "class", "module", "external"}
        effects.kinds[name] = "definition" if is_definition else "variable"
        live = [LIVE[kind] for kind in sorted(value.kinds) if kind in LIVE]
        effects.live.pop(name, None)
        effects.definite.discard(name)
        if live:
            effects.live[name] = live[0]
            if len(live) == len(value.kinds) and self.certain:
                effects.definite.add(name)
        staying = self.heap.staying and self.heap.reach(value.regions) & self.heap.staying
        if staying:
            effects.live[name] = self.heap[min(staying)].stays
            if self.certain:
                effects.definite.add(name)

    def spelled(self, name: str) -> str:
        """A private name inside a class, as Python mangles it."""
        if not name.startswith("__") or name.endswith("__"):
            return name
        frame = self.frame
        while frame is not None and frame.owner is None:
            frame = frame.parent
        code = self.heap[frame.owner].code if frame is not None and frame.owner is not None else None
        stem = getattr(code.node, "name", "").lstrip("_") if code is not None else ""
        return f"_{stem}{name}" if stem else name

    def unbind(self, name: str) -> None:
        """Delete a global name."""
        if not self.is_bound(name):
            self.effects.read(name, certain=self.certain and not self.tries, line=self.line)
        self.layers[-1][name] = None
        for names in self.bound:
            names.discard(name)
        self.effects.writes[name] = False
        self.effects.deleted.add(name)
        self.effects.live.pop(name, None)
        self.effects.lines.setdefault(name, self.line)

    def names(self) -> Iterator[str]:
        """All global names that may exist here."""
        for name in {name for layer in self.layers for name in layer}:
            if self.look(name) is not None:
                yield name

    # ---- objects ---------------------------------------------------------------------------------------------------

    def new(self, kind: str, *, parts: Iterable[Value] = (), held: Iterable[Value] = (), element: Value | None = None) -> Value:
        """A fresh object that contains `parts`."""
        region = self.heap.new(element=element)
        for part in parts:
            self.heap.contain([region], part.regions)
        for part in held:
            self.heap.hold([region], part.regions)
        return Value(frozenset({kind}), frozenset({region}))

    def keys_seen(self, value: Value, *, plain: bool) -> None:
        """Whether all keys of a dict are known to be plain."""
        for region in value.regions:
            self.heap[region].plain_keys = plain

    def pair(self, key: Value, value: Value) -> Value:
        """What looping over `items()` gives."""
        found = self.new("tuple", parts=[key, value], element=join([key, value]))
        region = self.heap[next(iter(found.regions))]
        region.attributes.update({"0": key, "1": value})
        region.placed = True
        return found

    def inside(self, value: Value) -> Value:
        """Something that may lie inside `value`."""
        known = [self.heap[region].element for region in value.regions if not self.heap[region].opaque]
        if known and len(known) == len(value.regions) and all(one is not None for one in known):
            return join(one for one in known if one is not None)
        if value.only("array", "tensor", "figure"):
            return value
        if value.only("frame") and self._plain(value.regions):
            return SCALAR
        return self.blurred(value)

    def _plain(self, regions: Iterable[int]) -> bool:
        """Whether nothing inside could be changed."""
        for region in self.heap.reach(regions):
            element = self.heap[region].element
            if (
                self.heap[region].blur
                or self.heap[region].cls is not None
                or (element is not None and not element.immutable and not element.regions)
            ):
                return False
        return True

    def blurred(self, value: Value) -> Value:
        """The object or anything inside it."""
        if all(self.heap[region].blur for region in value.regions):
            return Value(frozenset({UNKNOWN}), value.regions)
        known = self._blurs.get(value.regions)
        if known is None:
            known = self._blurs[value.regions] = self.heap.new(opaque=True, blur=True)
            self.heap.contain([known], value.regions)
        return Value(frozenset({UNKNOWN}), frozenset({known}))

    def put(self, outer: Value, inner: Value) -> None:
        """`inner` is put into `outer`."""
        self.heap.contain(outer.regions, inner.regions)
        for region in outer.regions:
            old = self.heap[region].element
            self.heap[region].element = inner if old is None else join([old, inner])

    def change(self, value: Value, *, deep: bool = False, sure: bool = False, placed: bool = False) -> None:
        """The object itself (or with `deep` anything inside it) may be changed here: so is every name that may show it.

        `sure` says that this kind of act always changes the object; it only sharpens what people are told.
        `placed` says that nothing inside has moved to another position.
        """
        deep = deep or any(self.heap[region].blur for region in value.regions)
        if not placed:
            for region in value.regions:
                self.heap[region].placed = False
        regions = self.heap.reach(value.regions) if deep else set(value.regions)
        if self.figures_stay and "figure" in value.kinds:
            self.write_key("process:matplotlib", certain=False)
        if deep:
            for region in regions:
                self.heap[region].opaque = True
        alternatives = [self.heap.reach([one]) if deep else {one} for one in sorted(value.regions)]
        if len(alternatives) > SEPARATE:
            alternatives = [regions]
        told: set[str] = set()
        for one in alternatives:  # names that show one of them need not come from the same place as names that show another
            together = set()
            for region in self.heap.around(one):
                for name in self.holders.get(region, ()):
                    held = self.look(name)
                    if held is not None and region in held.regions:
                        together.add(name)
                        itself = sure and region in value.regions and len(value.regions) == 1
                        if itself or name not in told:
                            told.add(name)
                            self._changed(name, held, sure=itself)
            self._together(together, self.heap.around(one))

    def _together(self, names: set[str], regions: Iterable[int]) -> None:
        """`names` show one object, in these regions; others may have shown it once, and show something else now."""
        group = frozenset(names)
        if len(group) > 1:
            former = frozenset(name for region in regions for name in self.holders.get(region, ()) if not self._shows(name, region))
            if group not in self.effects.together:
                self.effects.together.append(group)
            self.effects.former[group] = self.effects.former.get(group, frozenset()) | (former - group)

    def _shows(self, name: str, region: int) -> bool:
        held = self.look(name)
        return held is not None and region in held.regions

    def compare(self, values: Iterable[Value]) -> None:
        """Identity shows here: names that lead to the same object must come from one place."""
        seen: set[int] = set()
        shared: set[int] = set()
        for value in values:
            reach = self.heap.reach(value.regions)
            shared |= reach & seen
            seen |= reach
        for region in shared - self.heap.reach(self._classes(shared)):  # a class is one class wherever it comes from
            around = self.heap.around([region])
            group = {name for one in around for name in self.holders.get(one, ()) if name in self.effects.reads}
            self._together(group, around)
            if self.heap[region].nan and group:
                self.effects.nans.setdefault(frozenset(group), self.line)

    def _classes(self, regions: Iterable[int]) -> list[int]:
        return [one for one in regions if (code := self.heap[one].code) is not None and code.kind == "class"]

    def _changed(self, name: str, held: Value, *, sure: bool) -> None:
        self.marks += 1
        if sure and self.certain:
            self.effects.sure.add(name)
        if not self.is_bound(name):
            self.effects.read(name, certain=False, line=self.line)
        self.effects.write(name, certain=False, line=self.line)
        self.effects.changes.add(name)
        self._describe(name, held)

    def unknown(self, *parts: Value) -> Value:
        """What unknown code may give when it was handed `parts`: one of them, something inside, or something new that keeps them."""
        direct = frozenset(region for part in parts for region in part.regions)
        if not direct:
            return Value(frozenset({UNKNOWN}), frozenset({self.heap.new(opaque=True)}))
        return self.blurred(Value(regions=direct))

    def codes(self, values: Iterable[Value]) -> list[tuple[int, Code]]:
        """Functions and classes of the notebook that code handed `values` may run."""
        reach = self.heap.reach([region for value in values for region in value.regions], held=True)
        more = {self.heap[region].cls for region in reach} - {None}
        found = []
        for region in sorted(reach | {one for one in more if one is not None}):
            code = self.heap[region].code
            if code is not None:
                found.append((region, code))
        return found

    # ---- branches --------------------------------------------------------------------------------------------------

    def branch(self, *alternatives: Callable[[], object]) -> None:
        """One of `alternatives` runs, nobody knows which."""
        outcomes: list[tuple[dict[str, Value | None], set[str]]] = []
        frame = self.frame
        before = dict(frame.names) if frame is not None else {}
        after: list[dict[str, Value]] = []
        for alternative in alternatives:
            self.layers.append({})
            self.bound.append(set())
            if frame is not None:
                frame.names = dict(before)
            alternative()
            outcomes.append((self.layers.pop(), self.bound.pop()))
            if frame is not None:
                after.append(frame.names)
        if frame is not None:
            frame.names = _join_names(after)
        self._meet(outcomes)

    def _meet(self, outcomes: list[tuple[dict[str, Value | None], set[str]]]) -> None:
        for name in {name for layer, _ in outcomes for name in layer}:
            values = [layer[name] if name in layer else self.look(name) for layer, _ in outcomes]
            known = [value for value in values if value is not None]
            joined = join(known) if known else None
            self.layers[-1][name] = joined
            if all(name in bound for _, bound in outcomes):
                self.bound[-1].add(name)
                self.effects.write(name, certain=self.certain, line=self.line)
            if joined is not None and name in self.effects.kinds:
                for region in joined.regions:
                    self.holders[region].add(name)
                self._describe(name, joined)

    @contextmanager
    def half_way(self) -> Iterator[None]:
        """Inside what may stop half-way without an end to the notebook: `try`, a loop with `break`, a function that returns early."""
        self.weak += 1
        try:
            yield
        finally:
            self.weak -= 1

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Inside `try`: a missing name is foreseen."""
        self.tries += 1
        try:
            yield
        finally:
            self.tries -= 1

    # ---- the world around ------------------------------------------------------------------------------------------

    def may_be_own(self, root: str) -> bool:
        """Whether a module may lie in the notebook's folder, so that its state travels."""
        if self.own is None:
            return root not in KNOWN_ROOTS
        return root in self.own

    def read_key(self, key: str) -> None:
        if not self.effects.keys_written.get(key):
            self.effects.keys_read[key] = self.effects.keys_read.get(key, False) or self.certain

    def write_key(self, key: str, *, certain: bool | None = None) -> None:
        sure = self.certain if certain is None else certain
        self.effects.keys_written[key] = self.effects.keys_written.get(key, False) or sure

    def draw(self, generator: str) -> None:
        """Random numbers are drawn from a global generator: its state is read and moved on."""
        key = f"random:{generator}"
        self.marks += 1
        if self.certain:
            self.effects.sure.add(key)
        self.read_key(key)
        self.write_key(key, certain=bool(self.effects.keys_written.get(key)))

    def file_read(self, path: Value | None) -> None:
        self.marks += 1
        self.effects.files_read.setdefault(as_path(path), self.line)

    def file_written(self, path: Value | None) -> None:
        self.marks += 1
        name = as_path(path)
        self.effects.files_written.setdefault(name, self.line)
        if self.own is not None and name.endswith(".py"):
            self.own |= {name.removesuffix(".py").partition("/")[0]}


def as_path(value: Value | None) -> str:
    """A path that the code states, else `*`: some file."""
    return value.const if value is not None and isinstance(value.const, str) else "*"


def _join_names(outcomes: list[dict[str, Value]]) -> dict[str, Value]:
    joined: dict[str, Value] = {}
    for name in {name for names in outcomes for name in names}:
        joined[name] = join(names[name] for names in outcomes if name in names)
    return joined
