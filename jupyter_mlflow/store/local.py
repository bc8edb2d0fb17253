"""The artifact store in a folder: plain system calls, because a step pays them at each hand-over.

    objects/ab/cdef...      the content of blake3:abcdef..., for the owner only
    signatures/ab/cdef...   one line: the object's signature when it was last hashed
    incoming/               files on their way in, which nobody else knows
    lock                    shared while storing or using, exclusive while collecting

**What holds when a process is killed.** A file enters `objects` by one rename when it is complete, so an
object is there wholly or not at all. What a dead process had written is in the system's cache and reaches the
disk; no fsync is needed for that. After a power cut a young object may be torn: then its bytes do not match
its digest, which is found before it is used, and its step runs again.

**Verified without reading.** An object whose inode, size, mtime and ctime are those recorded when it was last
hashed has not been written since: programs can set mtime but not ctime. So a 75 MB hand-over costs its
reader a few microseconds. Anything else, a copied store included, is hashed again. Small objects are hashed
every time, which is as fast and trusts nothing.

**Safe beside collection.** The signature file's own mtime says when the object was last stored or used.
Storing and using hold the lock shared, collecting holds it exclusively and looks at that time again, so an
object found here is not gone a moment later.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from jupyter_mlflow.errors import StoreError, TamperedError
from jupyter_mlflow.spec.ids import Digest
from jupyter_mlflow.store import digests, places

# Hashing this much takes about 15 microseconds, no more than reading the recorded signature does.
_SMALL = 64 << 10


class LocalArtifacts:
    """Artifacts in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.abspath(folder))  # noqa: PTH100 - keeps links, unlike resolve()
        self._objects = self.folder / "objects"
        self._signatures = self.folder / "signatures"
        self._incoming = self.folder / "incoming"
        places.chosen_folder(self.folder)
        for made in (self._objects, self._signatures, self._incoming):
            places.private_folder(made)

    def __repr__(self) -> str:
        return f"LocalArtifacts({str(self.folder)!r})"

    @property
    def url(self) -> str:
        """The folder."""
        return str(self.folder)

    def put_bytes(self, data: bytes) -> Digest:
        """Store `data`."""
        digest = digests.of_bytes(data)
        try:
            with self.using():
                if not self._kept(digest):
                    self._put_bytes(data, digest)
        except OSError as error:
            raise StoreError(f"Cannot store {len(data)} bytes in {self.folder}: {error.strerror or error}.") from error
        return digest

    def put_file(self, path: Path, *, move: bool = False) -> tuple[Digest, int]:
        """Store a file's content; see `Artifacts`.

        The file is first moved (or copied) to where nobody else writes and hashed there: hashing it where it
        lies would leave a moment in which it could still change.
        """
        try:
            return self._put_file(path, move=move)
        except FileNotFoundError as error:
            raise StoreError(f"Cannot store {path}: there is no such file.") from error
        except OSError as error:
            raise StoreError(f"Cannot store {path} in {self.folder}: {error.strerror or error}.") from error

    def local_path(self, digest: Digest) -> Path:
        """The object's file, verified; see `Artifacts`."""
        path = self.path(digest)
        try:
            verified = self._verified(digest, path, path.lstat())
        except FileNotFoundError as error:
            raise StoreError(f"Artifact {digest} is not in the store {self.folder}. Run the step that makes it again.") from error
        except OSError as error:
            raise StoreError(f"Artifact {digest} cannot be read from {path}: {error.strerror or error}.") from error
        if not verified:
            raise TamperedError(
                f"Artifact {digest} does not match its digest: {path} was changed after it was stored. Nothing of it was loaded. "
                "Delete that file and run again; the step that makes it will run anew."
            )
        return path

    def has(self, digest: Digest) -> bool:
        """Whether it is there."""
        return _look(self.path(digest)) is not None

    def sound(self, digest: Digest) -> bool:
        """Whether it is there and unchanged; see `Artifacts`."""
        with self.using():
            return self._kept(digest)

    def size(self, digest: Digest) -> int:
        """Bytes."""
        return self.local_path(digest).stat().st_size

    def open(self, digest: Digest) -> BinaryIO:
        """Read the verified content."""
        return self.local_path(digest).open("rb")

    def on_disk(self) -> LocalArtifacts:
        """All of it."""
        return self

    def delete(self, digest: Digest) -> int:
        """Remove it if it is there."""
        path = self.path(digest)
        found = _look(path)
        path.unlink(missing_ok=True)
        self._signature(digest).unlink(missing_ok=True)
        return found.st_size if found else 0

    def __iter__(self) -> Iterator[Digest]:
        """All digests."""
        for path in self._objects.glob("??/*"):
            digest = Digest(f"{digests.PREFIX}{path.parent.name}{path.name}")
            if digests.is_digest(digest):  # else something that others left here
                yield digest

    @contextlib.contextmanager
    def using(self) -> Iterator[None]:
        """Hold collection off."""
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextlib.contextmanager
    def collecting(self) -> Iterator[None]:
        """Hold storing and using off."""
        with self._locked(fcntl.LOCK_EX):
            yield

    def last_used(self, digest: Digest) -> float:
        """When it was last stored or found sound, in seconds since the epoch."""
        used = _look(self._signature(digest))
        if used:
            return used.st_mtime
        stored = _look(self.path(digest))  # by a process that died right after; a moved file has an old mtime
        return stored.st_ctime if stored else 0.0

    def leftovers(self) -> Iterator[Path]:
        """Files that were on their way in; old ones belong to dead processes."""
        yield from self._incoming.iterdir()

    def _put_bytes(self, data: bytes, digest: Digest) -> None:
        with self.arriving() as path:
            path.write_bytes(data)
            self._admit(path, digest, path.stat())

    def _put_file(self, path: Path, *, move: bool) -> tuple[Digest, int]:
        with self.arriving() as arriving:
            if not (move and _moved(path, arriving)):
                _copy(path, arriving)
            before = arriving.stat()
            digest = digests.of_mapped(arriving, before.st_size)
            with self.using():
                if not self._kept(digest):
                    self._admit(arriving, digest, before)
        if move:
            path.unlink(missing_ok=True)
        return digest, before.st_size

    @contextlib.contextmanager
    def arriving(self) -> Iterator[Path]:
        """A path for a file on its way in; whatever still lies there at the end is removed."""
        path = self._incoming / os.urandom(12).hex()
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def adopt(self, path: Path, digest: Digest) -> bool:
        """Take in the file at `path`, which should be the object; False when its bytes do not match."""
        before = path.stat()
        if digests.of_mapped(path, before.st_size) != digest:
            return False
        with self.using():
            self._admit(path, digest, before)
        return True

    def _admit(self, path: Path, digest: Digest, before: os.stat_result) -> None:
        """Make the complete file at `path` the object; one of several processes wins, with the same bytes.

        `before` is its state before it was hashed. Renaming changes ctime, so it is mtime that shows whether
        somebody who still had the file open wrote to it; then nothing is recorded and the next reader hashes.
        """
        path.chmod(places.PRIVATE_FILE)
        target = self.path(digest)
        places.private_folder(target.parent)
        path.replace(target)
        after = target.stat()
        if (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns):
            self._record(digest, after)

    def _kept(self, digest: Digest) -> bool:
        """Whether the object is there and sound; it then counts as used now."""
        path = self.path(digest)
        found = _look(path)
        if found is None or not self._verified(digest, path, found):
            return False
        try:
            os.utime(self._signature(digest))
        except FileNotFoundError:
            self._record(digest, found)
        return True

    def _verified(self, digest: Digest, path: Path, found: os.stat_result) -> bool:
        if not stat.S_ISREG(found.st_mode):  # a link, or a folder, in its place
            return False
        if found.st_size > _SMALL and self._recorded(digest) == digests.signature(found):
            return True
        if digests.of_file(path)[0] != digest:  # read, not mapped: somebody may be shortening it right now
            return False
        if found.st_size > _SMALL:
            with contextlib.suppress(OSError):  # a store that can only be read is still a store: hash again next time
                self._record(digest, found)
        return True

    def _recorded(self, digest: Digest) -> digests.Signature | None:
        try:
            text = self._signature(digest).read_text("ascii")
            if not text.endswith("\n"):  # being written by another process
                return None
            inode, size, modified, changed = map(int, text.split())
        except (OSError, ValueError):
            return None
        return digests.Signature(inode, size, modified, changed)

    def _record(self, digest: Digest, found: os.stat_result) -> None:
        """Remember the signature of an object that was just hashed. Half of it read by another process means: hash again."""
        path = self._signature(digest)
        line = (" ".join(map(str, digests.signature(found))) + "\n").encode("ascii")
        places.private_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, places.PRIVATE_FILE)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def path(self, digest: Digest) -> Path:
        """Where the object lies if it is there; not verified."""
        name = digests.hexadecimal(digest)
        return self._objects / name[:2] / name[2:]

    def _signature(self, digest: Digest) -> Path:
        name = digests.hexadecimal(digest)
        return self._signatures / name[:2] / name[2:]

    @contextlib.contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, places.PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)  # which also unlocks


def _look(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _moved(path: Path, target: Path) -> bool:
    """Move a file by renaming; not one that has another name or owner, because somebody could still write to it."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1 or found.st_uid != os.geteuid():
        return False
    try:
        path.rename(target)
    except OSError:  # another disk
        return False
    return True


def _copy(path: Path, target: Path) -> None:
    """Copy inside the kernel, sharing blocks where the file system can."""
    with path.open("rb", buffering=0) as source, target.open("xb", buffering=0) as made:
        os.fchmod(made.fileno(), places.PRIVATE_FILE)
        if hasattr(os, "copy_file_range") and _copied_in_kernel(source.fileno(), made.fileno()):
            return
        shutil.copyfileobj(source, made, 1 << 20)


def _copied_in_kernel(source: int, target: int) -> bool:
    try:
        while os.copy_file_range(source, target, 1 << 30):
            pass
    except OSError:  # between two file systems, on old kernels: the loop above resumes where this stopped
        return False
    return True
