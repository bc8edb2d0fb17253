"""What Python's built-in functions do."""

from __future__ import annotations

import ast
from collections.abc import Callable

from jupyter_mlflow.dataflow import definitions, expressions, sources, targets
from jupyter_mlflow.dataflow.machine import Machine
from jupyter_mlflow.dataflow.scopes import Scopes
from jupyter_mlflow.dataflow.values import ANYTHING, ITERATORS, NONE, SCALAR, STR, UNKNOWN, Value, external, join

Keywords = dict[str, Value]

LOOKS = frozenset(
    [
        "isinstance",
        "issubclass",
        "callable",
        "type",
        "hash",
        "len",
        "bool",
        "int",
        "complex",
        "ord",
        "chr",
        "abs",
        "round",
        "divmod",
        "pow",
        "bin",
        "hex",
        "oct",
        "hasattr",
        "slice",
        "range",
        "ascii",
        "repr",
        "str",
        "format",
        "bytes",
        "print",
        "breakpoint",
        "help",
        "copyright",
        "credits",
        "license",
    ]
)
LOOPS = frozenset(
    [
        "list",
        "tuple",
        "set",
        "frozenset",
        "sorted",
        "sum",
        "min",
        "max",
        "any",
        "all",
        "enumerate",
        "zip",
        "reversed",
        "iter",
        "dict",
        "bytearray",
        "map",
        "filter",
        "next",
        "aiter",
        "anext",
    ]
)
KINDS = {
    "list": "list",
    "sorted": "list",
    "tuple": "tuple",
    "set": "set",
    "frozenset": "set",
    "dict": "dict",
    "enumerate": "iterator",
    "zip": "iterator",
    "reversed": "iterator",
    "iter": "iterator",
    "map": "iterator",
    "filter": "iterator",
}


def call(m: Machine, name: str, args: list[Value], keywords: Keywords) -> Value:
    """`name(*args, **keywords)`."""
    kind, dot, method = name.partition(".")
    if dot:
        return _unbound(m, kind, method, args, keywords)
    special = _SPECIAL.get(name)
    if special is not None:
        return special(m, args, keywords)
    values = [*args, *keywords.values()]
    if name in LOOKS:
        definitions.run_dunders(m, values)
        return STR if name in {"str", "repr", "ascii", "format", "chr"} else SCALAR
    if name in LOOPS:
        return _loop(m, name, args, keywords)
    if name.endswith(("Error", "Exception", "Warning", "Exit", "Interrupt", "Iteration")):
        return m.new(UNKNOWN, parts=values)
    definitions.run_all(m, values)
    return m.unknown(*values)


def _unbound(m: Machine, kind: str, method: str, args: list[Value], keywords: Keywords) -> Value:
    """`list.append(xs, 1)`, `object.__setattr__(x, "a", 1)`, `dict.fromkeys(names)`."""
    values = [*args, *keywords.values()]
    if method in {"fromkeys", "maketrans", "fromhex", "from_bytes", "__new__"} or not args:
        return m.new(KINDS.get(kind, UNKNOWN), parts=values, element=join(args[1:] or [NONE]))
    if method in {"__setattr__", "__delattr__", "__init__"}:
        m.change(args[0])
        for value in args[1:]:
            m.heap.contain(args[0].regions, value.regions)
        return NONE
    return m.invoke(expressions.bound_method(m, Value(frozenset({kind}), args[0].regions), method), args[1:], keywords)


def _loop(m: Machine, name: str, args: list[Value], keywords: Keywords) -> Value:
    key = keywords.get("key")
    function = key if key is not None else args[0] if name in {"map", "filter"} and args else None
    over = args[1:] if name in {"map", "filter"} else args
    for value in over:
        if value.kinds & ITERATORS and not value.immutable:
            definitions.consume(m, value)
    definitions.run_dunders(m, over)
    inner = [m.inside(value) for value in over]
    made = [m.invoke(function, inner, {})] if function is not None and not function.only("none") else []
    if name in {"sum", "min", "max", "any", "all", "next", "anext"}:
        if all(value.immutable for value in inner) and inner:
            return join(inner)
        return join([*inner, *keywords.values(), *(over if name in {"min", "max"} and len(over) > 1 else [])]) if inner else ANYTHING
    element = join(made if name == "map" else inner) if inner else None
    if name in {"zip", "enumerate"} and element is not None:
        element = m.new("tuple", parts=[element], element=element)
    if name == "dict":
        element = join([*inner, *(m.inside(value) for value in inner), *keywords.values()]) if (inner or keywords) else Value(frozenset())
        parts = [*inner, *keywords.values(), element]
        return m.new("dict", parts=parts, element=element)
    kind = KINDS.get(name, UNKNOWN)
    parts = [*inner, *([function] if function is not None else []), *(over if kind == "iterator" else []), *made]
    if element is None and kind in {"list", "tuple", "set"}:
        element = Value(frozenset())
    return m.new(kind, parts=[*parts, *([element] if element is not None else [])], element=element)


