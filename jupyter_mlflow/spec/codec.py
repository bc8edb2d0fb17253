"""The only place where our nouns become JSON and come back, and where their JSON Schemas come from."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def encode(noun: Any) -> bytes:
    """Compact JSON."""
    return msgspec.json.encode(noun)


def encode_pretty(noun: Any) -> str:
    """Indented JSON for people and git."""
    return msgspec.json.format(msgspec.json.encode(noun), indent=2).decode()


def decode(data: bytes | str, kind: type[T]) -> T:
    """Read JSON as `kind`; raises `msgspec.ValidationError` or `msgspec.DecodeError`, both ValueErrors in spirit."""
    return msgspec.json.decode(data, type=kind)


def builtins(noun: Any) -> Any:
    """Plain dicts, lists and scalars, as JSON would hold them."""
    return msgspec.to_builtins(noun)


def convert(value: Any, kind: type[T]) -> T:
    """Read plain dicts and lists as `kind`."""
    return msgspec.convert(value, kind)


def schema(kind: type) -> dict[str, Any]:
    """JSON Schema (2020-12) of `kind`."""
    return msgspec.json.schema(kind)
