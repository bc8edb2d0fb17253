"""stub"""
from __future__ import annotations
import sys
from pathlib import Path
def serve(path: Path, modules: list[str]) -> int:
    from jupyter_mlflow.runtime import shells, templates
    shell = shells.build()
    templates.serve(path, shell, {"preloaded": [], "refused": {}})
    return 0
