"""The agent: the code inside the user's kernel that puts state in place before a step's cells run and captures it afterwards.

It needs the standard library only, like `payloads`, `portable` and `states` beside it, so that the runtime can inject them all into a kernel
of any environment (see `injection`).
"""

from __future__ import annotations

import builtins
import importlib
import math
import os
import sys
import traceback
import types
from typing import Any, Dict, Iterable, List, Optional

from jupyter_mlflow.runtime import payloads
from jupyter_mlflow.runtime.portable import identities
from jupyter_mlflow.runtime.states import beginnings, footprints, kinds, settings, shell

identities.Here.singletons = (
    ("os", "environ"),
    ("random", "_inst"),  # whose methods are `random.random` and so on
    ("numpy.random.mtrand", "_rand"),
    ("sys", "stdout"),
    ("sys", "stderr"),
    ("matplotlib", "rcParams"),
)
"""Objects that there is one of in each process: others refer to them by name, their state travels on its own."""


def begin(request: Dict[str, Any], namespace: Dict[str, Any]) -> Dict[str, Any]:
    """Put the inputs in place."""
    identities.Here.namespace, identities.Here.step = namespace, request.get("step", "")
    beginnings.Here.folder = os.path.abspath(request.get("folder") or os.getcwd())
    beginnings.Here.environ, beginnings.Here.start = dict(os.environ), settings.look(request.get("gives"))
    footprints.Here.kept, footprints.Here.temporary = {}, []
    shell.visit_first()
    footprints.install()
    restored, states = [], {}  # type: List[str], Dict[str, Any]
    given: Dict[str, Any] = {}
    try:
        for given in _early(request.get("inputs", ())):
            values = payloads.load(given["path"])
            for key in given["keys"]:
                if key in kinds.FIRST:
                    kinds.put(key, values[key])
                elif ":" in key:
                    states[key] = values[key]
                else:
                    namespace[key] = values[key]
                restored.append(key)
        _import_again(request.get("modules", ()), namespace)
        assign(request.get("values") or {}, namespace)
        given = {"keys": ["setup"], "source": "setup"}
        for statement in request.get("replay", ()):
            _replay(statement, namespace)
        for key in sorted(states, key=lambda one: (kinds.ORDER.index(one.partition(":")[0]), one)):
            given = {"keys": [key], "source": _source_of(request, key)}
            kinds.put(key, states[key])
        given = {"keys": ["modules"]}
        footprints.only_once(footprints.undo())
    except Exception as problem:  # noqa: BLE001 - whatever a payload raises is told, with the step that made it
        lines = traceback.format_exception(type(problem), problem, problem.__traceback__)
        footprints.undo()
        return {
            "ok": False,
            "key": ", ".join(given.get("keys", ())),
            "source": given.get("source", ""),
            "ename": type(problem).__name__,
            "evalue": str(problem),
            "traceback": lines,
        }
    if restored:
        shell.as_after_a_cell()
    footprints.listen()
    return {"ok": True, "restored": restored}


