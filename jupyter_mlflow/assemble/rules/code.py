"""Rules about the text of cells."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jupyter_mlflow.assemble.facts import Facts
from jupyter_mlflow.assemble.rules.rule import Finding, Rule
from jupyter_mlflow.dataflow import sources
from jupyter_mlflow.spec.diagnostics import Place
from jupyter_mlflow.spec.pipelines import Cell

RUNS_TEXT = frozenset(
    {"eval", "exec", "system", "popen", "getoutput", "run_line_magic", "run_cell_magic", "run", "check_output", "call", "Popen"}
)
"""Functions that run what they are given as code or as a command."""
ENDS = frozenset({"exit", "quit"})


def syntax_error(facts: Facts) -> Iterator[Finding]:
    """A cell is not valid Python, even with IPython's magics.

    What it reads and writes cannot be told, and it would fail when it runs. Mend the cell, or tag it `skip`.
    """
    for index, effects in sorted(facts.effects.items()):
        if effects.error is not None:
            yield Finding(
                place=Place(cell=index, line=effects.error.lineno, step=facts.step_of(index)),
                message=f"This cell is not valid Python: {effects.error.msg}.",
                fix="Mend the cell, or tag it `skip`.",
            )


def parameter_as_code(facts: Facts) -> Iterator[Finding]:
    """A parameter is run as code or as part of a command.

    Parameters are values that others may set. Whoever may start the pipeline could run any code through this one.

    Choose among known values instead (`{"a": run_a, "b": run_b}[name]()`), or pass an argument list to `subprocess.run`.
    """
    names = {one.name for one in facts.pipeline.parameters}
    for cell in _cells(facts):
        tree = sources.read(cell.source).tree
        for node in ast.walk(tree) if tree is not None and names else ():
            if isinstance(node, ast.Call) and _called(node) in RUNS_TEXT:
                used = sorted(names & _mentioned(node))
                if used:
                    yield Finding(
                        place=Place(cell=cell.index, line=node.lineno, step=facts.step_of(cell.index)),
                        message=f"The parameter `{used[0]}` becomes part of code or of a command.",
                        fix="Choose among known values, or pass it as one argument of a list.",
                    )


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _mentioned(node: ast.Call) -> set[str]:
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    for one in ast.walk(node):
        if (
            isinstance(one, ast.Constant)
            and isinstance(one.value, str)
            and _called(node) in {"system", "getoutput", "run_line_magic", "run_cell_magic"}
        ):
            names |= {part.strip("{}$") for part in one.value.replace("{", " {").replace("}", "} ").split() if part[:1] in "{$"}
    return names


def unreachable(facts: Facts) -> Iterator[Finding]:
    """Cells stand below one that always stops.

    An unconditional `raise`, `exit()` or `sys.exit()` at the top level of a cell ends Run All there. Steps that do not depend on that
    cell would still run in the pipeline.

    Remove the statement, or tag the cell `skip`.
    """
    cells = _cells(facts)
    for position, cell in enumerate(cells[:-1]):
        tree = sources.read(cell.source).tree
        stop = next((one for one in tree.body if _stops(one)), None) if tree is not None else None
        if stop is not None and "raises-exception" not in cell.tags:
            yield Finding(
                place=Place(cell=cell.index, line=stop.lineno, step=facts.step_of(cell.index)),
                message=f"Nothing below this line runs in Run All; {len(cells) - position - 1} cells stand below.",
                fix="Remove the statement, or tag this cell `skip`.",
            )
            return


def _stops(node: ast.stmt) -> bool:
    if isinstance(node, ast.Raise):
        return True
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return False
    return (isinstance(call.func, ast.Name) and call.func.id in ENDS) or ast.unparse(call.func) in {"sys.exit", "os._exit"}


def asks_user(facts: Facts) -> Iterator[Finding]:
    """A cell waits for somebody to type.

    A pipeline runs without anybody at the keyboard, as Run All in a batch does; `input()` fails there.

    Make the value a parameter.
    """
    for cell in _cells(facts):
        tree = sources.read(cell.source).tree if "input" in cell.source or "getpass" in cell.source else None
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Call) and _called(node) in {"input", "getpass"} and isinstance(node.func, ast.Name):
                yield Finding(
                    place=Place(cell=cell.index, line=node.lineno, step=facts.step_of(cell.index)),
                    message=f"`{_called(node)}()` waits for somebody to type; a pipeline has nobody to ask.",
                    fix="Make the value a parameter, set with `-p name=value`.",
                )
                break


def other_language(facts: Facts) -> Iterator[Finding]:
    """The notebook is not in Python, so variables do not travel between its steps.

    Order, files and parameters work for every kernel: set-up and parameters cells are replayed in each step, and as nobody can see what
    such cells read and write, steps run one after the other and always anew. To hand data from step to step, write it to a file in one
    and read it in the next. An `after:` tag says which steps a step waits for, so that others may run beside it.
    """
    language = facts.notebook.kernel.language
    if not facts.notebook.kernel.is_python and len(facts.pipeline.steps) > 1:
        yield Finding(
            place=Place(),
            message=f"This is a {language} notebook: variables do not travel between its steps, only files do.",
            fix="Write what a later step needs to a file. Steps run one after the other; `after:` tags let some run at the same time.",
        )


def _cells(facts: Facts) -> list[Cell]:
    return sorted((cell for block in facts.blocks.blocks for cell in block.cells), key=lambda cell: cell.index)


RULES = (
    Rule("JM401", "syntax-error", "error", syntax_error),
    Rule("JM402", "parameter-as-code", "warning", parameter_as_code),
    Rule("JM403", "unreachable-cell", "warning", unreachable),
    Rule("JM404", "asks-the-user", "warning", asks_user),
    Rule("JM405", "other-language", "warning", other_language),
)
