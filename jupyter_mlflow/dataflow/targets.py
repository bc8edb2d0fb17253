"""Names, attributes and items that statements bind, change or delete."""

from __future__ import annotations

import ast

from jupyter_mlflow.dataflow import definitions, knowledge
from jupyter_mlflow.dataflow.machine import Frame, Machine
from jupyter_mlflow.dataflow.values import IMMUTABLE, UNKNOWN, Value, join

PROCESS_PATHS = {
    "os.environ": "environ",
    "sys.path": "syspath",
    "sys.modules": "modules",
    "IPython.shell": "shell",
    "multiprocessing.context": "multiprocessing",
    "pandas.options": "pandas",
    "matplotlib.rcParams": "matplotlib",
    "matplotlib.pyplot.rcParams": "matplotlib",
    "pylab.rcParams": "matplotlib",
    "warnings.filters": "warnings",
}
"""Attributes of modules that are process state, by dotted name."""


COPIES = ("frame", "array", "tensor")
"""Kinds that copy numbers in and out when items are set."""


def process_of(path: str) -> str | None:
    """Which process state `path` belongs to."""
    for known, state in PROCESS_PATHS.items():
        if path == known or path.startswith(known + "."):
            return state
    return None


def _home(m: Machine, name: str) -> Frame | None:
    """The frame that a binding of `name` goes to; None is the notebook's namespace."""
    frame = m.frame
    while frame is not None and frame.kind == "comprehension":
        frame = frame.parent
    if frame is None or name in frame.globals:
        return None
    if frame.scopes is not None and frame.scope is not None and frame.kind == "function":
        if frame.scopes.is_global(frame.scope, name):
            return None
        if frame.scopes.is_free(frame.scope, name):
            outer = frame.parent
            while outer is not None:
                if name in outer.names:
                    return outer
                outer = outer.parent
    return frame


def bind_name(m: Machine, name: str, value: Value) -> None:
    """Bind `name` where Python would."""
    name = m.spelled(name)
    frame = _home(m, name)
    if frame is None:
        m.bind(name, value)
    elif frame is m.frame or name not in frame.names:
        frame.names[name] = join([frame.names[name], value]) if m.weak and name in frame.names else value
    else:
        frame.names[name] = join([frame.names[name], value])
        if frame.region is not None:  # `nonlocal`: every function that shares the name is changed
            m.heap.contain([frame.region], value.regions)
            m.change(Value(frozenset({"cell"}), frozenset({frame.region})))


def bind_item(m: Machine, name: str, value: Value) -> None:
    """Bind the loop name of a comprehension, which is its own."""
    if m.frame is not None and m.frame.kind == "comprehension":
        m.frame.names[name] = value
    else:
        bind_name(m, name, value)


def unbind_name(m: Machine, name: str) -> None:
    """Delete `name` where Python would."""
    name = m.spelled(name)
    frame = _home(m, name)
    if frame is None:
        held = m.look(name)
        if held is not None and "temporary" in held.kinds:  # the folder goes with its object
            m.file_written(None)
        m.unbind(name)
    else:
        frame.names.pop(name, None)


