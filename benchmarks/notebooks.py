"""Notebooks to measure with."""

from __future__ import annotations

import json
from pathlib import Path

LOAD = """\
import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
"""

ML: tuple[tuple[str, str], ...] = (
    ("setup", LOAD),
    (
        "step:load",
        "values, target = make_classification(n_samples=12000, n_features=30, n_informative=12, random_state=0)\n"
        "frame = pd.DataFrame(values, columns=[f'x{i}' for i in range(values.shape[1])])\n"
        "X_train, X_test, y_train, y_test = train_test_split(frame, target, random_state=0)\nframe.describe().round(2)",
    ),
    (
        "step:forest",
        "forest = RandomForestClassifier(n_estimators=60, random_state=0).fit(X_train, y_train)\n"
        "forest_score = accuracy_score(y_test, forest.predict(X_test))\nprint(round(forest_score, 4))",
    ),
    (
        "step:boosting",
        "boosting = GradientBoostingClassifier(n_estimators=25, random_state=0).fit(X_train, y_train)\n"
        "boosting_score = accuracy_score(y_test, boosting.predict(X_test))\nprint(round(boosting_score, 4))",
    ),
    (
        "step:logistic",
        "logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(X_train, y_train)\n"
        "logistic_score = accuracy_score(y_test, logistic.predict(X_test))\nprint(round(logistic_score, 4))",
    ),
    (
        "step:compare",
        "scores = pd.Series({'forest': forest_score, 'boosting': boosting_score, 'logistic': logistic_score})\n"
        "print(scores.idxmax())\nscores.to_frame('accuracy')",
    ),
)
"""load -> three models -> compare."""

TRIVIAL: tuple[tuple[str, str], ...] = (("step:one", "a = 1"), ("", "b = a + 1"), ("", "print(b)"))
HEAVY: tuple[tuple[str, str], ...] = (
    ("step:one", "import numpy as np\nimport pandas as pd\nimport sklearn.ensemble"),
    ("", "b = np.arange(3).sum()"),
    ("", "print(b)"),
)

CELL = """\
import numpy as np_{i}
from sklearn.model_selection import train_test_split as split_{i}
def clean_{i}(df, cols=None, *, limit=LIMIT):
    out = df.copy()
    for c in (cols or df.columns):
        if out[c].dtype == "object":
            out[c] = out[c].fillna("na").str.lower()
        else:
            out[c] = out[c].clip(-limit, limit)
    return out
df_{i} = clean_{i}(df_{p}, [c for c in cols_{p} if c != "y"])
cols_{i} = [f"{{c}}_{i}" for c in cols_{p}]
stats_{i} = {{c: (df_{i}[c].mean(), df_{i}[c].std()) for c in df_{i}.columns}}
try:
    best_{i} = max(stats_{i}.values(), key=lambda t: t[1])
except ValueError as e:
    best_{i} = None
print(best_{i}, len(df_{i}))
"""


def chain(cells: int) -> list[tuple[str, str]]:
    """A long chain of steps, one realistic cell each."""
    first = ("", "LIMIT = 3\ncols_0 = ['a']\nimport pandas as pd\ndf_0 = pd.DataFrame({'a': [1]})")
    return [first, *((f"step:s{i}", CELL.format(i=i, p=i - 1)) for i in range(1, cells))]


def as_json(cells: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> bytes:
    """An .ipynb of (tags, text) cells."""
    document = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{number}",
                "metadata": {"tags": tags.split()},
                "outputs": [],
                "source": text,
            }
            for number, (tags, text) in enumerate(cells)
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1).encode()


def write(folder: Path, name: str, cells: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> Path:
    """An .ipynb file."""
    path = folder / name
    path.write_bytes(as_json(cells))
    return path
