"""What statements do, one small function per kind of statement."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable
from typing import Any

from jupyter_mlflow.dataflow import definitions, knowledge, networks, targets
from jupyter_mlflow.dataflow.machine import Frame, Machine
from jupyter_mlflow.dataflow.values import ITERATORS, STR, Value, constant, external


def execute(m: Machine, body: list[ast.stmt]) -> None:
    """Run statements in order."""
    for statement in body:
        line = getattr(statement, "lineno", m.line)
        if m.frame is None:
            m.line = line
        act = _ACTS.get(type(statement))
        if act is not None:
            act(m, statement)


def _expression(m: Machine, node: ast.Expr) -> None:
    value = m.evaluate(node.value)
    if m.frame is None:
        definitions.run_dunders(m, [value])  # it may be displayed


def _assign(m: Machine, node: ast.Assign) -> None:
    value = m.evaluate(node.value)
    for target in node.targets:
        targets.assign(m, target, value, node.value)


def _ann_assign(m: Machine, node: ast.AnnAssign) -> None:
    if m.frame is None or m.frame.kind == "class":
        m.evaluate(node.annotation)
    if node.value is not None:
        targets.assign(m, node.target, m.evaluate(node.value), node.value)


def _aug_assign(m: Machine, node: ast.AugAssign) -> None:
    value = m.evaluate(node.value)
    load = targets.as_load(node.target)
    old = m.evaluate(load)
    if not old.immutable:
        m.change(old, sure=old.only("list", "dict", "set", "array", "frame"))
        m.put(old, value)
        definitions.run_dunders(m, [old, value])
    kind = old.kinds | (value.kinds if old.kinds != value.kinds else frozenset())
    targets.assign(m, node.target, Value(kind, old.regions | value.regions), None)


def _delete(m: Machine, node: ast.Delete) -> None:
    for target in node.targets:
        targets.delete(m, target)


def _if(m: Machine, node: ast.If) -> None:
    m.evaluate(node.test)
    alternatives = [part for part in (node.body, node.orelse) if not _leaves(part)] or [node.body, node.orelse]
    for part in (node.body, node.orelse):
        if part not in alternatives:
            _aside(m, part)
    if len(alternatives) == 1 and alternatives[0] is not node.body and not alternatives[0]:
        return
    _branches(m, [lambda part=part: execute(m, part) for part in alternatives])  # type: ignore[misc]


def _aside(m: Machine, body: list[ast.stmt]) -> None:
    """A branch that never comes back here: what it does counts as possible, what it binds does not matter below."""
    _branches(m, [lambda: execute(m, body), lambda: None])


def _leaves(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], (ast.Raise, ast.Return))


def _branches(m: Machine, alternatives: list[Callable[[], Any]]) -> None:
    m.unsure += 1
    try:
        m.branch(*alternatives)
    finally:
        m.unsure -= 1
    _settle(m)


def _settle(m: Machine) -> None:
    """Names that all branches bound are certain only now, when the branch is behind us."""
    if m.certain:
        for name in m.bound[-1]:
            if not m.effects.writes.get(name, False):
                m.effects.write(name, certain=True, line=m.line)


def _for(m: Machine, node: ast.For | ast.AsyncFor) -> None:
    iterable = m.evaluate(node.iter)
    if iterable.kinds & ITERATORS and not iterable.immutable:
        definitions.consume(m, iterable)
    definitions.run_dunders(m, [iterable])
    networks.looped(m, iterable)
    item = m.inside(iterable)
    if _not_empty(node.iter):
        targets.assign(m, node.target, item, None)

    def once() -> None:
        targets.assign(m, node.target, item, None)
        execute(m, node.body)

    _rounds(m, node, once)
    if node.orelse:
        _branches(m, [lambda: execute(m, node.orelse), lambda: None] if _breaks(node) else [lambda: execute(m, node.orelse)])


def _not_empty(node: ast.expr) -> bool:
    """Whether a loop over this certainly runs: a display with items, a text, `range` of a positive literal."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return any(not isinstance(one, ast.Starred) for one in node.elts)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (str, bytes)) and bool(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
        first = node.args[0]
        if node.func.id == "range":
            return isinstance(first, ast.Constant) and isinstance(first.value, int) and first.value > 0
        return node.func.id in {"enumerate", "sorted", "reversed"} and _not_empty(first)
    return False


