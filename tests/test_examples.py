"""The example notebooks: each becomes the pipeline that is written down here, runs as one, and gives what Run All gives."""

from __future__ import annotations

import importlib.util
import json
import shutil
import textwrap
from pathlib import Path

import nbformat
import pandas.testing
import pytest

from jupyter_mlflow.actions import notebooks, runs, verification
from jupyter_mlflow.spec.pipelines import Edge
from jupyter_mlflow.spec.runs import Run

FOLDER = Path(__file__).parents[1] / "example_notebooks"

GRAPHS = {
    "01_first_pipeline/wine.ipynb": """
        load > train: X_train y_train
        load > report: X_test growers y_test
        train > report: model
        report > metrics: accuracy
    """,
    "02_three_models/churn.ipynb": """
        prepare > logistic: X_test X_train y_test y_train
        prepare > forest: X_test X_train y_test y_train
        prepare > boosting: X_test X_train y_test y_train
        prepare > compare: y_test
        logistic > compare: logistic_scores
        forest > compare: forest_scores
        boosting > compare: boosting_scores
        compare > metrics: best table
    """,
    "03_images_pytorch/digits.ipynb": """
        load > dense: train_images train_labels
        load > convolutional: train_images train_labels
        load > compare: test_images test_labels
        dense > compare: dense
        convolutional > compare: convolutional random:torch
        load > mistakes: test_images? test_labels
        compare > mistakes: guesses
        compare > metrics: right
    """,
    "04_time_series/demand.ipynb": """
        load > naive: raw
        load > features: raw
        features > linear: X folds y
        features > boosting: X folds y
        naive > choose: naive
        features > choose: y
        linear > choose: linear
        boosting > choose: boosting
        features > forecast: y
        choose > forecast: best forecasts off
        choose > metrics: best off
    """,
    "05_validation_gate/orders.ipynb": """
        read > profile: orders
        read > gate: orders
        read > report: orders
        gate > report: after
        report > forecast: orders
        report > metrics: by_country
        forecast > metrics: expected
    """,
    "06_kale_2/diabetes.ipynb": """
        load_data > split: after features target
        split > baseline: after x_test x_train y_test y_train
        split > lasso: after x_test x_train y_test y_train
        split > forest: after x_test x_train y_test y_train
        split > boosting: after x_test x_train y_test y_train
        split > compare: x_test y_test
        baseline > compare: after baseline_error
        lasso > compare: after lasso lasso_error
        forest > compare: after forest_error
        boosting > compare: after boosting boosting_error
        baseline > metrics: baseline_error
        compare > metrics: best_error
    """,
    "07_kale_0_7/tumours.ipynb": """
        loaddata > datapreprocessing: after data
        datapreprocessing > featureengineering: after data test train
        featureengineering > randomforest: after test_x test_y train_x train_y
        featureengineering > logisticregression: after test_x test_y train_x train_y
        featureengineering > naivebayes: after test_x test_y train_x train_y
        featureengineering > svm: after test_x test_y train_x train_y
        featureengineering > decisiontree: after test_x test_y train_x train_y
        randomforest > results: acc_random_forest after
        logisticregression > results: acc_log after
        naivebayes > results: acc_gaussian after
        svm > results: acc_svc after
        decisiontree > results: acc_decision_tree after
        randomforest > metrics: acc_random_forest
        logisticregression > metrics: acc_log
        svm > metrics: acc_svc
    """,
}
"""Which step hands what to which; `?` where it is only possible, `after` where a tag asks for the order."""

EXAMPLES = [pytest.param(FOLDER / name, id=name.partition("/")[0]) for name in GRAPHS]
NEEDS_TORCH = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed: it takes several GB on Linux, see the extra `torch`"
)
RUNNABLE = [pytest.param(FOLDER / name, id=name.partition("/")[0], marks=[NEEDS_TORCH] if "pytorch" in name else []) for name in GRAPHS]
GATE = FOLDER / "05_validation_gate" / "orders.ipynb"
CHURN = FOLDER / "02_three_models"


def test_all_examples_are_known() -> None:
    assert [FOLDER / name for name in GRAPHS] == sorted(FOLDER.glob("*/*.ipynb"))
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in GRAPHS if f"{name.partition('/')[0]}/README.md" not in index] == []