def _early(inputs: Iterable[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Import path and environment first, the rest in the order given."""
    return sorted(inputs, key=lambda one: not any(key in kinds.FIRST for key in one["keys"]))


def _source_of(request: Dict[str, Any], key: str) -> str:
    return next((one["source"] for one in request.get("inputs", ()) if key in one["keys"]), "")


def _import_again(names: Iterable[str], namespace: Dict[str, Any]) -> None:
    """`import a.b` elsewhere makes `a.b` work here, if `a` is here."""
    roots = {value.__name__.partition(".")[0] for value in list(namespace.values()) if isinstance(value, types.ModuleType)}
    for name in names:
        if "." in name and name.partition(".")[0] in roots:
            try:
                importlib.import_module(name)
            except ImportError:
                continue  # a function or class that was imported by that name


def _replay(statement: str, namespace: Dict[str, Any]) -> None:
    if statement.startswith("from __future__ import"):
        import __future__

        shell = namespace["get_ipython"]() if "get_ipython" in namespace else None
        for word in statement.partition("import")[2].replace(",", " ").split():
            feature = getattr(__future__, word, None)
            if shell is not None and feature is not None:
                shell.compile.flags |= feature.compiler_flag
        return
    sink = open(os.devnull, "w")  # noqa: SIM115 - closed below, user code may replace anything meanwhile
    streams = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = sink
    try:
        exec(compile(statement, "<setup>", "exec"), namespace)  # noqa: S102 - it is the user's own setup cell
    except ImportError:
        if not statement.startswith(("import ", "from ")):  # who needs it will say so
            raise
    finally:
        sys.stdout, sys.stderr = streams
        sink.close()


def assign(values: Dict[str, Any], namespace: Dict[str, Any]) -> None:
    """Set parameters."""
    namespace.update(values)


def finish(request: Dict[str, Any], namespace: Dict[str, Any]) -> Dict[str, Any]:
    """Capture what later steps read."""
    footprints.Here.listening = False
    gives = list(request.get("gives", ()))
    footprints.outlive(namespace, gives)
    read, written = footprints.files(request["outbox"], request.get("ignored", ()))
    absent, unportable, drafts = [], {}, {}  # type: List[str], Dict[str, str], Dict[str, payloads.Draft]
    for key in gives:
        try:
            value = kinds.capture(key, namespace)
        except KeyError:
            absent.append(key)
            continue
        except Exception as problem:  # noqa: BLE001
            unportable[key] = _reason(key, None, problem)
            continue
        try:
            drafts[key] = payloads.Draft({key: value})
        except BaseException as problem:  # noqa: BLE001 - RecursionError, user's __reduce__ and all
            unportable[key] = _reason(key, value, problem)
    outputs: List[Dict[str, Any]] = []
    shared, apart = payloads.sharing(drafts.values())
    for number, group in enumerate(payloads.groups(drafts)):
        path = os.path.join(request["outbox"], "%d.jms" % number)
        values = {key: drafts[key].values[key] for key in group}
        try:
            draft = drafts[group[0]] if len(group) == 1 and not shared else payloads.Draft(values, shared, apart)
            outputs.append({"path": path, "keys": group, "size": draft.write(path)})
        except BaseException as problem:  # noqa: BLE001
            unportable.update({key: _reason(key, values[key], problem) for key in group})
    return {
        "outputs": outputs,
        "absent": absent,
        "unportable": unportable,
        "summaries": {key: _summary(draft.values[key]) for key, draft in drafts.items() if ":" not in key},
        "metrics": _metrics(request.get("metrics", ()), namespace),
        "files_read": read,
        "files_written": written,
        "imports": sorted({name.partition(".")[0] for name in list(sys.modules)}) if request.get("imports", True) else [],
        "effects": [name for name, seen in (("network", footprints.Here.network), ("unseen-files", footprints.Here.unseen)) if seen]
        + ["temporary:" + os.path.abspath(path) for path in footprints.Here.temporary],
    }


def _reason(key: str, value: Any, problem: BaseException) -> str:
    text = " ".join(str(problem).split())
    return "`%s` is a `%s` that cannot be copied to another process (%s: %s)" % (
        key,
        type(value).__name__,
        type(problem).__name__,
        text[:200],
    )


def _summary(value: Any) -> str:
    """One line for people; runs no code of the user's."""
    kind = type(value)
    module = (kind.__module__ or "").partition(".")[0]
    if module == "pandas" and kind.__name__ == "DataFrame":
        return "DataFrame %d x %d" % value.shape
    if module in {"numpy", "torch", "pandas"} and isinstance(getattr(value, "shape", None), tuple):
        return "%s %s %s" % (kind.__name__, getattr(value, "dtype", ""), tuple(value.shape))
    if kind in (str, bytes, list, tuple, dict, set, frozenset):
        return "%s, %d %s" % (kind.__name__, len(value), "characters" if kind is str else "items")
    return kind.__name__


def _metrics(names: Iterable[str], namespace: Dict[str, Any]) -> Dict[str, float]:
    found: Dict[str, float] = {}
    for name in names:
        value = namespace.get(name)
        parts = {"%s.%s" % (name, key): one for key, one in value.items()} if type(value) is dict else {name: value}
        for key, one in parts.items():
            number = _number(one)
            if number is not None:
                found[key] = number
    return found


def _number(value: Any) -> Optional[float]:
    numpy = sys.modules.get("numpy")
    if type(value) in (int, float) or (numpy is not None and isinstance(value, (numpy.integer, numpy.floating))):
        number = builtins.float(value)
        return number if math.isfinite(number) else None
    return None
