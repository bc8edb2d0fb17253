"""What calls do: functions of the notebook are followed, well-known ones looked up, the rest taken to do anything."""

from __future__ import annotations

import ast
import re

from jupyter_mlflow.dataflow import builtin_calls, definitions, expressions, knowledge, magics, methods, networks, processes
from jupyter_mlflow.dataflow.machine import Machine
from jupyter_mlflow.dataflow.targets import PROCESS_PATHS, dotted
from jupyter_mlflow.dataflow.values import ANYTHING, ITERATORS, MISSING, NONE, SCALAR, UNKNOWN, Value, external, join

Keywords = dict[str, Value]

RUNS_INSIDE = frozenset({"estimator", "loader", "iterator", "grouped", "torch-object", UNKNOWN})
"""Kinds whose methods may run functions of the notebook that lie inside them."""


COMPARES = frozenset({"list", "tuple", "dict", "defaultdict", "set", "view"})
"""Kinds whose methods look for what they are given, and find the same object even where it is not equal to itself."""


def call(m: Machine, node: ast.Call) -> Value:
    """The call at `node`."""
    special = magics.run(m, node)
    if special is not None:
        return special
    if definitions.is_namespace(m, node):
        return builtin_calls.namespace(m, [], {})
    if isinstance(node.func, ast.Attribute):
        return _attribute_call(m, node, node.func)
    function = m.evaluate(node.func)
    args, keywords = arguments(m, node)
    return invoke(m, function, args, keywords, node)


def arguments(m: Machine, node: ast.Call) -> tuple[list[Value], Keywords]:
    """Evaluated arguments; a `*spread` gives one value of what is inside, for any number of positions."""
    args = [m.inside(m.evaluate(one)) if isinstance(one, ast.Starred) else m.evaluate(one) for one in node.args]
    keywords = {one.arg or "**": m.evaluate(one.value) if one.arg else m.inside(m.evaluate(one.value)) for one in node.keywords}
    if any(isinstance(one, ast.Starred) for one in node.args):
        keywords.setdefault("*", join(args))
    return args, keywords


def invoke(m: Machine, function: Value, args: list[Value], keywords: Keywords, node: ast.Call | None = None) -> Value:
    """Call a value."""
    results: list[Value] = []
    if function.path and function.kinds <= {"external", "module"}:
        return _external(m, function.path, args, keywords, node)
    if function.kinds & {"function", "class"} and any(m.heap[region].code is not None for region in function.regions):
        results.append(definitions.call_codes(m, function, args, keywords))
    if "super" in function.kinds:
        return _foreign_super(m, args, keywords)
    if "method" in function.kinds:
        for region in sorted(function.regions):
            one = m.heap[region]
            if one.method and one.bound is not None:
                results.append(method(m, one.bound, one.method, args, keywords))
        if function.only("method"):
            return join(results)
    if function.only("scorer"):
        definitions.run_all(m, [function, *args])
        return Value(frozenset({"scalar"}))
    if function.only("partial"):
        return _partial(m, function, args, keywords)
    if networks.is_network(m, function):
        return networks.call(m, function, args, keywords)
    owners = definitions.class_of(m, function)
    if "class" in owners.kinds and "instance" in function.kinds:
        member = definitions.member_of(m, owners, "__call__")
        if member is not None:
            results.append(definitions.call_codes(m, member, [function, *args], keywords, function))
        if definitions.has_foreign_base(m, owners) or member is None:
            results.append(anything(m, [function, *args, *keywords.values()]))
    if not results or UNKNOWN in function.kinds:
        results.append(anything(m, [function, *args, *keywords.values()]))
    return join(results)


def anything(m: Machine, values: list[Value]) -> Value:
    """Code that we cannot see gets `values`."""
    definitions.run_all(m, values)
    for value in values:
        if not value.immutable:
            m.change(value, deep=True)
    outer = [value for value in values if value.regions]
    for value in outer:  # it may also put one into another
        m.heap.contain(
            [region for region in value.regions if m.heap[region].code is None],
            [r for other in outer if other is not value for r in other.regions],
        )
    return m.unknown(*values)


