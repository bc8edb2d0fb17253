"""What expressions read, and what they may give."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from jupyter_mlflow.dataflow import calls, definitions, methods, networks, processes, targets
from jupyter_mlflow.dataflow.effects import Memo
from jupyter_mlflow.dataflow.machine import Frame, Machine
from jupyter_mlflow.dataflow.values import ANYTHING, ITERATORS, MISSING, NONE, SCALAR, STR, UNKNOWN, Value, constant, external, join

SAME_OBJECT = {
    "frame": frozenset(
        {"loc", "iloc", "at", "iat", "values", "T", "array", "str", "dt", "cat", "columns", "index", "plot", "style", "sparse"}
    ),
    "array": frozenset({"T", "flat", "real", "imag", "base", "data", "mT"}),
    "tensor": frozenset({"T", "data", "grad", "real", "imag", "mT"}),
}
PLAIN = {
    "frame": frozenset({"shape", "size", "ndim", "dtypes", "empty", "name", "dtype"}),
    "array": frozenset({"shape", "size", "ndim", "dtype", "nbytes", "itemsize", "strides"}),
    "temporary": frozenset({"name"}),
    "tensor": frozenset({"shape", "dtype", "device", "ndim", "requires_grad", "is_cuda"}),
}

ORDERS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
COMPARED_BY_VALUE = frozenset({"none", "scalar", "str", "bytes", "frame", "array", "tensor"})
"""Kinds for which these operators never ask whether both sides are one object; lists do, for their items."""


def evaluate(m: Machine, node: ast.expr) -> Value:
    """The abstract value of an expression, its effects put on record."""
    m.steps += 1
    if m.frame is None:
        m.line = getattr(node, "lineno", m.line)
    act = _ACTS.get(type(node))
    if act is not None:
        return act(m, node)
    parts = [evaluate(m, child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    return m.unknown(*parts)


def _name(m: Machine, node: ast.Name) -> Value:
    return load(m, node.id)


def load(m: Machine, name: str) -> Value:
    """Look a name up where Python would."""
    frame = m.frame
    if frame is None:
        return m.read(name)
    if name == "__class__" and frame.owner is not None:
        return Value(frozenset({"class"}), frozenset({frame.owner}))
    name = m.spelled(name)
    start = frame
    while frame is not None:
        if name in frame.globals:
            return m.read(name)
        if frame.kind == "function" and frame.scopes is not None and frame.scope is not None and frame.scopes.is_global(frame.scope, name):
            return m.read(name)
        if name in frame.names and (frame.kind != "class" or frame is start):
            return frame.names[name]
        frame = frame.parent
    return m.read(name)


def _constant(m: Machine, node: ast.Constant) -> Value:
    return constant(node.value)


def _attribute(m: Machine, node: ast.Attribute) -> Value:
    return attribute(m, evaluate(m, node.value), node.attr)


def attribute(m: Machine, base: Value, name: str) -> Value:
    """`base.name`."""
    if name in {"f_globals", "f_locals"}:  # of a frame, which may be the notebook's
        m.effects.reads_any = m.effects.reads_any or m.line
    if name in {"cache_info", "cache_clear"}:
        _ask_memo(m, base)
    if base.path and base.kinds <= {"module", "external"}:
        return _of_module(m, base, name)
    if "super" in base.kinds:
        return base
    results = [one for one in (_of_class(m, base, name), _of_instance(m, base, name)) if one is not None]
    if results:
        return join(results)
    if base.only("logger") and name in {"handlers", "filters", "manager", "root", "parent"}:
        return base
    for kind, names in PLAIN.items():
        if base.only(kind) and name in names:
            return SCALAR
    for kind, names in SAME_OBJECT.items():
        if base.only(kind) and name in names:
            return Value(frozenset({kind}), base.regions)
    if base.only("frame", "bunch"):
        return Value(frozenset({"frame"}), base.regions)
    if base.only("figure") or base.only("grouped"):
        return base
    if base.only("estimator") and name.endswith("_"):
        return m.blurred(base)
    if base.immutable:
        return SCALAR
    if base.kinds and all(methods.find(kind, name) is not None and kind in methods.GENERIC for kind in base.kinds):
        return bound_method(m, base, name)
    known = [m.heap[region].attributes.get(name) for region in base.regions]
    if known and all(one is not None for one in known) and not any(m.heap[region].opaque for region in base.regions):
        return join(one for one in known if one is not None)
    if name in m.methods and base.regions:
        definitions.run_all(m, [base])  # it may be an instance with a property of that name
    return m.blurred(base) if base.regions else ANYTHING


def bound_method(m: Machine, base: Value, name: str) -> Value:
    """A method of a library's object, to be called later."""
    region = m.heap.new(bound=base, method=name)
    m.heap.contain([region], base.regions)
    return Value(frozenset({"method"}), frozenset({region}))


