"""How a JSON text is laid out, told from its first member, so that new text looks like the text around it."""

from __future__ import annotations

import codecs
import json
from typing import Any, NamedTuple

from jupyter_mlflow.notebook import scanning

_BACKSLASH = ord("\\")
_CONTROLS = {b"00%d" % digit for digit in range(8)}  # ASCII: control characters, and `<` as web servers write it, say nothing


class Style(NamedTuple):
    """`unit` is one level of indentation, or None for a text on a single line."""

    unit: bytes | None
    newline: bytes
    colon: bytes
    comma: bytes  # between elements on one line
    ascii: bool  # other characters are written as escapes


def style_of(data: bytes) -> Style:
    """The style of a JSON text that is an object."""
    root = scanning.root(data)
    start = scanning.start_of(data, root + 1)
    lead = data[root + 1 : start]
    unit = lead.rpartition(b"\n")[2] if b"\n" in lead else None
    colon = _colon(data, start)
    return Style(
        unit=unit,
        newline=b"\r\n" if b"\r\n" in lead else b"\n",
        colon=colon,
        comma=b", " if unit is not None or colon.endswith(b" ") else b",",
        ascii=data.removeprefix(codecs.BOM_UTF8).isascii() and _has_escaped_letters(data),
    )


def indent(data: bytes, at: int, style: Style) -> bytes | None:
    """The white space in front of `at` when it starts a line, else None."""
    if style.unit is None:
        return None
    start = data.rfind(b"\n", 0, at) + 1
    before = data[start:at].removeprefix(codecs.BOM_UTF8)
    return None if before.strip() else before


def encode(value: Any, style: Style, outer: bytes | None) -> bytes:
    """JSON in a style; `outer` is the indentation of the line that it starts on, or None to stay on that line."""
    separators = (style.comma.decode(), style.colon.decode())
    if outer is None or style.unit is None:
        return _dumped(value, style, separators=separators)
    text = _dumped(value, style, indent=style.unit.decode(), separators=(",", style.colon.decode()))
    return text.replace(b"\n", style.newline + outer)


def _dumped(value: Any, style: Style, **layout: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=style.ascii, **layout).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can spell
        return json.dumps(value, ensure_ascii=True, **layout).encode()


def _has_escaped_letters(data: bytes) -> bool:
    """Whether there is an escape of a character that JSON would let stand, such as `é`."""
    at = data.find(b"\\u")
    while at >= 0:
        start = at
        while data[start - 1] == _BACKSLASH:
            start -= 1
        if (at - start) % 2 == 0 and data[at + 2 : at + 5] not in _CONTROLS:
            return True
        at = data.find(b"\\u", at + 2)
    return False


def _colon(data: bytes, start: int) -> bytes:
    """What stands between the first key and its value."""
    if data[start : start + 1] == b"}":
        return b": "
    end = scanning.skip(data, start)
    found = data[end : scanning.start_of(data, scanning.start_of(data, end) + 1)]
    return b": " if b"\n" in found else found