def _partial(m: Machine, function: Value, args: list[Value], keywords: Keywords) -> Value:
    inner = Value(frozenset({"function"}), frozenset(r for r in m.heap.reach(function.regions) if m.heap[r].code is not None))
    given = [m.heap[r].element for r in function.regions]
    first = [one for one in given if one is not None]
    if not inner.regions:
        return anything(m, [function, *args, *keywords.values()])
    every = join([*first, *args]) if first or args else None  # which of them comes first is not kept
    count = max(
        [len(first) + len(args), *(definitions.arity(code) for region in inner.regions if (code := m.heap[region].code) is not None)]
    )
    return definitions.call_codes(m, inner, [every] * count if every is not None else [], keywords)


def _foreign_super(m: Machine, args: list[Value], keywords: Keywords) -> Value:
    itself = m.frame.itself if m.frame is not None else None
    if itself is not None:
        m.change(itself)
        for value in (*args, *keywords.values()):
            m.heap.contain(itself.regions, value.regions)
    return m.unknown(*([itself] if itself else []), *args, *keywords.values())


# ---- functions of libraries --------------------------------------------------------------------------------------------


def _external(m: Machine, path: str, args: list[Value], keywords: Keywords, node: ast.Call | None) -> Value:
    if m.patches:
        definitions.run_all(m, [*m.patches.values()])
        if path in m.patches:
            return invoke(m, m.patches[path], args, keywords)
    if path.startswith("builtins."):
        return builtin_calls.call(m, path.removeprefix("builtins."), args, keywords)
    if path.startswith("IPython.shell."):
        return magics.method(m, path.removeprefix("IPython.shell."), args, keywords)
    m.effects.uses.add(path.partition(".")[0])
    rule = knowledge.rule(path)
    if rule is None:
        return _stranger(m, path, args, keywords, node)
    values = [*args, *keywords.values()]
    _channels(m, rule, path, args, keywords)
    for position in rule.changes:
        if position < len(args):
            m.change(args[position])
            for other in args[position + 1 :]:
                m.put(args[position], other)
    if rule.iterates or rule.gives == "iterator":
        for value in values:
            if value.kinds & ITERATORS:
                definitions.consume(m, value)
    _given_to_change(m, args, keywords)
    definitions.run_all(m, values)
    if rule.hidden:
        m.effects.hidden.setdefault(path, m.line)
    result = _result(m, rule, path, args, keywords, node)
    if rule.gives == "task":
        m.tasks |= result.regions
    if path.startswith(("torch.", "torchvision.")):
        networks.created(m, path, result, keywords)
    return result


def _given_to_change(m: Machine, args: list[Value], keywords: Keywords) -> None:
    """Arguments that libraries draw on or write into."""
    for name in ("out", "ax", "axes", "fig", "figure"):
        if name in keywords:
            m.change(keywords[name], deep=True)
    for value in args:
        if value.only("figure"):
            m.change(value, deep=True)


def _figures(m: Machine, path: str) -> None:
    """Where nobody shows and closes pyplot's figures when a cell ends, the next cell goes on with them."""
    m.figures_stay |= path in {"matplotlib.use", "matplotlib.pyplot.switch_backend", "pylab.switch_backend", "matplotlib.pyplot.ioff"}
    if path.startswith(("matplotlib.pyplot.", "pylab.", "seaborn.")):
        _pyplot_used(m)


def _pyplot_used(m: Machine) -> None:
    if m.figures_stay:
        m.read_key("process:matplotlib")
        m.write_key("process:matplotlib")


def _channels(m: Machine, rule: knowledge.Rule, path: str, args: list[Value], keywords: Keywords) -> None:
    processes.called(m, rule, path, args, keywords)
    m.effects.links |= path in {"os.symlink", "os.link"}
    if rule.seeds:
        m.write_key(f"random:{rule.seeds}")
        m.effects.seeded.setdefault(f"random:{rule.seeds}", m.line)
    if rule.draws:
        _draw(m, rule.draws, keywords)
    if rule.process:
        m.read_key(f"process:{rule.process}")
        m.write_key(f"process:{rule.process}")
    _figures(m, path)
    if rule.reads_process:
        m.read_key(f"process:{rule.reads_process}")
    if rule.file_in is not None:
        value = _argument(rule, rule.file_in, args, keywords)
        if value is None or not value.kinds & {"file", "buffer"}:
            m.file_read(value)
    if rule.file_out is not None and not (rule.gives == "file" and _reads_only(args, keywords)):
        value = _argument(rule, rule.file_out, args, keywords)
        if value is None or not value.kinds & {"file", "buffer"}:
            m.file_written(value)


