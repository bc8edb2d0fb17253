"""Where things stand in JSON text: spans of members, items and values, found without parsing the values.

The text must be valid JSON in UTF-8, of which every byte below 0x80 is a character of its own; so bytes can be scanned without decoding.
Nothing here is recursive, and strings are passed over by searching for their end, so 100 MB of outputs cost little.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

_SPACE = re.compile(rb"[ \t\n\r]*")
_SCALAR = re.compile(rb"[^ \t\n\r,\]}]+")
_BRACKETS = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
_PLAIN = re.compile(rb'(?:[^"\[\]{}]+|"[^"\\]{0,300}(?:\\.[^"\\]{0,300}){0,20}"){1,1000}', re.DOTALL)
"""Short strings and all else up to the next bracket. Long strings are left to a search for their end, which is quicker, and the repetition is
bounded, because an unbounded one takes memory for every round."""
_BACKSLASH = ord("\\")


class Member(NamedTuple):
    """One member of an object: from `start` to `end`, with its value from `value`."""

    key: str
    start: int
    value: int
    end: int


def root(data: bytes) -> int:
    """The position of the document itself, behind a byte-order mark and white space."""
    return start_of(data, len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)


def start_of(data: bytes, at: int = 0) -> int:
    """The position of the next byte that is no white space."""
    match = _SPACE.match(data, at)
    return match.end() if match else at


def skip(data: bytes, at: int) -> int:
    """The position behind the value that starts at `at`."""
    first = data[at : at + 1]
    if first == b'"':
        return _end_of_string(data, at)
    if first not in {b"{", b"["}:
        match = _SCALAR.match(data, at)
        return match.end() if match else at
    depth = 0
    while at < len(data):
        plain = _PLAIN.match(data, at)
        at = plain.end() if plain else at
        mark = data[at : at + 1]
        if mark == b'"':
            at = _end_of_string(data, at)
        elif mark in _BRACKETS:
            depth += _BRACKETS[mark]
            at += 1
            if depth == 0:
                return at
    return at


def members(data: bytes, at: int) -> list[Member]:
    """The members of the object that starts at `at`."""
    return list(_members(data, at))


def items(data: bytes, at: int) -> list[tuple[int, int]]:
    """The spans of the items of the list that starts at `at`."""
    return list(_items(data, at))


def _members(data: bytes, at: int) -> Iterator[Member]:
    for start, end in _elements(data, at, b"}"):
        value = start_of(data, start_of(data, end) + 1)
        last = skip(data, value)
        yield Member(json.loads(data[start:end]), start, value, last)


def _items(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    return _elements(data, at, b"]")


def _elements(data: bytes, at: int, closing: bytes) -> Iterator[tuple[int, int]]:
    """The spans of a list's items or of an object's keys."""
    position = start_of(data, at + 1)
    while data[position : position + 1] != closing:
        end = skip(data, position)
        yield position, end
        if closing == b"}":
            end = skip(data, start_of(data, start_of(data, end) + 1))
        position = start_of(data, end)
        if data[position : position + 1] == b",":
            position = start_of(data, position + 1)


def _end_of_string(data: bytes, at: int) -> int:
    """The position behind the string that starts at `at`: behind the first quote with an even number of backslashes before it."""
    quote = data.find(b'"', at + 1)
    while quote >= 0:
        before = quote - 1
        while data[before] == _BACKSLASH:
            before -= 1
        if (quote - before) % 2:
            return quote + 1
        quote = data.find(b'"', quote + 1)
    return len(data)
