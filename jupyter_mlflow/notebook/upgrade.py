"""nbformat 3 -> nbformat 4, for notebooks saved by IPython 1 and 2.

Written here because Jupyter's own converter takes 160 ms to import and expects well-formed input. What changed between the two formats:

    worksheets[*].cells      -> cells
    code: input              -> source;  prompt_number -> execution_count;  collapsed -> metadata.collapsed;  language -> the notebook's
    heading (level n)        -> markdown that starts with n `#`
    html                     -> markdown
    pyout, pyerr             -> execute_result, error
    output keys png, text .. -> data by MIME type
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jupyter_mlflow.errors import NotebookError
from jupyter_mlflow.notebook.documents import kind_of

_MIME = {
    "text": "text/plain",
    "html": "text/html",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "latex": "text/latex",
    "json": "application/json",
    "javascript": "application/javascript",
    "pdf": "application/pdf",
}

_OUTPUT_TYPES = {"pyout": "execute_result", "pyerr": "error"}


def upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """A new nbformat 4 document; parts that did not change are shared with the old one."""
    cells = list(_cells(document))
    metadata = dict(document.get("metadata") or {})
    metadata["orig_nbformat"] = document.get("nbformat", 3)
    language = next((one["language"] for one in cells if isinstance(one.get("language"), str)), "python")
    metadata.setdefault("language_info", {"name": language})
    return {"cells": [_cell(one) for one in cells], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _cells(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sheets = document.get("worksheets", [])
    if not isinstance(sheets, list):
        raise NotebookError(f"`worksheets` is {kind_of(sheets)}, not a list.")
    for number, sheet in enumerate(sheets):
        cells = sheet.get("cells", []) if isinstance(sheet, dict) else None
        if not isinstance(cells, list):
            raise NotebookError(f"`worksheets[{number}]` has no list of cells.")
        for position, cell in enumerate(cells):
            if not isinstance(cell, dict):
                raise NotebookError(f"`worksheets[{number}].cells[{position}]` is {kind_of(cell)}, not a cell.")
            yield cell


def _cell(old: dict[str, Any]) -> dict[str, Any]:
    kind = old.get("cell_type")
    metadata = old.get("metadata") or {}
    if kind == "code":
        return _code(old, metadata)
    if kind == "heading":
        return {"cell_type": "markdown", "metadata": metadata, "source": _heading(old)}
    return {"cell_type": "markdown" if kind == "html" else kind, "metadata": metadata, "source": old.get("source", "")}


def _code(old: dict[str, Any], metadata: Any) -> dict[str, Any]:
    if "collapsed" in old and isinstance(metadata, dict):
        metadata = {**metadata, "collapsed": bool(old["collapsed"])}
    outputs = old.get("outputs")
    return {
        "cell_type": "code",
        "execution_count": old.get("prompt_number"),
        "metadata": metadata,
        "outputs": [_output(one) for one in outputs if isinstance(one, dict)] if isinstance(outputs, list) else [],
        "source": old.get("input", ""),
    }


def _heading(old: dict[str, Any]) -> str:
    source = old.get("source", "")
    text = "".join(one for one in source if isinstance(one, str)) if isinstance(source, (list, str)) else ""
    level = old.get("level", 1)
    marks = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1)
    return f"{marks} {' '.join(text.splitlines())}"


def _output(old: dict[str, Any]) -> dict[str, Any]:
    kind = _OUTPUT_TYPES.get(old.get("output_type", ""), old.get("output_type"))
    if kind == "stream":
        return {"output_type": kind, "name": old.get("stream") or "stdout", "text": old.get("text", "")}
    if kind == "error":
        return {"output_type": kind, **{key: old.get(key, [] if key == "traceback" else "") for key in ("ename", "evalue", "traceback")}}
    new = {"output_type": kind, "metadata": old.get("metadata") or {}, "data": _data(old)}
    return {**new, "execution_count": old.get("prompt_number")} if kind == "execute_result" else new


def _data(old: dict[str, Any]) -> dict[str, Any]:
    """Keys that were short names, and keys that were MIME types already."""
    return {_MIME.get(key, key): value for key, value in old.items() if key in _MIME or "/" in key}