def _draw(m: Machine, draws: str, keywords: Keywords) -> None:
    if not draws.endswith("?"):
        m.draw(draws)
        return
    state = keywords.get("random_state")
    if state is None or state.may("none"):
        m.draw(draws.rstrip("?"))
    elif not state.immutable:
        m.change(state)


def _argument(rule: knowledge.Rule, position: int, args: list[Value], keywords: Keywords) -> Value | None:
    for name in rule.keywords:
        if name in keywords:
            return keywords[name]
    return args[position] if 0 <= position < len(args) else None


def _reads_only(args: list[Value], keywords: Keywords) -> bool:
    mode = keywords.get("mode", args[1] if len(args) > 1 else None)
    return mode is None or (isinstance(mode.const, str) and not set(mode.const) & set("wax+"))


def _result(m: Machine, rule: knowledge.Rule, path: str, args: list[Value], keywords: Keywords, node: ast.Call | None) -> Value:
    values = [*args, *keywords.values()]
    if path.startswith(("time.", "uuid.", "datetime.", "secrets.")):
        m.marks += 1
    stays = knowledge.STAYS.get(path)
    if stays:
        return Value(frozenset({"scalar"}), frozenset({m.heap.new(stays=stays)}))
    if rule.gives in {"none", "scalar", "str", "bytes", "pattern"}:
        return Value(frozenset({rule.gives}))
    if rule.gives == "shell":
        return external("IPython.shell")
    if rule.gives == "path":
        first = args[0] if len(args) == 1 else None
        const = first.const if first is not None and isinstance(first.const, str) else "." if not args else MISSING
        return Value(frozenset({"path"}), const=const)
    if path == "os.path.join" and all(isinstance(value.const, str) for value in args):
        return Value(frozenset({"str"}), const="/".join(value.const for value in args))
    if rule.gives == "module":
        return Value(frozenset({"module"}), path=args[0].const) if args and isinstance(args[0].const, str) else Value(frozenset({"module"}))
    if path == "functools.partial" and args:
        return m.new("partial", parts=values, element=join(args[1:]) if args[1:] else None)
    if rule.gives == "partial":
        functions = [value for value in args if value.kinds & {"function"}]
        if functions and path in definitions.MEMOS:
            definitions.mark_memo(m, external(path), functions[0])
        return functions[0] if functions else Value(frozenset({"partial"}), frozenset({m.heap.new(element=external(path))}))
    if path.endswith(".subplots"):
        figure = m.new("figure")
        return m.new("figure", parts=[figure], element=figure)
    if path == "sklearn.model_selection.train_test_split":
        return m.new("list", element=m.new("frame"))
    if rule.gives in {"array", "frame", "tensor"} and rule.shares:
        values = [*args, *(value for name, value in keywords.items() if name not in knowledge.LABELS)]
        same = [value for value in values if value.kinds & {"array", "frame", "tensor", UNKNOWN}]
        parts = [value for value in values if value not in same]
        return Value(frozenset({rule.gives}), m.new(rule.gives, parts=parts).regions.union(*(value.regions for value in same)))
    if rule.gives == "defaultdict":
        return m.new("defaultdict", parts=values, element=m.unknown(*values))
    if rule.gives == "tensor":
        return networks.computed(m, values)
    result = m.new(rule.gives, parts=values if rule.shares else (), element=_element(m, rule, path, args, keywords))
    if rule.gives in {"iterator", "loader"} or path == "copy.copy":
        m.heap.contain(result.regions, m.heap.reach([region for value in values for region in value.regions]))
    if path in {"copy.copy", "copy.deepcopy"}:  # functions and classes are never copied
        inside = m.heap.reach([region for value in values for region in value.regions])
        direct = frozenset(region for value in values for region in value.regions if m.heap[region].code is not None)
        m.heap.contain(result.regions, [region for region in inside if m.heap[region].code is not None])
        if direct:
            return Value(result.kinds | frozenset(kind for value in values for kind in value.kinds), result.regions | direct)
    if rule.gives == "estimator":
        _estimator(m, result, path, keywords)
    return result


def _element(m: Machine, rule: knowledge.Rule, path: str, args: list[Value], keywords: Keywords) -> Value | None:
    if path == "torch.utils.data.DataLoader":
        return networks.batch(m, keywords)
    if rule.gives in {"list", "dict", "iterator"} and args and rule.shares:
        return join(m.inside(value) for value in args)
    return None


