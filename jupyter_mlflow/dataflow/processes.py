"""What outlives a cell inside its process: functions that run at a later moment, handlers of `logging`, threads, mocks.

A function that was given to a signal, a hook of the shell, an option or a logger may run in any later cell, so its effects count for
each of them. What would have to go on running, or is kept where nobody can read it, stays behind: a later step does not find it.
"""

from __future__ import annotations

from jupyter_mlflow.dataflow import definitions, knowledge
from jupyter_mlflow.dataflow.effects import Effects, Lingering, Stay
from jupyter_mlflow.dataflow.machine import Machine
from jupyter_mlflow.dataflow.values import Value

Keywords = dict[str, Value]


def called(m: Machine, rule: knowledge.Rule, path: str, args: list[Value], keywords: Keywords) -> None:
    """A well-known function was called: what it leaves behind."""
    values = [*args, *keywords.values()]
    if rule.stays:
        m.effects.stays.setdefault(path, Stay(m.line, rule.stays))
    if rule.process:
        later(m, values)
    if rule.process == "logging":
        handles(m, values)
    if rule.gives == "task":
        _lingers(m, "task", values)
    if rule.logs:
        logs(m)
    if (rule.process == "logging" or rule.gives == "logger") and ("File" in path or "filename" in keywords):
        _log_file(m, keywords.get("filename", args[0] if args and "File" in path else None))
    if path == "atexit.register":
        _at_exit(m, path, args)


def later(m: Machine, values: list[Value]) -> None:
    """Functions of the notebook among `values` may run in any later cell."""
    m.callbacks += [value for value in values if value not in m.callbacks and m.codes([value])]


def run_callbacks(m: Machine) -> None:
    """At the end of a cell: what may have run in between."""
    if m.callbacks:
        definitions.run_all(m, m.callbacks)


# ---- logging -----------------------------------------------------------------------------------------------------------


def handles(m: Machine, values: list[Value]) -> None:
    """Records go to these from now on."""
    m.handlers += [value for value in values if value.regions and value not in m.handlers]


def _log_file(m: Machine, path: Value | None) -> None:
    m.file_written(path)
    m.log_files.append(path)


def logs(m: Machine) -> None:
    """A record is logged: handlers run, files of theirs grow."""
    if m.handlers:
        definitions.run_all(m, m.handlers)
        _grow(m)
    for path in m.log_files:
        m.file_written(path)


def _grow(m: Machine) -> None:
    """Objects of the notebook that handlers write to, such as a buffer: they are changed, and with them what the handlers hold."""
    for value in m.handlers:
        inner = m.heap.reach(value.regions) - (value.regions if value.only("logger") else frozenset())
        if any(m.holders.get(region) for region in inner):
            m.change(Value(regions=frozenset(inner)))
            m.read_key("process:logging")
            m.write_key("process:logging", certain=False)


def of_logger(m: Machine, name: str, base: Value, values: list[Value]) -> None:
    """A method of a logger or of a handler."""
    if name in {"debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log", "handle", "emit"}:
        logs(m)
    elif name.startswith(("set", "add", "remove", "clear", "disable", "append", "insert", "extend", "pop")):
        m.read_key("process:logging")
        m.write_key("process:logging")
        m.change(base)
        handles(m, values)


# ---- what goes on running ----------------------------------------------------------------------------------------------


def of_thread(m: Machine, name: str, base: Value) -> None:
    """A method of a thread."""
    if name == "join":
        m.effects.joins = True
    elif name == "start":
        _lingers(m, "thread", [base])
        definitions.run_all(m, [base])


def _lingers(m: Machine, kind: str, values: list[Value]) -> None:
    alone = _alone(m, values)
    m.effects.lingering.append(Lingering(kind, m.line, frozenset(alone.writes) | alone.changes, bool(alone.files_written)))


def awaited(m: Machine, value: Value) -> None:
    """`await value`: is it a task, or something that waits for some?"""
    m.effects.joins |= bool(m.tasks & m.heap.reach(value.regions))


def _alone(m: Machine, values: list[Value]) -> Effects:
    """What functions of the notebook do that `values` lead to, apart from the rest of the cell."""
    kept, called = m.effects, m.called
    m.effects, m.called = Effects(cell=kept.cell), set()
    try:
        definitions.run_all(m, values)
        return m.effects
    finally:
        m.effects, m.called = kept, called


def of_patcher(m: Machine, name: str) -> None:
    """A method of `unittest.mock.patch(...)`."""
    if name == "start":
        m.effects.stays["unittest.mock.patch.start"] = Stay(m.line, "a mock that goes on until it is stopped")
    elif name == "stop":
        m.effects.stays.pop("unittest.mock.patch.start", None)


def _at_exit(m: Machine, path: str, args: list[Value]) -> None:
    """A function for the end of the process, which is the end of the step: that matters where it touches files."""
    rule = knowledge.rule(args[0].path) if args and args[0].path else None
    if (rule is not None and rule.file_out is not None) or _alone(m, args).files_written:
        m.effects.stays.setdefault(path, Stay(m.line, "work for the end of the notebook, where a step's process ends earlier"))
