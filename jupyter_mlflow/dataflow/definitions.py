"""Functions and classes of the notebook: made, called, and run by code that we cannot see.

A call of a function whose source is in the notebook is followed into its body with the values it is given. Where that ends (recursion,
depth, sheer size) the function is taken to read all globals it mentions and to change all it was given.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable

from jupyter_mlflow.dataflow import trees
from jupyter_mlflow.dataflow.effects import Memo
from jupyter_mlflow.dataflow.machine import DEEPEST, MOST_STEPS, Frame, Machine
from jupyter_mlflow.dataflow.values import ANYTHING, NONE, UNKNOWN, Code, Value, join

KEEPS_FUNCTION = ("functools.", "contextlib.", "numba.", "torch.", "typing.", "dataclasses.", "builtins.", "atexit.", "abc.", "enum.")
"""Decorators of these modules wrap a function without changing what it reads and writes."""

MEMOS = frozenset({"functools.lru_cache", "functools.cache"})

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def is_namespace(m: Machine, node: ast.expr) -> bool:
    """Whether an expression is `globals()`, or `locals()`/`vars()` where that is the same."""
    if isinstance(node, ast.Attribute) and node.attr in {"user_ns", "user_global_ns"}:  # of IPython's shell
        return True
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args and not node.keywords):
        return False
    name = node.func.id
    here = name == "globals" or (name in {"locals", "vars"} and m.frame is None)
    return here and m.look(name) is None


# ---- making ------------------------------------------------------------------------------------------------------------


def function(m: Machine, node: Function) -> Value:
    """A `def` or `lambda`: defaults, decorators and annotations are evaluated now, the body later."""
    code = Code(node=node, frame=m.frame, scopes=_scopes(m), cell=m.effects.cell, kind=_kind(node), leaves_early=_returns_early(node))
    if m.frame is not None and m.frame.kind == "class":
        code.owner = m.frame.owner
    region = m.heap.new(code=code)
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args]
    for argument, default in zip(reversed(named), reversed(arguments.defaults), strict=False):
        code.defaults[argument.arg] = m.evaluate(default)
    for argument, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=False):
        if given is not None:
            code.defaults[argument.arg] = m.evaluate(given)
    for value in code.defaults.values():
        m.heap.contain([region], value.regions)
    _close_over(m, region)
    value = Value(frozenset({"function"}), frozenset({region}))
    if isinstance(node, ast.Lambda):
        return value
    for annotation in _annotations(node):
        m.evaluate(annotation)
    for decorator in reversed(node.decorator_list):
        value = _decorated(m, m.evaluate(decorator), value)
    return value


def _scopes(m: Machine) -> object:
    return m.frame.scopes if m.frame is not None and m.frame.scopes is not None else m.scopes


def _close_over(m: Machine, region: int) -> None:
    """A function made inside another keeps what the outer one's names hold."""
    frame = m.frame
    while frame is not None:
        if frame.kind == "function":
            if frame.region is None:
                frame.region = m.heap.new()
            m.heap.contain([region], [frame.region])
        for value in frame.names.values():
            m.heap.contain([region], value.regions)
        frame = frame.parent