def _ask_memo(m: Machine, base: Value) -> None:
    for region in base.regions:
        code = m.heap[region].code
        if code is not None and code.remembers:
            m.effects.memos[region] = Memo(name=getattr(code.node, "name", "lambda"), line=m.line, impure=True)


def _of_module(m: Machine, base: Value, name: str) -> Value:
    path = f"{base.path}.{name}"
    m.effects.uses.add(path.partition(".")[0])
    state = targets.process_of(path)
    if state is not None:
        m.read_key(f"process:{state}")
    if m.may_be_own(path.partition(".")[0]):
        m.read_key(f"module:{path.partition('.')[0]}")
    return external(path)


def _of_class(m: Machine, base: Value, name: str) -> Value | None:
    if "class" not in base.kinds:
        return None
    member = definitions.member_of(m, base, name)
    if member is None:
        return None
    if "classmethod" in definitions.decorators_of(m, member):
        return _bound(m, member, base)
    return member


def _of_instance(m: Machine, base: Value, name: str) -> Value | None:
    owners = definitions.class_of(m, base)
    if "class" not in owners.kinds:
        return None
    if name == "__class__":
        return owners
    own = [m.heap[region].attributes[name] for region in base.regions if name in m.heap[region].attributes]
    opaque = any(m.heap[region].opaque for region in base.regions)
    if opaque:
        own.append(m.blurred(base))
    member = definitions.member_of(m, owners, name)
    if member is None:
        if own:
            return join(own)
        definitions.run_dunders(m, [base])  # __getattr__
        return None
    how = definitions.decorators_of(m, member)
    if "cached_property" in how:  # the instance keeps the result
        found = definitions.call_codes(m, member, [base], {}, base)
        m.change(base)
        m.heap.contain(base.regions, found.regions)
        return join([found, *own])
    if "property" in how:
        return join([definitions.call_codes(m, member, [base], {}, base), *own])
    if member.kinds & {"function"} and "staticmethod" not in how:
        return join([_bound(m, member, definitions.class_of(m, base) if "classmethod" in how else base), *own])
    if "instance" in member.kinds:
        definitions.run_dunders(m, [member, base])  # a descriptor
        return m.unknown(member, base)
    return join([member, *own])


def _bound(m: Machine, member: Value, itself: Value) -> Value:
    regions = set()
    for region in sorted(member.regions):
        code = m.heap[region].code
        if code is not None and code.kind != "class":
            one = m.heap.new(code=code, bound=itself)
            m.heap.contain([one], {*itself.regions, region})
            regions.add(one)
        else:
            regions.add(region)
    return Value(member.kinds, frozenset(regions))


