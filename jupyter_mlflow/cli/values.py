"""Parameter options, as papermill reads them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_mlflow.errors import UsageError


def split_pairs(arguments: Sequence[str]) -> list[str]:
    """`-p lr=0.1` as `-p lr 0.1`, so that both spellings are understood."""
    found: list[str] = []
    waiting = 0
    for word in arguments:
        if waiting and "=" in word and found[-1] in {"-p", "--parameters", "-r", "--parameters_raw"}:
            found += word.split("=", 1)
            waiting = 0
            continue
        waiting = max(0, waiting - 1)
        found.append(word)
        if word in {"-p", "--parameters", "-r", "--parameters_raw"}:
            waiting = 2
    return found


def gather(
    pairs: Sequence[tuple[str, str]], raw: Sequence[tuple[str, str]], files: Sequence[str], texts: Sequence[str], encoded: Sequence[str]
) -> dict[str, Any]:
    """All parameters; as in papermill, later kinds win: base64, files, YAML, `-p`, `-r`."""
    found: dict[str, Any] = {}
    for text in encoded:
        try:
            found |= _mapping(base64.b64decode(text, validate=True).decode(), "-b")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise UsageError("The value of -b is no base64 text.") from error
    for file in files:
        try:
            found |= _mapping(Path(file).read_text(encoding="utf-8"), file)
        except OSError as error:
            raise UsageError(f"The parameter file {file} cannot be read: {error.strerror}.") from error
    for text in texts:
        found |= _mapping(text, "-y")
    found |= {name: _resolved(value) for name, value in pairs}
    return found | dict(raw)


def _mapping(text: str, where: str) -> dict[str, Any]:
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{where} is no valid YAML: {' '.join(str(error).split())}.") from error
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise UsageError(f"{where} must hold names and values, such as `lr: 0.1`.")
    return value


def _resolved(text: str) -> Any:
    if text in {"True", "False", "None"}:
        return {"True": True, "False": False, "None": None}[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
