"""What all commands share: how errors become one sentence and an exit code, `--json`, and printing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from jupyter_mlflow.cli import values
from jupyter_mlflow.errors import MlflowError

if TYPE_CHECKING:
    from jupyter_mlflow.cli.progress import View

F = TypeVar("F", bound=Callable[..., Any])
ViewFactory = Callable[..., "View"]

INTERRUPTED = 130  # what shells expect of a program that Ctrl-C ended


def json_option(command: F) -> F:
    """`--json`, as every command has it."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document (see `jupyter mlflow schema`).")(command)


def call(group: click.Group, arguments: Sequence[str], program: str, view: ViewFactory | None = None) -> int:
    """Run a command line; gives its exit code. Errors of ours, and wrong use, never end in a traceback."""
    words = values.split_pairs(arguments)
    as_json = "--json" in words
    try:
        code = group.main(args=words, prog_name=program, standalone_mode=False, obj=view)
        sys.stdout.flush()
    except MlflowError as error:
        return _failed(type(error).__name__, str(error), error.exit_code, as_json, getattr(error, "diagnostics", ()))
    except click.ClickException as error:
        return _misused(error, as_json)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:  # `| head` has read enough
        _drop_output()
        return 0
    return code if isinstance(code, int) else 0


def _misused(error: click.ClickException, as_json: bool) -> int:
    if as_json or not isinstance(error, click.UsageError):
        return _failed("UsageError", error.format_message(), error.exit_code, as_json)
    error.show(sys.stderr)
    return error.exit_code


def _failed(kind: str, message: str, code: int, as_json: bool, diagnostics: Sequence[Any] = ()) -> int:
    if as_json:
        from jupyter_mlflow.spec import reports

        document(reports.ErrorReport(error=reports.Problem(kind=kind, message=message, diagnostics=tuple(diagnostics))))
    else:
        say(message, err=True)
    return code


def _drop_output() -> None:
    """Nobody reads any more: what is still to be written at exit goes nowhere, without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def document(report: Any) -> None:
    """Print a document for machines, on one line."""
    from jupyter_mlflow.spec import codec

    say(codec.encode(report).decode())


def show(report: Any, lines: Callable[[Any], Iterable[str]], *, as_json: bool) -> None:
    """Print a report: the document for machines, or the `lines` that tell it to people."""
    if as_json:
        document(report)
        return
    for line in lines(report):
        say(line)


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print text; characters that the terminal's encoding lacks become `?`."""
    stream: IO[str] = sys.stderr if err else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding), file=stream, nl=nl)
