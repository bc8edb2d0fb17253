"""Commands that run a notebook: run, resume."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from jupyter_mlflow.cli import application, texts, values

if TYPE_CHECKING:
    from jupyter_mlflow.spec.reports import RunReport


def _parameter_options(command: application.F) -> application.F:
    """The options of papermill, with its meanings and its order: later kinds win."""
    options: list[Callable[[Any], Any]] = [
        click.option("-p", "--parameters", nargs=2, multiple=True, metavar="NAME VALUE", help="A parameter; `-p name=value` works too."),
        click.option("-r", "--parameters_raw", nargs=2, multiple=True, metavar="NAME TEXT", help="A parameter that stays a text."),
        click.option("-f", "--parameters_file", multiple=True, metavar="FILE", help="A YAML file of parameters."),
        click.option("-y", "--parameters_yaml", multiple=True, metavar="YAML", help="Parameters as YAML."),
        click.option("-b", "--parameters_base64", multiple=True, metavar="TEXT", help="Parameters as YAML in base64."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Takes the parameter options out of `options`."""
    kinds = ("parameters", "parameters_raw", "parameters_file", "parameters_yaml", "parameters_base64")
    return values.gather(*(options.pop(kind) for kind in kinds))


@click.command(
    epilog="""\b
Examples:
  jupyter mlflow run train.ipynb -p lr=0.1 -o out.ipynb
  jupyter mlflow run train.ipynb -f params.yaml --workers 4
  jupyter mlflow run train.ipynb --from fit
  jupyter mlflow run train.ipynb --dry-run
  jupyter mlflow run train.ipynb --verify --json | jq .verification

\b
Parameters mean what they mean in papermill; of several for one name the
later kind wins: -b, -f, -y, -p, -r. Give secrets with -f (/dev/stdin works):
what stands on a command line can be seen by other users.

\b
Ctrl-C once starts no further step; twice stops those that run.
`jupyter mlflow resume` goes on from the finished steps."""
)
@click.argument("notebook")
@_parameter_options
@click.option("-o", "--output", metavar="FILE", help="Where to write the executed copy of the notebook.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Steps that run at the same time. Default: one per processor.")
@click.option("--no-cache", is_flag=True, help="Run all steps, unchanged ones too.")
@click.option("--from", "from_step", metavar="STEP", help="Run this step and all that wait for it again.")
@click.option("--only", metavar="STEP", help="Run only this step, again; what it needs is reused where it can be.")
@click.option("--dry-run", is_flag=True, help="Tell what would run and what would be reused, and run nothing.")
@click.option("--verify", is_flag=True, help="Also run all cells in one kernel, and tell the first difference.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@application.json_option
@click.pass_obj
def run(view: application.ViewFactory | None, /, notebook: str, **options: Any) -> int:
    """Run NOTEBOOK as a pipeline: in parallel, reusing unchanged steps."""
    given = _given(options)
    if options["verify"]:
        _alone("--verify", options, "only", "from_step", "dry_run")
    if options["from_step"] and options["only"]:
        raise click.UsageError("--from and --only say different things; give one of them.")
    if options["dry_run"]:
        return _plan(notebook, given, options)
    show = _progress(view, notebook, options)
    if options["verify"]:
        from jupyter_mlflow.actions import verification

        with show as progress:
            report = verification.verify(
                notebook,
                given=given,
                output=options["output"],
                workers=options["workers"],
                on_start=progress.start,
                on_event=progress,
            )
        return _finish(report, options["as_json"])
    from jupyter_mlflow.actions import reports, runs

    with show as progress:
        found = runs.run(
            notebook,
            given=given,
            output=options["output"],
            workers=options["workers"],
            cache=not options["no_cache"],
            from_step=options["from_step"],
            only=options["only"],
            on_start=progress.start,
            on_event=progress,
        )
    return _finish(reports.of_run(found), options["as_json"])


@click.command(
    epilog="""\b
Examples:
  jupyter mlflow resume latest
  jupyter mlflow resume k3f9 -f secrets.yaml"""
)
@click.argument("run")
@_parameter_options
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@application.json_option
@click.pass_obj
def resume(view: application.ViewFactory | None, /, run: str, **options: Any) -> int:
    """Go on with RUN, which failed or was stopped, from its finished steps.

    RUN is an id, its beginning or end, or `latest`. The notebook may have been mended since. Secret parameters were not kept:
    give them again.
    """
    from jupyter_mlflow.actions import reports, runs

    given = _given(options)
    with _progress(view, runs.show(run).notebook, options) as progress:
        found = runs.resume(run, given=given, on_start=progress.start, on_event=progress)
    return _finish(reports.of_run(found), options["as_json"])


def _alone(option: str, options: dict[str, Any], *others: str) -> None:
    for other in others:
        if options[other]:
            raise click.UsageError(f"{option} compares whole runs; leave out --{other.replace('_step', '').replace('_', '-')}.")


def _progress(view: application.ViewFactory | None, notebook: str, options: dict[str, Any]) -> Any:
    from jupyter_mlflow.cli import progress

    if options["quiet"] or (options["as_json"] and view is None):
        return progress.Silent()
    return (view or progress.chosen)(notebook)


def _plan(notebook: str, given: dict[str, Any], options: dict[str, Any]) -> int:
    from jupyter_mlflow.actions import plans

    report = plans.plan(notebook, given=given, cache=not options["no_cache"], from_step=options["from_step"], only=options["only"])
    application.show(report, texts.plan, as_json=options["as_json"])
    return 0


def _finish(report: RunReport, as_json: bool) -> int:
    same = report.verification is None or report.verification.same
    for line in () if as_json else texts.failures(report):
        application.say(line, err=True)
    application.show(report, texts.summary, as_json=as_json)
    return 0 if report.state == "done" and same else 1
