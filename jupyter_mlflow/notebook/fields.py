"""One function per field of `Settings`: a value from the metadata -> the value of a layer, or what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from jupyter_mlflow.notebook import amounts
from jupyter_mlflow.notebook.documents import kind_of
from jupyter_mlflow.notebook.problems import quoted

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class WrongValueError(Exception):
    """A value has the wrong type or form; `below` is where it stands, below the field."""

    def __init__(self, reason: str, below: str = "") -> None:
        super().__init__(reason)
        self.below = below


def _image(value: Any) -> str:
    text = _text(value)
    if not text or any(char.isspace() for char in text):
        raise WrongValueError("an image's name is not empty and holds no white space")
    return text


def _resources(value: Any) -> dict[str, str]:
    result = {}
    for name, one in {**_object(value), **_object(_object(value).get("others", {}), ".others")}.items():
        if name == "others" or one is None:
            continue
        try:
            result[amounts.resource(name)] = amounts.amount(one)
        except ValueError as error:
            raise WrongValueError(str(error), f".{name}") from error
    return result


def _retries(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise WrongValueError(f"it is {_shown(value)}; it must be a whole number, 0 or more")
    return value


def _seconds(value: Any) -> float:
    """A number of seconds, or a text such as `90s`, `10m`, `1.5h` or `1d`."""
    duration = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if duration:
        return float(duration.group(1)) * _SECONDS[duration.group(2)]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise WrongValueError(f"it is {_shown(value)}; it must be a number of seconds, or a text such as `90s`, `10m` or `2h`")
    return float(value)


def _timeout(value: Any) -> float:
    seconds = _seconds(value)
    if seconds == 0:
        raise WrongValueError("it is 0; a step needs some time, and null means no limit")
    return seconds


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise WrongValueError(f"it is {_shown(value)}; it must be true or false")
    return value


def _texts(value: Any) -> dict[str, str]:
    """Names and texts; numbers are taken as they are written, because YAML and people drop quotes."""
    result = {}
    for name, one in _object(value).items():
        if isinstance(one, bool) or not isinstance(one, (str, int, float)):
            raise WrongValueError(f"it is {_shown(one)}; it must be a text", f".{name}")
        result[name] = str(one)
    return result


def _secrets(value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, list):
        raise WrongValueError(f"it is {kind_of(value)}; it must be a list of objects with `name`, `key` and `env`")
    secrets = (_secret(one, f"[{number}]") for number, one in enumerate(value))
    return {secret["env"]: secret for secret in secrets}


def _secret(value: Any, below: str) -> dict[str, str]:
    secret = _object(value, below)
    missing = [key for key in ("name", "key", "env") if not isinstance(secret.get(key), str) or not secret[key]]
    if missing:
        raise WrongValueError(f"it needs the text `{missing[0]}`", below)
    return {key: str(one) for key, one in secret.items()}


def _other(value: Any) -> dict[str, Any]:
    return dict(_object(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise WrongValueError(f"it is {_shown(value)}; it must be a text")
    return value


def _object(value: Any, below: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongValueError(f"it is {_shown(value)}; it must be an object", below)
    return value


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else kind_of(value)


READERS: dict[str, Callable[[Any], Any]] = {
    "image": _image,
    "requests": _resources,
    "limits": _resources,
    "retries": _retries,
    "retry_delay": _seconds,
    "timeout": _timeout,
    "cache": _switch,
    "env": _texts,
    "secrets": _secrets,
    "labels": _texts,
    "annotations": _texts,
    "other": _other,
}
"""The fields of `Settings` by the keys that metadata uses for them."""
