"""Parameter options, as papermill reads them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_mlflow.errors import UsageError

_PAIRED = frozenset({"-p", "--parameters", "-r", "--parameters_raw"})


def split_pairs(arguments: Sequence[str]) -> list[str]:
    """`-p lr=0.1` as `-p lr 0.1`, so that both spellings are understood."""
    found: list[str] = []
    before = ""
    skip = 0  # words that are names or values of an option
    for word in arguments:
        if skip == 2 and "=" in word and before in _PAIRED:
            found += word.split("=", 1)
            skip = 0
        else:
            found.append(word)
            skip = max(0, skip - 1) or (2 if skip == 0 and word in _PAIRED else 0)
        before = word
    return found


def gather(
    pairs: Sequence[tuple[str, str]], raw: Sequence[tuple[str, str]], files: Sequence[str], texts: Sequence[str], encoded: Sequence[str]
) -> dict[str, Any]:
    """All parameters; as in papermill, later kinds win: base64, files, YAML, `-p`, `-r`."""
    found: dict[str, Any] = {}
    for text in encoded:
        found |= _mapping(_decoded(text), "-b")
    for file in files:
        found |= _mapping(_content(file), file)
    for text in texts:
        found |= _mapping(text, "-y")
    found |= {name: resolved(value) for name, value in pairs}
    return found | dict(raw)


def resolved(text: str) -> Any:
    """The value that papermill's `-p` makes of a text."""
    if text in {"True", "False", "None"}:
        return {"True": True, "False": False, "None": None}[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise UsageError("The value of -b is no base64 text.") from error


def _content(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The parameter file {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"The parameter file {file} is no text in UTF-8.") from error


def _mapping(text: str, where: str) -> dict[str, Any]:
    import yaml

    try:
        value = yaml.load(text, Loader=_loader())  # noqa: S506 - a kind of SafeLoader
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"{where} is no valid YAML: {_brief(error)}.") from error
    if not value:
        return {}
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise UsageError(f"{where} must hold names and values, such as `lr: 0.1`.")
    return value


def _brief(error: Exception) -> str:
    """Where and why, without the text itself, which may hold a secret."""
    mark = getattr(error, "problem_mark", None)
    place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    return f"{getattr(error, 'problem', None) or 'it holds a value that cannot be read'}{place}"


def _loader() -> Any:
    """YAML without dates: in papermill `2024-01-01` is a text."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's way
            first: [one for one in found if not re.search("timestamp", one[0])]
            for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    return Loader
