"""Bytes -> the JSON object in them, or one sentence that says where the file is broken.

msgspec reads what is well-formed, which is nearly every notebook. What it refuses is read again by the standard library, which accepts what Jupyter
accepts (`NaN` and `Infinity`, which Python itself writes; halves of surrogate pairs, which browsers write when they cut an emoji in two) and tells
the line and column of what nobody accepts.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from jupyter_mlflow.errors import NotebookError

DEEPEST = 200  # levels of lists and objects in metadata; far above what any tool writes, and far below Python's own limit

HALF_PAIR = re.compile("[\ud800-\udfff]")
_ESCAPED_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_GIT_CONFLICT = re.compile(rb"^(<{7}|={7}|>{7})( |\r?$)", re.MULTILINE)
_NOT_UTF8 = {codecs.BOM_UTF32_LE: "UTF-32", codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}  # the longest first


def decode(data: bytes) -> dict[str, Any]:
    """The JSON object that `data` holds; raises `NotebookError` without the file's name."""
    body = data.removeprefix(codecs.BOM_UTF8)
    if not body.strip():
        size = "0 bytes" if not data else "nothing but white space"
        raise NotebookError(f"the file is empty ({size}); a notebook is a JSON document.")
    document = _parse(body)
    if not isinstance(document, dict):
        raise NotebookError(f"the file is no notebook: its JSON is {kind_of(document)}, not an object.")
    return document


def kind_of(value: Any) -> str:
    """The JSON type of a value, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    names: dict[type, str] = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names[type(value)]


def depth_exceeds(value: Any, limit: int = DEEPEST) -> bool:
    """Whether lists and objects are nested deeper than `limit`; works without recursion, whatever the depth."""
    level = [value]
    for _ in range(limit):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (one for one in value.values() if isinstance(one, (dict, list)))
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, (dict, list)))


def _parse(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except RecursionError as error:
        raise _too_deep() from error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _parse_as_jupyter_does(body)


def _parse_as_jupyter_does(body: bytes) -> Any:
    text = _text(body)
    try:
        document = json.loads(text)
        return _mended(document) if _ESCAPED_HALF.search(body) else document
    except json.JSONDecodeError as error:
        raise NotebookError(_broken_json(text, body, error)) from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # Python refuses integers of more than 4300 digits
        raise NotebookError(f"the file cannot be read: it holds a number that is too long ({error}).") from error


def _text(body: bytes) -> str:
    for mark, name in _NOT_UTF8.items():
        if body.startswith(mark):
            raise NotebookError(f"the file is not UTF-8 text: it is {name}, and notebooks are UTF-8. Save it again as UTF-8.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise NotebookError(
            f"the file is not UTF-8 text: line {line} holds the byte 0x{body[error.start]:02x} (byte {error.start} of the file)."
        ) from error


def _broken_json(text: str, body: bytes, error: json.JSONDecodeError) -> str:
    place = f"line {error.lineno}, column {error.colno}"
    if body.startswith(b"version https://git-lfs"):
        return "the file is a Git LFS pointer, not the notebook itself; `git lfs pull` fetches it."
    conflict = _GIT_CONFLICT.search(body)
    if conflict:
        line = body.count(b"\n", 0, conflict.start()) + 1
        return f"the file holds an unresolved Git conflict, marked in line {line}."
    if error.msg.startswith("Unterminated string"):
        return f"the JSON is cut off: the text that starts in {place} never ends."
    if not text[error.pos :].strip():
        return f"the JSON is cut off: the file ends in {place}, in the middle of the notebook."
    if not text.lstrip().startswith(("{", "[")):
        return f"the file is no notebook: a notebook is a JSON object and starts with `{{`; this starts with {_start(text)}."
    reason = error.msg.removesuffix(" at")
    return f"the file is not valid JSON: {reason[0].lower()}{reason[1:]} in {place}."


def _start(text: str) -> str:
    shown = text.lstrip()[:20].splitlines()[0]
    return "`" + "".join(char if char.isprintable() and char != "`" else "?" for char in shown) + "`"


def _too_deep() -> NotebookError:
    return NotebookError("the file cannot be read: its lists and objects are nested too deeply.")


def _mended(document: Any) -> Any:
    """Put a replacement character for each half of a surrogate pair, which no encoder accepts.

    Code is left as it is: there a half pair is an error, which the reader reports with its cell.
    """
    waiting = [document]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            code = {"source", "input"} if inner.get("cell_type") == "code" else set()
            entries = [(_whole(key), value if key in code else _whole(value)) for key, value in inner.items()]
            inner.clear()
            inner.update(entries)
            waiting.extend(value for key, value in entries if key not in code)
        elif isinstance(inner, list):
            inner[:] = [_whole(one) for one in inner]
            waiting.extend(inner)
    return _whole(document)


def _whole(value: Any) -> Any:
    return HALF_PAIR.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else value
