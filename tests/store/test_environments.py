"""Where modules come from, and whether that has changed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from jupyter_mlflow.errors import StoreError
from jupyter_mlflow.store import digests, distributions, environments, interpreters
from jupyter_mlflow.store.environments import Environment
from jupyter_mlflow.store.interpreters import Interpreter
from jupyter_mlflow.store.known import Known
from jupyter_mlflow.store.runs import RunStore


@pytest.fixture
def known(store: RunStore) -> Known:
    return Known(store.database)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Installed packages, as installers leave them."""
    folder = tmp_path / "site-packages"
    install(
        folder,
        "Scikit_Learn",
        "1.9",
        {"sklearn/__init__.py": "", "sklearn/svm.so": "", "../../bin/sk": ""},
        requires="numpy>=1\nnumba; extra == 'fast'\npytest; extra == 'tests'",
    )
    install(folder, "six", "1.16", {"six.py": ""})
    install(folder, "cffi", "1.0", {"_cffi_backend.cpython-311-x86_64-linux-gnu.so": "", "cffi/__init__.py": ""})
    install(folder, "google.cloud_a", "1", {"google/cloud/a.py": ""})
    install(folder, "google_cloud_b", "2", {"google/cloud/b.py": ""})
    (folder / "loose.py").write_text("")
    old = folder / "legacy-0.3-py3.11.egg-info"
    old.mkdir()
    (old / "top_level.txt").write_text("legacy\n_legacy\n")
    return folder


def install(folder: Path, name: str, version: str, files: dict[str, str], *, requires: str = "") -> Path:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    metadata = "".join(f"Requires-Dist: {line}\n" for line in requires.splitlines())
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\n{metadata}\nRequires-Dist: not-a-header; extra == 'x'\n")
    for path, text in files.items():
        if not path.startswith(".."):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    lines = [f"{path},sha256=x{len(text)},{len(text)}" for path, text in files.items()]
    (info / "RECORD").write_text("\n".join([*lines, f"{info.name}/RECORD,,"]) + "\n")
    return info


def describe(modules: str, folder: Path, site: Path, known: Known) -> Environment:
    interpreter = Interpreter(path=(str(site),), library=frozenset({"os", "random"}))
    return environments.describe(modules.split(), folder, interpreter, known)


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        ("sklearn", {"scikit-learn": "1.9", "numba": "absent"}),
        ("six _cffi_backend", {"six": "1.16", "cffi": "1.0"}),
        ("google", {"google-cloud-a": "1", "google-cloud-b": "2"}),
        ("legacy", {"legacy": "0.3"}),
        ("os random made_in_memory", {}),
        ("", {}),
    ],
)
def test_versions_of_what_owns_a_module(modules: str, expected: dict[str, str], site: Path, tmp_path: Path, known: Known) -> None:
    found = describe(modules, tmp_path, site, known)
    assert (found.versions, {*found.contents}, found.local) == (expected, {name for name in expected if name != "numba"}, {})


def touch(path: Path, text: str = "changed") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


LOCAL: dict[str, tuple[str, Callable[[Path], None], bool]] = {
    "a module beside the notebook": ("helpers", lambda work: touch(work / "helpers.py"), True),
    "a file of a package": ("mylib", lambda work: touch(work / "mylib/deep/one.py"), True),
    "a new file of a package": ("mylib", lambda work: touch(work / "mylib/deep/two.py"), True),
    "a removed file of a package": ("mylib", lambda work: (work / "mylib/deep/one.py").unlink(), True),
    "a folder without __init__": ("bare", lambda work: touch(work / "bare/x.py"), True),
    "an extension module": ("fast", lambda work: touch(work / "fast.abi3.so"), True),
    "bytecode": ("mylib", lambda work: touch(work / "mylib/__pycache__/x.cpython-311.pyc"), False),
    "another module": ("mylib", lambda work: touch(work / "helpers.py"), False),
    "data in a package": ("mylib", lambda work: touch(work / "mylib/data.csv"), False),
    "a module that hides the library's": ("random", lambda work: touch(work / "random.py"), True),
    "a module that hides an installed one": ("six", lambda work: touch(work / "six.py"), True),
    "a loose file in site-packages": ("loose", lambda work: touch(work.parent / "site-packages/loose.py"), True),
}


@pytest.mark.parametrize("case", LOCAL)
def test_code_beside_the_notebook(case: str, site: Path, tmp_path: Path, known: Known) -> None:
    module, change, matters = LOCAL[case]
    work = tmp_path / "work läufe"
    for name in ("helpers.py", "mylib/__init__.py", "mylib/deep/one.py", "bare/x.py", "fast.abi3.so"):
        touch(work / name, "x = 1")
    before = describe(module, work, site, known)
    assert describe(module, work, site, known) == before
    change(work)
    assert (describe(module, work, site, known) != before) is matters


def test_a_bare_folder_does_not_hide_an_installed_package(site: Path, tmp_path: Path, known: Known) -> None:
    touch(tmp_path / "work/sklearn/notes.py")
    found = describe("sklearn", tmp_path / "work", site, known)
    assert (found.versions["scikit-learn"], [*found.local]) == ("1.9", ["sklearn"])


def reinstall(site: Path) -> None:
    for path in (site / "six-1.16.dist-info").iterdir():
        path.unlink()
    (site / "six-1.16.dist-info").rmdir()
    install(site, "six", "1.16", {"six.py": "other code"})