def _while(m: Machine, node: ast.While) -> None:
    m.evaluate(node.test)

    def once() -> None:
        execute(m, node.body)
        m.evaluate(node.test)

    _rounds(m, node, once)
    if node.orelse:
        _branches(m, [lambda: execute(m, node.orelse), lambda: None])


def _rounds(m: Machine, node: ast.For | ast.AsyncFor | ast.While, once: Callable[[], None]) -> None:
    """No round, one, or two, of which the second sees what the first one left."""

    def body() -> None:
        once()
        _branches(m, [once, lambda: None])

    leaves = any(isinstance(one, (ast.Break, ast.Continue)) for one in ast.walk(node))
    with m.half_way() if leaves else contextlib.nullcontext():
        _branches(m, [body, lambda: None])


def _breaks(node: ast.AST) -> bool:
    return any(isinstance(child, ast.Break) for child in ast.walk(node))


def _with(m: Machine, node: ast.With | ast.AsyncWith) -> None:
    swallows = False
    for item in node.items:
        value = m.evaluate(item.context_expr)
        definitions.run_dunders(m, [value])
        m.change(value)
        swallows |= not (
            value.kinds & {"context", "file", "lock", "pool", "connection", "torch-object", "array", "figure", "patcher", "temporary"}
        )
        if item.optional_vars is not None:
            targets.assign(m, item.optional_vars, _entered(m, value), None)
    if swallows:  # an unknown context manager may swallow an error half-way
        with m.attempt(), m.half_way():
            _branches(m, [lambda: execute(m, node.body), lambda: None])
    else:
        execute(m, node.body)


def _entered(m: Machine, value: Value) -> Value:
    if value.only("temporary"):
        return STR
    if value.only("manager"):
        return m.inside(value)
    enter = definitions.member_of(m, definitions.class_of(m, value), "__enter__")
    return definitions.invoke_member(m, enter, value, [], {}) if enter is not None else value


def _try(m: Machine, node: Any) -> None:
    def whole() -> None:
        with m.attempt():
            execute(m, node.body)
        execute(m, node.orelse)

    def handler(one: ast.ExceptHandler) -> Callable[[], None]:
        def run() -> None:
            with m.attempt(), m.half_way():
                _branches(m, [lambda: execute(m, node.body), lambda: None])
            if one.type is not None:
                m.evaluate(one.type)
            if one.name:
                targets.bind_name(m, one.name, m.unknown(Value(regions=m.raised)))
            execute(m, one.body)
            if one.name:
                targets.unbind_name(m, one.name)

        return run

    staying = [handler(one) for one in node.handlers if not _leaves(one.body)]
    for one in node.handlers:
        if _leaves(one.body):
            _branches(m, [handler(one), lambda: None])
    if staying:
        _branches(m, [whole, *staying])
    else:
        whole()
    execute(m, node.finalbody)


