"""Amounts of resources as Kubernetes writes them, and the names that resources go by."""

from __future__ import annotations

import re
from typing import Any

from jupyter_mlflow.notebook.problems import quoted

_AMOUNT = re.compile(r"(\d+\.?\d*|\.\d+)(m|k|[MGTPE]|[KMGTPE]i|[eE][+-]?\d+)?", re.ASCII)
_UNITS = {
    "m": 1e-3,
    "k": 1e3,
    **{unit: 10.0 ** (3 * power) for power, unit in enumerate("MGTPE", 2)},
    **{f"{unit}i": 2.0 ** (10 * power) for power, unit in enumerate("KMGTPE", 1)},
}
_NEAR_MISS = re.compile(r"(\d+\.?\d*)\s*([kKMGTP])(i?)[bB]?")  # `4GB`, `4 Gi`, `512K`

_RESOURCES = {
    "cpu": "cpu",
    "memory": "memory",
    "ephemeral-storage": "ephemeral_storage",
    "ephemeral_storage": "ephemeral_storage",
    "gpu": "gpu",
    "nvidia.com/gpu": "gpu",
}
_EXTENDED = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?/[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?|hugepages-\w+")


def resource(name: str) -> str:
    """The field of `spec.pipelines.Resources`, or the full name of a resource that goes into its `others`; ValueError for what is neither."""
    if name in _RESOURCES:
        return _RESOURCES[name]
    if _EXTENDED.fullmatch(name):
        return name
    raise ValueError(f"{quoted(name)} is no resource; there are cpu, memory, ephemeral-storage, gpu, and names such as `amd.com/gpu`")


def amount(value: Any) -> str:
    """A Kubernetes quantity from a text or a number; ValueError says what is wrong."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = repr(value)
    if not isinstance(value, str):
        raise ValueError("an amount is a number or a text such as `500m`, `2` or `4Gi`")  # noqa: TRY004 - one kind of error for the callers
    if not _AMOUNT.fullmatch(value):
        raise ValueError(f"{quoted(value)} is no amount{_hint(value)}")
    return value


def _hint(value: str) -> str:
    miss = _NEAR_MISS.fullmatch(value.strip())
    if not miss:
        return ", which is a number such as `500m`, `2` or `4Gi`"
    number, prefix, _ = miss.groups()
    return f"; write `{number}{prefix.upper()}i`"


def number(text: str) -> float:
    """What a quantity that `amount` accepted counts: bytes of `512Mi`, processors of `500m`."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError(f"{quoted(text)} is no amount{_hint(text)}")
    digits, unit = match.groups()
    if unit is None:
        return float(digits)
    if unit[0] in "eE" and len(unit) > 1 and unit != "Ei":
        return float(digits + unit)
    return float(digits) * _UNITS[unit]
