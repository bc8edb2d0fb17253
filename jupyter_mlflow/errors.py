"""Every error we raise on purpose, named by what the caller can do next.

    MlflowError
    ├── UsageError            the command or call is wrong: change it             (exit code 2)
    │   ├── NotFoundError     the run, step or file that was named does not exist
    │   └── ParameterError    a parameter is unknown or its value has the wrong type
    ├── NotebookError         the file is no notebook we can read: mend the file  (exit code 2)
    ├── RefusedError          the pipeline cannot be faithful: mend the notebook  (exit code 1)
    ├── StepError             a step failed: look at its notebook and log         (exit code 1)
    ├── StoreError            the store refused or lost something
    │   └── TamperedError     bytes do not match their digest: nothing was loaded
    └── RuntimeLostError      a process we started died: try again, `resume`

Problems *in* a readable notebook are not exceptions but `spec.diagnostics.Diagnostic`;
`RefusedError` carries them when somebody asked for a run all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = [
    "MlflowError",
    "NotFoundError",
    "NotebookError",
    "ParameterError",
    "RefusedError",
    "RuntimeLostError",
    "StepError",
    "StoreError",
    "TamperedError",
    "UsageError",
]


class MlflowError(Exception):
    """Base of all errors of jupyter_mlflow; its text is one or more plain sentences."""

    exit_code = 1


class UsageError(MlflowError):
    """What was asked makes no sense; the text says what would."""

    exit_code = 2


class NotFoundError(UsageError):
    """The run, step or file that was named does not exist."""


class ParameterError(UsageError):
    """A parameter is not in the notebook, or its value has the wrong type."""


class NotebookError(MlflowError):
    """The file cannot be read as a notebook; nothing was changed or run."""

    exit_code = 2


class RefusedError(MlflowError):
    """The notebook cannot run faithfully as a pipeline; nothing was run."""

    def __init__(self, message: str, diagnostics: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)


class StepError(MlflowError):
    """A step failed; the run keeps its notebook and log."""


class StoreError(MlflowError):
    """The artifact store or run history could not do what was asked."""


class TamperedError(StoreError):
    """Stored bytes do not match their digest; nothing of them was loaded."""


class RuntimeLostError(MlflowError):
    """A process that ran steps ended without an answer."""
