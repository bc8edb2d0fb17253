"""Statements whose effect lives inside modules, where no snapshot reaches: every later step runs them again, silently.

From a setup cell these are all calls that configure a library we know nothing of, for that is what a setup cell is for. From other cells
only those of which it is known that running them again does the same in another process and nothing else (`knowledge.Rule.again`,
`%matplotlib`, `%load_ext`), that certainly ran, and whose arguments are literals, imported things, functions and classes.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from jupyter_mlflow.dataflow import knowledge, magics
from jupyter_mlflow.dataflow.machine import Machine
from jupyter_mlflow.dataflow.values import Value

_LASTING = frozenset({"module", "external", "function", "class"})
"""Kinds of values that are the same whenever a name of theirs is looked up."""


@dataclass
class Replays:
    """Texts to run again, the notebook's names they read, and the lines of the cell they stand in."""

    texts: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    lines: set[int] = field(default_factory=set)


def of(m: Machine, tree: ast.Module, *, configures: bool) -> Replays:
    """What of a cell is to run again; `configures` for cells of setup."""
    found = Replays()
    for statement in tree.body:
        for text in _texts(m, statement, configures=configures):
            found.texts.append(ast.unparse(text))
            found.names |= {node.id for node in ast.walk(text) if isinstance(node, ast.Name) and m.look(node.id) is not None}
            found.lines |= set(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    return found


def _texts(m: Machine, statement: ast.stmt, *, configures: bool) -> list[ast.AST]:
    if isinstance(statement, ast.ImportFrom):
        return [statement] if statement.module == "__future__" else []  # it holds for all later cells, whichever cell says it
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        again = _configures(m, statement.value) if configures else _repeatable(m, statement.value)
        return [statement] if again else []
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [_decorates(one, statement.name) for one in statement.decorator_list if _registers(m, one)]
    return []


def _decorates(decorator: ast.expr, name: str) -> ast.AST:
    """`decorator(name)`: what was defined registers itself anew."""
    return ast.Expr(ast.Call(func=decorator, args=[ast.Name(id=name, ctx=ast.Load())], keywords=[]))


def _registers(m: Machine, decorator: ast.expr) -> bool:
    rule = _rule(m, decorator.func if isinstance(decorator, ast.Call) else decorator)
    return rule is not None and rule.again


def _configures(m: Machine, node: ast.Call) -> bool:
    name = _magic(node)
    if name is not None:
        return name in magics.REPLAYED
    value = _function(m, node.func)
    if value is None or not value.path or value.path.startswith(("builtins.", "IPython.shell")):
        return False
    rule = knowledge.rule(value.path)
    return rule is None or rule.hidden


def _repeatable(m: Machine, node: ast.Call) -> bool:
    name = _magic(node)
    if name is not None:
        return name in magics.REPLAYED
    rule = _rule(m, node.func)
    names = [m.look(one.id) for one in ast.walk(node) if isinstance(one, ast.Name)]
    return rule is not None and rule.again and all(one is None or one.kinds <= _LASTING for one in names)


def _rule(m: Machine, node: ast.expr) -> knowledge.Rule | None:
    value = _function(m, node)
    return knowledge.rule(value.path) if value is not None and value.path else None


def _magic(node: ast.Call) -> str | None:
    func = node.func
    if isinstance(func, ast.Attribute) and func.attr == "run_line_magic" and node.args and isinstance(node.args[0], ast.Constant):
        return str(node.args[0].value)
    return None


def _function(m: Machine, node: ast.expr) -> Value | None:
    """What a plain dotted name stands for, without putting a read on record."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    held = m.look(node.id)
    if held is None or not held.kinds <= {"module", "external"}:
        return None
    return Value(held.kinds, path=".".join([held.path, *reversed(parts)]))
