"""The parameters cell: names, types and defaults, read from its text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from jupyter_mlflow.dataflow import sources
from jupyter_mlflow.notebook.blocks import Blocks
from jupyter_mlflow.notebook.cells import TaggedNotebook
from jupyter_mlflow.spec.pipelines import Cell, Parameter

_NOT_A_LITERAL: Any = object()


def parameters(notebook: TaggedNotebook, found: Blocks) -> tuple[Parameter, ...]:
    """Parameters in the order of the text; a later assignment of the same name counts."""
    known: dict[str, Parameter] = {}
    marks = _marks(notebook)
    for block in found.blocks:
        if block.role == "parameters":
            for cell in block.cells:
                for one in _of_cell(cell, marks):
                    known[one.name] = one
    return tuple(known.values())


def _marks(notebook: TaggedNotebook) -> dict[str, dict[str, Any]]:
    ours = notebook.metadata.get("jupyter_mlflow")
    marks = ours.get("parameters") if isinstance(ours, dict) else None
    return {name: one for name, one in marks.items() if isinstance(one, dict)} if isinstance(marks, dict) else {}


def _of_cell(cell: Cell, marks: dict[str, dict[str, Any]]) -> Iterator[Parameter]:
    source = sources.read(cell.source)
    lines = source.text.splitlines()
    for statement in source.tree.body if source.tree is not None else ():
        for name, annotation, value in _assigned(statement):
            comment = _comment(lines, statement)
            default = _literal(value)
            yield Parameter(
                name=name,
                type=_type(annotation, default),
                default=None if default is _NOT_A_LITERAL else default,
                default_source=_text(value) if value is not None else "",
                help=str(marks.get(name, {}).get("help", comment)),
                cell=cell.index,
                secret=bool(marks.get(name, {}).get("secret")) or bool(re.search(r"\bsecret\b", comment, re.IGNORECASE)),
            )


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id, statement.annotation, statement.value
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, None, statement.value
            elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple) and len(target.elts) == len(statement.value.elts):
                for one, value in zip(target.elts, statement.value.elts, strict=True):
                    if isinstance(one, ast.Name):
                        yield one.id, None, value


def _comment(lines: list[str], statement: ast.stmt) -> str:
    line = lines[(statement.end_lineno or statement.lineno) - 1] if lines else ""
    rest = line[statement.end_col_offset :] if statement.end_col_offset is not None else ""
    return rest.partition("#")[2].strip()


def _literal(value: ast.expr | None) -> Any:
    if value is None:
        return _NOT_A_LITERAL
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return _NOT_A_LITERAL
    return _as_json(found)


def _as_json(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        items = [_as_json(one) for one in value]
        return _NOT_A_LITERAL if any(one is _NOT_A_LITERAL for one in items) else items
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        entries = {key: _as_json(one) for key, one in value.items()}
        return _NOT_A_LITERAL if any(one is _NOT_A_LITERAL for one in entries.values()) else entries
    return _NOT_A_LITERAL


def _type(annotation: ast.expr | None, default: Any) -> str | None:
    if annotation is not None:
        return _text(annotation)
    if default is _NOT_A_LITERAL or default is None:
        return None
    return type(default).__name__


def _text(node: ast.expr) -> str:
    try:
        return ast.unparse(node)
    except RecursionError:  # thousands of parts: nobody would read it
        return "..."
