"""What the process was like before anything of the notebook ran: only what differs from it travels."""

from __future__ import annotations

from typing import Any, Dict

from jupyter_mlflow.runtime import payloads


class Here:
    """What this process knows."""

    folder = ""
    environ: Dict[str, str] = {}
    start: Dict[str, Any] = {}  # see `settings.look`


def changed(now: Dict[Any, Any], then: Dict[Any, Any]) -> Dict[Any, Any]:
    """What is new or different."""
    return {key: value for key, value in now.items() if key not in then or (then[key] is not value and then[key] != value)}


def portable(value: Any) -> bool:
    """Whether a value can be pickled."""
    try:
        payloads.Draft({"": value})
    except Exception:  # noqa: BLE001 - whatever a `__reduce__` raises
        return False
    return True
