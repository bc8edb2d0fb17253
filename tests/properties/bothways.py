"""A program run both ways: all cells in one namespace, and each step in a process of its own that starts from snapshots.

Steps run with the runtime's own agent and what `assemble` says about them, in forked processes instead of kernels: a program takes some ten
milliseconds, so thousands can be tried.

    python -m tests.properties.bothways 0 5000        prints what differs, as small as it can be made
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import re
import resource
import signal
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_mlflow.assemble import assemble
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.spec.pipelines import Pipeline, Step
from jupyter_mlflow.testing.notebooks import notebook
from tests.properties.programs import Grower, Program

SECONDS = 5
ADDRESS = re.compile("0x[0-9a-f]+")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """`printed` by cell index; `error` is the cell and exception that ended it. `refused` when nothing was run."""

    printed: dict[int, str]
    error: tuple[int, str] | None = None
    refused: str = ""


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` gives, run in a forked process; None when it dies or takes too long."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reader)
            sys.setrecursionlimit(500)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(SECONDS)
            resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
            data = json.dumps(work()).encode()
            with os.fdopen(writer, "wb") as stream:
                stream.write(data)
            os._exit(0)
        except BaseException as problem:  # noqa: BLE001
            if os.environ.get("BOTHWAYS_DEBUG"):
                import traceback

                traceback.print_exception(problem)
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        data = stream.read()
    os.waitpid(child, 0)
    return json.loads(data) if data else None


def namespace() -> dict[str, Any]:
    """A module `__main__` as a kernel has it."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    return module.__dict__


def execute(cells: list[tuple[int, str]], space: dict[str, Any]) -> tuple[dict[str, str], list[Any] | None]:
    """What each cell printed, and the cell and error that ended it."""
    printed: dict[str, str] = {}
    for index, source in cells:
        stream = io.StringIO()
        try:
            with contextlib.redirect_stdout(stream):
                exec(compile(source, f"<cell {index}>", "exec"), space)
        except Exception as problem:  # noqa: BLE001
            printed[str(index)] = ADDRESS.sub("", stream.getvalue())
            return printed, [index, type(problem).__name__]
        printed[str(index)] = ADDRESS.sub("", stream.getvalue())
    return printed, None


def run_all(cells: list[tuple[str, str]]) -> Outcome | None:
    """All cells in one namespace; None when that takes too long."""
    found = in_child(lambda: execute([(number, source) for number, (_, source) in enumerate(cells)], namespace()))
    return _outcome(*found) if found else None


def _outcome(printed: dict[str, str], error: list[Any] | None) -> Outcome:
    return Outcome({int(key): text for key, text in printed.items()}, (error[0], error[1]) if error else None)


def run_steps(cells: list[tuple[str, str]]) -> Outcome | None:
    """Each step on its own, as far as none fails."""
    assembly = assemble(read(notebook(cells), "program"))
    if assembly.errors:
        return Outcome({}, refused=assembly.errors[0].message)
    pipeline = assembly.pipeline
    printed: dict[int, str] = {}
    with tempfile.TemporaryDirectory(prefix="bothways-") as folder:
        outputs: dict[str, list[dict[str, Any]]] = {}
        unportable: dict[str, dict[str, str]] = {}
        for step in in_order(pipeline):
            blocked = next((read for read in step.reads if read.certain and read.key in unportable[str(read.source)]), None)
            if blocked is not None:
                return Outcome(printed, error=(step.cells[0].index, f"stopped: {blocked.key}"))
            found = in_child(lambda step=step: _run_step(step, pipeline, outputs, folder))  # type: ignore[misc]
            if found is None:
                return None
            one = _outcome(found["printed"], found["error"])
            printed |= one.printed
            if one.error:
                lost = {key for keys in unportable.values() for key in keys}  # handed on by others perhaps, so far as it came
                missing = any(read.key in lost for read in step.reads)
                return Outcome(
                    printed, (one.error[0], f"stopped: {one.error[1]}") if missing and one.error[1] == "NameError" else one.error
                )
            outputs[str(step.name)], unportable[str(step.name)] = found["outputs"], found["unportable"]
    return Outcome(printed)


def in_order(pipeline: Pipeline) -> list[Step]:
    """Each step behind those it waits for; a step whose cells stand apart may wait for one that begins below it."""
    waits = {step.name: {edge.source for edge in pipeline.edges if edge.target == step.name} for step in pipeline.steps}
    found: list[Step] = []
    while len(found) < len(pipeline.steps):
        done = {step.name for step in found}
        found.append(next(step for step in pipeline.steps if step.name not in done and waits[step.name] <= done))
    return found


def _run_step(step: Step, pipeline: Pipeline, outputs: dict[str, list[dict[str, Any]]], folder: str) -> dict[str, Any]:
    from jupyter_mlflow.runtime import agent

    work, outbox = Path(folder) / "work", Path(folder) / str(step.name)
    work.mkdir(exist_ok=True)
    outbox.mkdir()
    os.chdir(work)
    space = namespace()
    answer = agent.begin(
        {
            "step": str(step.name),
            "folder": str(work),
            "inputs": _inputs(step, pipeline, outputs),
            "modules": step.modules,
            "replay": step.replay,
        },
        space,
    )
    if not answer["ok"]:
        return {"printed": {}, "error": [step.cells[0].index, f"begin: {answer['ename']}: {answer['evalue']}"]}
    printed, error = execute([(cell.index, cell.source) for cell in step.cells], space)
    if error:
        return {"printed": printed, "error": error}
    given = agent.finish({"gives": step.gives, "outbox": str(outbox)}, space)
    return {"printed": printed, "error": None, "outputs": given["outputs"], "unportable": given["unportable"]}


