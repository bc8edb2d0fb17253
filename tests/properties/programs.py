"""Random Python programs over a few names, cut into cells and steps.

A program is grown while it runs: each statement is chosen for the values that the names hold just then, so nearly everything that is written
does something, and names change their kinds as they do in real notebooks. A statement that raises is wrapped in `try`, which real notebooks
have too. Everything printed is the same in each process: no addresses, no order of sets.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import random
import types
from collections.abc import Callable, Iterator
from typing import Any

Statement = str
Unit = tuple[str, Statement]
"""The step it belongs to and one statement with its blocks."""

NAMES = ("a", "b", "c", "xs", "ys", "zs", "d", "e", "f", "g", "h", "o", "p", "q")
WORDS = ("'k'", "'l'", "'m'")


@dataclasses.dataclass(frozen=True)
class Program:
    """Units in notebook order; cells are runs of units of one step, broken where `breaks` says."""

    units: tuple[Unit, ...]
    breaks: frozenset[int] = frozenset()

    def cells(self) -> list[tuple[str, str]]:
        """Tags and sources."""
        found: list[tuple[str, list[str]]] = []
        for number, (step, text) in enumerate(self.units):
            if not found or found[-1][0] != step or number in self.breaks:
                found.append((step, []))
            found[-1][1].append(text)
        return [(f"step:{step}" if step != "setup" else "setup", "\n".join(texts)) for step, texts in found]

    def text(self) -> str:
        """In the notation of `tests.cases.case`."""
        return "\n".join(f"--- {tags}\n{source}" for tags, source in self.cells())


class Grower:
    """Writes one program."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.space: dict[str, Any] = {"__name__": "__main__"}
        self.names = tuple(self.random.sample(NAMES, self.random.randint(4, 9)))
        self.numbers = 0

    # ---- choosing --------------------------------------------------------------------------------------------------

    def one(self, *options: Any) -> Any:
        return self.random.choice(options)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def of(self, *kinds: type) -> str | None:
        """A name that holds a value of one of these kinds now."""
        found = [
            name
            for name in self.names
            if name in self.space and isinstance(self.space[name], kinds) and not (bool not in kinds and isinstance(self.space[name], bool))
        ]
        return self.random.choice(found) if found else None

    def known(self) -> str | None:
        found = [name for name in self.names if name in self.space]
        return self.random.choice(found) if found else None

    def target(self) -> str:
        return self.random.choice(self.names)

    def functions(self) -> str | None:
        found = [name for name in self.names if callable(self.space.get(name)) and not isinstance(self.space[name], type)]
        return self.random.choice(found) if found else None

    def instances(self) -> str | None:
        found = [
            name for name in self.names if type(self.space.get(name)).__module__ == "__main__" and not isinstance(self.space[name], type)
        ]
        return self.random.choice(found) if found else None

    def classes(self) -> str | None:
        found = [name for name in self.names if isinstance(self.space.get(name), type)]
        return self.random.choice(found) if found else None

    # ---- expressions -----------------------------------------------------------------------------------------------

    def number(self) -> str:
        name, xs, d = self.of(int), self.of(list), self.of(dict)
        options = [str(self.random.randint(0, 9))]
        if name:
            options += [name, f"{name} + {self.random.randint(1, 5)}", f"{name} % 7"]
        if xs:
            options += [f"len({xs})", f"len({xs})"]
        if d:
            options += [f"len({d})"]
        if self.functions() and self.chance(0.3):
            options += [self.call()]
        return self.one(*options)

    def items(self) -> str:
        """A list."""
        xs = self.of(list)
        options = ["[]", f"[{self.number()}]", f"[{self.number()}, {self.number()}]", f"[[{self.number()}]]"]
        if xs:
            options += [
                xs,
                f"list({xs})",
                f"{xs}[:]",
                f"{xs} + [{self.number()}]",
                f"[v for v in {xs}]",
                f"sorted({xs}, key=str)",
                f"[{xs}]",
                f"[{xs}, {xs}]",
            ]
        if self.known():
            options += [f"[{self.known()}]", f"[{self.known()}, {self.known()}]"]
        return self.one(*options)

    def mapping(self) -> str:
        d = self.of(dict)
        value = self.value()
        options = ["{}", f"{{{self.one(*WORDS)}: {value}}}", f"dict(k={value})"]
        if d:
            options += [
                d,
                f"dict({d})",
                f"{{**{d}, {self.one(*WORDS)}: {value}}}",
                f"{d} | {{'l': {value}}}",
                f"{{k: v for k, v in {d}.items()}}",
            ]
        return self.one(*options)

    def value(self) -> str:
        """Anything."""
        options: list[Any] = [self.number, self.number]
        options += [lambda: self.known() or "0", lambda: self.known() or "0"]
        if self.chance(0.6):
            options += [self.items, self.pick]
        if self.chance(0.15):
            options += [self.mapping]
        if self.functions():
            options += [self.call]
        if self.classes():
            options += [lambda: f"{self.classes()}({self.known() or '0'})"]
        return self.one(*options)()

    def pick(self) -> str:
        """A part of something, or one of two things."""
        xs, d, o = self.of(list), self.of(dict), self.instances()
        one, two = self.known() or "0", self.known() or "1"
        options = [f"({one} if {self.truth()} else {two})", f"({one} or {two})", f"({one} and {two})", f"({one}, {two})"]
        if xs and self.space[xs]:
            options += [f"{xs}[0]", f"{xs}[-1]", f"{xs}[{len(self.space[xs]) // 2}]"]
        if d and self.space[d]:
            key = self.random.choice(list(self.space[d]))
            options += [
                f"{d}[{key!r}]",
                f"{d}.get({key!r})",
                f"{d}.get('m', {one})",
                f"list({d}.values())[-1]",
                f"{d}.setdefault('l', {one})",
            ]
        if o:
            options += [f"{o}.x", f"{o}.get()", f"getattr({o}, 'x')", f"{o}.seen", f"{o}.__dict__"]
        if self.classes():
            options += [f"{self.classes()}.seen"]
        return self.one(*options)

    def truth(self) -> str:
        a, xs = self.of(int), self.of(list)
        options = ["True", "False", f"{self.number()} > {self.random.randint(0, 5)}"]
        if a:
            options += [f"{a} % 2 == 0", f"{a} > 3"]
        if xs:
            options += [xs, f"not {xs}", f"len({xs}) > 1"]
        if self.known():
            options += [f"{self.known()} is {self.known()}", f"isinstance({self.known()}, list)", f"'{self.target()}' in globals()"]
        return self.one(*options)

    def call(self) -> str:
        f = self.functions() or "len"
        arguments = [self.known() or self.number(), self.number(), f"[{self.number()}]", self.of(list) or "[]"]
        return f"{f}({self.random.choice(arguments)})"

    # ---- statements ------------------------------------------------------------------------------------------------

    def assignment(self) -> Statement:
        t, u = self.target(), self.target()
        return self.one(
            f"{t} = {self.value()}",
            f"{t} = {self.value()}",
            f"{t} = {self.number()}",
            f"{t} = {self.items()}",
            f"{t} = {self.items()}",
            f"{t} = {self.mapping()}",
            f"{t} = {self.pick()}",
            f"{t} = {self.pick()}",
            f"{t} = {u} = {self.items()}",
            f"{t}, {u} = {self.known() or 0}, {self.value()}",
            f"{t}, {u} = {u}, {t}" if t in self.space and u in self.space else f"{t} = 1",
            f"if ({t} := {self.value()}):\n    {u} = {t}",
            f"globals()['{t}'] = {self.value()}" if self.chance(0.2) else f"{t} = {self.value()}",
            f"{t} = __import__('copy').{self.one('copy', 'deepcopy')}({self.known() or '[]'})",
        )

    def assigned_list(self) -> Statement:
        return f"{self.target()} = {self.one(self.items(), '[[1], 2]', '[1, 2, 3]')}"

    def assigned_dict(self) -> Statement:
        return f"{self.target()} = {self.one(self.mapping(), self.mapping(), '{' + repr('k') + ': [1]}')}"

    def change(self) -> Statement:
        """Changes something in place."""
        kinds: list[Callable[[], Statement | None]] = [
            self.change_list,
            self.change_list,
            self.change_dict,
            self.change_object,
            self.change_object,
            self.change_number,
            self.change_part,
            self.change_function,
            self.change_through,
        ]
        self.random.shuffle(kinds)
        return next(text for kind in kinds if (text := kind() or "") or kind is kinds[-1]) or self.assignment()

    def change_list(self) -> Statement | None:
        xs = self.of(list)
        if not xs:
            return None
        t = self.target()
        return self.one(
            f"{xs}.append({self.value()})",
            f"{xs}.append({self.number()})",
            f"{xs} += [{self.number()}]",
            f"{xs}.extend({self.items()}[:3])",
            f"{xs}.insert(0, {self.value()})",
            f"{xs}[:] = {self.items()}",
            f"{xs}.sort(key=str)",
            f"{xs}.reverse()",
            f"{xs}.clear()",
            f"if {xs}:\n    {xs}[0] = {self.value()}",
            f"if {xs}:\n    del {xs}[-1]",
            f"{t} = {xs}.pop() if {xs} else 0",
            f"for v in {xs}[:4]:\n    if isinstance(v, list):\n        v.append({self.number()})",
            f"[v.append({self.number()}) for v in {xs} if isinstance(v, list)]",
            f"{t} = {xs}.append\n{t}({self.number()})",
            f"{t} = {xs}.append",
            f"{xs}.__setitem__(slice(0, 1), [{self.number()}])",
            f"list.append({xs}, {self.number()})",
            f"getattr({xs}, 'append')({self.number()})",
            f"__import__('heapq').heappush({xs}, {self.number()})",
            f"{xs}.append({xs}[-1] if {xs} else [])",
            f"for {t} in {xs}[:3]:\n    pass",
            f"{t}, *{self.target()} = {xs}",
            f"any(v.append(1) for v in {xs} if type(v) is list)",
            f"list(map(lambda v: v.append(2) if type(v) is list else v, {xs}))",
        )

    def change_dict(self) -> Statement | None:
        d = self.of(dict)
        if not d:
            return None
        t = self.target()
        key = self.one(*WORDS)
        return self.one(
            f"{d}[{key}] = {self.value()}",
            f"{d}[{key}] = {self.value()}",
            f"{d}.setdefault({key}, []).append({self.number()})",
            f"{d}.update({{{key}: {self.value()}}})",
            f"{d}.update(k={self.value()})",
            f"{d} |= {{{key}: {self.value()}}}",
            f"{d}.pop({key}, None)",
            f"{d}.clear()",
            f"for k, v in {d}.items():\n    if isinstance(v, list):\n        v.append(k)",
            f"for v in {d}.values():\n    {t} = v",
            f"{t} = {d}.get({key}, [])\nif isinstance({t}, list):\n    {t}.append({self.number()})",
            f"{t} = {d}.values()",
            f"{t} = {d}.keys()",
        )

    def change_object(self) -> Statement | None:
        o, c = self.instances(), self.classes()
        if not o:
            return f"{self.target()} = {c}({self.known() or 0})" if c else None
        t = self.target()
        options = [
            f"{o}.x = {self.value()}",
            f"{o}.add({self.value()})",
            f"{o}.add({self.number()})",
            f"{o}.y = {self.value()}",
            f"setattr({o}, 'x', {self.value()})",
            f"{o}.__dict__['x'] = {self.value()}",
            f"vars({o}).update(z={self.number()})",
            f"if isinstance({o}.x, list):\n    {o}.x.append({self.number()})",
            f"if isinstance({o}.x, int):\n    {o}.x += 1",
            f"{o}.seen.append({self.number()})",
            f"type({o}).seen.append({self.number()})",
            f"type({o}).seen = {self.items()}",
            f"{t} = {o}.add",
            f"{t} = {o}.x",
            f"{t} = {o}.get",
            f"with {o} as {t}:\n    pass",
            f"{t} = {o} + {self.number()}",
            f"{o}[{self.number()}] = {self.value()}",
            f"{t} = {o}[0]",
            f"{o} += {self.number()}",
            f"{t} = {o}.prop",
            f"{o}.prop = {self.value()}",
            f"{t} = [v for v in {o}]",
            f"{t} = f'{{{o}}}'",
            f"{t} = {self.number()} in {o}",
            f"{t} = {o} == {self.known()}",
            f"{t} = len({o})",
            f"{t} = {o}({self.value()})",
            f"{t} = bool({o})",
            f"{t} = {o}.missing_{self.one('u', 'v')}",
            f"del {o}.x",
        ]
        if c:
            options += [
                f"{c}.seen.append({self.number()})",
                f"{c}.n = {self.number()}",
                f"{c}.seen = {self.items()}",
                f"{c}.extra = lambda self: self.x",
                f"{t} = {c}({self.known() or 0})",
                f"{o}.__class__ = {c}",
                f"{t} = isinstance({o}, {c})",
                f"{t} = {c}.make({self.number()})",
                f"{c}.count()",
            ]
        return self.random.choice(options)

    def change_number(self) -> Statement | None:
        a = self.of(int)
        return self.one(f"{a} += {self.number()}", f"{a} = {a} * 2 % 100", f"{a} -= 1") if a else None

    def change_part(self) -> Statement | None:
        place = self.pick()
        t = self.target()
        if not (self.of(list) or self.instances()):
            return f"{t} = {self.items()}"
        return self.one(
            f"{t} = {place}\nif isinstance({t}, list):\n    {t}.append({self.number()})",
            f"if isinstance({place}, list):\n    {place}.append({self.number()})",
            f"(lambda v: v.append({self.number()}) if type(v) is list else None)({place})",
        )

    def change_function(self) -> Statement | None:
        f = self.functions()
        if not f:
            return None
        return self.one(
            f"{f}.calls = {self.number()}",
            f"{f}.memory = {self.items()}",
            f"{self.target()} = getattr({f}, 'memory', None)",
            f"if hasattr({f}, 'memory'):\n    {f}.memory.append({self.number()})",
        )

    def change_through(self) -> Statement | None:
        f = self.functions()
        if not f:
            return None
        known = self.known() or "0"
        t = self.target()
        return self.one(
            self.call(),
            self.call(),
            f"{t} = {self.call()}",
            f"{t} = {self.call()}",
            f"{t} = list(map({f}, [{known}]))",
            f"{t} = sorted([{known}, {known}], key={f})" if self.chance(0.3) else f"{t} = {self.call()}",
            f"for v in [{known}]:\n    {f}(v)",
            f"{t} = [{f}(v) for v in ({known}, {self.number()})]",
            f"{t} = __import__('functools').partial({f}, {known})",
            f"{t} = lambda v: {f}(v)",
            f"{t} = max([{known}], key={f})",
            f"{t} = {f}",
        )

    def definition(self) -> Statement:
        f, g = self.target(), self.target()
        self.numbers += 1
        body = self.one(
            lambda: [f"return {self.value()}"],
            lambda: [f"global {g}", f"{g} = {self.value()}", f"return {g}"],
            lambda: [f"global {g}", f"{g} = v", "return v"],
            lambda: ["if isinstance(v, list):", f"    v.append({self.number()})", "return v"],
            lambda: [f"{self.of(list)}.append(v)" if self.of(list) else "pass", f"return {self.known() or 'v'}"],
            lambda: [self.change_list() or "pass", f"return {self.target()}"],
            lambda: [self.change_dict() or "pass", "return v"],
            lambda: [self.change_object() or "pass", "return v"],
            lambda: [f"{g} = v", f"return {g}"],
            lambda: [f"return {g}(v) if callable({g}) and {g} is not {f} else {g}"],
            lambda: ["try:", f"    return {g}", "except NameError:", "    return 0"],
            lambda: [f"{f}.calls = getattr({f}, 'calls', 0) + 1", f"return {f}.calls"],
            lambda: [f"return [{self.known() or 'v'} for _ in range(2)]"],
            lambda: ["yield v", f"yield {self.known() or 0}"],
            lambda: [f"return {{'k': v, 'l': {self.known() or 0}}}"],
            lambda: [f"for i in range(2):\n        {self.target()} = i", "return v"],
            lambda: [f"global {g}", "try:", f"    del {g}", "except NameError:", "    pass", "return 0"],
            lambda: ["def inner(w=v):", f"    {g}" if self.chance(0.3) else "    pass", "    return [w, v]", "return inner"],
        )()
        lines = []
        for text in body:
            lines += text.splitlines()
        inner = "\n".join(f"    {line}" for line in lines)
        head = self.one("v=0", "v=0", "v=None", "v=[]", "*v", "v=0, memory=[]", f"v={self.known() or 0}")
        text = f"def {f}({head}):\n{inner}"
        return self.one(
            text,
            text,
            text,
            f"{f} = lambda v=0: {self.value()}",
            f"{f} = lambda v=0: {self.of(list)}.append(v)" if self.of(list) else text,
            f"def {f}(v=0):\n    n = [v]\n    def add(w=1):\n        n.append(w)\n        return list(map(str, n))\n    return add",
            f"def make(v=0):\n    n = 0\n    def add(w=1):\n        nonlocal n\n        n += 1\n        return n\n    return add\n{f} = make()",
            f"def make(v=0):\n    n = {self.of(list) or '[]'}\n    def add(w=1):\n        n.append(w)\n        return len(n)\n    def get(w=1):\n        return len(n)\n    return add, get\n{f}, {g} = make()",
            f"def deco(inner):\n    memory = []\n    def outer(*v):\n        memory.append(1)\n        return len(memory)\n    return outer\n@deco\n{text}",
            f"@__import__('functools').wraps(len)\n{text}",
        )

    def class_definition(self) -> Statement:
        c = self.target()
        base = self.classes() if self.chance(0.3) else None
        if base == c:
            base = None
        lines = [f"class {c}({base}):" if base else f"class {c}:"]
        lines += [f"    seen = {self.one('[]', '[]', self.of(list) or '[]', self.known() or '[]')}", f"    n = {self.number()}"]
        g = self.target()
        lines += ["    def __init__(self, x=0):", f"        self.x = {self.one('x', 'x', '[x]', '[]', self.known() or 'x')}"]
        if self.chance(0.3):
            lines += [
                f"        {self.one('self.seen.append(1)', f'{c}.n += 1', f'{self.of(list)}.append(1)' if self.of(list) else 'pass')}"
            ]
        if self.chance(0.2):
            lines = [line.replace("self.x =", "super().__init__(x); self.x =") if base else line for line in lines]
        lines += [
            "    def add(self, v):",
            f"        {self.one('self.seen.append(v)', 'self.x = v', f'{c}.n = {c}.n + 1', 'self.seen = self.seen + [v]', 'self.x.append(v) if isinstance(self.x, list) else None', f'{g} = v')}",
            f"        return {self.one('self', 'v', 'self.x', 'self.seen', c + '.n', g)}",
        ]
        lines += ["    def get(self):", f"        return {self.one('self.x', 'self.x', 'self.seen', g, 'type(self)(1)')}"]
        extras = {
            "prop": [
                "    @property",
                "    def prop(self):",
                f"        {self.one('self.seen.append(0)', 'pass', 'self.y = 1')}",
                f"        return {self.one('self.x', g)}",
                "    @prop.setter",
                "    def prop(self, v):",
                "        self.x = v",
            ],
            "make": [
                "    @classmethod",
                "    def make(cls, v):",
                "        cls.n = v",
                "        return cls(v)",
                "    @staticmethod",
                "    def count():",
                f"        {self.of(list)}.append(9)" if self.of(list) else "        pass",
            ],
            "enter": [
                "    def __enter__(self):",
                f"        {self.one('self.seen.append(5)', 'self.x = 5')}",
                f"        return {self.one('self', 'self.x')}",
                "    def __exit__(self, *args):",
                "        self.seen.append(6)",
            ],
            "plus": [
                "    def __add__(self, v):",
                f"        {self.one('self.seen.append(v)', 'self.x = v', 'pass')}",
                f"        return {self.one('self', 'self.x', g)}",
                "    def __iadd__(self, v):",
                f"        {self.one('self.seen.append(v)', 'self.x = v')}",
                "        return self",
            ],
            "item": [
                "    def __getitem__(self, v):",
                f"        {self.one('self.seen.append(v)', 'pass')}",
                "        if v > 2 if isinstance(v, int) else True: raise IndexError",
                f"        return {self.one('self.x', g)}",
                "    def __setitem__(self, k, v):",
                f"        {self.one('self.x = v', 'self.seen.append(v)')}",
            ],
            "text": [
                "    def __repr__(self):",
                f"        {self.one('self.seen.append(7)', 'pass', 'type(self).n += 1')}",
                "        return 'obj %s' % type(self).n",
            ],
            "same": [
                "    def __eq__(self, v):",
                f"        {self.one('self.seen.append(8)', 'pass')}",
                "        return self is v",
                "    __hash__ = None",
            ],
            "call": [
                "    def __call__(self, v=0):",
                f"        {self.one('self.seen.append(v)', 'self.x = v', 'pass')}",
                f"        return {self.one('self.x', 'v', g)}",
                "    def __len__(self):",
                f"        {self.one('self.seen.append(3)', 'pass')}",
                "        return 2",
                "    def __contains__(self, v):",
                f"        {self.one('self.seen.append(4)', 'pass')}",
                "        return True",
            ],
            "getattr": [
                "    def __getattr__(self, name):",
                "        if name.startswith('_'): raise AttributeError(name)",
                f"        {self.one('type(self).n += 1', f'{self.of(list)}.append(name)' if self.of(list) else 'pass')}",
                f"        return {self.one('1', g)}",
            ],
            "slots": [],
        }
        for key in self.random.sample(sorted(extras), self.random.randint(0, 4)):
            lines += extras[key]
        if "text" not in "\n".join(lines) and "__repr__" not in "\n".join(lines):
            lines += ["    def __repr__(self):", "        return 'obj'"]
        text = "\n".join(lines)
        return self.one(
            text,
            text,
            text,
            f"@__import__('dataclasses').dataclass\nclass {c}:\n    x: object = 0\n    seen: list = __import__('dataclasses').field(default_factory=list)\n    def add(self, v):\n        self.seen.append(v)\n        return self\n    def get(self):\n        return self.x",
        )

    def control(self) -> Statement:
        inner = self.simple().replace("\n", "\n    ")
        other = self.simple().replace("\n", "\n    ")
        t = self.target()
        return self.one(
            f"if {self.truth()}:\n    {inner}",
            f"if {self.truth()}:\n    {inner}\nelse:\n    {other}",
            f"for i in range({self.random.randint(0, 2)}):\n    {inner}",
            f"for {t} in {self.of(list) or '[1, 2]'}[:3]:\n    {inner}",
            f"try:\n    {inner}\n    raise ValueError\nexcept ValueError:\n    {other}",
            f"try:\n    {t}\nexcept NameError:\n    {t} = {self.value()}",
            f"try:\n    {inner}\nfinally:\n    {other}",
            f"n = 0\nwhile n < 2:\n    n += 1\n    {inner}\n    if n > {self.random.randint(0, 2)}: break",
            f"match {self.known() or 1}:\n    case [{t}, *_]:\n        pass\n    case int():\n        {t} = {self.number()}\n    case _:\n        pass",
            f"try:\n    {t} = 1 / {self.one(0, 1)}\nexcept ZeroDivisionError as problem:\n    {t} = problem.args",
            f"del {t}" if t in self.space and self.chance(0.3) else f"{t} = {self.value()}",
            f"{t} = {{}}\nfor i in range(2):\n    {t}[i] = {self.value()}",
        )

    def simple(self) -> Statement:
        return self.one(self.assignment, self.change, self.change)()

    def special(self) -> Statement:
        """Random numbers, process state, text as code: seldom."""
        t, known = self.target(), self.known() or "0"
        return self.one(
            f"import random\nrandom.seed({self.number()})\n{t} = random.random()",
            f"import random\n{t} = random.randint(0, 99)" if "random" in self.space else "import random\nrandom.seed(1)",
            f"import random\nrandom.shuffle({self.of(list)})"
            if self.of(list) and "random" in self.space
            else "import random\nrandom.seed(2)",
            f"import os\nos.environ['JM_TEST'] = str({self.number()})",
            f"import os\n{t} = os.environ.get('JM_TEST')",
            f"exec('{t} = {self.number()}')",
            f"{t} = eval('{known}')",
            f"from collections import defaultdict, Counter, deque\n{t} = {self.one('defaultdict(list)', 'Counter()', 'deque([1])')}",
            f"{t} = iter({self.of(list) or '[1, 2]'})",
            f"{t} = next({t}, None)" if hasattr(self.space.get(t), "__next__") else f"{t} = frozenset([1])",
            f"{t} = type('T', (), {{'x': {self.number()}, 'seen': [], '__repr__': lambda self: 'T'}})()",
            f"{t} = __import__('types').SimpleNamespace(x={self.value()}, seen=[])",
            f"for key in list(globals()):\n    if key == '{t}':\n        globals()[key] = {self.number()}",
            f"{t} = (v for v in [1, 2])" if self.chance(0.1) else f"{t} = tuple([{known}, {known}])",
        )

    def statement(self) -> Statement:
        return self.random.choices(
            [self.assignment, self.change, self.definition, self.class_definition, self.control, self.special],
            [30, 40, 9, 6, 14, 3],
        )[0]()

    # ---- growing ---------------------------------------------------------------------------------------------------

    def shown(self) -> str:
        """A statement that prints what names hold."""
        names = self.random.sample(self.names, min(len(self.names), self.random.randint(1, 3)))
        parts = [name for name in names if name in self.space and printable(self.space[name])]
        if self.known() and self.chance(0.4):
            parts.append(f"{self.known()} is {self.known()}")
        if (o := self.instances()) and self.chance(0.6):
            parts.append(f"show({o})")
        return f"print({', '.join(parts)})" if parts else "print()"

    def grow(self) -> Program:
        """The whole program."""
        units: list[Unit] = [("setup", SHOW)]
        self._ran(SHOW)
        names = [f"s{number}" for number in range(self.random.randint(2, 6))]
        order = list(names)
        for make in self.random.sample(
            [self.definition, self.class_definition, self.assigned_list, self.assigned_list, self.assigned_dict], self.random.randint(1, 5)
        ):
            text = make()
            if self._ran(text):
                units.append((self.one("setup", names[0], names[0]), text))
        units.sort(key=lambda unit: unit[0] != "setup")
        if self.chance(0.15):
            order.append(self.random.choice(names))
        breaks: set[int] = set()
        for step in order:
            for _ in range(self.random.randint(1, 5)):
                text = self._accepted()
                if text:
                    units.append((step, text))
                if self.chance(0.15):
                    breaks.add(len(units))
            if self.chance(0.75):
                shown = self.shown()
                if self._ran(shown):
                    units.append((step, shown))
        units += [("end", f"print('{name}', {name})") for name in self.names if self.chance(0.5) and self._printed(name)]
        return Program(tuple(units), frozenset(breaks))

    def _accepted(self) -> Statement | None:
        text = self.statement()
        try:
            compile(text, "<new>", "exec")
        except SyntaxError:
            return None
        if self._ran(text):
            return text
        inner = text.replace("\n", "\n    ")
        return f"try:\n    {inner}\nexcept Exception as problem:\n    print(type(problem).__name__)"

    def _printed(self, name: str) -> bool:
        return name in self.space and printable(self.space[name]) and self._ran(f"print({name})")

    def _ran(self, text: str) -> bool:
        """Whether it ran; what it did before it raised stays done, as it will when it is wrapped."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(text, "<cell>", "exec"), self.space)
        except Exception:  # noqa: BLE001 - a program may raise anything
            return False
        return True


SHOW = """def show(o):
    return sorted((k, v) for k, v in vars(o).items() if isinstance(v, (int, str))), [len(v) for v in vars(o).values() if isinstance(v, list)], getattr(o, 'n', 0), len(getattr(o, 'seen', ())) if isinstance(getattr(o, 'seen', ()), (list, str)) else 0"""


def printable(value: Any, depth: int = 0) -> bool:
    """Whether its text is the same in each process."""
    if depth > 8:
        return False
    if isinstance(value, (list, tuple)):
        return len(value) < 60 and all(printable(one, depth + 1) for one in value)
    if isinstance(value, dict):
        return all(printable(one, depth + 1) for one in value.values())
    if type(value).__module__ == "__main__":
        return "__repr__" in {key for cls in type(value).__mro__[:-1] for key in vars(cls)} and not hasattr(
            type(value), "__dataclass_fields__"
        )
    return isinstance(value, (int, str, float, type(None)))


def programs(seeds: range) -> Iterator[tuple[int, Program]]:
    """One program per seed."""
    for seed in seeds:
        yield seed, Grower(seed).grow()


__all__ = ["Program", "Unit", "programs", "types"]
