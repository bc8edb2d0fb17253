"""A tagged Jupyter notebook as a pipeline of isolated steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_mlflow.api import Notebook as Notebook
    from jupyter_mlflow.api import load as load

__version__ = "0.1.0"
__all__ = ["Notebook", "__version__", "load", "load_ipython_extension", "unload_ipython_extension"]


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used: `import jupyter_mlflow` itself costs nothing."""
    if name in {"Notebook", "load"}:
        from jupyter_mlflow import api

        return getattr(api, name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext jupyter_mlflow`: registers `%pipeline` and `%%step`."""
    from jupyter_mlflow import magics

    magics.register(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext jupyter_mlflow`: takes them away again."""
    from jupyter_mlflow import magics

    magics.unregister(shell)