def _function(m: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    targets.bind_name(m, node.name, definitions.function(m, node))


def _class(m: Machine, node: ast.ClassDef) -> None:
    targets.bind_name(m, node.name, definitions.klass(m, node))


def _import(m: Machine, node: ast.Import) -> None:
    for alias in node.names:
        root = alias.name.partition(".")[0]
        m.effects.modules.add(alias.name)
        m.effects.uses.add(root)
        if alias.asname:
            targets.bind_name(m, alias.asname, Value(frozenset({"module"}), path=alias.name))
        else:
            targets.bind_name(m, root, Value(frozenset({"module"}), path=root))
        _own_module(m, root)
        if not alias.asname or "." not in alias.name:
            m.effects.imports[alias.asname or root] = _statement(m, ast.Import([alias]))


def _statement(m: Machine, node: ast.stmt) -> str:
    """The text of an import that certainly runs."""
    return ast.unparse(node) if m.certain and m.frame is None and not m.tries else ""


def _own_module(m: Machine, root: str) -> None:
    """A module that may lie in the notebook's folder: a step above may have written it, or imported it, which runs it once only."""
    if not m.may_be_own(root) and root in knowledge.KNOWN_ROOTS:
        return
    m.file_read(constant(f"{root}.py"))
    if m.own is not None and root in m.own:
        if root in m.imported:
            m.read_key(f"module:{root}")
        else:
            m.write_key(f"module:{root}")
            m.imported.add(root)


def _import_from(m: Machine, node: ast.ImportFrom) -> None:
    module = node.module or ""
    if module and not node.level:
        m.effects.modules.add(module)
        m.effects.uses.add(module.partition(".")[0])
        m.effects.modules.update(f"{module}.{alias.name}" for alias in node.names if alias.name.islower())
        _own_module(m, module.partition(".")[0])
    for alias in node.names:
        if alias.name == "*":
            m.effects.writes_any = m.effects.writes_any or m.line
            continue
        targets.bind_name(m, alias.asname or alias.name, external(f"{module}.{alias.name}"))
        if not node.level:
            m.effects.imports[alias.asname or alias.name] = _statement(m, ast.ImportFrom(module, [alias], 0))


def _global(m: Machine, node: ast.Global) -> None:
    if m.frame is not None:
        m.frame.globals.update(node.names)


def _return(m: Machine, node: ast.Return) -> None:
    if node.value is not None:
        value = m.evaluate(node.value)
        if m.frame is not None:
            _function_frame(m.frame).returned.append(value)


def _function_frame(frame: Frame) -> Frame:
    while frame.kind == "comprehension" and frame.parent is not None:
        frame = frame.parent
    return frame


def _raise(m: Machine, node: ast.Raise) -> None:
    for part in (node.exc, node.cause):
        if part is not None:
            m.raised |= m.evaluate(part).regions


def _assert(m: Machine, node: ast.Assert) -> None:
    m.evaluate(node.test)
    message = node.msg
    if message is not None:

        def failing() -> None:
            m.raised |= m.evaluate(message).regions

        _branches(m, [failing, lambda: None])


def _match(m: Machine, node: ast.Match) -> None:
    subject = m.evaluate(node.subject)
    definitions.run_dunders(m, [subject])

    def case(one: ast.match_case) -> Callable[[], None]:
        def run() -> None:
            targets.capture(m, one.pattern, subject)
            if one.guard is not None:
                m.evaluate(one.guard)
            execute(m, one.body)

        return run

    final = node.cases[-1]
    always = isinstance(final.pattern, ast.MatchAs) and final.pattern.pattern is None and final.guard is None
    runs: list[Callable[[], Any]] = [case(one) for one in node.cases]
    # a pattern may bind its names and then fail, so the names of each case may be bound even where another one runs
    for one in node.cases:
        _branches(m, [lambda one=one: targets.capture(m, one.pattern, subject), lambda: None])  # type: ignore[misc]
    _branches(m, runs if always else [*runs, lambda: None])


def _type_alias(m: Machine, node: Any) -> None:
    targets.bind_name(m, node.name.id, m.new("unknown", parts=[_quietly(m, node.value)]))


def _quietly(m: Machine, node: ast.expr) -> Value:
    with m.attempt():
        return m.evaluate(node)


_ACTS: dict[type, Callable[[Machine, Any], None]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _ann_assign,
    ast.AugAssign: _aug_assign,
    ast.Delete: _delete,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Global: _global,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.Match: _match,
}
for _name, _act in (("TryStar", _try), ("TypeAlias", _type_alias)):
    if hasattr(ast, _name):  # Python 3.11 and 3.12
        _ACTS[getattr(ast, _name)] = _act