def assign(m: Machine, target: ast.expr, value: Value, source: ast.expr | None) -> None:
    """Assign `value` to any kind of target."""
    if isinstance(target, ast.Name):
        bind_item(m, target.id, value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        _unpack(m, target.elts, value)
    elif isinstance(target, ast.Starred):
        assign(m, target.value, m.new("list", parts=[value], element=m.inside(value)), None)
    elif isinstance(target, ast.Attribute):
        set_attribute(m, m.evaluate(target.value), target.attr, value, dotted(target))
    elif isinstance(target, ast.Subscript):
        set_item(m, target, value)


def _unpack(m: Machine, elements: list[ast.expr], value: Value) -> None:
    for position, element in enumerate(elements):
        part = None if any(isinstance(one, ast.Starred) for one in elements[: position + 1]) else position_of(m, value, position)
        assign(m, element, part if part is not None else m.inside(value), None)
    if value.kinds & {"iterator", "generator", UNKNOWN}:
        definitions.consume(m, value)


def position_of(m: Machine, value: Value, position: int) -> Value | None:
    """What stands at a known position of a tuple or list display, when nobody can have changed it."""
    if len(value.regions) != 1 or not value.only("tuple", "list"):
        return None
    region = m.heap[next(iter(value.regions))]
    return region.attributes.get(str(position)) if region.placed and not region.opaque else None


def dotted(node: ast.expr) -> str:
    """`pd.DataFrame.double` for plain attribute chains on a name, else an empty text."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def set_attribute(m: Machine, base: Value, name: str, value: Value | None, path: str) -> None:
    """`base.name = value`, or its deletion where `value` is None."""
    if base.path and base.kinds <= {"module", "external"}:
        _patch(m, f"{base.path}.{name}", path)
        if value is not None and value.kinds & {"function", "class", "instance"}:
            for key in (f"{base.path}.{name}", name):
                m.patches[key] = join([m.patches[key], value]) if key in m.patches else value
        return
    for kind, state in (("decimal-context", "decimal"), ("logger", "logging")):
        if kind in base.kinds:
            m.write_key(f"process:{state}")
    m.change(base, sure=True)
    if value is None:
        return
    if name == "requires_grad":
        for region in base.regions:
            m.heap[region].learns = True
    m.heap.contain(base.regions, value.regions)
    for region in base.regions:
        one = m.heap[region]
        one.attributes[name] = join([one.attributes[name], value]) if name in one.attributes else value
        if one.code is not None:
            one.code.members[name] = join([one.code.members[name], value]) if name in one.code.members else value
            if value.kinds & {"function"}:
                m.methods[name].add(region)
    definitions.run_setters(m, base, name, value)


def _patch(m: Machine, full: str, path: str) -> None:
    """Something of a module is replaced."""
    state = process_of(full)
    if state is not None:
        m.write_key(f"process:{state}")
    elif path and not full.startswith(("sys.std", "sys.display", "sys.except")) and m.look(path.partition(".")[0]) is not None:
        m.write_key(f"patch:{path}")
        if full.partition(".")[0] not in knowledge.KNOWN_ROOTS:  # its whole state travels too, and must not bring the old value back
            m.read_key(f"module:{full.partition('.')[0]}")
            m.write_key(f"module:{full.partition('.')[0]}", certain=False)
    else:
        m.effects.hidden.setdefault(full, m.line)


def set_item(m: Machine, target: ast.Subscript, value: Value | None) -> None:
    """`base[index] = value`, or its deletion where `value` is None."""
    if definitions.is_namespace(m, target.value):
        index = m.evaluate(target.slice)
        if isinstance(index.const, str):
            m.branch(lambda: m.bind(index.const, value) if value is not None else m.unbind(index.const), lambda: None)
        else:
            m.effects.writes_any = m.effects.writes_any or m.line
        return
    base = m.evaluate(target.value)
    index = m.evaluate(target.slice)
    if base.path and base.kinds <= {"module", "external"}:
        _patch(m, base.path, dotted(target.value))
        return
    placed = value is not None and isinstance(index.const, str)
    m.change(base, deep="chain" in base.kinds, sure=True, placed=placed)
    if value is not None and not (base.only(*COPIES) and value.only(*COPIES, *IMMUTABLE)):
        m.put(base, value)
        m.heap.contain(base.regions, index.regions)
        if not index.immutable:
            m.keys_seen(base, plain=False)
        _position(m, base, index, value)
    definitions.run_dunders(m, [base])


def _position(m: Machine, base: Value, index: Value, value: Value) -> None:
    if isinstance(index.const, str):
        for region in base.regions:
            attributes = m.heap[region].attributes
            key = f"[{index.const!r}]"
            attributes[key] = join([attributes[key], value]) if key in attributes else value


def delete(m: Machine, target: ast.expr) -> None:
    """`del target`."""
    if isinstance(target, ast.Name):
        unbind_name(m, target.id)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            delete(m, element)
    elif isinstance(target, ast.Attribute):
        set_attribute(m, m.evaluate(target.value), target.attr, None, dotted(target))
    elif isinstance(target, ast.Subscript):
        set_item(m, target, None)


def as_load(target: ast.expr) -> ast.expr:
    """The same place, to be read."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(id=target.id, ctx=ast.Load()), target)
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(value=target.value, attr=target.attr, ctx=ast.Load()), target)
    if isinstance(target, ast.Subscript):
        return ast.copy_location(ast.Subscript(value=target.value, slice=target.slice, ctx=ast.Load()), target)
    return target


def capture(m: Machine, pattern: ast.pattern, subject: Value) -> None:
    """Bind the names of a `case` pattern."""
    for node in ast.walk(pattern):
        if isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            whole = isinstance(node, ast.MatchAs) and node is pattern
            bind_name(m, node.name, subject if whole else join([subject, m.inside(subject)]))
        elif isinstance(node, ast.MatchMapping) and node.rest:
            bind_name(m, node.rest, m.new("dict", parts=[subject]))
        elif isinstance(node, ast.MatchValue):
            m.evaluate(node.value)
        elif isinstance(node, ast.MatchClass):
            m.evaluate(node.cls)
