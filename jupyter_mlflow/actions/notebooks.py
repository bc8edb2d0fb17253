"""What can be told of a notebook without running it."""

from __future__ import annotations

import contextlib
import inspect
from pathlib import Path

from jupyter_mlflow.assemble import Assembly, assemble
from jupyter_mlflow.assemble.rules import RULES
from jupyter_mlflow.errors import NotebookError, NotFoundError, UsageError
from jupyter_mlflow.notebook.cells import TaggedNotebook
from jupyter_mlflow.notebook.problems import visible
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.spec.pipelines import ASIDE
from jupyter_mlflow.spec.reports import CheckReport, RuleReport, RulesReport


def open_notebook(path: str | Path) -> TaggedNotebook:
    """Read a notebook; raises NotFoundError or NotebookError with one clear sentence."""
    file, shown = Path(path), visible(str(path))
    if not str(path):
        raise NotFoundError("The name of the notebook is empty.")
    try:
        if file.is_dir():
            raise NotebookError(f"{shown} is a folder, not a notebook.")
        data = file.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no notebook {shown}.") from error
    except OSError as error:
        raise NotebookError(f"{shown} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # a null byte
        raise NotFoundError(f"There is no notebook {shown}: {error}.") from error
    return read(data, str(path))


def check(path: str | Path) -> Assembly:
    """The pipeline of a notebook and what is wrong with it; never runs its code."""
    return assemble(open_notebook(path), modules_in(Path(path).resolve().parent))


def modules_in(folder: Path) -> frozenset[str]:
    """What code that runs in `folder` can import from there."""
    try:
        found = list(folder.iterdir())
        return frozenset(one.stem for one in found if one.suffix == ".py" or (one.name.isidentifier() and any(one.glob("*.py"))))
    except OSError:
        return frozenset()


def checked(path: str | Path) -> CheckReport:
    """The problems of a notebook as a document."""
    found = check(path)
    return CheckReport(
        notebook=str(path),
        steps=sum(step.role not in ASIDE for step in found.pipeline.steps),
        errors=len(found.errors),
        warnings=sum(one.severity == "warning" for one in found.diagnostics),
        diagnostics=found.diagnostics,
    )


def rules(code: str | None = None) -> RulesReport:
    """What `check` looks for: the rule with this code, or all; raises NotFoundError."""
    told = []
    for rule in RULES:
        title, _, text = inspect.cleandoc(rule.help).partition("\n")
        if code is None or rule.code == code.upper():
            told.append(RuleReport(code=rule.code, name=rule.name, severity=rule.severity, title=title.strip(), text=text.strip()))
    if not told:
        raise NotFoundError(f"There is no rule {code}. There are {', '.join(rule.code for rule in RULES)}.")
    return RulesReport(rules=tuple(told))


def write_text(path: str | Path, text: str) -> None:
    """Write a file the user named; raises UsageError."""
    target = Path(path)
    there = target.exists()
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        if not there:  # a full disk leaves half of it
            with contextlib.suppress(OSError):
                target.unlink()
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
