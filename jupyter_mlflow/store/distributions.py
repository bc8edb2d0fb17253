"""Which distribution owns which module, from the folders in which packages are installed.

`importlib.metadata` needs 80 ms for a hundred distributions. We read their RECORD files once and remember the
answer by the folder's signature, which changes whenever something is installed or removed; after that it
costs one stat.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import msgspec

from jupyter_mlflow.spec import codec
from jupyter_mlflow.store import digests
from jupyter_mlflow.store.known import Known

# Raised when an index is made differently, so that remembered ones are made anew.
_FORMAT = 1

_MODULE_ENDS = re.compile(r"(\.py|\.pyc|(\.[A-Za-z0-9_-]+)?\.(so|pyd))$")
_REQUIRES = re.compile(r"^Requires-Dist:\s*([A-Za-z0-9._-]+)(.*)$", re.MULTILINE)
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_FOR_DEVELOPERS = re.compile(r"test|dev|doc|lint|typ|mypy|check|build|bench|cov|release|sphinx|ci", re.IGNORECASE)


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in one folder of the search path."""

    format: int = _FORMAT
    owners: dict[str, tuple[str, ...]] = {}  # module -> distributions; several share a namespace package
    versions: dict[str, str] = {}  # distribution -> version
    contents: dict[str, str] = {}  # distribution -> digest of its list of files
    optional: dict[str, tuple[str, ...]] = {}  # distribution -> those it uses if they are there
    modules: dict[str, str] = {}  # module that no distribution owns -> its file or folder
    elsewhere: dict[str, str] = {}  # module of an editable installation -> its file or folder


def index(folder: Path, known: Known) -> Index:
    """What lies in `folder`, remembered from last time if nothing was installed or removed since."""
    try:
        signature = digests.signature(folder.stat())
    except OSError:  # a search path may name folders that are gone
        return Index()
    remembered = known.recall(folder, signature)
    if remembered is not None:
        try:
            found = codec.decode(remembered, Index)
        except msgspec.DecodeError:  # of another version of ours
            found = Index(format=0)
        if found.format == _FORMAT:
            return found
    try:
        made = _made(folder)
    except OSError:  # nor may they be readable
        return Index()
    known.remember(folder, signature, codec.encode(made).decode())
    return made


def normal(name: str) -> str:
    """A distribution's name as the packaging standard compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def importable(folder: Path, entries: list[str]) -> dict[str, tuple[bool, str]]:
    """Modules among the entries of a folder, each with its path, and whether it is only a folder without `__init__`.

    Python takes a package before a file, and either before such a bare folder.
    """
    ranked: dict[str, tuple[int, str]] = {}
    for entry in entries:
        module, rank = _MODULE_ENDS.sub("", entry), 1
        if module == entry:
            if not entry.isidentifier() or entry == "__pycache__" or not (folder / entry).is_dir():
                continue
            rank = 0 if (folder / entry / "__init__.py").exists() else 2
        if module not in ranked or rank < ranked[module][0]:
            ranked[module] = (rank, str(folder / entry))
    return {module: (rank == 2, path) for module, (rank, path) in ranked.items()}


def _made(folder: Path) -> Index:
    owners: dict[str, list[str]] = {}
    versions: dict[str, str] = {}
    contents: dict[str, str] = {}
    optional: dict[str, tuple[str, ...]] = {}
    elsewhere: dict[str, str] = {}
    entries = sorted(entry.name for entry in folder.iterdir())
    for info in (folder / entry for entry in entries if entry.endswith((".dist-info", ".egg-info"))):
        name, version = _name_and_version(info)
        record = _text(info / "RECORD") or _text(info / "installed-files.txt")
        versions[name] = version
        contents[name] = digests.of_parts((record,))
        optional[name] = _optional(_text(info / "METADATA") or _text(info / "PKG-INFO"))
        moved = _editable(folder, info, record)
        elsewhere.update(moved)
        for module in _modules(info, record) - moved.keys():
            owners.setdefault(module, []).append(name)
    alone = {module: path for module, (_, path) in importable(folder, entries).items() if module not in owners}
    return Index(
        owners={module: tuple(names) for module, names in owners.items()},
        versions=versions,
        contents=contents,
        optional=optional,
        modules=alone,
        elsewhere=elsewhere,
    )


def _name_and_version(info: Path) -> tuple[str, str]:
    """From the folder's name, `numpy-2.4.6.dist-info` or `six-1.16.0-py3.11.egg-info`."""
    name, _, version = info.name.rpartition(".")[0].partition("-")
    return normal(name), re.sub(r"-py\d.*$", "", version)


def _modules(info: Path, record: str) -> set[str]:
    listed = set(_text(info / "top_level.txt").split())
    for line in record.splitlines():
        first, slash, _ = line.partition(",")[0].strip('"').partition("/")
        if slash and first.isidentifier() and first != "__pycache__":
            listed.add(first)
        elif not slash and _MODULE_ENDS.search(first):
            listed.add(_MODULE_ENDS.sub("", first))
    return {module.replace("/", ".").partition(".")[0] for module in listed}


def _optional(metadata: str) -> tuple[str, ...]:
    """What it would use if it were installed; not what only its developers need."""
    used: set[str] = set()
    developers: set[str] = set()
    for name, rest in _REQUIRES.findall(metadata.partition("\n\n")[0]):
        for extra in _EXTRA.findall(rest):
            (developers if _FOR_DEVELOPERS.search(extra) else used).add(normal(name))
    return tuple(sorted(used - developers))


def _editable(folder: Path, info: Path, record: str) -> dict[str, str]:
    """Modules whose code lies elsewhere through setuptools' finder. Path files need no care: their folders are in the search path."""
    found: dict[str, str] = {}
    if '"editable": true' not in json.dumps(_json(info / "direct_url.json")):
        return found
    for line in record.splitlines():
        file = line.partition(",")[0]
        if file.startswith("__editable__") and file.endswith("_finder.py"):
            found.update(_mapping(_text(folder / file)))
    return found


def _mapping(finder: str) -> dict[str, str]:
    match = re.search(r"^MAPPING\b[^=]*=\s*(\{.*?\})\s*$", finder, re.MULTILINE)
    try:
        told = ast.literal_eval(match.group(1)) if match else {}
    except (SyntaxError, ValueError):
        return {}
    # The finder names packages by their folder and modules by their file without its end.
    return {str(module): path if Path(path).is_dir() else f"{path}.py" for module, path in told.items()}


def _json(path: Path) -> object:
    try:
        return json.loads(_text(path) or "null")
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:  # each of these files is optional
        return ""
