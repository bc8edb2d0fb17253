"""The rules of a faithful pipeline. A rule is a function from facts to findings; its docstring is its help page.

The first line of a docstring says the rule, the rest why it matters and how to mend a notebook that breaks it.
Not here: errors about files that cannot be read (`errors`), and finding out what code does (`dataflow`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from jupyter_mlflow.assemble.facts import Facts
from jupyter_mlflow.assemble.rules import code, names, objects, order, processes, tags
from jupyter_mlflow.assemble.rules.rule import Finding, Rule
from jupyter_mlflow.spec.diagnostics import Diagnostic

RULES: tuple[Rule, ...] = (*tags.RULES, *order.RULES, *names.RULES, *objects.RULES, *processes.RULES, *code.RULES)
"""All rules, by code."""

_SEVERITIES = ("error", "warning", "info")


def check(facts: Facts) -> tuple[Diagnostic, ...]:
    """All findings: errors first, then in notebook order."""
    found = [one for rule in RULES for one in _findings(rule, facts)]
    return tuple(sorted(found, key=lambda one: (_SEVERITIES.index(one.severity), one.place.cell or 0, one.place.line or 0, one.code)))


def _findings(rule: Rule, facts: Facts) -> Iterator[Diagnostic]:
    findings: list[Finding] = []
    with contextlib.suppress(RecursionError):  # an expression of thousands of parts: this rule has nothing to say about it
        findings.extend(rule.check(facts))
    for finding in findings:
        yield Diagnostic(
            code=rule.code,
            name=rule.name,
            severity=finding.severity or rule.severity,
            place=finding.place,
            message=finding.message,
            fix=finding.fix,
            related=finding.related,
        )
