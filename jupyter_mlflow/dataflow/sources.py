"""Cell text as Python text.

Text that the Python parser accepts is left alone by IPython but for its indentation and prompts, so the transformer (150 ms to
import) is only loaded for cells that need it: magics, `!commands`, `name?`.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from jupyter_mlflow.spec import step_magic


@dataclass(frozen=True)
class Source:
    """Parsed cell: `tree` is None and `error` says why when the text is no Python even after IPython's transformation."""

    text: str
    tree: ast.Module | None
    error: SyntaxError | None = None


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Invalid escapes and the like are the user's to see when the cell runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _parse(text: str) -> ast.Module:
    with _quietly():
        return ast.parse(text)


@functools.cache
def _transformer() -> object:
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager()  # type: ignore[no-untyped-call]


def _transform(text: str) -> str:
    transform = _transformer().transform_cell  # type: ignore[attr-defined]
    with _quietly():
        return str(transform(text))


@functools.lru_cache(maxsize=4096)
def read(text: str) -> Source:
    """Parse a cell as IPython would; never raises for bad code. A first line `%%step` is no code."""
    text = step_magic.without(text)
    try:
        return Source(text=text, tree=_parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    try:
        plain = _transform(text)
        return Source(text=plain, tree=_parse(plain))
    except SyntaxError as error:
        return Source(text=text, tree=None, error=error)
    except (ValueError, RecursionError, MemoryError) as error:
        return Source(text=text, tree=None, error=SyntaxError(str(error) or type(error).__name__))


def dedented(text: str) -> str:
    """Code that stood inside a magic's arguments."""
    return textwrap.dedent(text).strip("\n")
