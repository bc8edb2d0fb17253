"""Help pages of diagnostics, one for each rule, from its docstring."""

from __future__ import annotations

import inspect

from jupyter_mlflow.assemble import rules
from jupyter_mlflow.assemble.rules.rule import Rule

SEVERITY = {
    "error": "An **error**: the notebook is refused before anything runs.",
    "warning": "A **warning**: the notebook runs; look at it first.",
    "info": "A **note** that explains a choice; nothing has to be done.",
}
GROUPS = {"1": "Tags and order", "2": "Names", "3": "Objects that cannot travel", "4": "The text of cells"}

INDEX = """# Diagnostics

What `jupyter mlflow check` may say about a notebook. A code never changes its meaning. A page says what is wrong, why it matters and how to
mend it.
"""


def pages() -> dict[str, str]:
    """Path -> text."""
    made = {f"docs/diagnostics/{rule.code}.md": _page(rule) for rule in rules.RULES}
    made["docs/diagnostics/index.md"] = _index()
    return made


def _parts(rule: Rule) -> tuple[str, str]:
    title, _, rest = inspect.cleandoc(rule.help).partition("\n\n")
    return " ".join(title.split()), rest


def _page(rule: Rule) -> str:
    title, rest = _parts(rule)
    return f"# {rule.code} {rule.name}\n\n**{title}**\n\n{rest}\n\n{SEVERITY[rule.severity]}\n"


def _index() -> str:
    lines = [INDEX]
    for digit, title in GROUPS.items():
        lines += [f"## {title}\n", "| code | name | | |", "|---|---|---|---|"]
        own = sorted((rule for rule in rules.RULES if rule.code[2] == digit), key=lambda rule: rule.code)
        lines += [f"| [{rule.code}]({rule.code}.md) | {rule.name} | {rule.severity} | {_cell(_parts(rule)[0])} |" for rule in own]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
