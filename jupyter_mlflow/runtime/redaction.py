"""Secrets are hidden wherever text leaves the step: outputs, streams, logs, events, errors."""

from __future__ import annotations

import base64
import html
import json
import mmap
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from jupyter_mlflow.spec.tasks import HIDDEN

# Shorter values stand in any larger file by chance.
_LEAST_IN_FILES = 4
# Parts of base64 of shorter values stand in any larger picture by chance.
_LEAST_ENCODED = 6


class Redactor:
    """Hides the values of secrets, also in the forms that `repr`, JSON, URLs and base64 give them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        forms = sorted({form for secret in self._secrets for form in _forms(secret)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None
        self._longest = max(map(len, forms), default=0)
        self._forms = forms

    def text(self, text: str) -> str:
        """`text` without secrets."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def value(self, value: Any) -> Any:
        """A JSON value with all its texts without secrets."""
        if self._pattern is None:
            return value
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(str(key)): self.value(item) for key, item in value.items()}
            case list() | tuple():
                return [self.value(item) for item in value]
            case _:
                return value

    def split(self, text: str) -> tuple[str, str]:
        """What of a stream's text can be shown now, and what must wait because a secret may have begun in it."""
        if self._pattern is None:
            return text, ""
        text = self.text(text)
        keep = self._begun(text)
        return text[: len(text) - keep], text[len(text) - keep :]

    def file_holds_secret(self, path: Path) -> bool:
        """Whether a file's bytes hold a secret, as text in one of the usual encodings."""
        long = [secret for secret in self._secrets if len(secret) >= _LEAST_IN_FILES]
        needles = {form.encode(encoding, "surrogatepass") for secret in long for form in _forms(secret) for encoding in _ENCODINGS}
        if not needles or not path.is_file() or not path.stat().st_size:
            return False
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return any(content.find(needle) >= 0 for needle in needles)

    def _begun(self, text: str) -> int:
        tail = text[-(self._longest - 1) :] if self._longest > 1 else ""
        for size in range(len(tail), 0, -1):
            if any(form.startswith(tail[-size:]) for form in self._forms):
                return size
        return 0


_ENCODINGS = ("utf-8", "utf-16-le", "utf-32-le")


def _forms(secret: str) -> set[str]:
    encoded = secret.encode("utf-8", "surrogatepass")
    found = {
        secret,
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        quote(encoded, safe=""),
        quote(encoded),
        quote_plus(encoded),
    }
    if len(encoded) < _LEAST_ENCODED:
        return {*found, base64.b64encode(encoded).decode()}
    inside = {text for before in range(3) for text in _inside_base64(encoded, before)}
    return {*found, encoded.hex(), encoded.hex().upper(), *inside}


def _inside_base64(encoded: bytes, before: int) -> Iterator[str]:
    """What base64 of a longer text shows of a secret that begins `before` bytes after a multiple of three: `user:password` in headers."""
    whole = base64.b64encode(b"\0" * before + encoded).decode().rstrip("=")
    sure = whole[(before * 8 + 5) // 6 : (before + len(encoded)) * 8 // 6]  # characters that depend on nothing else
    yield sure
    yield sure.replace("+", "-").replace("/", "_")
