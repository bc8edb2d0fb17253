"""The digest of a cell's code that does not change when only its look changes.

Comments, blank lines and formatting do not count, docstrings do. What Python cannot parse (magics, shell
lines) counts as it stands, and so does code that looks at source text, line numbers or the input history,
because for it a comment makes a difference.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings

from jupyter_mlflow.spec.ids import Digest
from jupyter_mlflow.store import digests

_LOOKS_AT_ITSELF = re.compile(
    r"\b(getsource\w*|findsource|getcomments|getdoc|linecache|lineno|f_lineno|co_firstlineno|extract_stack|format_stack|print_stack"
    r"|currentframe|_getframe|In|_ih|_i+\d*|__file__)\b"
)
_FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_UNSEEN = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER})


def digest(source: str) -> Digest:
    """Digest of the normalised source of one cell."""
    return digests.of_parts(("code", normalised(source)))


def normalised(source: str) -> str:
    """The tree of the code as text, or the code itself; see the module."""
    if _LOOKS_AT_ITSELF.search(source):
        return source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a strange escape in the user's code is not ours to report
            tree = compile(source, "<cell>", "exec", _FLAGS, dont_inherit=True)
        return ast.dump(tree) + (";" if _is_silent(source) else "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # too deep for the parser or for `dump`
        return source


def _is_silent(source: str) -> bool:
    """Whether a semicolon ends the cell: then IPython shows no result, though the tree is the same."""
    if ";" not in source:
        return False
    last = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _UNSEEN:
            last = token.string
    return last == ";"
