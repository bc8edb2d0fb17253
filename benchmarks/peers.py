"""Other tools that run notebooks as pipelines, each in an environment of its own.

Neither finds out what a step reads: the five steps are five notebooks that pickle what the next ones need, which the user writes by hand.
They are written here as their documentation shows it, with the cells of our notebook, so the work done is the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import notebooks

CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "jupyter_mlflow" / "benchmarks"
WORK = ("numpy", "pandas", "scikit-learn", "ipykernel")
# Both tools still import pkg_resources, which later versions have not.
SETUPTOOLS = "setuptools<81"


@dataclass(frozen=True)
class Step:
    """A notebook of the same pipeline for tools that want files: what it takes from which steps, and what it leaves."""

    name: str
    after: tuple[str, ...]
    gives: tuple[str, ...]

    @property
    def source(self) -> str:
        """The cell of our notebook."""
        return dict(notebooks.ML)[f"step:{self.name}"]


MODELS = ("forest", "boosting", "logistic")
STEPS = (
    Step("load", (), ("X_train", "X_test", "y_train", "y_test")),
    *(Step(name, ("load",), (f"{name}_score",)) for name in MODELS),
    Step("compare", MODELS, ()),
)


def installed(name: str, *packages: str) -> Path:
    """The interpreter of a tool's environment, made if it is missing; this needs the network and takes minutes."""
    folder = CACHE / name
    python, done = folder / "bin" / "python", folder / ".installed"
    wanted = "\n".join((*packages, SETUPTOOLS, *WORK))
    if not done.is_file() or done.read_text(encoding="utf-8") != wanted:
        print(f"Installing {name} into {folder} ...", file=sys.stderr, flush=True)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *wanted.splitlines()], check=True)
        done.write_text(wanted, encoding="utf-8")
    return python


def variables(python: Path) -> dict[str, str]:
    """What a command of that environment sees: nothing of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JUPYTER", "VIRTUAL_ENV"))}
    return {**kept, "PATH": f"{python.parent}{os.pathsep}{kept.get('PATH', '')}"}


def ploomber(folder: Path, python: Path, engine: str = "ploomber-engine") -> list[str]:
    """A project of ploomber's in `folder`; the command that builds it."""
    tasks = []
    for step in STEPS:
        places = {name: f"upstream[{name!r}]['data']" for name in step.after}
        _write(folder, step, places, "product['data']", parameters=f"upstream = {list(step.after) or None}\nproduct = None")
        tasks.append(
            {
                "source": f"{step.name}.ipynb",
                "name": step.name,
                "executor": engine,
                "product": {"nb": f"out/{step.name}.ipynb", "data": f"out/{step.name}.pkl"},
            }
        )
    (folder / "pipeline.yaml").write_text(json.dumps({"meta": {"extract_upstream": True}, "tasks": tasks}), encoding="utf-8")
    return [str(python.parent / "ploomber"), "build"]


def elyra(folder: Path, python: Path) -> list[str]:
    """A pipeline of elyra's in `folder`; the command that runs it with the local processor."""
    for step in STEPS:
        places = {name: f"'{name}.pkl'" for name in step.after}
        _write(folder, step, places, f"'{step.name}.pkl'")
    (folder / "ml.pipeline").write_text(json.dumps(_elyra_pipeline()), encoding="utf-8")
    return [str(python.parent / "elyra-pipeline"), "run", "ml.pipeline"]


def _write(folder: Path, step: Step, places: Mapping[str, str], target: str, parameters: str = "") -> None:
    """A step's notebook; `places` are expressions for the files of the steps before it."""
    take = ["import pickle"]
    for name, place in places.items():
        names = next(one.gives for one in STEPS if one.name == name)
        take += [f"with open({place}, 'rb') as file:", f"    {', '.join(names)}, = pickle.load(file)"]
    give = f"with open({target}, 'wb') as file:\n    pickle.dump([{', '.join(step.gives)}], file)"
    first = [("parameters", parameters)] if parameters else []
    notebooks.write(folder, f"{step.name}.ipynb", [*first, ("", notebooks.LOAD), ("", "\n".join(take)), ("", step.source), ("", give)])


def _elyra_pipeline() -> Mapping[str, object]:
    nodes = [
        {
            "id": step.name,
            "type": "execution_node",
            "op": "execute-notebook-node",
            "app_data": {
                "component_parameters": {
                    "filename": f"{step.name}.ipynb",
                    "runtime_image": "continuumio/anaconda3",  # asked for, and not used by a local run
                    "dependencies": [],
                    "include_subdirectories": False,
                    "outputs": [],
                    "env_vars": [],
                },
                "label": "",
                "ui_data": {"label": f"{step.name}.ipynb", "x_pos": 0, "y_pos": 0},
            },
            "inputs": [
                {
                    "id": "inPort",
                    "app_data": {"ui_data": {}},
                    "links": [{"id": f"{name}-{step.name}", "node_id_ref": name, "port_id_ref": "outPort"} for name in step.after],
                }
            ],
            "outputs": [{"id": "outPort", "app_data": {"ui_data": {}}}],
        }
        for step in STEPS
    ]
    data = {"name": "ml", "version": 8, "runtime": "", "runtime_type": "", "properties": {"name": "ml"}, "ui_data": {"comments": []}}
    return {
        "doc_type": "pipeline",
        "version": "3.0",
        "json_schema": "http://api.dataplatform.ibm.com/schemas/common-pipeline/pipeline-flow/pipeline-flow-v3-schema.json",
        "id": "ml",
        "primary_pipeline": "primary",
        "pipelines": [{"id": "primary", "nodes": nodes, "app_data": data, "runtime_ref": ""}],
        "schemas": [],
    }
