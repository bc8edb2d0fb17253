"""What a step's imports come from: versions of installed distributions, and the code beside the notebook.

The imports are those of a finished step, all top-level modules that its process had loaded. Before the next
run the same modules are looked up again; a step is reused only if all of them are what they were.

    installed   the distribution's version and the digest of its list of files
    optional    a distribution that an installed one would use, and that was not there
    local       the content of the module's files: beside the notebook, in an editable installation or
                anywhere else on the search path
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from jupyter_mlflow.spec.ids import Digest
from jupyter_mlflow.store import digests, distributions
from jupyter_mlflow.store.distributions import Index
from jupyter_mlflow.store.interpreters import Interpreter
from jupyter_mlflow.store.known import Known

_INFO = (".dist-info", ".egg-info")

# Files that an import can run; data that they open is recorded as files read.
_CODE = (".py", ".so", ".pyd")
ABSENT = "absent"


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Where modules come from, as it is now."""

    versions: dict[str, str] = {}  # distribution -> version, or `absent`
    contents: dict[str, str] = {}  # distribution -> digest of its list of files
    local: dict[str, str] = {}  # file or folder of code -> digest; relative to the notebook's folder where below it


def describe(modules: Iterable[str], folder: Path, interpreter: Interpreter, known: Known) -> Environment:
    """Where `modules` come from for code that runs in `folder`."""
    indexes = [distributions.index(Path(entry), known) for entry in interpreter.path]
    beside = _beside(folder)
    owners: set[str] = set()
    local: dict[str, str] = {}
    for module in sorted({name.partition(".")[0] for name in modules}):
        bare, path = beside.get(module, (True, ""))
        if path:
            local[os.path.relpath(path, folder)] = _code_digest(Path(path), known)
        # A bare folder is taken only if nothing better is found further on; both count here.
        if bare and module not in interpreter.library:
            found, path = _found(module, indexes)
            owners.update(found)
            if path:
                local[path] = _code_digest(Path(path), known)
    return _described(owners, local, indexes)


def changed_since(moment: float, local: Iterable[str], folder: Path, interpreter: Interpreter) -> Iterator[str]:
    """What changed after `moment`, in words for people: code that was imported may be older than what lies there now."""
    for path in local:
        whole = folder / path
        if any(_time(file) > moment for file in (_code_files(whole) if whole.is_dir() else [whole])):
            yield f"module {path} changed while it ran"
    if any(_time(info) > moment for entry in interpreter.path for info in _infos(Path(entry))):
        yield "packages were installed while it ran"


def _described(owners: set[str], local: dict[str, str], indexes: list[Index]) -> Environment:
    versions = {name: version for one in reversed(indexes) for name, version in one.versions.items()}
    contents = {name: content for one in reversed(indexes) for name, content in one.contents.items()}
    optional = {name for one in indexes for owner in owners for name in one.optional.get(owner, ())}
    absent = dict.fromkeys(sorted(optional - versions.keys()), ABSENT)
    return Environment(
        versions={name: versions[name] for name in sorted(owners)} | absent,
        contents={name: contents[name] for name in sorted(owners)},
        local=local,
    )


def _found(module: str, indexes: list[Index]) -> tuple[tuple[str, ...], str]:
    """The distributions that own a module, or else its path; nothing for modules made in memory."""
    for one in indexes:
        if module in one.owners:
            return one.owners[module], ""
        path = one.elsewhere.get(module) or one.modules.get(module)
        if path:
            return (), path
    return (), ""


def _beside(folder: Path) -> dict[str, tuple[bool, str]]:
    """Modules in the notebook's folder, which is the first place where they are looked for."""
    try:
        return distributions.importable(folder, os.listdir(folder))  # noqa: PTH208 - names are all we need
    except OSError:
        return {}


def _code_digest(path: Path, known: Known) -> Digest:
    """Digest of a module's file, or of all code below its folder."""
    if not path.is_dir():
        return _file_digest(path, known)
    return digests.of_parts(part for file in _code_files(path) for part in (str(file.relative_to(path)), _file_digest(file, known)))


def _infos(folder: Path) -> Iterator[Path]:
    """What installers make anew at each installation."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        yield from (Path(entry.path) for entry in entries if entry.name.endswith(_INFO))


def _time(path: Path) -> float:
    try:
        return path.stat().st_ctime
    except OSError:
        return 0.0


def _file_digest(path: Path, known: Known) -> Digest:
    try:
        return known.digest(path)
    except OSError:  # gone since it was listed, or a link to nowhere
        return Digest(ABSENT)


def _code_files(folder: Path) -> Iterator[Path]:
    for parent, below, files in os.walk(folder):
        below[:] = sorted(name for name in below if name != "__pycache__" and not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(files) if name.endswith(_CODE))