def _estimator(m: Machine, result: Value, path: str, keywords: Keywords) -> None:
    state = keywords.get("random_state")
    name = path.rpartition(".")[2]
    free = name in knowledge.RANDOM_FREE and knowledge.DRAWS_WITH.get(name) not in keywords
    draws = (state is None and not free) or (state is not None and state.may("none"))
    copies = [keywords[name] for name in ("copy", "copy_X", "copy_x", "overwrite_a") if name in keywords]
    for region in result.regions:
        m.heap[region].rng = draws
        m.heap[region].in_place = any(value.const is not True for value in copies)


def _stranger(m: Machine, path: str, args: list[Value], keywords: Keywords, node: ast.Call | None) -> Value:
    """A function of a library we know nothing of."""
    root = path.partition(".")[0]
    values = [*args, *keywords.values()]
    if m.own is None or root not in m.own:  # what is inside modules of the notebook's folder travels
        m.effects.hidden.setdefault(path, m.line)
    if m.may_be_own(root):
        m.read_key(f"module:{root}")
        m.write_key(f"module:{root}", certain=False)
    m.draw("numpy")
    m.draw("python")
    for value in values:
        if isinstance(value.const, str):
            m.file_read(value)
    result = anything(m, values)
    m.effects.uses.add(root)
    return result


# ---- methods -----------------------------------------------------------------------------------------------------------


def _attribute_call(m: Machine, node: ast.Call, func: ast.Attribute) -> Value:
    if isinstance(func.value, ast.Call) and isinstance(func.value.func, ast.Name) and func.value.func.id == "super" and m.frame is not None:
        return _super_call(m, node, func)
    if definitions.is_namespace(m, func.value):
        return _namespace_call(m, node, func)
    base = m.evaluate(func.value)
    args, keywords = arguments(m, node)
    if base.path and base.kinds <= {"external", "module"}:
        return _external_method(m, base, func, args, keywords, node)
    found = expressions.attribute(m, base, func.attr) if base.kinds & {"instance", "class", "function"} else None
    if found is not None and any(m.heap[region].code is not None for region in found.regions) and found.kinds & {"function", "class"}:
        result = definitions.call_codes(m, found, args, keywords, None)
        rest = Value(base.kinds - {"instance", "class", "function"}, base.regions)
        return join([result, method(m, rest, func.attr, args, keywords)]) if rest.kinds else result
    return method(m, base, func.attr, args, keywords)


def _external_method(m: Machine, base: Value, func: ast.Attribute, args: list[Value], keywords: Keywords, node: ast.Call) -> Value:
    path = f"{base.path}.{func.attr}"
    state = PROCESS_PATHS.get(base.path)
    if state is not None and func.attr in {
        "append",
        "insert",
        "remove",
        "extend",
        "pop",
        "update",
        "setdefault",
        "clear",
        "popitem",
        "sort",
        "reverse",
    }:
        m.read_key(f"process:{state}")
        m.write_key(f"process:{state}")
        return ANYTHING
    known = path in knowledge.RULES or base.path.partition(".")[0] in knowledge.KNOWN_ROOTS
    if (
        not known
        and dotted(func.value)
        and func.attr in {"append", "insert", "extend", "update", "add", "pop", "remove", "clear", "setdefault"}
    ):
        root = dotted(func.value).partition(".")[0]
        if "." in dotted(func.value) and m.look(root) is not None:
            m.write_key(f"patch:{dotted(func.value)}")
            definitions.run_all(m, args)
            return ANYTHING
    return _external(m, path, args, keywords, node)


def _super_call(m: Machine, node: ast.Call, func: ast.Attribute) -> Value:
    frame = m.frame
    while frame is not None and frame.owner is None and frame.parent is not None:
        frame = frame.parent
    args, keywords = arguments(m, node)
    itself = frame.itself if frame is not None else None
    code = m.heap[frame.owner].code if frame is not None and frame.owner is not None else None
    if code is not None:
        members = [definitions.member_of(m, base, func.attr) for base in code.bases]
        known = [one for one in members if one is not None]
        if known and itself is not None:
            return definitions.invoke_member(m, known[0], itself, args, keywords)
        if all(base.path in {"builtins.object", "abc.ABC"} for base in code.bases):
            return ANYTHING
    return _foreign_super(m, args, keywords)


