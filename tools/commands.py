"""The reference of commands, from what click knows of them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from jupyter_mlflow.cli.commands import cli

PROGRAM = "jupyter mlflow"

HEAD = """# Commands

`jupyter mlflow` and `jupyter-mlflow` are the same. Every command has `--help`, and `--json` for other programs: one document, whose
[shape](json.md) is versioned.

| exit code | |
|---|---|
| 0 | done |
| 1 | the notebook or a step failed or was refused, or the run was stopped with Ctrl-C |
| 2 | wrong use: an option, a parameter, a file that is no notebook |
| 130 | Ctrl-C in a command that runs no steps, such as `logs -f` |
"""


def pages() -> dict[str, str]:
    """Path -> text."""
    return {"docs/commands.md": "\n".join([HEAD, *(_section(*one) for one in _commands(cli, PROGRAM))])}


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if not command.hidden:
            yield f"{path} {name}", command
            if isinstance(command, click.Group):
                yield from _commands(command, f"{path} {name}")


def _section(path: str, command: click.Command) -> str:
    with click.Context(command, info_name=path) as context:
        usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"## {path}\n", f"`{path} {usage}`\n", _plain(command.help or "") + "\n"]
    lines += [_option(one) for one in command.params if isinstance(one, click.Option) and not one.hidden]
    if command.epilog:
        lines += ["", "```text", _plain(command.epilog), "```"]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return inspect.cleandoc(text).replace("\b\n", "").replace("\f", "").strip()


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    value = (
        ""
        if option.is_flag
        else f" `{option.metavar or (option.type.name.upper() if not _choices(option) else '|'.join(_choices(option)))}`"
    )
    return f"- {names}{value}: {option.help or ''}"


def _choices(option: click.Option) -> list[str]:
    return [str(one) for one in option.type.choices] if isinstance(option.type, click.Choice) else []
