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

_LOOKS_AT_VARIABLES = re.compile(r"\b(environ|environb|getenv|expandvars|dotenv|BaseSettings)\b|%%?(env|bash|sh|script|sx|system)\b|^\s*!|=\s*!", re.MULTILINE)
_QUOTED_NAME = re.compile(r"['\"]([A-Za-z_][A-Za-z0-9_]*)['\"]")
_SHELL_NAME = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")

# Variables that change what libraries compute, or which modules are found, though no cell names them.
_ALWAYS = re.compile(r"PYTHON(PATH|HASHSEED|OPTIMIZE|UTF8|IOENCODING|WARNINGS)|TZ|LANG|LANGUAGE|LC_\w+|(OMP|MKL|OPENBLAS|NUMBA|XLA|TF|CUDA|JAX|TORCH)_\w+")


def paths(sources: Iterable[str]) -> tuple[str, ...]:
    """Texts in the code that may be names of files, or patterns of names."""
    found = dict.fromkeys(text for source in sources for text in _texts(source) if 0 < len(text) <= _LONGEST and "\0" not in text)
    return tuple(found)[:_MOST]


def present(mentioned: Iterable[str], folder: Path) -> Iterator[str]:
    """Those that are files now, or look like the name of one that could come."""
    for text in mentioned:
        if not _is_pattern(text):
            path = folder / os.path.expanduser(text)  # noqa: PTH111 - a mere text so far
            if _is_file(path) or (_LOOKS_LIKE_FILE.fullmatch(text) and not path.is_dir()):
                yield text


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
    named: set[str] = set()
    for source in sources:
        if _LOOKS_AT_VARIABLES.search(source):
            names = {*_QUOTED_NAME.findall(source), *_SHELL_NAME.findall(source)}
            named |= names or environment.keys()
    named |= {name for name in environment if _ALWAYS.fullmatch(name)}
    return {name: environment.get(name) for name in sorted(named)}


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


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False
