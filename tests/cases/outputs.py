"""Outputs in a form in which two faithful runs are equal: no addresses, timings, colours or compressed bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

_RULES = (
    (re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]"), ""),
    (re.compile(r"\b0x[0-9a-fA-F]{6,}"), "0x"),
    (
        re.compile(r"\bsk-(container|estimator)-id-\d+"),
        r"sk-\1-id",
    ),  # counts what a process has shown; it only tells one output from another
    (re.compile(r"\S*ipykernel_\d+/\d+\.py|<ipython-input-[^>]*>|<cell[^>]*>"), "<cell>"),
    (re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?( ± \d+(\.\d+)?)? ?([mµμun]?s|min|it/s)\b(?!\w)"), "<time>"),
    (re.compile(r"<time>( <time>)*"), "<time>"),
)

_SVG_RULES = (
    (re.compile(r"<metadata>.*?</metadata>", re.DOTALL), ""),
    (re.compile(r'(id="|#|url\(#)[\w-]+'), r"\1id"),
)


def text(value: str, folder: str = "") -> str:
    if folder:
        value = value.replace(folder, "<folder>")
    for pattern, replacement in _RULES:
        value = pattern.sub(replacement, value)
    return value


def normal(outputs: Iterable[Mapping[str, Any]], folder: str = "") -> list[dict[str, Any]]:
    """One dict per output; streams between two other outputs are merged, stdout before stderr."""
    result: list[dict[str, Any]] = []
    streams: dict[str, str] = {}

    def flush() -> None:
        result.extend(
            {"type": "stream", "name": name, "text": text(streams[name], folder)} for name in sorted(streams, reverse=True) if streams[name]
        )
        streams.clear()

    for output in outputs:
        if output["output_type"] == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + _joined(output["text"])
        else:
            flush()
            result.append(_other(output, folder))
    flush()
    return result


def _other(output: Mapping[str, Any], folder: str) -> dict[str, Any]:
    kind = output["output_type"]
    if kind == "error":
        return {"type": kind, "ename": output["ename"], "evalue": text(output["evalue"], folder)}
    data = {mime: _data(mime, value, folder) for mime, value in output["data"].items()}
    count = {"count": output["execution_count"]} if kind == "execute_result" else {}
    return {"type": kind, "data": data, **count}


def _data(mime: str, value: Any, folder: str) -> Any:
    if mime in {"image/png", "image/jpeg"}:
        return _pixels(_joined(value))
    if mime == "image/svg+xml":
        value = _joined(value)
        for pattern, replacement in _SVG_RULES:
            value = pattern.sub(replacement, value)
        return hashlib.sha256(text(value, folder).encode()).hexdigest()[:16]
    return text(_joined(value), folder) if isinstance(value, str | list) else value


def _pixels(encoded: str) -> str:
    import PIL.Image

    image = PIL.Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA")
    return f"{image.width}x{image.height} {hashlib.sha256(image.tobytes()).hexdigest()[:16]}"


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else "".join(value)
