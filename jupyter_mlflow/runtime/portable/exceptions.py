"""Exceptions with cause, context and a traceback that shows the same lines."""

from __future__ import annotations

import ast
import contextlib
import copyreg
import types
from typing import Any, Dict, Iterator, List, Tuple

from jupyter_mlflow.runtime.portable import functions, identities, instances

_FIELDS = (
    "errno strerror filename filename2 name path msg lineno offset text print_file_and_line end_lineno end_offset value code encoding object "
    "start end reason"
).split()


@identities.loader
def _exception(kind: Any, layout: Any, arguments: Tuple[Any, ...]) -> Any:
    made = layout.__new__(kind, *arguments)
    made.args = arguments
    return made


@identities.loader
def _exception_state(problem: BaseException, state: Dict[str, Any]) -> None:
    if state["fields"]:
        with contextlib.suppress(Exception):
            state["layout"].__init__(problem, *problem.args)
    for name, value in state["fields"].items():
        with contextlib.suppress(Exception):
            setattr(problem, name, value)
    _told(problem, state)


@identities.loader
def _told(problem: BaseException, state: Dict[str, Any]) -> None:
    """What an exception has gathered since it was made."""
    problem.__dict__.update(state["dict"])
    problem.__cause__, problem.__context__ = state["cause"], state["context"]
    problem.__suppress_context__ = state["suppress"]
    problem.__traceback__ = _made_traceback(state["traceback"])


def reduce_exception(pickler: Any, problem: BaseException) -> Any:
    """With what it has gathered since it was made."""
    kind: Any = type(problem)
    state = {
        "dict": problem.__dict__,
        "cause": problem.__cause__,
        "context": problem.__context__,
        "suppress": problem.__suppress_context__,
        "traceback": [_entry(pickler, one) for one in _chain(problem.__traceback__)],
    }  # type: Dict[str, Any]
    if kind in copyreg.dispatch_table or any(
        instances.PICKLES & set(vars(one)) for one in kind.__mro__ if one.__module__ != "builtins" and not identities.by_value(one)
    ):
        made = problem.__reduce_ex__(5)
        if isinstance(made, tuple) and made[2:3] in ((), (None,), (problem.__dict__,)):
            return made[0], made[1], state, None, None, _told
        return NotImplemented
    layout = next(one for one in kind.__mro__ if not one.__flags__ & identities.HEAP)
    state["layout"] = layout
    fields = (name for name in _FIELDS if any(name in vars(one) for one in layout.__mro__))
    state["fields"] = {name: getattr(problem, name) for name in fields if getattr(problem, name, None) is not None}
    return _exception, (kind, layout, problem.args), state, None, None, _exception_state


def _chain(trace: Any) -> Iterator[Any]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _entry(pickler: Any, trace: Any) -> Tuple[Any, ...]:
    code, module = trace.tb_frame.f_code, trace.tb_frame.f_globals.get("__name__")
    places = list(code.co_positions()) if hasattr(code, "co_positions") else []
    place = places[trace.tb_lasti // 2] if 0 <= trace.tb_lasti // 2 < len(places) else ()
    return code.co_name, trace.tb_lineno, tuple(place), module if isinstance(module, str) else "", pickler.source(code.co_filename)


def _made_traceback(entries: List[Tuple[Any, ...]]) -> Any:
    """A traceback that shows the same lines; its frames have no variables."""
    trace = None
    for name, line, place, module, source in reversed(entries):
        functions.know_source(*source)
        found = _raised(name, line, place, source[0], module)
        trace = types.TracebackType(trace, found.tb_frame, found.tb_lasti, line)
    return trace


def _raised(name: str, line: int, place: Tuple[Any, ...], file: str, module: str) -> Any:
    found = ast.parse("raise problem")
    first, last, start, end = place if len(place) == 4 and None not in place else (line, line, 0, 1)
    for node in ast.walk(found):
        if isinstance(node, (ast.stmt, ast.expr)):
            node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = first or line, last or line, start, end
    code = compile(found, file, "exec").replace(co_name=name)
    try:
        exec(code, {"__name__": module, "problem": ZeroDivisionError()})  # noqa: S102 - one `raise`, to get a frame
    except ZeroDivisionError as problem:
        return next(one for one in _chain(problem.__traceback__) if one.tb_frame.f_code is code)
