"""Walking through syntax trees, for passes that look at each node of a notebook.

`ast.walk` and `ast.iter_child_nodes` give all nodes, and half of them are names, constants and operators, which hold no others.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_LEAVES = (ast.Name, ast.Constant, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.alias)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def branches(node: ast.AST) -> list[ast.AST]:
    """The direct children that may hold other nodes, in the order of the source."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [one for one in value if isinstance(one, ast.AST) and not isinstance(one, _LEAVES)]
        elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
            found.append(value)
    return found


def own(node: ast.AST) -> Iterator[ast.AST]:
    """All branches from `node` down, itself too, but nothing inside functions and classes made there."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if not isinstance(one, SCOPES):
            waiting += branches(one)