def _subscript(m: Machine, node: ast.Subscript) -> Value:
    if definitions.is_namespace(m, node.value):
        index = evaluate(m, node.slice)
        if isinstance(index.const, str):
            return m.read(index.const)
        m.effects.reads_any = m.effects.reads_any or m.line
        return ANYTHING
    base = evaluate(m, node.value)
    index = evaluate(m, node.slice)
    if base.path == "sys.modules" and (not isinstance(index.const, str) or index.const == "__main__"):  # `sys.modules[__name__]`
        m.effects.reads_any = m.effects.writes_any = m.line
    if base.path and base.kinds <= {"module", "external"}:
        return Value(frozenset({"external"}), path=base.path)
    if base.may("defaultdict") and UNKNOWN not in base.kinds:
        m.change(base)
        definitions.run_all(m, [base])
    definitions.run_dunders(m, [base])
    return item(m, base, index, slices=isinstance(node.slice, ast.Slice))


def item(m: Machine, base: Value, index: Value, *, slices: bool = False) -> Value:
    """`base[index]`."""
    if base.only("array", "tensor", "frame") and index.only("list"):
        return m.new(next(iter(base.kinds)))  # fancy indexing copies
    for kind in ("frame", "array", "tensor", "figure", "bunch", "grouped"):
        if base.only(kind):
            return Value(frozenset({"frame" if kind == "bunch" else kind}), base.regions)
    if index.regions:
        m.compare([base, index])
    if base.immutable:
        return STR if base.only("str") else SCALAR
    if slices:
        return m.new("list", parts=[m.inside(base)], element=m.inside(base)) if base.only("list", "tuple") else m.unknown(base)
    if index.const is not MISSING:
        keys = [f"[{index.const!r}]", str(index.const)] if isinstance(index.const, int) else [f"[{index.const!r}]"]
        exact = [m.heap[region].attributes.get(key) for region in base.regions for key in keys if key in m.heap[region].attributes]
        if len(exact) == len(base.regions) and all(m.heap[r].placed and not m.heap[r].opaque for r in base.regions):
            return join(one for one in exact if one is not None)
    return m.inside(base)


def _binary(m: Machine, node: ast.BinOp) -> Value:
    return combine(m, evaluate(m, node.left), evaluate(m, node.right), node.op)


def combine(m: Machine, left: Value, right: Value, op: ast.operator) -> Value:
    """What an operator gives: always something new, that for containers keeps what was inside."""
    if left.only("path") and isinstance(op, ast.Div):
        return _path(left, right)
    if left.immutable and right.immutable:
        if left.only("str") and isinstance(left.const, str) and isinstance(right.const, str) and isinstance(op, ast.Add):
            return constant(left.const + right.const)
        return STR if left.may("str") and left.kinds <= {"str"} else SCALAR
    definitions.run_dunders(m, [left, right])
    for kind in ("tensor", "frame", "array", "figure"):
        kinds = left.kinds | right.kinds
        if kind in kinds and kinds <= {kind, "scalar", "array", "str", "none", "external"}:
            return networks.computed(m, [left, right]) if kind == "tensor" else m.new(kind)
    if "set" in left.kinds or "set" in right.kinds:
        m.compare([left, right])
    if left.only("list", "tuple", "set") or right.only("list", "tuple", "set"):
        return m.new(
            next(iter(left.kinds)) if len(left.kinds) == 1 else "list",
            parts=[left, right, m.inside(left), m.inside(right)],
            element=join([m.inside(left), m.inside(right)]),
        )
    return (
        m.unknown(left, right)
        if any(m.heap[region].cls is not None for region in (*left.regions, *right.regions))
        else _new_like(m, left, right)
    )


def _new_like(m: Machine, left: Value, right: Value) -> Value:
    region = m.heap.new(opaque=True)
    m.heap.contain([region], (*left.regions, *right.regions))
    return Value(frozenset({UNKNOWN}), frozenset({region}))


def _path(left: Value, right: Value) -> Value:
    if isinstance(left.const, str) and isinstance(right.const, str):
        joined = (
            right.const
            if right.const.startswith("/")
            else f"{left.const.rstrip('/')}/{right.const}"
            if left.const not in {"", "."}
            else right.const
        )
        return Value(frozenset({"path"}), const=joined)
    return Value(frozenset({"path"}))