def _inputs(step: Step, pipeline: Pipeline, outputs: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """As the run driver makes them: in notebook order of their makers, each with the keys that are read from it."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for one in step.reads:
        for output in outputs.get(str(one.source), ()):
            if one.key in output["keys"]:
                wanted.setdefault((str(one.source), output["path"]), []).append(str(one.key))
    order = [str(one.name) for one in pipeline.steps]
    pairs = sorted(wanted, key=lambda pair: order.index(pair[0]))
    return [{"path": path, "keys": wanted[source, path], "source": source} for source, path in pairs]


def difference(cells: list[tuple[str, str]]) -> str:
    """In words, or nothing when both agree or the notebook was refused."""
    whole = run_all(cells)
    if whole is None:
        return ""
    parts = run_steps(cells)
    if parts is None:
        return "the pipeline died"
    if parts.refused:
        return "refused"
    last = whole.error[0] if whole.error else len(cells)
    for index in sorted({*whole.printed, *parts.printed}):
        if index > last or (parts.error and index >= parts.error[0]):
            break
        if whole.printed.get(index) != parts.printed.get(index):
            return f"silent: cell {index}: {whole.printed.get(index)!r} by Run All, {parts.printed.get(index)!r} by the pipeline"
    if parts.error and parts.error[1].startswith("stopped"):
        return "stopped"
    if parts.error and parts.error[0] <= last and parts.error != whole.error:
        return f"loud: {parts.error} by the pipeline, {whole.error} by Run All"
    if whole.error and whole.error != parts.error:
        return f"silent: {whole.error} by Run All, {parts.error} by the pipeline"
    return ""


def kind(found: str) -> str:
    return found.partition(":")[0]


def smaller(program: Program, sort: str, most: int = 1500) -> Program:
    """The program with all taken away that can be taken away while it still differs in that way."""
    left = most
    units = list(program.units)
    breaks = frozenset[int]()
    if kind(difference(Program(tuple(units)).cells())) != sort:
        return program

    def keeps(trial: list[tuple[str, str]]) -> bool:
        nonlocal left
        left -= 1
        return left > 0 and kind(difference(Program(tuple(trial), breaks).cells())) == sort

    size = len(units)
    while size:
        position = 0
        while position < len(units):
            trial = units[:position] + units[position + size :]
            if trial and keeps(trial):
                units = trial
            else:
                position += size
        size //= 2
    for position in range(len(units)):
        for text in _simpler(units[position][1]):
            trial = [*units[:position], (units[position][0], text), *units[position + 1 :]]
            if keeps(trial):
                units = trial
                break
    for position in range(len(units) - 1, 0, -1):  # fewer steps
        old, new = units[position][0], units[position - 1][0]
        trial = [(new if step == old and number >= position else step, text) for number, (step, text) in enumerate(units)]
        if old != new and keeps(trial):
            units = trial
    lines = True
    while lines:
        lines = False
        for position, (step, text) in enumerate(units):
            rows = text.split("\n")
            for row in range(len(rows)):
                shorter = "\n".join(rows[:row] + rows[row + 1 :])
                if shorter and _valid(shorter) and keeps([*units[:position], (step, shorter), *units[position + 1 :]]):
                    units[position] = (step, shorter)
                    lines = True
                    break
    return Program(tuple(units), breaks)


def _valid(text: str) -> bool:
    try:
        compile(text, "<cell>", "exec")
    except SyntaxError:
        return False
    return True


def _simpler(text: str) -> list[str]:
    """The statement without the `try` around it."""
    rows = text.split("\n")
    if rows[0] == "try:" and rows[-2].startswith("except"):
        return ["\n".join(row[4:] for row in rows[1:-2])]
    return []


def grown(seed: int) -> Program | None:
    """The program of a seed, grown in a process of its own; None when it takes too long."""

    def work() -> Any:
        program = Grower(seed).grow()
        return [program.units, sorted(program.breaks)]

    found = in_child(work)
    return Program(tuple((step, text) for step, text in found[0]), frozenset(found[1])) if found else None


def main(first: int, last: int) -> None:
    counts: dict[str, int] = {}
    import numpy as np  # noqa: F401 - so that children have it

    for seed in range(first, last):
        program = grown(seed)
        if program is None:
            counts["not grown"] = counts.get("not grown", 0) + 1
            continue
        try:
            found = difference(program.cells())
        except Exception as problem:  # noqa: BLE001
            found = f"crash: {type(problem).__name__}: {problem}"
            print(f"===== {seed} {found}\n{program.text()}", flush=True)
            counts["crash"] = counts.get("crash", 0) + 1
            continue
        if seed % 100 == 99:
            print(seed, counts, file=sys.stderr, flush=True)
        sort = kind(found) or "same"
        counts[sort] = counts.get(sort, 0) + 1
        if sort not in {"same", "refused", "stopped"}:
            try:
                small = smaller(program, sort)
                print(f"===== {seed} {difference(small.cells())}\n{small.text()}", flush=True)
            except Exception as problem:  # noqa: BLE001
                print(f"===== {seed} {found} (not made smaller: {problem})\n{program.text()}", flush=True)
        elif sort == "refused" and os.environ.get("BOTHWAYS_REFUSED"):
            print(f"----- {seed} {run_steps(program.cells()).refused}", flush=True)  # type: ignore[union-attr]
    print(counts)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
