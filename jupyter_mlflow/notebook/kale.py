"""Kale's settings: tags of both generations, and the notebook metadata `kubeflow_notebook`.

    image:<image>                    limit:<resource>:<amount>        cache:(enabled|disabled)     report:(enabled|disabled)
    label:<key>:<value>              annotation:<key>:<value>         secret:<name>:<key>:<ENV>

A value may hold colons (`annotation:link:http://host:80`), and `steps_defaults` may hold any of these tags;
a step's own tag comes before the default. `report` asks for the executed notebook, which we keep in any case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from jupyter_mlflow.notebook import amounts
from jupyter_mlflow.notebook.layers import Layer
from jupyter_mlflow.notebook.problems import TagProblem, quoted

METADATA = "kubeflow_notebook"

SETTING_PREFIXES = {
    "image": "image:<image>",
    "limit": "limit:<resource>:<amount>",
    "label": "label:<key>:<value>",
    "annotation": "annotation:<key>:<value>",
    "secret": "secret:<name>:<key>:<ENVIRONMENT_VARIABLE>",
    "cache": "cache:enabled",
    "report": "report:enabled",
}
"""What a setting tag starts with, and the form it has."""

_KEPT = ("volumes", "security_context", "storage_class_name", "volume_access_mode")
"""Metadata about where steps run that only a cluster understands; kept for the engines in `Settings.other`."""

_SEGMENT = r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?"
_LABEL_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})?")
_ENVIRONMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class TagSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What one setting tag asks for."""

    cell: int | None
    tag: str
    layer: Layer


def form(tag: str) -> str:
    """How a tag of this kind is written."""
    return SETTING_PREFIXES[tag.partition(":")[0].strip()]


def tag_setting(tag: str, cell: int | None) -> TagSetting | str:
    """The setting that a tag with one of `SETTING_PREFIXES` asks for, or why it cannot be understood."""
    head, _, rest = tag.partition(":")
    try:
        return TagSetting(cell=cell, tag=tag, layer=_READERS[head.strip()](rest.strip()))
    except ValueError as error:
        return str(error)


def _image(text: str) -> Layer:
    if not text or any(char.isspace() for char in text):
        raise ValueError("an image's name is not empty and holds no white space")
    return {"image": text}


def _limit(text: str) -> Layer:
    resource, colon, amount = text.partition(":")
    if not colon:
        raise ValueError("it has no amount")
    return {"limits": {amounts.resource(resource.strip()): amounts.amount(amount.strip())}}


def _label(text: str) -> Layer:
    return {"labels": _pair(text)}


def _annotation(text: str) -> Layer:
    return {"annotations": _pair(text)}


def _pair(text: str) -> dict[str, str]:
    key, colon, value = text.partition(":")
    if not colon:
        raise ValueError("it has no value")
    if not _LABEL_KEY.fullmatch(key.strip()):
        raise ValueError(f"{quoted(key.strip())} is no valid key")
    return {key.strip(): value.strip()}


def _secret(text: str) -> Layer:
    parts = [one.strip() for one in text.split(":")]
    if len(parts) != 3 or not all(parts):
        raise ValueError("it needs a name, a key and an environment variable")
    name, key, variable = parts
    if not _ENVIRONMENT.fullmatch(variable):
        raise ValueError(f"{quoted(variable)} is no valid environment variable")
    return {"secrets": {variable: {"name": name, "key": key, "env": variable}}}


def _cache(text: str) -> Layer:
    return {"cache": _switch(text)}


def _report(text: str) -> Layer:
    _switch(text)
    return {}


def _switch(text: str) -> bool:
    if text not in {"enabled", "disabled"}:
        raise ValueError("it is neither `enabled` nor `disabled`")
    return text == "enabled"


_READERS: dict[str, Callable[[str], Layer]] = {
    "image": _image,
    "limit": _limit,
    "label": _label,
    "annotation": _annotation,
    "secret": _secret,
    "cache": _cache,
    "report": _report,
}


def defaults(metadata: dict[str, Any]) -> tuple[list[Layer], list[TagProblem]]:
    """Layers for all steps from a notebook's `kubeflow_notebook`, weakest first."""
    ours = metadata.get(METADATA)
    if not isinstance(ours, dict):
        return [], []
    layers: list[Layer] = [_from_keys(ours)]
    problems: list[TagProblem] = []
    for one in _default_tags(ours):
        if isinstance(one, TagSetting):
            layers.append(one.layer)
        else:
            problems.append(one)
    return layers, problems


def _from_keys(ours: dict[str, Any]) -> Layer:
    layer: Layer = {}
    image = ours.get("base_image") or ours.get("docker_image")  # 2.x, 0.x
    if isinstance(image, str) and image.strip():
        layer["image"] = image.strip()
    if isinstance(ours.get("enable_caching"), bool):
        layer["cache"] = ours["enable_caching"]
    kept = {key: ours[key] for key in _KEPT if ours.get(key)}
    if kept:
        layer["other"] = kept
    return layer


def _default_tags(ours: dict[str, Any]) -> Iterator[TagSetting | TagProblem]:
    tags = ours.get("steps_defaults")
    for tag in tags if isinstance(tags, list) else ():
        head = tag.partition(":")[0].strip() if isinstance(tag, str) else ""
        read = tag_setting(tag, None) if head in SETTING_PREFIXES else "no setting starts like this"
        if isinstance(read, TagSetting):
            yield read
        else:
            yield TagProblem(
                kind="bad-setting",
                severity="error",
                cell=None,
                tag=str(tag)[:200],
                message=f"`{METADATA}.steps_defaults` holds {quoted(str(tag))}, which cannot be understood: {read}.",
                fix="Mend it, or remove it from the notebook's metadata.",
            )
