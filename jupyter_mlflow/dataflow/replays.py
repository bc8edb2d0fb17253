"""Statements of setup cells that configure a library we know nothing of, or IPython itself.

Their effect lives inside modules, where no snapshot reaches, so every later step runs them again, silently.
"""

from __future__ import annotations

import ast

from jupyter_mlflow.dataflow import knowledge, magics
from jupyter_mlflow.dataflow.machine import Machine
from jupyter_mlflow.dataflow.values import Value


def of(m: Machine, tree: ast.Module, *, configures: bool) -> tuple[tuple[str, ...], set[str]]:
    """Texts of the statements to run again, and the notebook's names they read; all but `__future__` only where the cell `configures`."""
    chosen = [statement for statement in tree.body if _is_future(statement) or (configures and _again(m, statement))]
    names = {node.id for statement in chosen for node in ast.walk(statement) if isinstance(node, ast.Name) and m.look(node.id) is not None}
    return tuple(ast.unparse(statement) for statement in chosen), names


def _is_future(statement: ast.stmt) -> bool:
    """`from __future__ import x` holds for all later cells, whichever cell says it."""
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _again(m: Machine, statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return _configures(m, statement.value)
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):  # magics of one's own register themselves with IPython
        found = [_function(m, one.func if isinstance(one, ast.Call) else one) for one in statement.decorator_list]
        return any(one is not None and one.path.startswith("IPython.core.magic.") for one in found)
    return False


def _configures(m: Machine, node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = _magic(node)
    if name is not None:
        return name in magics.REPLAYED
    value = _function(m, node.func)
    if value is None or not value.path or value.path.startswith("builtins."):
        return False
    rule = knowledge.rule(value.path)
    return rule is None or rule.hidden


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
