"""Commands that read a notebook and run nothing: check, graph, explain, schema."""

from __future__ import annotations

import click

from jupyter_mlflow.cli import application, texts
from jupyter_mlflow.errors import UsageError


@click.command(
    epilog="""\b
Examples:
  jupyter mlflow check train.ipynb
  jupyter mlflow check train.ipynb --json | jq '.diagnostics[].code'

\b
Exit code 1 when something would refuse a run; warnings alone give 0.
Cells are counted from 0, text cells too."""
)
@click.argument("notebook")
@application.json_option
def check(notebook: str, as_json: bool) -> int:
    """Tell what is wrong with NOTEBOOK as a pipeline.

    Each problem has a code, a place, a reason and a way out. Nothing is run.
    """
    from jupyter_mlflow.actions import notebooks

    report = notebooks.checked(notebook)
    application.show(report, texts.check, as_json=as_json)
    return 1 if report.errors else 0


@click.command(
    epilog="""\b
Examples:
  jupyter mlflow graph train.ipynb
  jupyter mlflow graph train.ipynb --format svg -o train.svg
  jupyter mlflow graph train.ipynb --format mermaid >> README.md"""
)
@click.argument("notebook")
@click.option("--format", "form", type=click.Choice(["text", "json", "mermaid", "svg"]), default="text", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Write to a file.")
@application.json_option
def graph(notebook: str, form: str, output: str | None, as_json: bool) -> int:
    """Draw the pipeline of NOTEBOOK. Nothing is run.

    A name with a question mark may travel: it cannot be told from the code.
    """
    from jupyter_mlflow.actions import drawings, notebooks

    text = drawings.draw(notebooks.check(notebook).pipeline, "json" if as_json else form, notebook)
    if output:
        notebooks.write_text(output, text + "\n")
    else:
        application.say(text)
    return 0


@click.command(
    epilog="""\b
Examples:
  jupyter mlflow explain JM111
  jupyter mlflow explain"""
)
@click.argument("code", required=False)
@application.json_option
def explain(code: str | None, as_json: bool) -> int:
    """Explain the problem with this CODE, or list all codes."""
    from jupyter_mlflow.actions import notebooks

    application.show(notebooks.rules(code), texts.rule_list if code is None else texts.rule_page, as_json=as_json)
    return 0


@click.command(
    epilog="""\b
Examples:
  jupyter mlflow schema
  jupyter mlflow schema run > run.v1.json"""
)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Schemas are JSON anyway; the list of names as JSON.")
def schema(name: str | None, as_json: bool) -> int:
    """Print the JSON Schema of what a command prints with --json, or list their names."""
    import json

    from jupyter_mlflow.spec import reports

    if name is None:
        names = list(reports.DOCUMENTS)
        application.say(json.dumps({"version": reports.VERSION, "schemas": names}) if as_json else "\n".join(names))
    elif name in reports.DOCUMENTS:
        application.say(json.dumps(reports.schema(name), indent=None if as_json else 2))
    else:
        raise UsageError(f"There is no document {name!r}. There are {', '.join(reports.DOCUMENTS)}.")
    return 0
