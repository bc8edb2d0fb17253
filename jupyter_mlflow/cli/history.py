"""Commands about runs that were: runs (show, diff, rm), logs."""

from __future__ import annotations

import re

import click

from jupyter_mlflow.cli import application, texts
from jupyter_mlflow.errors import UsageError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  jupyter mlflow runs
  jupyter mlflow runs show latest
  jupyter mlflow runs diff 2 1
  jupyter mlflow runs rm --older 30d

\b
A run is named by its id, the beginning or the last part of it, `latest`,
or its number from the newest (1).""",
)
@click.option("--notebook", metavar="FILE", help="Only runs of this notebook.")
@click.option("-n", "--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@application.json_option
@click.pass_context
def runs(context: click.Context, notebook: str | None, limit: int, as_json: bool) -> int:
    """List runs, newest first; or show, diff, rm."""
    if context.invoked_subcommand is not None:
        return 0
    from jupyter_mlflow.actions import reports
    from jupyter_mlflow.actions import runs as actions

    report = reports.of_runs(actions.list_runs(limit=limit, notebook=notebook))
    application.show(report, texts.run_list, as_json=as_json)
    return 0


@runs.command(
    epilog="""\b
Examples:
  jupyter mlflow runs show latest
  jupyter mlflow runs show k3f9 --json | jq .metrics"""
)
@click.argument("run")
@application.json_option
def show(run: str, as_json: bool) -> int:
    """Show RUN: its steps, and why each was reused or not."""
    from jupyter_mlflow.actions import reports
    from jupyter_mlflow.actions import runs as actions

    report = reports.of_run(actions.show(run))
    application.show(report, texts.run_page, as_json=as_json)
    return 0


@runs.command(
    epilog="""\b
Examples:
  jupyter mlflow runs diff 2 1"""
)
@click.argument("first")
@click.argument("second")
@application.json_option
def diff(first: str, second: str, as_json: bool) -> int:
    """Tell where two runs differ: parameters, metrics, code, and why steps were not reused."""
    from jupyter_mlflow.actions import runs as actions

    report = actions.diff(first, second)
    application.show(report, texts.difference, as_json=as_json)
    return 0


@runs.command(
    epilog="""\b
Examples:
  jupyter mlflow runs rm 20261124-015301-k3f9
  jupyter mlflow runs rm --older 30d --dry-run"""
)
@click.argument("names", nargs=-1, metavar="[RUN]...")
@click.option("--older", metavar="AGE", help="All runs older than this: 30d, 12h, 2w.")
@click.option("--dry-run", is_flag=True, help="Tell what would go, and delete nothing.")
@application.json_option
def rm(names: tuple[str, ...], older: str | None, dry_run: bool, as_json: bool) -> int:
    """Delete runs, and what only they needed. Runs that go on are never deleted."""
    from jupyter_mlflow.actions import runs as actions

    if bool(names) == (older is not None):
        raise UsageError("Name the runs to delete, or say --older AGE.")
    report = actions.remove(names, older_than=_age(older) if older is not None else None, dry_run=dry_run)
    application.show(report, texts.removal, as_json=as_json)
    return 0


def _age(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text)
    if match is None:
        raise UsageError(f"{text!r} is no age; write 30d, 12h or 2w.")
    return float(match[1]) * _SECONDS[match[2]]


@click.command(
    epilog="""\b
Examples:
  jupyter mlflow logs latest
  jupyter mlflow logs latest fit -f
  jupyter mlflow logs k3f9 --json | jq -r .text"""
)
@click.argument("run")
@click.argument("step", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@application.json_option
def logs(run: str, step: str | None, follow: bool, as_json: bool) -> int:
    """Print what the cells of RUN (or of one STEP) printed.

    With --json each line is one event of the run.
    """
    from jupyter_mlflow.actions import runs as actions

    if as_json:
        for event in actions.logs(run, step, follow=follow):
            application.document(event)
        return 0
    lines = texts.Log(several=step is None)
    for event in actions.logs(run, step, follow=follow):
        for text, err in lines.take(event):
            application.say(text, err=err, nl=False)
    return 0
