"""The command line of the runtime; see the package's docstring."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from jupyter_mlflow.runtime import hashes

_USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the program; gives its exit code."""
    options = _parser().parse_args(arguments)
    hashes.fix_here()
    _forget_start_folder()
    from jupyter_mlflow.errors import UsageError

    try:
        code: int = options.run(options)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return _USAGE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m jupyter_mlflow.runtime", description="Runs steps of pipelines, one task each.")
    commands = parser.add_subparsers(required=True)
    serve = commands.add_parser("serve", help="fork a warm process for each task that comes through a socket")
    serve.add_argument("--socket", required=True, type=Path, help="where to listen")
    serve.add_argument("--preload", default="", help="modules to import once for all steps, separated by commas")
    serve.set_defaults(run=_serve)
    step = commands.add_parser("step", help="run one task")
    step.add_argument("task", help="a file with a StepTask as JSON, or - for standard input")
    step.add_argument("--events", type=Path, help="where to write events as JSON lines; standard output if not given")
    step.set_defaults(run=_step)
    return parser


def _serve(options: argparse.Namespace) -> int:
    from jupyter_mlflow.runtime import preloads

    return preloads.serve(options.socket, [name for name in options.preload.split(",") if name])


def _step(options: argparse.Namespace) -> int:
    from jupyter_mlflow.runtime import single

    return single.run(options.task, options.events)


def _forget_start_folder() -> None:
    """`python -m` looks for modules where it is started; the files there are the user's, not ours."""
    if not getattr(sys.flags, "safe_path", False) and sys.path and sys.path[0] in {"", os.getcwd()}:  # noqa: PTH109
        del sys.path[0]


if __name__ == "__main__":
    sys.exit(main())
