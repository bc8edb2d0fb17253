"""Settings in layers: each says a few things, a later one comes before an earlier one, and together they are a step's `Settings`.

    Layer = field of Settings -> value;  requests, limits, env, labels, annotations, other: name -> value;  secrets: variable -> secret

Values are checked when a layer is made; putting layers together cannot fail.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from jupyter_mlflow.spec.pipelines import Resources, Settings

Layer = dict[str, Any]

_FIELDS_OF_RESOURCES = frozenset(Resources.__struct_fields__) - {"others"}


def merged(layers: Iterable[Layer]) -> Layer:
    """One layer that says what all say; what holds names is merged name by name."""
    result: Layer = {}
    for layer in layers:
        for field, value in layer.items():
            result[field] = {**result.get(field, {}), **value} if isinstance(value, dict) else value
    return result


def settings(layers: Iterable[Layer]) -> Settings:
    """The settings that layers amount to, weakest layer first."""
    layer = merged(layers)
    for field in ("requests", "limits"):
        if field in layer:
            layer[field] = _resources(layer[field])
    if "secrets" in layer:
        layer["secrets"] = tuple(layer["secrets"].values())
    return msgspec.structs.replace(Settings(), **layer)


def conflicts(first: Layer, second: Layer) -> list[str]:
    """What both layers say differently, as `field` or `field.name`."""
    found: list[str] = []
    for field in first.keys() & second.keys():
        one, other = first[field], second[field]
        if isinstance(one, dict):
            found.extend(f"{field}.{name}" for name in one.keys() & other.keys() if one[name] != other[name])
        elif one != other:
            found.append(field)
    return sorted(found)


def _resources(amounts: dict[str, str]) -> Resources:
    others = {name: one for name, one in amounts.items() if name not in _FIELDS_OF_RESOURCES}
    return Resources(**{name: one for name, one in amounts.items() if name in _FIELDS_OF_RESOURCES}, others=others)