def _annotations(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    if getattr(node, "type_params", None):
        return []  # evaluated lazily in a scope of their own
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    found = [one.annotation for one in every if one is not None and one.annotation is not None]
    return found if node.returns is None else [*found, node.returns]


def _kind(node: Function) -> str:
    body = node.body if isinstance(node.body, list) else [node.body]
    yields = any(isinstance(one, (ast.Yield, ast.YieldFrom)) for statement in body for one in trees.own(statement))
    if yields:
        return "generator"
    return "coroutine" if isinstance(node, ast.AsyncFunctionDef) else "function"


def _decorated(m: Machine, decorator: Value, value: Value) -> Value:
    if decorator.path.startswith(KEEPS_FUNCTION) or decorator.only("partial", "context"):
        mark_memo(m, decorator, value)
        _mark_manager(m, decorator, value)
        return value
    result = m.invoke(decorator, [value], {})
    if result.regions and result.kinds <= {"function", "class"} and all(m.heap[region].code is not None for region in result.regions):
        return result
    kinds = result.kinds | {"function"} if UNKNOWN in result.kinds or result.immutable else result.kinds
    return Value(kinds, result.regions | value.regions)


def _mark_manager(m: Machine, decorator: Value, value: Value) -> None:
    if decorator.path.endswith("contextmanager"):
        for region in value.regions:
            code = m.heap[region].code
            if code is not None:
                code.kind = "manager"


def mark_memo(m: Machine, decorator: Value, value: Value) -> None:
    """Note that a function remembers its results, when `decorator` is `lru_cache` or `cache`, called or not."""
    element = join([one for region in decorator.regions if (one := m.heap[region].element) is not None]) if decorator.regions else decorator
    if decorator.path in MEMOS or element.path in MEMOS:
        for region in value.regions:
            code = m.heap[region].code
            if code is not None:
                code.remembers = True


def klass(m: Machine, node: ast.ClassDef) -> Value:
    """A `class`: its body runs now."""
    bases = tuple(m.evaluate(base) for base in node.bases)
    parts = [m.evaluate(keyword.value) for keyword in node.keywords]
    code = Code(node=node, frame=m.frame, scopes=_scopes(m), cell=m.effects.cell, bases=bases, kind="class")
    region = m.heap.new(code=code)
    outer = m.frame
    m.frame = Frame(scope=node, scopes=code.scopes, parent=outer, kind="class", owner=region)
    try:
        m.execute(node.body)
        code.members = m.frame.names
    finally:
        m.frame = outer
    for name, member in code.members.items():
        m.heap.contain([region], member.regions)
        m.methods[name].add(region)
    for base in (*bases, *parts):
        m.heap.hold([region], base.regions)
    value = Value(frozenset({"class"}), frozenset({region}))
    for base in bases:  # a base of the notebook may run code for each subclass, and keep it
        for method in ("__init_subclass__", "__new__", "__init__"):
            found = member_of(m, base, method) if method == "__init_subclass__" else None
            if found is not None:
                invoke_member(m, found, value, [], {})
    for part in parts:
        if part.regions:
            run_all(m, [part, value])
    for decorator in reversed(node.decorator_list):
        value = _decorated_class(m, m.evaluate(decorator), value)
    return value


def _decorated_class(m: Machine, decorator: Value, value: Value) -> Value:
    if decorator.path.startswith(KEEPS_FUNCTION) or decorator.only("partial"):
        return value
    result = m.invoke(decorator, [value], {})
    return Value(value.kinds | (result.kinds - {UNKNOWN}), result.regions | value.regions)


# ---- looking up --------------------------------------------------------------------------------------------------------


def class_regions(m: Machine, value: Value) -> list[int]:
    """Classes of the notebook among `value`, their bases after them, each once."""
    found: list[int] = []
    todo = [region for region in sorted(value.regions) if _is_class(m, region)]
    while todo:
        region = todo.pop(0)
        if region in found:
            continue
        found.append(region)
        code = m.heap[region].code
        if code is not None:
            for base in code.bases:
                todo += [one for one in sorted(base.regions) if _is_class(m, one)]
    return found


def _is_class(m: Machine, region: int) -> bool:
    code = m.heap[region].code
    return code is not None and code.kind == "class"


def class_of(m: Machine, value: Value) -> Value:
    """Classes that instances among `value` belong to."""
    owners = {m.heap[region].cls for region in value.regions}
    regions = frozenset(owner for owner in owners if owner is not None)
    return Value(frozenset({"class"}), regions) if regions else ANYTHING


def member_of(m: Machine, cls: Value, name: str) -> Value | None:
    """What `cls.name` finds in classes of the notebook."""
    found = []
    for region in class_regions(m, cls):
        code = m.heap[region].code
        if code is not None and name in code.members:
            found.append(code.members[name])
    return join(found) if found else None


def has_foreign_base(m: Machine, cls: Value) -> bool:
    """Whether code outside the notebook takes part in the class."""
    return any(path not in {"builtins.object", "abc.ABC", "enum.Enum"} for path in _foreign_bases(m, cls))


def _foreign_bases(m: Machine, cls: Value) -> list[str]:
    """Dotted names of the bases that are no classes of the notebook; empty texts for those that have none."""
    codes = [code for region in class_regions(m, cls) if (code := m.heap[region].code) is not None]
    return [base.path for code in codes for base in code.bases if not any(_is_class(m, one) for one in base.regions)]


def is_network_class(m: Machine, cls: Value) -> bool:
    """Whether the only code outside the notebook that takes part in the class is PyTorch's `Module`, which leaves its members alone."""
    foreign = _foreign_bases(m, cls)
    return bool(foreign) and all(path.startswith("torch.nn.") for path in foreign)


def decorators_of(m: Machine, value: Value) -> set[str]:
    """Names of the decorators that decide how a member is reached: property, classmethod, staticmethod."""
    names = set()
    for region in value.regions:
        code = m.heap[region].code
        node = code.node if code is not None else None
        for decorator in getattr(node, "decorator_list", []):
            last = decorator.func if isinstance(decorator, ast.Call) else decorator
            names.add(last.attr if isinstance(last, ast.Attribute) else getattr(last, "id", ""))
    return names & {"property", "cached_property", "classmethod", "staticmethod", "setter", "deleter"}


# ---- calling -----------------------------------------------------------------------------------------------------------


def invoke_member(m: Machine, member: Value, itself: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Call a member found on a class, with `itself` in front unless it is a static method."""
    how = decorators_of(m, member)
    first = [] if "staticmethod" in how else [class_of(m, itself) if "classmethod" in how and "class" not in itself.kinds else itself]
    return call_codes(m, member, [*first, *args], keywords, itself)


def call_codes(m: Machine, value: Value, args: list[Value], keywords: dict[str, Value], itself: Value | None = None) -> Value:
    """Call one of the functions and classes that `value` may be, nobody knows which."""
    results: list[Value] = []

    def one_of(region: int, code: Code) -> Callable[[], None]:
        def run() -> None:
            bound = m.heap[region].bound
            if code.kind == "class":
                results.append(instantiate(m, region, args, keywords))
            else:
                results.append(_follow(m, region, code, [bound, *args] if bound is not None else args, keywords, itself or bound))

        return run

    codes = [(region, code) for region in sorted(value.regions) if (code := m.heap[region].code) is not None]
    if len(codes) == 1 and value.kinds <= {"function", "class"}:
        one_of(*codes[0])()
    elif codes:
        m.branch(*(one_of(region, code) for region, code in codes), lambda: None)
    return join(results) if results else m.unknown(value, *args, *keywords.values())


def instantiate(m: Machine, cls: int, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`Class(...)`."""
    owner = Value(frozenset({"class"}), frozenset({cls}))
    stays = "an object whose `__del__` would run for each copy" if member_of(m, owner, "__del__") is not None else ""
    region = m.heap.new(cls=cls, stays=stays)
    m.heap.hold([region], class_regions(m, owner))
    itself = Value(frozenset({"instance"}), frozenset({region}))
    made = False
    for name in ("__new__", "__init__", "__post_init__"):
        member = member_of(m, owner, name)
        if member is not None:
            made |= name == "__init__"
            given = args if name != "__post_init__" else []
            first = owner if name == "__new__" else itself
            call_codes(m, member, [first, *given], keywords if given else {}, itself)
    if not made:
        _fields(m, region, owner, args, keywords)
    if has_foreign_base(m, owner) and not is_network_class(m, owner):
        m.heap[region].opaque = True
        m.heap.contain([region], [one for value in (*args, *keywords.values()) for one in value.regions])
    return itself


def _fields(m: Machine, region: int, owner: Value, args: list[Value], keywords: dict[str, Value]) -> None:
    """A class without `__init__` (a dataclass, a named tuple) keeps what it was given."""
    names = [name for cls in reversed(class_regions(m, owner)) for name in _annotated(m, cls)]
    for name in names:
        default = member_of(m, owner, name)
        if default is not None and default.only("field"):  # each instance has a new one, made by the field's factory
            m.heap[region].attributes[name] = made = m.new(UNKNOWN)
            m.heap.contain([region], made.regions)
    for name, value in [*zip(names, args, strict=False), *keywords.items()]:
        m.heap[region].attributes[name] = value
    for value in (*args, *keywords.values()):
        m.heap.contain([region], value.regions)
    if len(args) > len(names):
        m.heap[region].opaque = True


def _annotated(m: Machine, cls: int) -> list[str]:
    code = m.heap[cls].code
    body = getattr(code.node, "body", []) if code is not None else []
    return [one.target.id for one in body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]


def _follow(m: Machine, region: int, code: Code, args: list[Value], keywords: dict[str, Value], itself: Value | None) -> Value:
    node = code.node
    if isinstance(node, ast.ClassDef) or region in m.calls or len(m.calls) >= DEEPEST or m.steps > MOST_STEPS:
        return _unseen(m, code, [*args, *keywords.values()])
    outer, unsure, marks = m.frame, m.unsure, m.marks
    m.frame = Frame(scope=node, scopes=code.scopes, parent=code.frame, owner=code.owner, itself=itself)
    m.calls.append(region)
    _bind_arguments(m, node, code, args, keywords)
    frame = m.frame

    def body() -> None:
        if isinstance(node, ast.Lambda):
            frame.returned.append(m.evaluate(node.body))
        else:
            m.execute(node.body)

    try:
        if code.leaves_early or code.kind == "generator":  # nobody knows how far it gets
            m.unsure += 1
            with m.half_way():
                m.branch(body, lambda: None)
        else:
            body()
        returned = frame.returned
        if m.frame.region is not None:
            m.heap.contain([m.frame.region], [one for value in m.frame.names.values() for one in value.regions])
        _remember(m, region, code, m.marks > marks)
    finally:
        m.frame, m.unsure = outer, unsure
        m.calls.pop()
    result = join(returned) if returned else NONE
    if code.kind == "function":
        return result
    lazy = m.new(code.kind, parts=[result, *args, *keywords.values()], element=result)
    m.heap.contain(lazy.regions, [region])
    return lazy


def _remember(m: Machine, region: int, code: Code, impure: bool) -> None:
    if code.remembers:
        old = m.effects.memos.get(region)
        impure = impure or (old is not None and old.impure)
        m.effects.memos[region] = Memo(name=getattr(code.node, "name", "lambda"), line=m.line, impure=impure)


def _returns_early(node: Function) -> bool:
    if isinstance(node, ast.Lambda):
        return False
    return _leaves_before_end(node.body)


def _leaves_before_end(body: list[ast.stmt]) -> bool:
    if any(isinstance(one, (ast.Return, ast.Raise)) for statement in body[:-1] for one in trees.own(statement)):
        return True
    last = body[-1] if body else None
    if isinstance(last, (ast.If, ast.With, ast.AsyncWith)):
        return _leaves_before_end(last.body) or _leaves_before_end(getattr(last, "orelse", []))
    if isinstance(last, (ast.Return, ast.Raise)) or last is None:
        return False
    return any(isinstance(one, (ast.Return, ast.Raise)) for one in trees.own(last))


def _bind_arguments(m: Machine, node: Function, code: Code, args: list[Value], keywords: dict[str, Value]) -> None:
    assert m.frame is not None
    names = m.frame.names
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args]
    names.update(code.defaults)
    for argument, value in zip(named, args, strict=False):
        names[argument.arg] = value
    rest = args[len(named) :]
    if arguments.vararg is not None:
        names[arguments.vararg.arg] = m.new("tuple", parts=rest, element=join(rest) if rest else None)
    known = {one.arg for one in (*named, *arguments.kwonlyargs)}
    for name, value in keywords.items():
        if name in known:
            names[name] = value
    if arguments.kwarg is not None:
        others = [value for name, value in keywords.items() if name not in known]
        names[arguments.kwarg.arg] = m.new("dict", parts=others, element=join(others) if others else None)
    spread = keywords.get("**") or keywords.get("*")
    for name in known - set(names):
        names[name] = m.unknown(spread) if spread is not None else ANYTHING


def _unseen(m: Machine, code: Code, args: list[Value]) -> Value:
    """A call that is not followed: all globals mentioned may be read, declared ones written, arguments changed."""
    declared = {name for node in ast.walk(code.node) if isinstance(node, ast.Global) for name in node.names}
    m.unsure += 1
    for name in sorted({node.id for node in ast.walk(code.node) if isinstance(node, ast.Name)}):
        if m.look(name) is not None:
            held = m.read(name)
            if name in declared:
                m.branch(lambda name=name: m.bind(name, ANYTHING), lambda: None)  # type: ignore[misc]
            elif not held.immutable and not held.kinds & {"function", "class"}:
                m.change(held, deep=True)
    m.unsure -= 1
    for value in args:
        m.change(value, deep=True)
    return m.unknown(*args)


# ---- code that others run ----------------------------------------------------------------------------------------------


def run_all(m: Machine, values: list[Value]) -> None:
    """Unknown code was handed `values`: any function or method of the notebook that it can reach may run."""
    m.unsure += 1
    try:
        _run_methods(m, values)
        for region, code in m.codes(values):
            if (region, False) in m.called or region in m.calls:
                continue
            m.called.add((region, False))
            given = m.unknown(*values)
            if code.kind == "class":
                m.branch(functools.partial(_run_members, m, region, values, dunders=False), lambda: None)
            else:
                m.branch(functools.partial(_follow, m, region, code, [given] * arity(code), {}, None), lambda: None)
    finally:
        m.unsure -= 1


def _run_methods(m: Machine, values: list[Value]) -> None:
    for region in sorted(m.heap.reach([one for value in values for one in value.regions], held=True)):
        one = m.heap[region]
        if one.method and one.bound is not None and (region, False) not in m.called:
            m.called.add((region, False))
            method = Value(frozenset({"method"}), frozenset({region}))
            m.branch(functools.partial(m.invoke, method, [m.unknown(*values)], {}), lambda: None)


def arity(code: Code) -> int:
    """How many arguments a function takes by position."""
    arguments = code.node.args if not isinstance(code.node, ast.ClassDef) else None
    return len([*arguments.posonlyargs, *arguments.args]) if arguments is not None else 0


def _run_members(m: Machine, cls: int, values: list[Value], *, dunders: bool) -> None:
    owner = Value(frozenset({"class"}), frozenset({cls}))
    instances = frozenset(one for value in values for one in m.heap.reach(value.regions, held=True) if m.heap[one].cls is not None)
    itself = Value(frozenset({"instance"}), instances) if instances else m.unknown(*values)
    for region in class_regions(m, owner):
        code = m.heap[region].code
        for name, member in list(code.members.items()) if code is not None else []:
            special = name.startswith("__") and name.endswith("__")
            if (
                member.kinds & {"function"}
                and (special or not dunders)
                and name not in {"__init__", "__new__", "__init_subclass__", "__del__"}
            ):
                m.branch(lambda member=member: _run_member(m, member, itself, values), lambda: None)  # type: ignore[misc]


def _run_member(m: Machine, member: Value, itself: Value, values: list[Value]) -> None:
    for region in sorted(member.regions):
        code = m.heap[region].code
        if code is not None and region not in m.calls:
            given = m.unknown(itself, *values)
            _follow(m, region, code, [itself, *[given] * max(0, arity(code) - 1)], {}, itself)


def consume(m: Machine, value: Value) -> None:
    """Looping over a lazy iterator uses it up, and runs what `map` and `filter` were given."""
    m.change(value)
    if "iterator" in value.kinds:
        run_all(m, [value])


def run_dunders(m: Machine, values: Iterable[Value]) -> None:
    """Operators, printing, looping and the like run special methods of the instances they meet."""
    found = [value for value in values if value.regions and not value.immutable]
    if not found or not m.heap.instances:
        return
    reach = m.heap.reach([region for value in found for region in value.regions])
    m.unsure += 1
    try:
        for cls in sorted({owner for owner in (m.heap[region].cls for region in reach) if owner is not None}):
            if (cls, True) not in m.called:
                m.called.add((cls, True))
                m.branch(functools.partial(_run_members, m, cls, found, dunders=True), lambda: None)
    finally:
        m.unsure -= 1


def run_setters(m: Machine, base: Value, name: str, value: Value) -> None:
    """Setting an attribute may run a property's setter or `__setattr__`."""
    cls = class_of(m, base)
    for member in (member_of(m, cls, "__setattr__"), member_of(m, cls, name)):
        if member is not None and member.kinds & {"function"}:
            m.branch(lambda member=member: _run_member(m, member, base, [value]), lambda: None)  # type: ignore[misc]
