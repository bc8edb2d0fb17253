"""Outputs and files in a form in which two faithful runs are equal: no addresses, timings, colours or made-up names.

Images are compared by their bytes, and by their pixels where those differ and Pillow is there to read them.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

_RULES = (
    (re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]"), ""),
    (re.compile(r"\b0x[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"\S*ipykernel_\d+/\d+\.py|<ipython-input-[^>]*>|<cell[^>]*>"), "<cell>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?|\b\d\d:\d\d:\d\d(\.\d+)?\b|\b\d\d:\d\d\b(?=[<\]])"), "<moment>"),
    (re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?( ± \d+(\.\d+)?)? ?([mµμun]?s|min|it/s)\b(?!\w)"), "<time>"),
    (re.compile(r"<time>( <time>)*"), "<time>"),
)
_PAGE_RULES = (
    (re.compile(r"\b(sk-(?:container|estimator|global)-id)-\d+"), r"\1"),  # scikit-learn counts in each process
    (re.compile(r"\bT_[0-9a-f]{5}"), "T_"),  # pandas' styles
)
_SVG_RULES = (
    (re.compile(r"<metadata>.*?</metadata>", re.DOTALL), ""),
    (re.compile(r'(id="|#|url\(#)[\w-]+'), r"\1id"),
)
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_OPAQUE = frozenset(
    {".pkl", ".pickle", ".joblib", ".pt", ".pth", ".npz", ".zip", ".gz", ".parquet", ".h5", ".db", ".sqlite", ".xlsx", ".pdf"}
)
"""Files of these kinds may differ in bytes though they hold the same: they name times, orders or addresses."""

_LONGEST = 400
_LARGEST_TEXT = 1 << 22


class Part:
    """One comparable piece of a cell: what it is, and its normal form."""

    def __init__(self, what: str, name: str, shown: str, image: str = "") -> None:
        self.what = what
        self.name = name
        self.shown = shown
        self.image = image  # base64, of images only

    def equals(self, other: Part) -> bool:
        """Whether both show the same."""
        if (self.what, self.name) != (other.what, other.name):
            return False
        if self.what == "image":
            return self.image == other.image or _same_pixels(base64.b64decode(self.image), base64.b64decode(other.image))
        return self.shown == other.shown


def parts(outputs: Iterable[Mapping[str, Any]], folder: str = "") -> list[Part]:
    """The pieces of a cell's outputs; streams between two other outputs count as one, stdout before stderr."""
    found: list[Part] = []
    streams: dict[str, str] = {}
    for output in outputs:
        if output["output_type"] == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + joined(output["text"])
            continue
        found += _of_streams(streams, folder)
        streams = {}
        found += _of_output(output, folder)
    return found + list(_of_streams(streams, folder))


def first_difference(whole: list[Part], pipeline: list[Part]) -> tuple[Part | None, Part | None] | None:
    """The first two pieces that differ; None stands for a piece that is missing."""
    for number in range(max(len(whole), len(pipeline))):
        one = whole[number] if number < len(whole) else None
        two = pipeline[number] if number < len(pipeline) else None
        if one is None or two is None or not one.equals(two):
            return one, two
    return None


def excerpts(one: str, two: str) -> tuple[str, str]:
    """Both texts from a little before the place where they part, shortened."""
    start = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    start = max(0, start - _LONGEST // 4)
    return _excerpt(one, start), _excerpt(two, start)


def same_file(one: Path, two: Path, folders: tuple[str, str]) -> bool | None:
    """Whether two files hold the same; None when that cannot be told from their bytes."""
    first, second = one.read_bytes(), two.read_bytes()
    if first == second or _same_pixels(first, second):
        return True
    if one.suffix.lower() in _OPAQUE:
        return None
    texts = [_decoded(data) for data in (first, second)]
    if texts[0] is None or texts[1] is None:
        return False
    return normal(texts[0], folders[0]) == normal(texts[1], folders[1])


def described(path: Path, folder: str) -> str:
    """A file in a few words, or its text."""
    if not path.is_file():
        return ""
    data = path.read_bytes()
    found = _decoded(data)
    return normal(found, folder) if found is not None else f"{len(data)} bytes"


def normal(value: str, folder: str = "") -> str:
    """A text without what varies from run to run."""
    if folder:
        value = value.replace(folder, "<folder>")
    for pattern, replacement in _RULES:
        value = pattern.sub(replacement, value)
    return value


def joined(value: Any) -> str:
    """A text, which nbformat keeps whole or as a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def _of_streams(streams: Mapping[str, str], folder: str) -> Iterator[Part]:
    for name in sorted(streams, reverse=True):
        if streams[name]:
            yield Part("output", name, normal(streams[name], folder))


def _of_output(output: Mapping[str, Any], folder: str) -> Iterator[Part]:
    if output["output_type"] == "error":
        yield Part("error", output["ename"], normal(f"{output['ename']}: {output['evalue']}", folder))
        return
    for mime, value in sorted(output.get("data", {}).items()):
        if mime in _IMAGES:
            yield Part("image", mime, f"an image, {len(joined(value)) * 3 // 4} bytes", joined(value))
        else:
            yield Part("output", mime, _page(mime, value, folder))


def _page(mime: str, value: Any, folder: str) -> str:
    import json

    text = joined(value) if isinstance(value, str | list) and not mime.endswith("json") else json.dumps(value, sort_keys=True)
    for pattern, replacement in _SVG_RULES if mime == "image/svg+xml" else _PAGE_RULES:
        text = pattern.sub(replacement, text)
    return normal(text, folder)


def _same_pixels(one: bytes, two: bytes) -> bool:
    try:
        import PIL.Image

        first, second = (PIL.Image.open(io.BytesIO(data)).convert("RGBA") for data in (one, two))
    except (ImportError, OSError, ValueError):  # no Pillow, or no image
        return False
    return first.size == second.size and first.tobytes() == second.tobytes()


def _decoded(data: bytes) -> str | None:
    if len(data) > _LARGEST_TEXT or b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _excerpt(text: str, start: int) -> str:
    cut = text[start : start + _LONGEST]
    return f"{'…' if start else ''}{cut}{'…' if start + _LONGEST < len(text) else ''}"
