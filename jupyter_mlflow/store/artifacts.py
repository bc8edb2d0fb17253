"""Artifacts: contents kept under their digest, in a folder or in any store that fsspec can reach.

Whoever loads an artifact asks for `local_path`, which answers only with bytes that match the digest.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from jupyter_mlflow.errors import UsageError
from jupyter_mlflow.spec.ids import Digest
from jupyter_mlflow.store.local import LocalArtifacts

__all__ = ["Artifacts", "LocalArtifacts", "open_store"]


class Artifacts(Protocol):
    """An artifact store. Step runtimes put, engines and later steps read; several processes at once, in any order.

    Every method raises `StoreError` for a malformed digest, before anything is touched.
    """

    @property
    def url(self) -> str:
        """What `open_store` takes to open this store again, also in another process."""

    def put_bytes(self, data: bytes) -> Digest:
        """Store `data`; storing what is there already costs its hash only."""

    def put_file(self, path: Path, *, move: bool = False) -> tuple[Digest, int]:
        """Store the file's content and say its size; `move` gives the file itself to the store."""

    def local_path(self, digest: Digest) -> Path:
        """A file on this machine whose content matches `digest`; not to be written to.

        Raises `StoreError` when there is no such artifact and `TamperedError` when its bytes were changed.
        """

    def has(self, digest: Digest) -> bool:
        """Whether it is there, whatever its bytes."""

    def sound(self, digest: Digest) -> bool:
        """Whether it is there and unchanged as far as can be told without a download; protects it from collection for a while."""

    def size(self, digest: Digest) -> int:
        """Bytes."""

    def open(self, digest: Digest) -> BinaryIO:
        """Read the verified content."""

    def on_disk(self) -> LocalArtifacts:
        """The part of it that lies on this machine, which may be collected."""

    def delete(self, digest: Digest) -> int:
        """Remove it if it is there; gives the bytes freed."""

    def __iter__(self) -> Iterator[Digest]:
        """All digests, in no order."""


def open_store(place: str | Path) -> Artifacts:
    """Open the store at a folder or at a URL that fsspec understands (`s3://bucket/path`, `gs://...`, `memory://...`)."""
    if isinstance(place, Path):
        return LocalArtifacts(place)
    if "://" not in place:
        if not place:
            raise UsageError("The artifact store needs a folder or a URL; it is empty.")
        return LocalArtifacts(Path(place).expanduser())
    if urlsplit(place).scheme in {"file", "local"}:
        return LocalArtifacts(Path(unquote(urlsplit(place).path)))
    from jupyter_mlflow.store.remote import RemoteArtifacts

    return RemoteArtifacts.connect(place)
