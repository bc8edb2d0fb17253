"""What every artifact store promises, on each kind of store."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_mlflow.errors import StoreError, TamperedError, UsageError
from jupyter_mlflow.spec.ids import Digest
from jupyter_mlflow.store import artifacts as stores
from jupyter_mlflow.store import digests
from jupyter_mlflow.store.artifacts import Artifacts
from jupyter_mlflow.store.local import LocalArtifacts
from jupyter_mlflow.store.remote import RemoteArtifacts

Opener = Callable[[], Artifacts]
BIG = os.urandom(1 << 20)


@pytest.fixture(params=["path", "text", "file://", "memory://", "dir::"])
def opener(request: pytest.FixtureRequest, home: Path, tmp_path: Path) -> Opener:
    folder = tmp_path / "läger plats"
    places: dict[str, str | Path] = {
        "path": folder,
        "text": str(folder),
        "file://": folder.as_uri(),
        "memory://": f"memory://{tmp_path.name}/store",
        "dir::": f"simplecache::file://{folder}",
    }
    if request.param == "dir::":  # a plain fsspec file system, whose uploads are not atomic
        import fsspec  # type: ignore[import-untyped]

        root = str(folder)
        return lambda: RemoteArtifacts("local-by-fsspec", fsspec.filesystem("file"), root, LocalArtifacts(home / "copies"))
    return lambda: stores.open_store(places[request.param])


def test_what_is_put_can_be_had(opener: Opener, tmp_path: Path) -> None:
    store = opener()
    file = tmp_path / "snapshot"
    file.write_bytes(BIG)
    small, (big, size) = store.put_bytes(b"small"), store.put_file(file)
    again = opener()
    assert (size, file.exists()) == (len(BIG), True)
    assert sorted(again) == sorted([small, big])
    assert [again.size(one) for one in (small, big)] == [5, len(BIG)]
    assert again.local_path(big).read_bytes() == BIG
    with again.open(small) as opened:
        assert opened.read() == b"small"
    assert (again.has(small), again.sound(big)) == (True, True)
    assert small == "blake3:" + digests.hexadecimal(small) == digests.of_bytes(b"small")


def test_putting_twice_keeps_one(opener: Opener, tmp_path: Path) -> None:
    store = opener()
    file = tmp_path / "snapshot"
    file.write_bytes(BIG)
    first = store.put_bytes(BIG)
    assert (store.put_file(file, move=True), file.exists(), [*store]) == ((first, len(BIG)), False, [first])


def test_deleting(opener: Opener) -> None:
    store = opener()
    digest = store.put_bytes(b"gone soon")
    assert (store.delete(digest), store.has(digest), store.sound(digest), [*store], store.delete(digest)) == (9, False, False, [], 0)
    with pytest.raises(StoreError, match=r"is not in the store .* Run the step that makes it again"):
        store.local_path(digest)


@pytest.mark.parametrize(
    "digest",
    ["", "blake3:", "blake3:" + "0" * 63, "blake3:" + "0" * 65, "blake3:" + "A" * 64, "sha256:" + "0" * 64, "0" * 64,
     "blake3:../../../../../etc/passwd", "blake3:" + "../" * 21 + "x", "blake3:" + "0" * 63 + "\n", "blake3:" + "٣" * 64],
)  # fmt: skip
def test_malformed_digests_touch_nothing(digest: str, opener: Opener) -> None:
    store = opener()
    for use in (store.local_path, store.has, store.sound, store.size, store.open, store.delete):
        with pytest.raises(StoreError, match="is no digest"):
            use(Digest(digest))


def test_the_url_opens_the_same_store(opener: Opener) -> None:
    store = opener()
    if store.url == "local-by-fsspec":
        pytest.skip("made by hand")
    digest = store.put_bytes(b"shared")
    assert stores.open_store(store.url).has(digest)


@given(data=st.binary(max_size=300_000))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_come_back(data: bytes, tmp_path: Path) -> None:
    store = LocalArtifacts(tmp_path / "any")
    digest = store.put_bytes(data)
    file = tmp_path / "file"
    file.write_bytes(data)
    assert (store.local_path(digest).read_bytes(), store.put_file(file)) == (data, (digest, len(data)))


@pytest.mark.parametrize("kind", ["hard link", "symbolic link", "read-only", "other disk"])
def test_files_that_cannot_simply_be_moved(kind: str, artifacts: LocalArtifacts, tmp_path: Path) -> None:
    file = tmp_path / "file"
    if kind == "other disk":
        file = Path("/dev/shm") / f"jupyter-mlflow-{os.getpid()}"
    other = tmp_path / "other"
    (other if kind == "symbolic link" else file).write_bytes(BIG)
    if kind == "hard link":
        os.link(file, other)
    elif kind == "symbolic link":
        file.symlink_to(other)
    elif kind == "read-only":
        file.chmod(0o400)
    digest, _ = artifacts.put_file(file, move=True)
    assert (file.exists(), artifacts.local_path(digest).read_bytes() == BIG) == (False, True)
    if other.exists():  # writing through the other name must not reach the store
        other.write_bytes(b"changed")
        assert artifacts.local_path(digest).read_bytes() == BIG


def test_only_the_owner_may_look(artifacts: LocalArtifacts, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        file = tmp_path / "file"
        file.write_bytes(BIG)
        artifacts.put_file(file, move=True)
        artifacts.put_bytes(b"small")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in artifacts.folder.rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in [artifacts.folder, *artifacts.folder.rglob("*")] if path.is_dir()}
    assert (modes, folders) == ({0o600}, {0o700})
    assert not list(artifacts.leftovers())


def test_a_missing_file_is_told(artifacts: LocalArtifacts, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such file"):
        artifacts.put_file(tmp_path / "none")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "needs a folder or a URL"),
        ("nosuch://bucket", "is no place for artifacts"),
        ("s3://bucket/x", "needs a package that is not installed"),
    ],
)
def test_places_that_are_none(url: str, message: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    assert home
    with pytest.raises(UsageError, match=message):
        stores.open_store(url)


def test_remote_bytes_are_checked_and_fetched_once(home: Path, tmp_path: Path) -> None:
    assert home
    store = stores.open_store(f"memory://{tmp_path.name}")
    assert isinstance(store, RemoteArtifacts)
    files, digest = store._files, store.put_bytes(BIG)
    store.copies.delete(digest)
    [remote] = files.find(f"/{tmp_path.name}/objects")
    files.pipe(remote, BIG[:-1] + b"?")
    with pytest.raises(TamperedError, match=rf"{digest} does not match its digest"):
        store.local_path(digest)
    files.pipe(remote, BIG)
    assert store.local_path(digest).read_bytes() == BIG
    files.rm(remote)
    assert store.local_path(digest).read_bytes() == BIG  # from the copy
    store.copies.local_path(digest).write_bytes(b"spoilt")
    with pytest.raises(StoreError, match=r"is not in the store"):
        store.local_path(digest)


def test_an_unreachable_store_is_told(home: Path, tmp_path: Path) -> None:
    assert home
    store = stores.open_store(f"memory://{tmp_path.name}")
    assert isinstance(store, RemoteArtifacts)

    class Broken:
        def exists(self, path: str) -> bool:
            raise PermissionError(path)

    store._files = Broken()
    with pytest.raises(StoreError, match=r"failed with artifact .*: PermissionError"):
        store.put_bytes(b"x")


def test_local_stores_are_light_to_import() -> None:
    code = (
        "import sys, tempfile; from pathlib import Path; from jupyter_mlflow.store import artifacts, cache, runs, garbage; "
        "artifacts.open_store(Path(tempfile.mkdtemp())).put_bytes(b'x'); "
        "print([name for name in ('fsspec', 'IPython', 'jupyter_core', 'importlib.metadata') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