def _boolean(m: Machine, node: ast.BoolOp) -> Value:
    results = [evaluate(m, node.values[0])]
    for value in node.values[1:]:
        _maybe(m, lambda value=value: results.append(evaluate(m, value)))  # type: ignore[misc]
    definitions.run_dunders(m, results)
    return join(results)


def _maybe(m: Machine, act: Callable[[], object]) -> None:
    m.unsure += 1
    m.branch(act, lambda: None)
    m.unsure -= 1


def _if(m: Machine, node: ast.IfExp) -> Value:
    evaluate(m, node.test)
    results: list[Value] = []
    m.unsure += 1
    m.branch(lambda: results.append(evaluate(m, node.body)), lambda: results.append(evaluate(m, node.orelse)))
    m.unsure -= 1
    return join(results)


def _unary(m: Machine, node: ast.UnaryOp) -> Value:
    value = evaluate(m, node.operand)
    definitions.run_dunders(m, [value])
    if isinstance(node.op, ast.Not) or value.immutable:
        return SCALAR
    if value.only("tensor"):
        return networks.computed(m, [value])
    return m.new(next(iter(value.kinds))) if len(value.kinds) == 1 and UNKNOWN not in value.kinds else m.unknown(value)


def _compare(m: Machine, node: ast.Compare) -> Value:
    for right in node.comparators:
        if definitions.is_namespace(m, right):
            name = evaluate(m, node.left)
            if isinstance(name.const, str):
                with m.attempt():
                    m.read(name.const)
            else:
                m.effects.reads_any = m.effects.reads_any or m.line
            return SCALAR
    values = [evaluate(m, one) for one in (node.left, node.comparators[0])]
    for one in node.comparators[1:]:  # `a < b < c` looks no further once it is false
        _maybe(m, lambda one=one: values.append(evaluate(m, one)))  # type: ignore[misc]
    for operator, value in zip(node.ops, values[1:], strict=False):
        if isinstance(operator, (ast.In, ast.NotIn)) and value.kinds & (ITERATORS - {UNKNOWN}):
            definitions.consume(m, value)
    if not all(isinstance(operator, (ast.Is, ast.IsNot)) for operator in node.ops):
        definitions.run_dunders(m, values)
    kinds = {kind for value in values for kind in value.kinds}
    if not all(isinstance(operator, ORDERS) and kinds <= COMPARED_BY_VALUE for operator in node.ops):
        m.compare(values)
    for kind in ("frame", "array", "tensor"):
        if kind in kinds:
            return m.new(kind)
    return SCALAR if UNKNOWN not in kinds else m.new(UNKNOWN)


def _display(m: Machine, node: Any) -> Value:
    kind = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}[type(node)]
    values = [evaluate(m, one) for one in node.elts]
    parts = [m.inside(value) if isinstance(one, ast.Starred) else value for one, value in zip(node.elts, values, strict=False)]
    result = m.new(kind, parts=parts, element=join(parts) if parts else Value(frozenset()))
    if not any(isinstance(one, ast.Starred) for one in node.elts):
        region = m.heap[next(iter(result.regions))]
        region.attributes.update({str(position): value for position, value in enumerate(parts)})
        region.placed = True
    return result


def _starred(m: Machine, node: ast.Starred) -> Value:
    value = evaluate(m, node.value)
    if value.kinds & ITERATORS:
        definitions.consume(m, value)
    return value


def _dict(m: Machine, node: ast.Dict) -> Value:
    result = m.new("dict", element=Value(frozenset()))
    plain = True
    for key, value in zip(node.keys, node.values, strict=False):
        inner = evaluate(m, value)
        if key is None:
            m.put(result, m.inside(inner))
            plain = plain and all(m.heap[region].plain_keys for region in inner.regions)
            continue
        outer = evaluate(m, key)
        plain = plain and outer.immutable
        m.put(result, inner)
        m.heap.contain(result.regions, outer.regions)
        if isinstance(outer.const, (str, int)):
            m.heap[next(iter(result.regions))].attributes[f"[{outer.const!r}]"] = inner
    m.heap[next(iter(result.regions))].placed = all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in node.keys)
    m.keys_seen(result, plain=plain)
    return result


