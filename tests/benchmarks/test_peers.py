"""The five steps as other tools want them; the tools themselves are not needed to write them down."""

import ast
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import notebooks, peers
from benchmarks.measures import Settings
from benchmarks.measures import peers as measure

PYTHON = Path("/environment/bin/python")


@pytest.mark.parametrize("write", [peers.ploomber, peers.elyra])
def test_each_step_is_a_notebook_that_takes_and_leaves_what_others_need(write: Callable[[Path, Path], list[str]], tmp_path: Path) -> None:
    assert Path(write(tmp_path, PYTHON)[0]).parent == PYTHON.parent
    for step in peers.STEPS:
        cells = json.loads((tmp_path / f"{step.name}.ipynb").read_text("utf-8"))["cells"]
        texts = [cell["source"] for cell in cells]
        assert step.source in texts
        bound = {node.id for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        assert bound >= {name for one in peers.STEPS if one.name in step.after for name in one.gives}
        assert set(step.gives) <= bound


def test_the_pipelines_have_the_edges_of_ours(tmp_path: Path) -> None:
    from jupyter_mlflow.actions.notebooks import check

    peers.elyra(tmp_path, PYTHON)
    nodes = json.loads((tmp_path / "ml.pipeline").read_text("utf-8"))["pipelines"][0]["nodes"]
    theirs = {(link["node_id_ref"], node["id"]) for node in nodes for link in node["inputs"][0]["links"]}
    pipeline = check(notebooks.write(tmp_path, "ml.ipynb", notebooks.ML)).pipeline
    ours = {(str(edge.source), str(edge.target)) for edge in pipeline.edges if edge.source != "setup"}
    assert theirs == ours - {("load", "compare")}


def test_nothing_is_installed_unless_asked_for(tmp_path: Path) -> None:
    assert list(measure.measure(Settings(rounds=1, folder=tmp_path))) == []
