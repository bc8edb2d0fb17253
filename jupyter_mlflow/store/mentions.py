"""What a cell's text says that it may read: names of files, and variables of the environment.

A step's process sees most files that Python opens, but not those that libraries open by themselves (parquet,
safetensors), that child processes open, or that code only asks for (`exists`, `glob`). Their names mostly
stand in the code, so names that stand there are checked too. A name too many costs a stat, or at worst a run.
"""

from __future__ import annotations

import ast
import glob
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from jupyter_mlflow.spec.ids import Digest
from jupyter_mlflow.store import digests

_LONGEST = 255
_MOST = 500

# A name that no file has yet counts if it looks like one: with an ending, and not like an address.
_LOOKS_LIKE_FILE = re.compile(r"(?!\w+://)[^\n\0]*\.[A-Za-z0-9]{1,10}")
_PATTERN = re.compile(r"[^\n\0]*[*?\[][^\n\0]*")
_WORD = re.compile(r"[^\s'\"()=,;|<>&`]+")

# How code looks at variables: any way, and the ways that name the variable right there.
_LOOK = re.compile(r"\b(environb?|getenv|expandvars|dotenv_values|load_dotenv|BaseSettings)\b")
_NAMED_LOOK = re.compile(
    r"\benvironb?\s*(?:\[|\.(?:get|setdefault|pop)\s*\()\s*b?['\"](\w+)['\"]"
    r"|\bgetenv\s*\(\s*['\"](\w+)['\"]"
    r"|['\"](\w+)['\"]\s+(?:not\s+)?in\s+(?:os\.)?environ\b(?!\s*[.\[])"
)
_IMPORTS = re.compile(r"^\s*(from\s+os\s+)?import\s.*$", re.MULTILINE)
_SHELL = re.compile(r"^\s*(!|%%?(bash|sh|script|sx|system|env)\b)|=\s*!", re.MULTILINE)
_SHELL_NAME = re.compile(r"\$\{?([A-Za-z_]\w*)|%env\s+([A-Za-z_]\w*)")

# Variables that differ from one terminal to the next and mean nothing to a computation.
_PASSING = re.compile(
    r"_|SHLVL|PWD|OLDPWD|COLUMNS|LINES|DISPLAY|WINDOWID|PS\d|LS_COLORS|PAGER|GIT_PAGER|CLICOLOR\w*|FORCE_COLOR|MPLBACKEND"
    r"|(TERM|SSH|XDG|DBUS|JPY|JUPYTER|PYDEVD|PYTEST|VSCODE|GNOME|KDE|TMUX|STY|INVOCATION|JOURNAL)\w*"
)

# Variables that change what libraries compute, or which modules are found, though no cell names them.
_ALWAYS = re.compile(
    r"PYTHON(PATH|HASHSEED|OPTIMIZE|UTF8|IOENCODING|WARNINGS)|TZ|LANG|LANGUAGE|LC_\w+|(OMP|MKL|OPENBLAS|NUMBA|XLA|TF|CUDA|JAX|TORCH)_\w+"
)


def paths(sources: Iterable[str]) -> tuple[str, ...]:
    """Texts in the code that may be names of files, or patterns of names."""
    return tuple(dict.fromkeys(text for source in sources for text in _texts(source) if _can_be_name(text)))[:_MOST]


def present(mentioned: Iterable[str], folder: Path) -> Iterator[str]:
    """Those that are files now, or look like the name of one that could come, as paths relative to `folder` where below it."""
    for text in mentioned:
        if not _is_pattern(text):
            path = os.path.normpath(folder / os.path.expanduser(text))  # noqa: PTH111 - a mere text so far
            if os.path.isfile(path) or (_LOOKS_LIKE_FILE.fullmatch(text) and not os.path.isdir(path)):  # noqa: PTH112, PTH113
                yield _shortened(path, folder)


def patterns(mentioned: Iterable[str]) -> Iterator[str]:
    """Those that are patterns of names, such as `data/*.csv`; `*` alone is more often a line of stars."""
    yield from (text for text in mentioned if _is_pattern(text))


def matches(pattern: str, folder: Path) -> Digest:
    """Digest of the names that a pattern means now."""
    return digests.of_parts(sorted(glob.glob(pattern, root_dir=folder, recursive="**" in pattern)))  # noqa: PTH207 - as the notebook's `glob` would


def variables(sources: Iterable[str], environment: Mapping[str, str]) -> dict[str, str | None]:
    """Variables of the environment that the code may look at, with their values; None where one is not set.

    Code that looks at the environment without naming a variable may look at all of it.
    """
    named = {name for name in environment if _ALWAYS.fullmatch(name)}
    for source in sources:
        named |= _looked_at(_IMPORTS.sub("", source), environment)
    return {name: environment.get(name) for name in sorted(named)}


def _looked_at(source: str, environment: Mapping[str, str]) -> set[str]:
    names = {name for found in _NAMED_LOOK.findall(source) for name in found if name}
    if len(_LOOK.findall(source)) > len(_NAMED_LOOK.findall(source)):
        names |= {name for name in environment if not _PASSING.fullmatch(name)}
    if _SHELL.search(source):
        names |= {"PATH", *(name for found in _SHELL_NAME.findall(source) for name in found if name)}
    return names


def _texts(source: str) -> Iterator[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield from _WORD.findall(source)  # magics and shell lines
        return
    yield from (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_pattern(text: str) -> bool:
    return _PATTERN.fullmatch(text) is not None and ("." in text or "/" in text) and not text.startswith("/")


def _can_be_name(text: str) -> bool:
    if not 0 < len(text) <= _LONGEST or "\0" in text or "\n" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, which can be written but not stored
        return False
    return True


def _shortened(path: str, folder: Path) -> str:
    below = f"{folder}{os.sep}"
    return path.removeprefix(below)
