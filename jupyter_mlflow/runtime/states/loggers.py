"""The state of `logging`: levels, handlers, filters. Handlers are made again where they arrive; what they write to is mapped."""

from __future__ import annotations

import importlib
import sys
from typing import Any, Dict, List, Tuple

from jupyter_mlflow.runtime.portable import identities
from jupyter_mlflow.runtime.states import beginnings

_QUIET_LOGGER: Tuple[int, bool, bool, List[Any], List[Any]] = (0, True, False, [], [])


def look() -> Dict[str, Any]:
    """Level, propagation, handlers and filters by logger."""
    logging = sys.modules.get("logging")
    if logging is None:
        return {}
    found = {name: one for name, one in list(logging.root.manager.loggerDict.items()) if isinstance(one, logging.Logger)}
    found[""] = logging.root
    return {name: (one.level, one.propagate, one.disabled, list(one.handlers), list(one.filters)) for name, one in found.items()}


def capture() -> Any:
    """What differs from the start."""
    logging, before = sys.modules["logging"], beginnings.Here.start["logging"]
    loggers = {}
    for name, state in look().items():
        if state != before.get(name, _QUIET_LOGGER):
            handlers = [one for one in state[3] if not _of_its_library(name, one) or beginnings.portable(one)]
            loggers[name] = (*state[:3], handlers, state[4])
    return {
        "loggers": loggers,
        "disable": logging.root.manager.disable,
        "names": dict(logging._levelToName),
        "warnings": logging._warnings_showwarning is not None,
    }


def _of_its_library(logger: str, handler: Any) -> bool:
    """Whether a library set up its own logger: it does so again wherever it is imported."""
    return bool(logger) and type(handler).__module__.partition(".")[0] == logger.partition(".")[0]


def put(state: Any) -> None:
    """Configure the loggers of this process."""
    import logging

    for level, name in state["names"].items():
        logging.addLevelName(level, name)
    logging.captureWarnings(state["warnings"])
    for name, (level, propagate, disabled, handlers, filters) in state["loggers"].items():
        logger = logging.getLogger(name or None)
        logger.setLevel(level)
        logger.propagate, logger.disabled = propagate, disabled
        logger.handlers[:], logger.filters[:] = handlers, filters
    logging.disable(state["disable"])


def _handler(kind: Any, name: str) -> Any:
    """A handler that arrives twice, with its logger and as a name's value, is one."""
    return identities.Here.things[name] if name in identities.Here.things else identities.remember(name, kind.__new__(kind))


def _handler_state(handler: Any, state: Dict[str, Any]) -> None:
    logging = importlib.import_module("logging")
    vars(handler).update(state)
    handler.createLock()
    logging._addHandlerRef(handler)
    if handler.get_name():
        logging._handlers[handler.get_name()] = handler


def _reduce_handler(handler: Any) -> Any:
    """A handler of `logging`: a file is opened again when the next record comes, at its end."""
    import logging

    state = {key: value for key, value in vars(handler).items() if key != "lock"}
    if isinstance(handler, logging.FileHandler):
        if state.get("stream") is not None:
            handler.flush()
            state["mode"] = "a"
        state["stream"] = None
    return _handler, (type(handler), identities.named(handler, "handler")), state, None, None, _handler_state


for _one in (_handler, _handler_state):
    identities.loader(_one)


def _way(kind: type) -> Any:
    logging = sys.modules.get("logging")
    return (lambda _, handler: _reduce_handler(handler)) if logging is not None and issubclass(kind, logging.Handler) else None


identities.Here.specials.append(_way)
