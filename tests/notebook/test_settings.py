"""Settings of steps: from our metadata, from Kale's tags and metadata, and which of them counts."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_mlflow.notebook.blocks import Blocks, blocks
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.notebook.settings import ParameterSettings
from jupyter_mlflow.spec.pipelines import Resources, Settings
from jupyter_mlflow.testing.notebooks import notebook


def of(metadata: dict[str, Any], tags: str = "") -> Blocks:
    return blocks(read(notebook([(f"step:a {tags}", "x")], metadata), "n"))


def ours(**keys: Any) -> dict[str, Any]:
    return {"jupyter_mlflow": keys}


def step(**fields: Any) -> dict[str, Any]:
    return ours(steps={"a": fields})


VALUES: list[tuple[str, dict[str, Any], Settings]] = [
    ("nothing", {}, Settings()),
    ("image", {"image": "r.example:5000/a/b:1@sha256:0f"}, Settings(image="r.example:5000/a/b:1@sha256:0f")),
    ("null is unset", {"image": None, "retries": None}, Settings()),
    (
        "resources",
        {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": 2, "gpu": 1, "ephemeral-storage": "1e9", "memory": None}},
        Settings(requests=Resources(cpu="500m", memory="1Gi"), limits=Resources(cpu="2", gpu="1", ephemeral_storage="1e9")),
    ),
    (
        "accelerators",
        {"limits": {"nvidia.com/gpu": "2", "amd.com/gpu": 1, "others": {"example.com/fpga": "1"}}},
        Settings(limits=Resources(gpu="2", others={"amd.com/gpu": "1", "example.com/fpga": "1"})),
    ),
    ("fractions", {"limits": {"cpu": 0.5, "memory": "1.5Gi"}}, Settings(limits=Resources(cpu="0.5", memory="1.5Gi"))),
    ("retries", {"retries": 3, "retry_delay": 0.5}, Settings(retries=3, retry_delay=0.5)),
    ("seconds", {"timeout": 90}, Settings(timeout=90.0)),
    ("minutes", {"timeout": "10m", "retry_delay": "1.5 m"}, Settings(timeout=600.0, retry_delay=90.0)),
    ("cache", {"cache": False}, Settings(cache=False)),
    ("environment", {"env": {"A": "1", "B": 2, "C": 0.5}}, Settings(env={"A": "1", "B": "2", "C": "0.5"})),
    ("secrets", {"secrets": [{"name": "s", "key": "k", "env": "E"}]}, Settings(secrets=({"name": "s", "key": "k", "env": "E"},))),
    (
        "labels",
        {"labels": {"team": "x"}, "annotations": {"link": "http://h:80"}},
        Settings(labels={"team": "x"}, annotations={"link": "http://h:80"}),
    ),
    ("others are kept", {"pool": {"name": "big"}, "other": {"zone": "b"}}, Settings(other={"pool": {"name": "big"}, "zone": "b"})),
]

WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("ours is a list", {"jupyter_mlflow": []}, "jupyter_mlflow", "it is a list; it must be an object"),
    ("steps is a text", ours(steps="a"), "jupyter_mlflow.steps", "it is a text; it must be an object"),
    ("a step is a number", ours(steps={"a": 3}), "jupyter_mlflow.steps.a", "it is a number; it must be an object"),
    ("defaults is a list", ours(defaults=[1]), "jupyter_mlflow.defaults", "it is a list; it must be an object"),
    ("name is a number", ours(name=3), "jupyter_mlflow.name", "it is a number; it must be a text"),
    ("image is a number", step(image=3), "jupyter_mlflow.steps.a.image", "it is 3; it must be a text"),
    ("image is blank", step(image=" "), "jupyter_mlflow.steps.a.image", "an image's name is not empty and holds no white space"),
    ("limits is a text", step(limits="4Gi"), "jupyter_mlflow.steps.a.limits", "it is the text `4Gi`; it must be an object"),
    ("GB", step(limits={"memory": "4GB"}), "jupyter_mlflow.steps.a.limits.memory", "`4GB` is no amount; write `4Gi`"),
    (
        "a word",
        step(requests={"cpu": "many"}),
        "jupyter_mlflow.steps.a.requests.cpu",
        "`many` is no amount, which is a number such as `500m`, `2` or `4Gi`",
    ),
    (
        "negative",
        step(limits={"cpu": -1}),
        "jupyter_mlflow.steps.a.limits.cpu",
        "`-1` is no amount, which is a number such as `500m`, `2` or `4Gi`",
    ),
    (
        "true",
        step(limits={"cpu": True}),
        "jupyter_mlflow.steps.a.limits.cpu",
        "an amount is a number or a text such as `500m`, `2` or `4Gi`",
    ),
    (
        "no resource",
        step(limits={"ram": "1Gi"}),
        "jupyter_mlflow.steps.a.limits.ram",
        "`ram` is no resource; there are cpu, memory, ephemeral-storage, gpu, and names such as `amd.com/gpu`",
    ),
    ("others is a list", step(limits={"others": []}), "jupyter_mlflow.steps.a.limits.others", "it is a list; it must be an object"),
    ("retries is a text", step(retries="3"), "jupyter_mlflow.steps.a.retries", "it is the text `3`; it must be a whole number, 0 or more"),
    ("retries is half", step(retries=1.5), "jupyter_mlflow.steps.a.retries", "it is 1.5; it must be a whole number, 0 or more"),
    ("retries is true", step(retries=True), "jupyter_mlflow.steps.a.retries", "it is true; it must be a whole number, 0 or more"),
    ("retries is negative", step(retries=-1), "jupyter_mlflow.steps.a.retries", "it is -1; it must be a whole number, 0 or more"),
    ("no time", step(timeout=0), "jupyter_mlflow.steps.a.timeout", "it is 0; a step needs some time, and null means no limit"),
    (
        "timeout is a word",
        step(timeout="soon"),
        "jupyter_mlflow.steps.a.timeout",
        "it is the text `soon`; it must be a number of seconds, or a text such as `90s`, `10m` or `2h`",
    ),
    ("cache is a text", step(cache="no"), "jupyter_mlflow.steps.a.cache", "it is the text `no`; it must be true or false"),
    ("env is a list", step(env=["A=1"]), "jupyter_mlflow.steps.a.env", "it is a list; it must be an object"),
    ("a variable is true", step(env={"A": True}), "jupyter_mlflow.steps.a.env.A", "it is true; it must be a text"),
    (
        "secrets is an object",
        step(secrets={"a": "b"}),
        "jupyter_mlflow.steps.a.secrets",
        "it is an object; it must be a list of objects with `name`, `key` and `env`",
    ),
    ("a secret without key", step(secrets=[{"name": "s", "env": "E"}]), "jupyter_mlflow.steps.a.secrets[0]", "it needs the text `key`"),
    ("other is a text", step(other="x"), "jupyter_mlflow.steps.a.other", "it is the text `x`; it must be an object"),
    (
        "a default",
        ours(defaults={"retries": "x"}),
        "jupyter_mlflow.defaults.retries",
        "it is the text `x`; it must be a whole number, 0 or more",
    ),
    ("parameters is a list", ours(parameters=["a"]), "jupyter_mlflow.parameters", "it is a list; it must be an object"),
    (
        "secret is a text",
        ours(parameters={"p": {"secret": "yes"}}),
        "jupyter_mlflow.parameters.p.secret",
        "it is a text; it must be true or false",
    ),
    ("help is a number", ours(parameters={"p": {"help": 1}}), "jupyter_mlflow.parameters.p.help", "it is a number; it must be a text"),
]

TAGS: list[tuple[str, str, Settings]] = [
    ("image", "image:r.example:5000/a:1", Settings(image="r.example:5000/a:1")),
    ("limits", "limit:memory:8Gi limit:cpu:500m", Settings(limits=Resources(memory="8Gi", cpu="500m"))),
    ("gpu", "limit:nvidia.com/gpu:2", Settings(limits=Resources(gpu="2"))),
    ("another gpu", "limit:amd.com/gpu:1", Settings(limits=Resources(others={"amd.com/gpu": "1"}))),
    ("label", "label:a.b/c-d:e", Settings(labels={"a.b/c-d": "e"})),
    ("annotation with colons", "annotation:link:http://h:80/x", Settings(annotations={"link": "http://h:80/x"})),
    ("an empty value", "label:a:", Settings(labels={"a": ""})),
    ("secret", "secret:s:k:ENV_1", Settings(secrets=({"name": "s", "key": "k", "env": "ENV_1"},))),
    ("cache", "cache:disabled", Settings(cache=False)),
    ("report", "report:disabled", Settings()),
]

WRONG_TAGS = [
    "image:",
    "limit:memory",
    "limit:memory:",
    "limit:memory:lots",
    "limit:ram:1",
    "label:a",
    "label::b",
    "label:-a:b",
    "annotation:a/b/c:d",
    "secret:a:b",
    "secret:a:b:c:d",
    "secret:a::C",
    "secret:a:b:1C",
    "cache:yes",
    "cache:",
    "report:x",
]


def rows(table: list[Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", table, ids=[row[0] for row in table])


@rows(VALUES)
def test_values(row: tuple[str, dict[str, Any], Settings]) -> None:
    _, fields, expected = row
    found = of(step(**fields))
    assert (found.blocks[0].settings, found.problems) == (expected, ())
    assert of(ours(defaults=fields)).blocks[0].settings == expected


@rows(WRONG)
def test_wrong_values(row: tuple[str, dict[str, Any], str, str]) -> None:
    _, metadata, path, reason = row
    (found,) = of(metadata).problems
    assert (found.kind, found.severity, found.cell, found.tag) == ("bad-setting", "error", None, path)
    assert found.message == f"In the notebook's metadata, `{path}` cannot be used: {reason}."
    assert found.message.isprintable()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1])
def test_impossible_seconds(value: float) -> None:
    (found,) = of(step(retry_delay=value)).problems
    assert found.tag == "jupyter_mlflow.steps.a.retry_delay"


@rows(TAGS)
def test_tags(row: tuple[str, str, Settings]) -> None:
    _, tags, expected = row
    found = of({}, tags)
    assert (found.blocks[0].settings, found.problems) == (expected, ())
    from_defaults = of({"kubeflow_notebook": {"steps_defaults": tags.split()}})
    assert (from_defaults.blocks[0].settings, from_defaults.problems) == (expected, ())


@pytest.mark.parametrize("tag", WRONG_TAGS)
def test_wrong_tags(tag: str) -> None:
    (found,) = of({}, tag).problems
    assert (found.kind, found.severity, found.cell, found.tag) == ("bad-setting", "warning", 0, tag)
    (found,) = of({"kubeflow_notebook": {}}, tag).problems
    assert (found.kind, found.severity, found.cell, found.tag) == ("bad-setting", "error", 0, tag)
    (found,) = of({"kubeflow_notebook": {"steps_defaults": [tag]}}).problems
    assert (found.kind, found.severity, found.cell, found.tag) == ("bad-setting", "error", None, tag)


def test_what_counts() -> None:
    """Kale's keys, Kale's defaults, our defaults, tags, our settings of the step: each beats the ones before, name by name."""
    metadata = {
        "kubeflow_notebook": {
            "base_image": "1",
            "enable_caching": False,
            "steps_defaults": ["image:2", "label:a:2", "label:b:2", "label:c:2", "label:d:2", "cache:enabled"],
        },
        "jupyter_mlflow": {
            "defaults": {"image": "3", "labels": {"b": "3", "c": "3", "d": "3"}},
            "steps": {"a": {"image": "5", "labels": {"d": "5"}}},
        },
    }
    found = of(metadata, "image:4 label:c:4 label:d:4")
    assert found.blocks[0].settings == Settings(image="5", cache=True, labels={"a": "2", "b": "3", "c": "4", "d": "5"})


def test_every_cell_of_a_step_counts_and_the_first_comes_first() -> None:
    found = blocks(read(notebook([("step:a limit:cpu:1", "x"), ("step:a limit:memory:1Gi limit:cpu:2", "y")]), "n"))
    assert found.blocks[0].settings == Settings(limits=Resources(cpu="1", memory="1Gi"))
    assert [(one.kind, one.cell, one.tag) for one in found.problems] == [("setting-conflict", 1, "limit:cpu:2")]


def test_defaults_are_for_every_block() -> None:
    cells = [("setup", "i"), ("parameters", "p = 1"), ("step:a", "x"), ("metrics", "m")]
    found = blocks(read(notebook(cells, ours(defaults={"image": "x"}, steps={"setup": {"retries": 1}})), "n"))
    assert [(one.name, one.settings.image, one.settings.retries) for one in found.blocks] == [
        ("setup", "x", 1),
        ("parameters", "x", 0),
        ("a", "x", 0),
        ("metrics", "x", 0),
    ]
    assert found.problems == ()


def test_kale_keys() -> None:
    both = {"volumes": [{"name": "v"}], "security_context": {"enabled": True}}
    old = of({"kubeflow_notebook": {"docker_image": "old", "base_image": "", **both}}).blocks[0].settings
    assert old == Settings(image="old", other=both)
    assert of({"kubeflow_notebook": {"enable_caching": False, "volumes": []}}).blocks[0].settings == Settings(cache=False)
    odd = {"base_image": 3, "enable_caching": "no", "steps_defaults": "image:x", "experiment": "e", "pipeline_name": 1}
    found = of({"kubeflow_notebook": odd})
    assert (found.blocks[0].settings, found.problems) == (Settings(), ())


@pytest.mark.parametrize("tag", ["hide-input", 3, None, "step:a", "skip"])
def test_odd_kale_defaults(tag: Any) -> None:
    (found,) = of({"kubeflow_notebook": {"steps_defaults": [tag, "image:x"]}}).problems
    assert (found.kind, found.severity, found.cell) == ("bad-setting", "error", None)


def test_notebook_settings() -> None:
    metadata = {
        "kubeflow_notebook": {"pipeline_name": "k", "pipeline_description": "é “”", "experiment": {"id": "1", "name": "e"}},
        "jupyter_mlflow": {"name": "n", "parameters": {"p": {"secret": True, "help": "h"}, "q": {}, "r": {"secret": "odd"}}},
    }
    found = of(metadata).settings
    assert (found.name, found.description, found.experiment) == ("n", "é “”", "e")
    assert found.parameters == {
        "p": ParameterSettings(secret=True, help="h"),
        "q": ParameterSettings(),
        "r": ParameterSettings(secret=True),
    }
    assert of({"kubeflow_notebook": {"experiment_name": "f"}}).settings.experiment == "f"


SLIPS: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("a step's field", step(retrys=3), "unknown-setting", "jupyter_mlflow.steps.a.retrys", "Did you mean `retries`?"),
    ("a default", ours(defaults={"label": {}}), "unknown-setting", "jupyter_mlflow.defaults.label", "Did you mean `labels`?"),
    ("at the top", ours(default={}), "unknown-setting", "jupyter_mlflow.default", "Did you mean `defaults`?"),
    (
        "of a parameter",
        ours(parameters={"p": {"secrets": True}}),
        "unknown-setting",
        "jupyter_mlflow.parameters.p.secrets",
        "Did you mean `secret`?",
    ),
    ("out of place", step(memory="4Gi"), "unknown-setting", "jupyter_mlflow.steps.a.memory", "Put it under `limits`."),
    ("another step", ours(steps={"aa": {"retries": 1}}), "settings-of-unknown-step", "jupyter_mlflow.steps.aa", "Did you mean `a`?"),
    ("no step", ours(steps={"zzz": {}}), "settings-of-unknown-step", "jupyter_mlflow.steps.zzz", "Steps are: a."),
]


@rows(SLIPS)
def test_slips(row: tuple[str, dict[str, Any], str, str, str]) -> None:
    _, metadata, kind, tag, fix = row
    (found,) = of(metadata).problems
    assert (found.kind, found.severity, found.cell, found.tag, found.fix) == (kind, "warning", None, tag, fix)


def test_keys_of_others_are_no_problem() -> None:
    assert of(ours(run={"id": 1}, theme="dark", steps={"a": {"pool": 1}})).problems == ()


def test_step_names_of_settings_are_read_like_tags() -> None:
    metadata = ours(steps={"cafe\u0301": {"retries": 2}})
    found = blocks(read(notebook([("step:caf\u00e9", "x")], metadata), "n"))
    assert (found.blocks[0].settings.retries, found.problems) == (2, ())
