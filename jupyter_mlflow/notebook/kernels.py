"""Which kernel a notebook asks for, from metadata that other tools write in their own ways."""

from __future__ import annotations

from typing import Any

from jupyter_mlflow.spec.pipelines import Kernel

_LANGUAGES = {
    "ir": "R",
    "julia": "julia",
    "bash": "bash",
    "deno": "typescript",
    "javascript": "javascript",
    "tslab": "typescript",
    "xcpp": "c++",
    "scala": "scala",
    "almond": "scala",
    "gophernotes": "go",
    "rust": "rust",
    "evcxr": "rust",
    "ruby": "ruby",
    "sas": "sas",
    "octave": "octave",
    "matlab": "matlab",
}
"""How the kernels of other languages are named, for notebooks that do not say their language.

A name that is not here is taken for a Python environment: those are named by their users.
"""


def kernel(metadata: dict[str, Any]) -> Kernel:
    """The kernel of a notebook; missing or odd metadata gives Jupyter's default, `python3`."""
    spec = _dict(metadata.get("kernelspec"))
    info = _dict(metadata.get("language_info"))
    name = _text(spec.get("name")) or _text(_dict(metadata.get("kernel_info")).get("name"))
    language = _text(spec.get("language")) or _text(info.get("name")) or _guess(name)
    return Kernel(name=name or "python3", language=language, display_name=_text(spec.get("display_name")))


def _guess(name: str) -> str:
    stem = name.lower().rstrip("0123456789.-_")
    return next((language for known, language in _LANGUAGES.items() if stem in {known, known + "-lang"}), "python")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