def _namespace_call(m: Machine, node: ast.Call, func: ast.Attribute) -> Value:
    args, keywords = arguments(m, node)
    name = args[0].const if args else None
    if func.attr in {"get", "__getitem__", "__contains__"} and isinstance(name, str):
        with m.attempt():
            return m.read(name)
    if func.attr in {"setdefault", "__setitem__"} and isinstance(name, str):
        m.branch(lambda: m.bind(name, args[1] if len(args) > 1 else ANYTHING), lambda: None)
        return ANYTHING
    if func.attr == "pop" and isinstance(name, str):
        value = m.read(name)
        m.branch(lambda: m.unbind(name), lambda: None)
        return value
    if func.attr == "update" and not args and "**" not in keywords:
        for key, value in keywords.items():
            m.bind(key, value)
        return ANYTHING
    m.effects.reads_any = m.effects.reads_any or m.line
    if func.attr in {"update", "clear", "pop", "popitem", "setdefault", "__setitem__", "__delitem__", "__ior__"}:
        m.effects.writes_any = m.effects.writes_any or m.line
    return ANYTHING


def method(m: Machine, base: Value, name: str, args: list[Value], keywords: Keywords) -> Value:
    """A method of an object that is no instance of a notebook class, as far as we know."""
    if not base.kinds:
        return ANYTHING
    results = [_method_of(m, kind, base, name, args, keywords) for kind in sorted(base.kinds)]
    if m.patches:
        definitions.run_all(m, [*m.patches.values(), base])
        if name in m.patches:
            results.append(invoke(m, m.patches[name], [base, *args], keywords))
    return join(results)


def _method_of(m: Machine, kind: str, base: Value, name: str, args: list[Value], keywords: Keywords) -> Value:
    values = [*args, *keywords.values()]
    if kind in {"logger", "decimal-context"}:
        if kind == "logger":
            processes.of_logger(m, name, base, values)
        elif name.startswith(("set", "add", "remove", "clear", "disable")):
            m.write_key("process:decimal")
        return Value(base.kinds & {"logger"}, base.regions) if kind == "logger" and name == "getChild" else ANYTHING
    if kind == "thread" and name in {"start", "join"}:
        processes.of_thread(m, name, base)
        return NONE
    if kind == "patcher" and name in {"start", "stop"}:
        processes.of_patcher(m, name)
        return m.unknown(base)
    if kind in {"function", "class", "module", "external", "handle"}:
        return anything(m, [base, *values]) if kind != "handle" else ANYTHING
    if name == "backward" or kind == "tensor" or networks.is_network(m, base):
        found = networks.method(m, base, name, values)
        if found is not None:
            return found
    if kind == "instance" and (networks.is_network(m, base) or not definitions.has_foreign_base(m, definitions.class_of(m, base))):
        definitions.run_dunders(m, [base])
        if name[:2] == name[-2:] == "__" and name not in methods.LOOKS:
            return anything(m, [base, *values])
        attributes = [m.heap[region].attributes.get(name) for region in base.regions]
        held = [one for one in attributes if one is not None]
        if held:
            return invoke(m, join(held), args, keywords)
        if not networks.is_network(m, base):
            return m.unknown(base, *values)
    known = methods.find(kind, name)
    if known is None and _guess(m, name):
        known = methods.PURE
    if known is None:
        return anything(m, [base, *values])
    return _known_method(m, known, kind, base, name, args, keywords)


def _guess(m: Machine, name: str) -> bool:
    return name in methods.GUESSED and name not in m.methods