@pytest.mark.parametrize("path", EXAMPLES)
def test_is_committed_without_outputs_and_as_nbformat_writes_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    read = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    nbformat.validate(read)
    assert nbformat.writes(read, version=nbformat.NO_CONVERT) + "\n" == text
    code = [cell for cell in read.cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert read.cells[0].cell_type == "markdown" and read.cells[0].source.startswith("# ")


@pytest.mark.parametrize("path", EXAMPLES)
def test_nothing_is_wrong_with_it(path: Path) -> None:
    assert notebooks.check(path).diagnostics == ()


def told(edge: Edge) -> str:
    names = [("random:" if one.kind == "random" else "") + one.name + ("" if one.certainty == "certain" else "?") for one in edge.channels]
    return f"{edge.source} > {edge.target}: {' '.join(sorted([*(['after'] if edge.explicit else []), *names]))}"


@pytest.mark.parametrize("path", EXAMPLES)
def test_becomes_this_pipeline(path: Path) -> None:
    pipeline = notebooks.check(path).pipeline
    shown = {step.name for step in pipeline.steps if step.role in {"step", "metrics"}}
    found = [told(edge) for edge in pipeline.edges if {edge.source, edge.target} <= shown]
    assert found == textwrap.dedent(GRAPHS[path.relative_to(FOLDER).as_posix()]).strip().splitlines()


@pytest.mark.parametrize("path", RUNNABLE)
def test_gives_what_run_all_gives(path: Path, tmp_path: Path) -> None:
    found = verification.verify(path, home=tmp_path / "home")
    assert (found.state, found.verification and found.verification.difference) == ("done", None)
    assert found.verification is not None and found.verification.same
    assert found.metrics


def states(run: Run, home: Path) -> dict[str, str]:
    return {str(step.name): step.state for step in runs.show(run.run, home=home).steps}


@pytest.mark.parametrize("path", RUNNABLE)
def test_nothing_changed_so_every_step_is_reused(path: Path, tmp_path: Path) -> None:
    first = runs.run(path, home=tmp_path, output=tmp_path / "first.ipynb")
    second = runs.run(path, home=tmp_path, output=tmp_path / "second.ipynb")
    assert (first.state, second.state, first.metrics) == ("done", "done", second.metrics)
    assert set(states(first, tmp_path).values()) == {"done"}
    assert set(states(second, tmp_path).values()) == {"cached"}
    outputs = [
        [cell.get("outputs") for cell in json.loads((tmp_path / name).read_text())["cells"]] for name in ("first.ipynb", "second.ipynb")
    ]
    assert outputs[0] == outputs[1]
    nbformat.validate(json.loads((tmp_path / "first.ipynb").read_text()))


def test_only_what_a_change_reaches_runs_again(tmp_path: Path) -> None:
    """A parameter of one model; a row of the file that is read."""
    shutil.copytree(CHURN, tmp_path / "work")
    path, home = tmp_path / "work" / "churn.ipynb", tmp_path / "home"
    first = runs.run(path, home=home)
    again = states(runs.run(path, home=home, given={"trees": 30}), home)
    assert {name for name, state in again.items() if state == "done"} == {"parameters", "forest", "compare", "metrics"}
    customers = path.with_name("customers.csv")
    customers.write_text("".join(customers.read_text().splitlines(keepends=True)[:-1]))
    fewer = runs.run(path, home=home)
    assert states(fewer, home)["prepare"] == "done" and fewer.metrics != first.metrics
    reason = next(step.reason for step in runs.show(fewer.run, home=home).steps if step.name == "prepare")
    assert "customers.csv" in reason


def test_the_gate_opens_for_good_data(tmp_path: Path) -> None:
    assert set(states(runs.run(GATE, home=tmp_path), tmp_path).values()) == {"done"}


def test_the_gate_stops_bad_data(tmp_path: Path) -> None:
    found = runs.run(GATE, home=tmp_path, given={"orders_file": "orders_bad.csv"}, output=tmp_path / "out.ipynb")
    steps = states(found, tmp_path)
    assert found.state == "failed"
    assert {name: steps[name] for name in ("read", "profile", "gate", "report", "forecast", "metrics")} == {
        "read": "done",
        "profile": "done",
        "gate": "failed",
        "report": "skipped",
        "forecast": "skipped",
        "metrics": "skipped",
    }
    failure = next(step.failure for step in runs.show(found.run, home=tmp_path).steps if step.name == "gate")
    assert failure is not None and failure.ename == "AssertionError"
    assert failure.evalue.startswith("orders_bad.csv breaks 5 of 5 rules; orders: {'an order comes once': [1061, ")
    executed = json.loads((tmp_path / "out.ipynb").read_text())["cells"]
    shown = {cell["id"]: bool(cell.get("outputs")) for cell in executed}
    assert shown["profile"] and shown["gate"] and not shown["report"]


def test_the_gate_stops_run_all_at_the_same_cell(tmp_path: Path) -> None:
    found = verification.verify(GATE, given={"orders_file": "orders_bad.csv"}, home=tmp_path)
    assert found.state == "failed" and found.verification is not None and found.verification.same, found.verification


def test_the_data_is_what_the_script_makes(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_data", FOLDER / "make_data.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    made.main(tmp_path)
    names = sorted(path.relative_to(tmp_path) for path in tmp_path.glob("*/*.csv"))
    assert names == sorted(path.relative_to(FOLDER) for path in FOLDER.glob("*/*.csv"))
    for name in names:  # the last digit may differ with the processor
        pandas.testing.assert_frame_equal(pandas.read_csv(tmp_path / name), pandas.read_csv(FOLDER / name), atol=0.11)