def _open(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    path = args[0] if args else keywords.get("file")
    mode = keywords.get("mode", args[1] if len(args) > 1 else None)
    text = "r" if mode is None else mode.const if isinstance(mode.const, str) else "r+"
    if "r" in text or "+" in text or "a" in text:
        m.file_read(path)
    if set(text) & set("wax+"):
        m.file_written(path)
    return m.new("file", element=STR)


def _getattr(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    if len(args) >= 2 and isinstance(args[1].const, str):
        return join([expressions.attribute(m, args[0], args[1].const), *args[2:3]])
    definitions.run_all(m, args[:1])
    return m.unknown(*args)


def _setattr(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    if len(args) < 3:
        return NONE
    base, name, value = args[:3]
    if isinstance(name.const, str):
        path = _spelled(m, base)
        targets.set_attribute(m, base, name.const, value, f"{path}.{name.const}" if path else "")
    else:
        m.change(base)
        m.put(base, value)
        for region in base.regions:
            m.heap[region].opaque = True
        if base.path:
            m.effects.hidden.setdefault(base.path, m.line)
    return NONE


def _spelled(m: Machine, base: Value) -> str:
    """A path below a global name that leads to something imported: `pd.DataFrame` for `pandas.DataFrame`."""
    for name in sorted(m.names()):
        held = m.look(name)
        if held is not None and held.path and held.kinds <= {"module", "external"}:
            if base.path == held.path:
                return name
            if base.path.startswith(held.path + "."):
                return name + base.path[len(held.path) :]
    return ""


def _delattr(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    if len(args) >= 2 and isinstance(args[1].const, str):
        path = _spelled(m, args[0])
        targets.set_attribute(m, args[0], args[1].const, None, f"{path}.{args[1].const}" if path else "")
    elif args:
        m.change(args[0])
    return NONE


def _run_text(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    """`exec` and `eval`: code that the notebook states is followed, other code may do anything to any name."""
    text = args[0].const if args else None
    if isinstance(text, str) and len(args) == 1 and not keywords:
        return run_code(m, text)
    if len(args) > 1 and args[1].kinds <= {"dict"}:  # names of its own
        m.change(args[1], deep=True)
        definitions.run_all(m, args[1:])
        return m.unknown(*args[1:])
    m.effects.reads_any = m.effects.reads_any or m.line
    m.effects.writes_any = m.effects.writes_any or m.line
    for generator in ("numpy", "python"):
        m.draw(generator)
    m.file_read(None)
    return ANYTHING


def run_code(m: Machine, text: str) -> Value:
    """Code inside a text: as if it stood here."""
    source = sources.read(sources.dedented(text))
    if source.tree is None:
        return ANYTHING
    outer = m.scopes
    m.scopes = Scopes(source.tree, source.text)
    try:
        body = source.tree.body
        m.execute(body[:-1])
        last = body[-1] if body else None
        if isinstance(last, ast.Expr):
            return m.evaluate(last.value)
        m.execute(body[-1:])
    finally:
        m.scopes = outer
    return NONE


def _type(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    if len(args) == 1:
        owner = definitions.class_of(m, args[0])
        return owner if "class" in owner.kinds else SCALAR
    return m.new(UNKNOWN, parts=args)


def _super(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    itself = m.frame.itself if m.frame is not None else None
    return Value(frozenset({"super"}), itself.regions if itself is not None else frozenset())


def _vars(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    if not args:
        return m.unknown(*(m.frame.names.values() if m.frame is not None else ()))
    return m.blurred(args[0])


def _dir(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    if not args:
        m.effects.reads_any = m.effects.reads_any or m.line
    return m.new("list", element=STR)


def _import(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    if args and isinstance(args[0].const, str):
        m.effects.modules.add(args[0].const)
        return Value(frozenset({"module"}), path=args[0].const.partition(".")[0])
    return Value(frozenset({"module"}))


def _display(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    definitions.run_dunders(m, args)
    for value in args:
        definitions.run_all(m, [value]) if value.kinds & {"instance"} else None
    return m.new("handle")


def _get_ipython(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    return external("IPython.shell")


def _wrapper(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    """`property`, `staticmethod`, `classmethod`: the function itself."""
    return args[0] if args else m.new(UNKNOWN, parts=list(keywords.values()))


def _print(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    m.marks += 1
    definitions.run_dunders(m, args)
    for value in args:
        if value.kinds & {"iterator", "generator"} and "*" in keywords:
            m.change(value)
    target = keywords.get("file")
    if target is not None and target.regions:
        m.change(target)
    return NONE


def _object(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    """Nothing but an identity."""
    return m.new("sentinel")


def _float(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    definitions.run_dunders(m, args)
    text = args[0].const if args else None
    if isinstance(text, str) and "nan" in text.lower():
        return Value(frozenset({"scalar"}), frozenset({m.heap.new(nan=True)}))
    return SCALAR


def _memoryview(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    """A window on its argument."""
    return Value(frozenset({"array"}), join(args).regions) if args else ANYTHING


def _id(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    return Value(frozenset({"scalar"}), frozenset({m.heap.new(stays="the address of an object")}))


def namespace(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    """`globals()` by any name: whoever holds it may look at and bind every name."""
    m.effects.reads_any = m.effects.reads_any or m.line
    m.effects.writes_any = m.effects.writes_any or m.line
    return Value(regions=frozenset({m.heap.new(opaque=True, stays="the namespace of one process")}))


_SPECIAL: dict[str, Callable[[Machine, list[Value], Keywords], Value]] = {
    "open": _open,
    "object": _object,
    "float": _float,
    "id": _id,
    "memoryview": _memoryview,
    "getattr": _getattr,
    "setattr": _setattr,
    "delattr": _delattr,
    "exec": _run_text,
    "eval": _run_text,
    "type": _type,
    "super": _super,
    "vars": _vars,
    "locals": _vars,
    "globals": namespace,
    "dir": _dir,
    "__import__": _import,
    "display": _display,
    "get_ipython": _get_ipython,
    "property": _wrapper,
    "staticmethod": _wrapper,
    "classmethod": _wrapper,
    "print": _print,
}
