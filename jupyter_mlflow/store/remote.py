"""Artifacts in any store that fsspec can reach, with a verified copy of each on this machine.

What is read is downloaded once into a `LocalArtifacts`, which checks it against its digest; what is stored
goes there first and is uploaded if the remote store lacks it. The bucket is trusted for nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from jupyter_mlflow.errors import StoreError, TamperedError, UsageError
from jupyter_mlflow.spec.ids import Digest
from jupyter_mlflow.store import digests, places
from jupyter_mlflow.store.local import LocalArtifacts

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# Stores in which an upload appears wholly or not at all; elsewhere we write beside the name and rename.
_WHOLE_UPLOADS = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "oss", "memory"})


class RemoteArtifacts:
    """Artifacts at a URL."""

    def __init__(self, url: str, files: AbstractFileSystem, root: str, copies: LocalArtifacts) -> None:
        self._url = url
        self._files = files
        self._root = root.rstrip("/")
        self.copies = copies

    @classmethod
    def connect(cls, url: str) -> RemoteArtifacts:
        """Open the store at `url`, with copies in this user's home."""
        import fsspec

        try:
            files, root = fsspec.core.url_to_fs(url)
        except ImportError as error:
            raise UsageError(f"The store {url} needs a package that is not installed: {error}.") from error
        except ValueError as error:
            raise UsageError(f"{url!r} is no place for artifacts: {error}.") from error
        name = digests.hexadecimal(digests.of_bytes(url.encode()))[:16]
        return cls(url, files, root, LocalArtifacts(places.downloads_folder(places.home()) / name))

    def __repr__(self) -> str:
        return f"RemoteArtifacts({self._url!r})"

    @property
    def url(self) -> str:
        """The URL."""
        return self._url

    def put_bytes(self, data: bytes) -> Digest:
        """Store `data`."""
        digest = self.copies.put_bytes(data)
        self._upload(digest)
        return digest

    def put_file(self, path: Path, *, move: bool = False) -> tuple[Digest, int]:
        """Store a file's content; see `Artifacts`."""
        digest, size = self.copies.put_file(path, move=move)
        self._upload(digest)
        return digest, size

    def local_path(self, digest: Digest) -> Path:
        """The copy on this machine, verified; see `Artifacts`."""
        if not self.copies.sound(digest):
            self._download(digest)
        return self.copies.local_path(digest)

    def has(self, digest: Digest) -> bool:
        """Whether the remote store has it."""
        with self._translated(digest):
            return bool(self._files.exists(self._object(digest)))

    def sound(self, digest: Digest) -> bool:
        """Whether the remote store has it; its bytes are checked when they are downloaded."""
        return self.has(digest)

    def size(self, digest: Digest) -> int:
        """Bytes."""
        with self._translated(digest):
            return int(self._files.size(self._object(digest)))

    def open(self, digest: Digest) -> BinaryIO:
        """Read the verified content."""
        return self.local_path(digest).open("rb")

    def on_disk(self) -> LocalArtifacts:
        """The verified copies."""
        return self.copies

    def delete(self, digest: Digest) -> int:
        """Remove it here and there."""
        freed = self.size(digest) if self.has(digest) else 0
        if freed:
            with self._translated(digest):
                self._files.rm(self._object(digest))
        self.copies.delete(digest)
        return freed

    def __iter__(self) -> Iterator[Digest]:
        """All digests in the remote store."""
        self._files.invalidate_cache()  # what others stored since the last listing
        for path in self._files.find(f"{self._root}/objects"):
            first, _, rest = str(path).rpartition("/objects/")[2].partition("/")
            digest = Digest(f"{digests.PREFIX}{first}{rest}")
            if digests.is_digest(digest):
                yield digest

    def _object(self, digest: Digest) -> str:
        name = digests.hexadecimal(digest)
        return f"{self._root}/objects/{name[:2]}/{name[2:]}"

    def _upload(self, digest: Digest) -> None:
        target = self._object(digest)
        if self.has(digest):
            return
        with self._translated(digest):
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            if self._whole_uploads():
                self._files.put_file(str(self.copies.local_path(digest)), target)
            else:
                beside = f"{self._root}/incoming-{os.urandom(12).hex()}"
                self._files.put_file(str(self.copies.local_path(digest)), beside)
                self._files.mv(beside, target)

    def _download(self, digest: Digest) -> None:
        source = self._object(digest)
        if not self.has(digest):
            raise StoreError(f"Artifact {digest} is not in the store {self._url}. Run the step that makes it again.")
        with self.copies.arriving() as path:
            with self._translated(digest):
                self._files.get_file(source, str(path))
            if not self.copies.adopt(path, digest):
                raise TamperedError(
                    f"Artifact {digest} does not match its digest: {source} in {self._url} was changed after it was stored. "
                    "Nothing of it was loaded. Delete it there and run again; the step that makes it will run anew."
                )

    def _whole_uploads(self) -> bool:
        protocol = self._files.protocol
        names = {protocol} if isinstance(protocol, str) else set(protocol)
        return bool(names & _WHOLE_UPLOADS)

    @contextlib.contextmanager
    def _translated(self, digest: Digest) -> Iterator[None]:
        """The store's own errors as ours; what libraries behind fsspec raise has no common base but Exception."""
        try:
            yield
        except StoreError:
            raise
        except Exception as error:
            raise StoreError(f"The store {self._url} failed with artifact {digest}: {type(error).__name__}: {error}") from error
