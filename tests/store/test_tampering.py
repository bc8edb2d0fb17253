"""Whatever is done to a stored object, its bytes are loaded only if they match its digest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_mlflow.errors import StoreError, TamperedError
from jupyter_mlflow.spec.ids import Digest
from jupyter_mlflow.store.local import LocalArtifacts

# The layout of a snapshot: a stream of pickle first, then large buffers.
STREAM, BUFFER = b"JMS1" + os.urandom(4092), os.urandom(200_000)


def flip(path: Path, position: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)
        file.seek(position)
        file.write(bytes([byte[0] ^ 1]))


def times_put_back(change: Callable[[Path], None]) -> Callable[[Path], None]:
    def changed(path: Path) -> None:
        before = path.stat()
        change(path)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return changed


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"x" * path.stat().st_size)
    other.replace(path)


def linked(path: Path) -> None:
    """A link to a file with the very same content is still not the object: it can change under our feet."""
    other = path.parent.parent / "elsewhere"
    shutil.copy2(path, other)
    path.unlink()
    path.symlink_to(other)


CHANGES: dict[str, Callable[[Path], None]] = {
    "a byte of the pickle": lambda path: flip(path, 100),
    "a byte of a buffer": lambda path: flip(path, 150_000),
    "the last byte": lambda path: flip(path, path.stat().st_size - 1),
    "cut short": lambda path: os.truncate(path, 5000),
    "emptied": lambda path: os.truncate(path, 0),
    "made longer": lambda path: os.truncate(path, path.stat().st_size + 1),
    "another file of its size": replaced,
    "a byte, times put back": times_put_back(lambda path: flip(path, 150_000)),
    "another file, times put back": times_put_back(replaced),
    "a link": linked,
}


@pytest.mark.parametrize("size", ["large", "small"])
@pytest.mark.parametrize("change", CHANGES)
def test_changed_objects_are_refused(change: str, size: str, artifacts: LocalArtifacts) -> None:
    content = STREAM + BUFFER if size == "large" else (STREAM + BUFFER)[:60_000]
    if size == "small" and "buffer" in change:
        pytest.skip("has none")
    digest = artifacts.put_bytes(content)
    path = artifacts.local_path(digest)  # verified once, and remembered
    if size == "small" and "times" in change:
        CHANGES["another file, times put back"](path)
    else:
        CHANGES[change](path)
    for _ in range(2):
        with pytest.raises(TamperedError) as caught:
            artifacts.local_path(digest)
        assert str(caught.value) == (
            f"Artifact {digest} does not match its digest: {path} was changed after it was stored. Nothing of it was loaded. "
            "Delete that file and run again; the step that makes it will run anew."
        )
    assert (artifacts.has(digest), artifacts.sound(digest)) == (True, False)
    with pytest.raises(TamperedError):
        artifacts.open(digest)


@pytest.mark.parametrize("change", CHANGES)
def test_storing_again_heals(change: str, artifacts: LocalArtifacts) -> None:
    digest = artifacts.put_bytes(STREAM + BUFFER)
    CHANGES[change](artifacts.local_path(digest))
    assert artifacts.put_bytes(STREAM + BUFFER) == digest
    assert artifacts.local_path(digest).read_bytes() == STREAM + BUFFER


SIDECARS: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: path.unlink(),
    "empty": lambda path: os.truncate(path, 0),
    "cut short": lambda path: os.truncate(path, path.stat().st_size - 1),
    "no numbers": lambda path: path.write_text("a b c d\n"),
    "too many numbers": lambda path: path.write_text("1 2 3 4 5\n"),
}


@pytest.mark.parametrize("change", SIDECARS)
def test_a_spoilt_signature_only_costs_a_hash(change: str, artifacts: LocalArtifacts) -> None:
    digest = artifacts.put_bytes(STREAM + BUFFER)
    SIDECARS[change](artifacts._signature(digest))
    assert artifacts.local_path(digest).read_bytes() == STREAM + BUFFER
    assert artifacts._recorded(digest) is not None
    flip(artifacts.path(digest), 7)
    SIDECARS[change](artifacts._signature(digest))
    with pytest.raises(TamperedError):
        artifacts.local_path(digest)


def test_an_unchanged_object_is_not_read_again(artifacts: LocalArtifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = artifacts.put_bytes(STREAM + BUFFER)

    def never(path: Path) -> None:
        raise AssertionError(path)

    monkeypatch.setattr("jupyter_mlflow.store.digests.of_file", never)
    assert artifacts.local_path(digest).stat().st_size == len(STREAM + BUFFER)


def test_a_copied_store_is_verified_anew(artifacts: LocalArtifacts, tmp_path: Path) -> None:
    digest = artifacts.put_bytes(STREAM + BUFFER)
    shutil.copytree(artifacts.folder, tmp_path / "copy")
    copy = LocalArtifacts(tmp_path / "copy")
    assert copy.local_path(digest).read_bytes() == STREAM + BUFFER
    flip(copy.path(digest), 9)
    with pytest.raises(TamperedError):
        copy.local_path(digest)


def test_writing_after_moving_in_is_found(artifacts: LocalArtifacts, tmp_path: Path) -> None:
    """Who still has the moved file open can write to the object."""
    file = tmp_path / "file"
    file.write_bytes(STREAM + BUFFER)
    with file.open("r+b", buffering=0) as still_open:
        digest, _ = artifacts.put_file(file, move=True)
        still_open.seek(8000)
        still_open.write(b"late")
    with pytest.raises(TamperedError):
        artifacts.local_path(digest)


def test_a_folder_in_its_place(artifacts: LocalArtifacts) -> None:
    digest: Digest = artifacts.put_bytes(b"x")
    artifacts.path(digest).unlink()
    artifacts.path(digest).mkdir()
    with pytest.raises(StoreError):
        artifacts.local_path(digest)