def _text(m: Machine, node: ast.JoinedStr) -> Value:
    parts = [evaluate(m, one) for one in node.values]
    if all(isinstance(part.const, str) for part in parts):
        return constant("".join(part.const for part in parts))
    return STR


def _formatted(m: Machine, node: ast.FormattedValue) -> Value:
    value = evaluate(m, node.value)
    if node.format_spec is not None:
        evaluate(m, node.format_spec)
    definitions.run_dunders(m, [value])
    plain = isinstance(value.const, (str, int)) and node.format_spec is None and node.conversion == -1
    return constant(str(value.const)) if plain else STR


def _lambda(m: Machine, node: ast.Lambda) -> Value:
    return definitions.function(m, node)


def _comprehension(m: Machine, node: Any) -> Value:
    first = evaluate(m, node.generators[0].iter)
    outer = m.frame
    scopes, scope = (outer.scopes, outer.scope) if outer is not None else (None, None)
    m.frame = Frame(
        scope=scope,
        scopes=scopes,
        parent=outer,
        kind="comprehension",
        owner=outer.owner if outer else None,
        itself=outer.itself if outer else None,
    )
    found: list[Value] = []
    keys: list[Value] = []
    try:
        _maybe(m, lambda: found.append(_loops(m, node, node.generators, keys, first)))
    finally:
        m.frame = outer
    element = found[0] if found else ANYTHING
    kind = {ast.ListComp: "list", ast.SetComp: "set", ast.DictComp: "dict", ast.GeneratorExp: "generator"}[type(node)]
    parts = [element, first] if kind == "generator" else [element, *keys]
    return m.new(kind, parts=parts, element=element)


def _loops(m: Machine, node: Any, generators: list[ast.comprehension], keys: list[Value], iterable: Value | None = None) -> Value:
    generator = generators[0]
    over = evaluate(m, generator.iter) if iterable is None else iterable
    if over.kinds & ITERATORS:
        definitions.consume(m, over)
    definitions.run_dunders(m, [over])
    networks.looped(m, over)
    targets.assign(m, generator.target, m.inside(over), None)
    for condition in generator.ifs:
        definitions.run_dunders(m, [evaluate(m, condition)])
    if generators[1:]:
        return _loops(m, node, generators[1:], keys)
    if isinstance(node, ast.DictComp):
        keys.append(evaluate(m, node.key))
        return evaluate(m, node.value)
    return evaluate(m, node.elt)


def _await(m: Machine, node: ast.Await) -> Value:
    value = evaluate(m, node.value)
    processes.awaited(m, value)
    if value.only("coroutine"):
        return m.inside(value)
    if UNKNOWN in value.kinds:
        m.change(value)
    return m.unknown(value)


def _yield(m: Machine, node: ast.Yield | ast.YieldFrom) -> Value:
    value = evaluate(m, node.value) if node.value is not None else NONE
    if m.frame is not None:
        m.frame.returned.append(m.inside(value) if isinstance(node, ast.YieldFrom) else value)
    return ANYTHING


def _walrus(m: Machine, node: ast.NamedExpr) -> Value:
    value = evaluate(m, node.value)
    targets.bind_name(m, node.target.id, value)
    return value


def _slice(m: Machine, node: ast.Slice) -> Value:
    for part in (node.lower, node.upper, node.step):
        if part is not None:
            evaluate(m, part)
    return SCALAR


def _call(m: Machine, node: ast.Call) -> Value:
    return calls.call(m, node)


_ACTS: dict[type, Callable[[Machine, Any], Value]] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.IfExp: _if,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.List: _display,
    ast.Tuple: _display,
    ast.Set: _display,
    ast.Starred: _starred,
    ast.Dict: _dict,
    ast.JoinedStr: _text,
    ast.FormattedValue: _formatted,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.NamedExpr: _walrus,
    ast.Slice: _slice,
    ast.Call: _call,
}
