"""What was found out about files before, by their signature, so that unchanged files are not read again.

A file that was written a moment ago is never remembered: the clock of the file system ticks slowly, and a
second change within one tick would leave the signature as it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path

from jupyter_mlflow.spec.ids import Digest
from jupyter_mlflow.spec.tasks import FileRecord
from jupyter_mlflow.store import digests
from jupyter_mlflow.store.database import Database
from jupyter_mlflow.store.digests import Signature

# The slowest clock among file systems in use (FAT) ticks every two seconds.
_TICK = 2_000_000_000


class Known:
    """A memory of the home's database; forgetting it costs time only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def digest(self, path: Path) -> Digest:
        """The digest of the file at `path`, read only if it is new or changed. Raises OSError."""
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # reading a pipe would wait for ever
            raise OSError(errno.EINVAL, "it is not a plain file", str(path))
        remembered = self.recall(path, digests.signature(found))
        if remembered is not None:
            return Digest(remembered)
        digest, signature = digests.of_file(path)
        self.remember(path, signature, digest)
        return digest

    def trust(self, folder: Path, files: Iterable[FileRecord]) -> None:
        """Remember digests that were just found for files which have not changed since before that."""
        for file in files:
            with contextlib.suppress(OSError):  # gone: nothing to remember
                self.remember(folder / file.path, digests.signature((folder / file.path).stat()), file.digest)

    def recall(self, path: Path, signature: Signature) -> str | None:
        """What was remembered of `path` if its signature is still the same."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT value FROM known WHERE path = ? AND signature = ?", (_name(path), _text(signature))).fetchone()
        return row[0] if row else None

    def remember(self, path: Path, signature: Signature, value: str) -> None:
        """Remember `value` for `path` as long as its signature stays, unless the path is too young to tell."""
        if time.time_ns() - max(signature.modified, signature.changed) < _TICK:
            return
        with self._database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", (_name(path), _text(signature), value))

    def forget_missing(self) -> None:
        """Forget paths that are gone."""
        with self._database.writing() as connection:
            names = [row[0] for row in connection.execute("SELECT path FROM known")]
            gone = [(name,) for name in names if not os.path.lexists(name)]
            connection.executemany("DELETE FROM known WHERE path = ?", gone)


def _name(path: Path) -> str:
    # Names on disk are bytes; those that are no UTF-8 come as lone surrogates, which SQLite refuses.
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _text(signature: Signature) -> str:
    return " ".join(map(str, signature))