CHANGES: dict[str, tuple[Callable[[Path], object], bool]] = {
    "another version": (lambda site: (site / "six-1.16.dist-info").rename(site / "six-1.17.dist-info"), True),
    "an optional one arrives": (lambda site: install(site, "numba", "0.6", {"numba.py": ""}), True),
    "an unrelated one arrives": (lambda site: install(site, "flask", "3", {"flask.py": ""}), False),
    "one for developers arrives": (lambda site: install(site, "pytest", "8", {"pytest.py": ""}), False),
    "the same version with other files": (reinstall, True),
}


@pytest.mark.parametrize("case", CHANGES)
def test_installing(case: str, site: Path, tmp_path: Path, known: Known) -> None:
    change, matters = CHANGES[case]
    before = describe("six sklearn", tmp_path, site, known)
    change(site)
    assert (describe("six sklearn", tmp_path, site, known) != before) is matters


def test_editable_installations(site: Path, tmp_path: Path, known: Known) -> None:
    project = tmp_path / "project"
    touch(project / "src/mine/__init__.py", "x = 1")
    touch(project / "single.py", "x = 1")
    info = install(site, "mine", "0.1", {"__editable___mine_0_1_finder.py": "", "__editable__.mine-0.1.pth": ""})
    (info / "direct_url.json").write_text('{"dir_info": {"editable": true}, "url": "file:///project"}')
    mapping = {"mine": str(project / "src/mine"), "single": str(project / "single")}
    (site / "__editable___mine_0_1_finder.py").write_text(f"import sys\nMAPPING: dict[str, str] = {mapping!r}\nNAMESPACES = {{}}\n")
    before = describe("mine single", tmp_path, site, known)
    assert sorted(before.local) == [str(project / "single.py"), str(project / "src/mine")]
    touch(project / "src/mine/new.py")
    between = describe("mine single", tmp_path, site, known)
    touch(project / "single.py")
    assert len({msgspec.json.encode(one) for one in (before, between, describe("mine single", tmp_path, site, known))}) == 3


def test_a_path_file_leads_into_the_search_path(site: Path, tmp_path: Path, known: Known) -> None:
    touch(tmp_path / "src/mine/__init__.py", "x = 1")
    interpreter = Interpreter(path=(str(site), str(tmp_path / "src")))
    found = environments.describe(["mine"], tmp_path / "work", interpreter, known)
    assert [*found.local] == [str(tmp_path / "src/mine")]


def test_an_old_index_is_remembered(site: Path, known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    before = time.time() - 60
    os.utime(site, (before, before))
    monkeypatch.setattr("jupyter_mlflow.store.known._TICK", -1)  # else too young: nobody can put ctime back
    made = distributions.index(site, known)
    monkeypatch.setattr("jupyter_mlflow.store.distributions._made", None)
    assert distributions.index(site, known) == made


def test_what_changed_while_it_ran(site: Path, tmp_path: Path) -> None:
    touch(tmp_path / "work/helpers.py")
    touch(tmp_path / "work/mylib/a.py")
    interpreter, work = Interpreter(path=(str(site), str(tmp_path / "none"))), tmp_path / "work"

    def changed(moment: float) -> list[str]:
        return [*environments.changed_since(moment, ["helpers.py", "mylib", "gone.py"], work, interpreter)]

    assert changed(time.time() + 1) == []
    assert changed(0) == [
        "module helpers.py changed while it ran",
        "module mylib changed while it ran",
        "packages were installed while it ran",
    ]


def test_this_interpreter_and_its_real_packages(known: Known, tmp_path: Path) -> None:
    here = interpreters.this()
    found = environments.describe(["msgspec", "blake3", "pytest", "_pytest", "json", "yaml"], tmp_path, here, known)
    import importlib.metadata

    names = ("msgspec", "blake3", "pytest", "pyyaml")
    assert {name: found.versions[name] for name in names} == {name: importlib.metadata.version(name) for name in names}
    assert here.version in here.title()


def test_another_interpreter_is_asked() -> None:
    asked, here = interpreters.of_program(sys.executable), interpreters.this()
    assert msgspec.structs.replace(asked, path=()) == msgspec.structs.replace(here, path=())
    assert {path for path in asked.path if "site-packages" in path} <= set(here.path)


@pytest.mark.parametrize("program", ["/no/such/python", "/bin/false", "/bin/echo"])
def test_what_is_no_python_is_told(program: str) -> None:
    with pytest.raises(StoreError, match="Cannot ask the Python at"):
        interpreters.of_program(program)


def test_names_that_are_no_text_are_kept(tmp_path: Path, known: Known) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.csv"))
    path.write_text("x")
    assert known.digest(path) == known.digest(path)


def test_a_pipe_is_not_read(tmp_path: Path, known: Known) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a plain file"):
        known.digest(tmp_path / "pipe")


def test_a_young_file_is_not_remembered(tmp_path: Path, known: Known) -> None:
    """Two changes within one tick of the clock leave the same signature."""
    path = tmp_path / "data.csv"
    for number in range(100):
        path.write_text(f"{number:03}")
        os.utime(path, ns=(0, 0))
        assert known.digest(path) == digests.of_bytes(f"{number:03}".encode())