def _known_method(m: Machine, known: methods.Method, kind: str, base: Value, name: str, args: list[Value], keywords: Keywords) -> Value:
    values = [*args, *keywords.values()]
    if name == "pipe" and args:
        return invoke(m, args[0], [base, *args[1:]], keywords)
    definitions.run_all(m, [base, *values] if kind in RUNS_INSIDE else values)
    if kind in COMPARES and name not in {"append", "extend", "insert", "appendleft", "extendleft"}:
        m.compare([base, *args])
    m.effects.links |= name in {"symlink_to", "hardlink_to"}
    if kind == "frame" and name in {"query", "eval"}:
        _names_in_text(m, args)
    in_place = keywords.get("inplace")
    if known.changes or (in_place is not None and in_place.const is not False):
        m.change(base, deep=known.deep, sure=True)
    if kind == "rng" and name == "shuffle" and args:
        m.change(args[0])
    _given_to_change(m, args, keywords)
    if kind == "estimator" and any(m.heap[region].in_place for region in m.heap.reach(base.regions)):
        for value in args:
            m.change(value)
    _method_files(m, known, name, base, args, keywords)
    _method_draws(m, known, kind, name, base, keywords)
    for value in values:
        if known.consumes and value.kinds & (ITERATORS - {UNKNOWN}):
            definitions.consume(m, value)
        if known.keeps:
            m.keys_seen(base, plain=False)
            m.put(base, join([value, m.inside(value)]) if name in {"extend", "update"} and value.regions else value)
        if known.holds:
            m.heap.hold(base.regions, value.regions)
    return _method_result(m, known, base, values, in_place)


def _method_files(m: Machine, known: methods.Method, name: str, base: Value, args: list[Value], keywords: Keywords) -> None:
    given = args[0] if args else next((keywords[key] for key in ("path_or_buf", "path", "fname", "buf") if key in keywords), None)
    text_only = name in methods.FILES_AS_TEXT and (given is None or given.only("none"))
    for position, record in ((known.file_in, m.file_read), (known.file_out, m.file_written)):
        if position is None or text_only or (given is not None and given.kinds & {"buffer", "file"}):
            continue
        record(base if position == -2 else given if position == 0 else None)
    if name in {"to_json", "to_html", "to_string", "to_markdown", "to_latex"} and args and args[0].may("str"):
        m.file_written(args[0])


def _names_in_text(m: Machine, args: list[Value]) -> None:
    """`df.query("x > @limit")` reads names inside a text."""
    text = args[0].const if args else None
    if isinstance(text, str):
        for name in re.findall(r"@([A-Za-z_]\w*)", text):
            expressions.load(m, name)
    else:
        m.effects.reads_any = m.effects.reads_any or m.line


def _method_draws(m: Machine, known: methods.Method, kind: str, name: str, base: Value, keywords: Keywords) -> None:
    if known.draws == "?":
        if any(m.heap[region].rng for region in m.heap.reach(base.regions)):
            m.draw("numpy")
    elif known.draws:
        m.draw(known.draws)
    elif kind in {"frame", "grouped"} and name == "sample":
        _draw(m, "numpy?", keywords)


def _method_result(m: Machine, known: methods.Method, base: Value, values: list[Value], in_place: Value | None) -> Value:
    if known.itself:
        return base
    if known.gives == "figure":
        _pyplot_used(m)
    if in_place is not None and in_place.const is True:
        return Value(frozenset({"none"}))
    if known.gives in {"none", "scalar", "str", "bytes"}:
        return Value(frozenset({known.gives}))
    if known.gives == "path":
        return Value(frozenset({"path"}))
    if known.element and known.gives not in {"view", "pairs"}:
        return join([m.inside(base), *values[1:]])
    if known.gives == UNKNOWN:
        return m.unknown(base, *values) if known.shares else m.new(UNKNOWN)
    inner = m.inside(base) if base.kinds & {"list", "dict", "set", "tuple", "defaultdict", "view"} else None
    if known.gives in {"view", "pairs"}:
        return m.new("view", parts=[base], element=m.pair(_key(m, base, inner), inner) if inner and known.gives == "pairs" else inner)
    if known.gives == "grouped":
        part = Value(frozenset({"frame"}), m.new("frame", parts=[base]).regions)
        return m.new("grouped", parts=[base, *values], element=m.pair(SCALAR, part))
    shared = [base] if known.shares else []
    if known.gives == "iterator" and base.only("estimator"):  # `split`: pairs of fresh indices
        return m.new("iterator", parts=[base, *values], element=m.new("tuple", element=m.new("array")))
    if known.shares and known.gives in {"array", "tensor", "frame", "figure"}:
        return Value(frozenset({known.gives}), base.regions | m.new(known.gives).regions)
    return m.new(known.gives, parts=[*shared, *values] if known.shares else [], element=inner)


def _key(m: Machine, base: Value, inner: Value) -> Value:
    """A key of a dict: nothing that could be changed, where we saw all keys."""
    plain = all(m.heap[region].plain_keys and not m.heap[region].opaque for region in base.regions)
    return SCALAR if plain else join([SCALAR, inner])
