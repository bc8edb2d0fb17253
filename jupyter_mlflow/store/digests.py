"""Digests: `blake3:` and 64 hexadecimal digits of a content.

blake3 because it is cryptographic, as a content address must be, and still three times faster than SHA-256.
A digest is checked for its form before any path is made of it, so `../` never reaches the disk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from blake3 import blake3

from jupyter_mlflow.errors import StoreError
from jupyter_mlflow.spec.ids import Digest

PREFIX = "blake3:"
_DIGEST = re.compile(r"blake3:[0-9a-f]{64}")

# Below this, starting threads costs more than hashing (4 MB is about one millisecond).
_THREADS_FROM = 4 << 20
_THREADS = min(4, os.cpu_count() or 1)
# A read of this size stays in the processor's cache until it is hashed.
_CHUNK = 1 << 20


class Signature(NamedTuple):
    """What the file system says of a file's content without reading it.

    `changed` (ctime) cannot be set by a program, so whoever changes a file and puts its mtime back still shows.
    """

    inode: int
    size: int
    modified: int
    changed: int


def signature(found: os.stat_result) -> Signature:
    """The signature in a stat result."""
    return Signature(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def hexadecimal(digest: str) -> str:
    """The 64 digits; refuses anything else, such as a path in disguise."""
    if not is_digest(digest):
        raise StoreError(f"{str(digest)[:100]!r} is no digest: it must be `blake3:` and 64 hexadecimal digits.")
    return digest[len(PREFIX) :]


def is_digest(text: object) -> bool:
    """Whether `text` has the form of a digest."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def of_bytes(data: bytes | bytearray | memoryview) -> Digest:
    """Digest of `data`."""
    return _digest(blake3(data, max_threads=_threads(len(data))))


def of_parts(parts: Iterable[str]) -> Digest:
    """Digest of a list of texts; `["ab", "c"]` and `["a", "bc"]` differ."""
    hasher = blake3()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        hasher.update(len(data).to_bytes(8, "little"))
        hasher.update(data)
    return _digest(hasher)


def of_mapped(path: Path, size: int) -> Digest:
    """Digest of a file that nobody can shorten meanwhile (ours, in a private folder): reading a shortened mapping would kill us."""
    hasher = blake3(max_threads=_threads(size))
    hasher.update_mmap(path)
    return _digest(hasher)


def of_file(path: Path) -> tuple[Digest, Signature]:
    """Digest of any file, and its signature when reading began."""
    with path.open("rb", buffering=0) as file:
        before = signature(os.fstat(file.fileno()))
        return of_stream(file), before


def of_stream(file: BinaryIO) -> Digest:
    """Digest of what is left to read."""
    hasher = blake3()
    buffer = memoryview(bytearray(_CHUNK))
    while count := file.readinto(buffer):  # type: ignore[attr-defined]
        hasher.update(buffer[:count])
    return _digest(hasher)


def _threads(size: int) -> int:
    return _THREADS if size >= _THREADS_FROM else 1


def _digest(hasher: blake3) -> Digest:
    return Digest(PREFIX + hasher.hexdigest())
