"""Rules about objects that cannot travel."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_mlflow.assemble.facts import Facts
from jupyter_mlflow.assemble.rules.rule import Finding, Rule
from jupyter_mlflow.dataflow import knowledge
from jupyter_mlflow.dataflow.values import LIVE
from jupyter_mlflow.spec.diagnostics import Place


def live_object(facts: Facts) -> Iterator[Finding]:
    """A step uses an object that only exists in the process that made it.

    Generators, open files, locks, threads, network and database connections cannot be handed to another process. If nobody uses such an
    object in a later step nothing is wrong; here a later step does.

    Make the object in the step that uses it, put both cells into one step, or keep plain data instead (`list(generator)`, the file's
    path, the query's result).
    """
    for need in facts.channels.needs.values():
        maker = facts.effects.get(need.writer)
        words = maker.live.get(need.key) if maker is not None else None
        if words is None or maker is None or need.passing:
            continue
        reader = facts.effects.get(need.reader)
        silent = words not in LIVE.values() and reader is not None and need.key in reader.names  # nothing would fail, it would be wrong
        certain = (need.certain or silent) and need.key in maker.definite
        yield Finding(
            place=Place(cell=need.reader, line=need.line, step=need.step),
            message=f"`{need.key}` {'is' if certain else 'may be'} {words} made by step `{need.source}` in cell {need.writer}; "
            f"it cannot travel to step `{need.step}`, which uses it.",
            fix=f"Make `{need.key}` in step `{need.step}`, put both cells into one step, or hand over plain data.",
            related=(Place(cell=need.writer, line=maker.lines.get(need.key), step=need.source),),
            severity="error" if certain else "warning",
        )


def hidden_state(facts: Facts) -> Iterator[Finding]:
    """A step may change the inner state of a library that a later step uses.

    What a call such as `library.configure(...)` leaves inside the library does not travel, unless it is a well-known one. In `setup` cells
    such calls are run again for every step. Of libraries that are not known, only functions whose name says it are reported: `set_...`,
    `enable_...`, `register_...`, `init` and the like.

    Move the call to a `setup` cell, or repeat it in the step that needs it.
    """
    for index, effects in sorted(facts.effects.items()):
        step = facts.step_of(index)
        if facts.block(step).role != "step":
            continue
        for path, line in effects.hidden.items():
            root = path.partition(".")[0]
            rule = knowledge.rule(path)
            everywhere = path.startswith("sys.")  # streams and hooks are used by every cell
            users = [one for one, other in sorted(facts.effects.items()) if one > index and (everywhere or root in other.uses)]
            later = next((one for one in users if facts.step_of(one) != step), None)
            if later is not None and (everywhere or (rule is not None and rule.hidden) or knowledge.configures(path)):
                yield Finding(
                    place=Place(cell=index, line=line, step=step),
                    message=f"`{path}` changes state inside `{root}` that does not travel to step `{facts.step_of(later)}`, "
                    f"which uses `{root}` too.",
                    fix="Move the call to a `setup` cell, or repeat it in the step that needs it.",
                    related=(Place(cell=later, step=facts.step_of(later)),),
                )


def same_nan(facts: Facts) -> Iterator[Finding]:
    """A NaN that travelled is looked for by identity.

    A NaN equals nothing, not even itself; `nan in values` is true only for the very same object. A copy in another process is another
    object, so the answer would be different there.

    Ask with `math.isnan`, `numpy.isnan` or `pandas.isna`, or put both cells into one step.
    """
    for index, effects in sorted(facts.effects.items()):
        step = facts.step_of(index)
        for names, line in effects.nans.items():
            come = [facts.channels.needs[step, name] for name in sorted(names) if (step, name) in facts.channels.needs]
            if come:
                yield Finding(
                    place=Place(cell=index, line=line, step=step),
                    message=f"`{come[0].key}` brings a NaN from step `{come[0].source}`, which is looked for by identity here.",
                    fix="Ask with `math.isnan`, `numpy.isnan` or `pandas.isna`, or put both cells into one step.",
                    related=(Place(cell=come[0].writer, step=come[0].source),),
                )


def cached_function(facts: Facts) -> Iterator[Finding]:
    """A function that remembers its results is called in several steps, and its memory would be seen.

    `functools.cache` and `lru_cache` keep results inside the process. In Run All a second call with the same arguments does nothing; in
    another step the function would run again, so what it prints, counts or draws would happen twice.

    Call it in one step only, or keep the results in a variable (a dict), which travels.
    """
    first: dict[int, tuple[str, int]] = {}
    for index, effects in sorted(facts.effects.items()):
        step = facts.step_of(index)
        for region, memo in effects.memos.items():
            before, cell = first.setdefault(region, (step, index))
            if before != step and memo.impure:
                yield Finding(
                    place=Place(cell=index, line=memo.line, step=step),
                    message=f"`{memo.name}` remembers its results since cell {cell} (step `{before}`); that memory does not travel, "
                    "and its work would be seen twice.",
                    fix=f"Call `{memo.name}` in one step only, or keep its results in a dict.",
                    related=(Place(cell=cell, step=before),),
                )


RULES = (
    Rule("JM301", "live-object", "error", live_object),
    Rule("JM302", "hidden-state", "warning", hidden_state),
    Rule("JM303", "cached-function", "error", cached_function),
    Rule("JM304", "same-nan", "error", same_nan),
)
