"""Which names of a function, class or comprehension are global: asked of the stdlib's `symtable`, node by node.

`symtable` gives tables without the nodes they belong to. Both are visited in the same order, so the tables below one
parent are handed out by (name, line) in order of appearance.
"""

from __future__ import annotations

import ast
import symtable
from collections import defaultdict, deque

from jupyter_mlflow.dataflow import trees

Scope = ast.AST  # a function, lambda or class


class Scopes:
    """The symbol table of each function, lambda and class of one source text."""

    def __init__(self, tree: ast.Module, text: str) -> None:
        self._tables: dict[ast.AST, symtable.SymbolTable] = {}
        try:
            top = symtable.symtable(text, "<cell>", "exec")
        except (SyntaxError, ValueError, RecursionError):
            return  # code that only compiles inside IPython; `is_global` then judges by the node itself
        self._visit(tree, _Children(top))

    def _visit(self, node: ast.AST, children: _Children) -> None:
        for child in trees.branches(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                self._function(child, children)
            elif isinstance(child, ast.ClassDef):
                self._class(child, children)
            elif isinstance(child, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
                self._comprehension(child, children)
            else:
                self._visit(child, children)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, children: _Children) -> None:
        name = "lambda" if isinstance(node, ast.Lambda) else node.name
        outside: list[ast.AST] = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
        if not isinstance(node, ast.Lambda):
            outside += node.decorator_list
        for part in outside:
            self._visit(ast.Expression(body=part), children)  # type: ignore[arg-type]
        table = children.take(name, node.lineno)
        if table is None:
            return
        if table.get_type() != "function":  # type parameters stand around the function
            inner = _Children(table).take(name, node.lineno)
            table = inner or table
        self._tables[node] = table
        below = _Children(table)
        for statement in node.body if isinstance(node.body, list) else [node.body]:
            self._visit(ast.Module(body=[statement], type_ignores=[]), below)  # type: ignore[list-item]

    def _class(self, node: ast.ClassDef, children: _Children) -> None:
        for part in [*node.decorator_list, *node.bases, *(k.value for k in node.keywords)]:
            self._visit(ast.Expression(body=part), children)
        table = children.take(node.name, node.lineno)
        if table is None:
            return
        if table.get_type() != "class":
            table = _Children(table).take(node.name, node.lineno) or table
        self._tables[node] = table
        below = _Children(table)
        for statement in node.body:
            self._visit(ast.Module(body=[statement], type_ignores=[]), below)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, children: _Children) -> None:
        self._visit(ast.Expression(body=node.generators[0].iter), children)
        names = {ast.ListComp: "listcomp", ast.SetComp: "setcomp", ast.DictComp: "dictcomp", ast.GeneratorExp: "genexpr"}
        table = children.take(names[type(node)], node.lineno)
        below = _Children(table) if table is not None else children
        first = node.generators[0]
        rest: list[ast.AST] = [first.target, *first.ifs]
        for generator in node.generators[1:]:
            rest += [generator.iter, generator.target, *generator.ifs]
        rest += [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for part in rest:
            self._visit(ast.Expression(body=part), below)  # type: ignore[arg-type]

    def is_global(self, scope: Scope, name: str) -> bool | None:
        """Whether `name` inside `scope` is the module's; None when the symbol table does not say."""
        table = self._tables.get(scope)
        if table is None:
            return None
        try:
            return table.lookup(name).is_global()
        except KeyError:
            return None

    def is_free(self, scope: Scope, name: str) -> bool:
        """Whether `name` inside `scope` belongs to a function around it."""
        table = self._tables.get(scope)
        try:
            return table is not None and table.lookup(name).is_free()
        except KeyError:
            return False


class _Children:
    """The tables below one table, to be taken in order."""

    def __init__(self, table: symtable.SymbolTable) -> None:
        self._waiting: defaultdict[tuple[str, int], deque[symtable.SymbolTable]] = defaultdict(deque)
        for child in table.get_children():
            self._waiting[child.get_name(), child.get_lineno()].append(child)

    def take(self, name: str, line: int) -> symtable.SymbolTable | None:
        queue = self._waiting[name, line]
        return queue.popleft() if queue else None
