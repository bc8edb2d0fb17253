"""Change a few values inside JSON text and leave every other byte as it is.

The text is known to be valid JSON. It is not parsed as a whole and written again, which would lose its number formats, escapes, odd spacing and
duplicate keys: the places to change are found in the text, and new text is put there in the style of its neighbours.

    Changes = key -> new value | REMOVED | Changes of the object below
"""

from __future__ import annotations

import bisect
import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jupyter_mlflow.notebook import scanning, styles
from jupyter_mlflow.notebook.styles import Style

REMOVED: Any = object()


class Changes(dict[str, Any]):
    """What changes in one object."""


def changed(data: bytes, at: int, changes: Changes, style: Style) -> tuple[int, int, bytes]:
    """The span of the object that starts at `at`, and its new text."""
    return at, scanning.skip(data, at), _object(data, at, at, changes, style)


def apply(data: bytes, splices: Sequence[tuple[int, int, bytes]]) -> bytes:
    """`data` with new texts in the place of spans, which must not overlap."""
    pieces = []
    position = 0
    for start, end, text in sorted(splices):
        pieces += [data[position:start], text]
        position = end
    return b"".join([*pieces, data[position:]])


def _object(data: bytes, at: int, line: int, changes: Changes, style: Style) -> bytes:
    """The object at `at` with changes; `line` is a position whose line is indented as the object's closing bracket would be."""
    members = scanning.members(data, at)
    keys = [one.key for one in members]
    frame = _frame(data, at, line, [(one.start, one.end) for one in members], style)
    texts: list[bytes | None] = list(frame.texts)
    added: dict[str, bytes] = {}
    for key, change in changes.items():
        places = [place for place, one in enumerate(keys) if one == key]
        if places and change is REMOVED:
            for place in places:
                texts[place] = None
        elif places:  # of keys that stand twice, the last one counts
            member = members[places[-1]]
            texts[places[-1]] = data[member.start : member.value] + _new_value(data, member, change, style)
        elif _value(change) is not REMOVED:
            added[key] = styles.encode(key, style, None) + style.colon + styles.encode(_value(change), style, frame.indent)
    return frame.filled(texts, _positions(keys, added))


def _new_value(data: bytes, member: scanning.Member, change: Any, style: Style) -> bytes:
    text = data[member.value : member.end]
    value = _value(change)
    if isinstance(change, Changes) and text.startswith(b"{"):
        return _object(data, member.value, member.start, change, style)
    if value is REMOVED:
        return text
    old = json.loads(text)
    if _same(old, value):
        return text
    if isinstance(old, dict) and isinstance(value, Mapping):
        return _object(data, member.value, member.start, _difference(old, value), style)
    if isinstance(old, list) and isinstance(value, (list, tuple)):
        return _list(data, member, old, value, style)
    return styles.encode(value, style, styles.indent(data, member.start, style))


def _list(data: bytes, member: scanning.Member, old: Sequence[Any], new: Sequence[Any], style: Style) -> bytes:
    """The list with new items; those that stay keep their text."""
    frame = _frame(data, member.value, member.start, scanning.items(data, member.value), style)
    texts: list[bytes | None] = list(frame.texts)
    added: list[tuple[int, bytes]] = []
    matcher = difflib.SequenceMatcher(None, [_canonical(one) for one in old], [_canonical(one) for one in new], autojunk=False)
    for kind, first, last, start, stop in matcher.get_opcodes():
        if kind != "equal":
            texts[first:last] = [None] * (last - first)
            added.extend((last, styles.encode(one, style, frame.indent)) for one in new[start:stop])
    return frame.filled(texts, added)


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> Changes:
    changes = Changes({key: REMOVED for key in old if key not in new})
    changes.update({key: value for key, value in new.items() if key not in old or not _same(old[key], value)})
    return changes


def _value(change: Any) -> Any:
    """What a change amounts to where there was nothing: REMOVED when nothing is left."""
    if not isinstance(change, Changes):
        return change
    inner = {key: value for key, value in ((key, _value(one)) for key, one in change.items()) if value is not REMOVED}
    return inner or REMOVED


def _same(one: Any, other: Any) -> bool:
    """Whether both are the same JSON: unlike for Python's `==`, 1 is neither 1.0 nor true."""
    return _canonical(one) == _canonical(other)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _positions(keys: Sequence[str], added: Mapping[str, bytes]) -> list[tuple[int, bytes]]:
    """Where new members go: into the alphabet if the keys follow it, as Jupyter writes them; else to the end."""
    if list(keys) != sorted(keys):
        return [(len(keys), text) for text in added.values()]
    return [(bisect.bisect(keys, key), added[key]) for key in sorted(added)]


class _Frame(NamedTuple):
    """An object or list without its elements: brackets and spacing. Commas count as spacing."""

    original: bytes
    texts: tuple[bytes, ...]  # of the elements
    gaps: tuple[bytes, ...]  # in front of each element
    lead: bytes  # in front of the first element
    between: bytes  # in front of a new element that is not the first
    tail: bytes  # behind the last element

    @property
    def indent(self) -> bytes | None:
        """The white space that elements are indented with, or None when they do not start lines."""
        return self.lead.rpartition(b"\n")[2] if b"\n" in self.lead else None

    def filled(self, texts: Sequence[bytes | None], added: Sequence[tuple[int, bytes]]) -> bytes:
        """With other elements: `texts` has None for those to leave out; `added` go in front of the positions given."""
        if not added and tuple(texts) == self.texts:
            return self.original
        elements: list[tuple[bytes, bytes]] = []
        for position in range(len(texts) + 1):
            elements.extend((self.between, text) for place, text in added if place == position)
            kept = texts[position] if position < len(texts) else None
            if kept is not None:
                elements.append((self.gaps[position] if position else self.between, kept))
        if not elements:
            return self.original[:1] + self.original[-1:]
        rest = b"".join(gap + text for gap, text in elements[1:])
        return self.original[:1] + self.lead + elements[0][1] + rest + self.tail + self.original[-1:]


def _frame(data: bytes, at: int, line: int, spans: Sequence[tuple[int, int]], style: Style) -> _Frame:
    end = scanning.skip(data, at)
    before = [at + 1, *(last for _, last in spans)]
    gaps = tuple(data[previous:start] for previous, (start, _) in zip(before, spans, strict=False))
    lead, tail = (gaps[0], data[before[-1] : end - 1]) if gaps else _spacing(styles.indent(data, line, style), style)
    between = gaps[1] if len(gaps) > 1 else b"," + lead if b"\n" in lead else style.comma
    return _Frame(data[at:end], tuple(data[start:last] for start, last in spans), gaps, lead, between, tail)


def _spacing(outer: bytes | None, style: Style) -> tuple[bytes, bytes]:
    """What stands behind the opening and before the closing bracket of an object or list that was empty."""
    return (b"", b"") if outer is None else (style.newline + outer + (style.unit or b""), style.newline + outer)
