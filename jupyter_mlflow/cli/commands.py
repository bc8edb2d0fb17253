"""`jupyter mlflow ...`."""

from __future__ import annotations

import json
import re
import sys
import time
from typing import Any

import click

from jupyter_mlflow.errors import MlflowError, UsageError

GLYPHS = {"queued": "○", "running": "◐", "cached": "◆", "done": "●", "failed": "✕", "skipped": "–", "cancelled": "⊘", "refused": "!"}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class _Group(click.Group):
    """Our errors as one sentence and an exit code: 1 the notebook or a step failed, 2 wrong use."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MlflowError as error:
            if "--json" in sys.argv:
                click.echo(json.dumps({"version": 1, "error": {"kind": type(error).__name__, "message": str(error)}}))
            else:
                click.echo(str(error), err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jupyter-mlflow")
def cli() -> None:
    r"""Run a tagged notebook as a pipeline of isolated steps.

    \b
    jupyter mlflow check train.ipynb
    jupyter mlflow run train.ipynb -p lr=0.1 -o out.ipynb
    """


def main() -> None:
    """Entry point."""
    from jupyter_mlflow.cli.values import split_pairs

    cli(args=split_pairs(sys.argv[1:]), prog_name="jupyter mlflow")


def _json(command: Any) -> Any:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


@cli.command()
@click.argument("notebook")
@click.option("-p", "--parameters", "pairs", nargs=2, multiple=True, metavar="NAME VALUE", help="A parameter; `-p name=value` works too.")
@click.option("-r", "--parameters_raw", "raw", nargs=2, multiple=True, metavar="NAME TEXT", help="A parameter that stays a text.")
@click.option("-f", "--parameters_file", "files", multiple=True, help="A YAML file of parameters.")
@click.option("-y", "--parameters_yaml", "texts", multiple=True, help="Parameters as YAML text.")
@click.option("-b", "--parameters_base64", "encoded", multiple=True, help="Parameters as base64 of YAML text.")
@click.option("-o", "--output", help="Where to write the executed notebook.")
@click.option("--workers", type=click.IntRange(1), help="Steps that run at the same time.")
@click.option("--no-cache", is_flag=True, help="Run all steps, even unchanged ones.")
@click.option("--from", "from_step", metavar="STEP", help="Run this step and all after it again.")
@click.option("--only", metavar="STEP", help="Run only this step, again; steps it needs are reused.")
@click.option("--dry-run", is_flag=True, help="Tell what would run, and run nothing.")
@click.option("--verify", is_flag=True, help="Also run all cells in one kernel, and tell the first difference.")
@click.option("--quiet", is_flag=True, help="No progress.")
@_json
def run(notebook: str, **options: Any) -> None:
    r"""Run NOTEBOOK as a pipeline.

    \b
    jupyter mlflow run train.ipynb -p lr=0.1 -o out.ipynb
    jupyter mlflow run train.ipynb --from fit --workers 4
    """
    from jupyter_mlflow.actions import notebooks, runs, verification
    from jupyter_mlflow.cli.values import gather

    given = gather(options["pairs"], options["raw"], options["files"], options["texts"], options["encoded"])
    if options["dry_run"]:
        _plan(notebook, options["as_json"])
        return
    quiet = options["quiet"] or options["as_json"]
    common = {"given": given, "workers": options["workers"], "on_event": (lambda _: None) if quiet else _progress}
    if options["verify"]:
        found, difference = verification.verify(notebook, **common)
    else:
        difference = ""
        found = runs.run(
            notebook,
            output=options["output"],
            cache=not options["no_cache"],
            from_step=options["from_step"],
            only=options["only"],
            **common,
        )
    report = runs.report(found, notebooks.check(notebook).pipeline)
    if options["verify"]:
        report["difference"] = difference
    _finish(report, options["as_json"], difference)


def _plan(notebook: str, as_json: bool) -> None:
    from jupyter_mlflow.actions import notebooks

    assembly = notebooks.check(notebook)
    steps = [{"name": step.name, "cells": [cell.index for cell in step.cells]} for step in assembly.pipeline.steps]
    if as_json:
        click.echo(json.dumps({"version": 1, "notebook": notebook, "steps": steps}))
        return
    for step in steps:
        click.echo(f"{step['name']}: cells {', '.join(map(str, step['cells']))}")


def _finish(report: dict[str, Any], as_json: bool, difference: str = "") -> None:
    if as_json:
        click.echo(json.dumps(report))
    else:
        steps = list(report["steps"].values())
        done = sum(one["state"] in {"done", "cached"} for one in steps)
        cached = sum(one["cached"] for one in steps)
        click.echo(f"run {report['run']} {report['state']}: {done} of {len(steps)} steps, {cached} cached, {report['seconds']:.1f} s")
        for name, one in {**report["setup"], **report["steps"]}.items():
            failure = one["failure"]
            if failure is not None:
                cell = f" in cell {failure['cell']}" if failure["cell"] is not None else ""
                click.echo(f"{GLYPHS[one['state']]} {name} {one['state']}{cell}: {failure['ename']}: {failure['evalue']}", err=True)
        if report["output"]:
            click.echo(report["output"])
        if difference:
            click.echo(difference, err=True)
    if report["state"] != "done" or difference:
        sys.exit(1)


def _progress(event: Any) -> None:
    if event.kind == "step":
        reason = f"  {event.text}" if event.text else ""
        click.echo(
            f"{time.strftime('%H:%M:%S', time.localtime(event.time))} {GLYPHS.get(event.state, ' ')} {event.step} {event.state}{reason}",
            err=True,
        )
    elif event.kind == "cell" and event.total > 1 and event.state == "running":
        click.echo(f"           {event.step}: cell {event.position} of {event.total}", err=True)


@cli.command()
@click.argument("notebook")
@_json
def check(notebook: str, as_json: bool) -> None:
    r"""Tell what is wrong with NOTEBOOK as a pipeline; nothing is run.

    \b
    jupyter mlflow check train.ipynb
    """
    from jupyter_mlflow.actions import notebooks
    from jupyter_mlflow.spec import codec

    found = notebooks.check(notebook)
    warnings = sum(one.severity == "warning" for one in found.diagnostics)
    if as_json:
        shape = {
            "version": 1,
            "notebook": notebook,
            "diagnostics": codec.builtins(found.diagnostics),
            "errors": len(found.errors),
            "warnings": warnings,
        }
        click.echo(json.dumps(shape))
    else:
        for one in found.diagnostics:
            line = f" line {one.place.line}" if one.place.line else ""
            click.echo(f"{notebook}: cell {one.place.cell}{line}: {one.severity} {one.code} {one.name}")
            click.echo(f"    {one.message}\n    {one.fix}")
        click.echo(f"{len(found.pipeline.steps)} steps, {len(found.errors)} errors, {warnings} warnings")
    if found.errors:
        sys.exit(1)


@cli.command()
@click.argument("notebook")
@click.option("--format", "form", type=click.Choice(["text", "json", "mermaid", "svg"]), default="text")
@click.option("-o", "--output", help="A file to write to.")
@_json
def graph(notebook: str, form: str, output: str | None, as_json: bool) -> None:
    r"""Draw the pipeline of NOTEBOOK; nothing is run.

    \b
    jupyter mlflow graph train.ipynb --format svg -o pipeline.svg
    """
    from pathlib import Path

    from jupyter_mlflow.actions import drawings, notebooks

    text = drawings.draw(notebooks.check(notebook).pipeline, "json" if as_json else form, notebook)
    if output:
        try:
            Path(output).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{output} cannot be written: {error.strerror}.") from error
    else:
        click.echo(text)


@cli.group(invoke_without_command=True)
@_json
@click.pass_context
def runs(context: click.Context, as_json: bool) -> None:
    """List runs, newest first; or show, diff, rm."""
    if context.invoked_subcommand is not None:
        return
    from jupyter_mlflow.actions import runs as actions

    found = actions.list_runs()
    if as_json:
        click.echo(json.dumps({"version": 1, "runs": [actions.report(one) for one in found]}))
        return
    for one in found:
        click.echo(f"{GLYPHS.get(one.state, '?')} {one.run}  {one.state:<9} {one.seconds:8.1f} s  {one.notebook}")


@runs.command()
@click.argument("run")
@_json
def show(run: str, as_json: bool) -> None:
    """Show RUN: an id, its unique beginning, or `latest`."""
    from jupyter_mlflow.actions import runs as actions

    report = actions.report(actions.show(run))
    if as_json:
        click.echo(json.dumps(report))
        return
    click.echo(f"run {report['run']}  {report['state']}  {report['seconds']:.1f} s  {report['notebook']}")
    for name, one in report["steps"].items():
        click.echo(f"  {GLYPHS[one['state']]} {name:<20} {one['state']:<9} {one['seconds']:8.2f} s  {one['reason']}")


@runs.command()
@click.argument("first")
@click.argument("second")
@_json
def diff(first: str, second: str, as_json: bool) -> None:
    """Tell where two runs differ."""
    from jupyter_mlflow.actions import runs as actions

    found = actions.diff(first, second)
    if as_json:
        click.echo(json.dumps(found))
        return
    for noun in ("parameters", "metrics", "steps"):
        for name, (one, two) in found[noun].items():
            click.echo(f"{noun} {name}: {one} -> {two}")


@runs.command()
@click.argument("names", nargs=-1)
@click.option("--older", metavar="AGE", help="All runs older than this: 30d, 12h, 2w.")
@click.option("--dry-run", is_flag=True, help="Tell what would go, and delete nothing.")
@_json
def rm(names: tuple[str, ...], older: str | None, dry_run: bool, as_json: bool) -> None:
    """Delete runs and what only they needed."""
    from jupyter_mlflow.actions import runs as actions

    if bool(names) == bool(older):
        raise UsageError("Name runs to delete, or say --older AGE.")
    found = actions.remove(names, older_than=_age(older) if older else None, dry_run=dry_run)
    click.echo(json.dumps({"version": 1, **found}) if as_json else ", ".join(f"{key}: {value}" for key, value in found.items()))


def _age(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text)
    if match is None:
        raise UsageError(f"{text} is no age; write 30d, 12h or 2w.")
    return float(match[1]) * UNITS[match[2]]


@cli.command()
@click.argument("run")
@click.argument("step", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@_json
def logs(run: str, step: str | None, follow: bool, as_json: bool) -> None:
    """Print what the cells of RUN (or of one STEP) printed."""
    from jupyter_mlflow.actions import runs as actions
    from jupyter_mlflow.spec import codec

    for event in actions.logs(run, step, follow=follow):
        if as_json:
            click.echo(codec.encode(event).decode())
        elif event.kind == "stream":
            click.echo(event.text, nl=False, err=event.name == "stderr")
        elif event.kind == "step":
            click.echo(f"--- {event.step} {event.state} {event.text}")


@cli.command()
@click.argument("run")
@click.option("-p", "--parameters", "pairs", nargs=2, multiple=True, metavar="NAME VALUE", help="Secret parameters must be given again.")
@click.option("--quiet", is_flag=True, help="No progress.")
@_json
def resume(run: str, pairs: tuple[tuple[str, str], ...], quiet: bool, as_json: bool) -> None:
    """Go on with RUN from its finished steps."""
    from jupyter_mlflow.actions import notebooks
    from jupyter_mlflow.actions import runs as actions
    from jupyter_mlflow.cli.values import gather

    given = gather(pairs, (), (), (), ())
    found = actions.resume(run, given=given, on_event=(lambda _: None) if quiet or as_json else _progress)
    _finish(actions.report(found, notebooks.check(found.notebook).pipeline), as_json)
