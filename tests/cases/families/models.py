"""scikit-learn: what fit changes, what it does not, pipelines sharing their parts."""

from __future__ import annotations

from tests.cases.case import case

_DATA = """
--- setup
import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.preprocessing import StandardScaler, FunctionTransformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.base import BaseEstimator, TransformerMixin, clone
rs = np.random.RandomState(0)
X = rs.normal(size=(40, 3))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
"""

CASES = [
    case(
        "fit_changes_the_model",
        _DATA
        + """
--- step:a
m = LinearRegression()
--- step:b
m.fit(X, y)
--- step:c
print(m.coef_.round(4))
--- step:d
print(m.predict(X[:2]).round(4), round(m.score(X, y), 4))
""",
        ordered="a<b b<c b<d",
        parallel="c|d",
    ),
    case(
        "fit_returns_itself",
        _DATA
        + """
--- step:a
m = LinearRegression()
n = m.fit(X, y)
--- step:b
n.fit(X, 1 - y)
--- step:c
print(m is n, m.coef_.round(3))
""",
        ordered="b<c",
    ),
    case(
        "partial_fit",
        _DATA
        + """
--- step:a
m = SGDClassifier(random_state=0)
--- step:b
m.partial_fit(X[:20], y[:20], classes=[0, 1])
--- step:c
m.partial_fit(X[20:], y[20:])
--- step:d
print(m.coef_.round(3), m.t_)
""",
        ordered="b<c c<d",
    ),
    case(
        "warm_start",
        _DATA
        + """
--- step:a
from sklearn.ensemble import RandomForestClassifier
m = RandomForestClassifier(2, warm_start=True, random_state=0)
--- step:b
m.fit(X, y)
--- step:c
m.n_estimators += 3
m.fit(X, y)
--- step:d
print(len(m.estimators_), m.predict(X[:5]))
""",
        ordered="b<c c<d",
    ),
    case(
        "pipeline_fits_its_parts",
        _DATA
        + """
--- step:a
scaler = StandardScaler()
pipe = Pipeline([('s', scaler), ('m', LogisticRegression())])
--- step:b
pipe.fit(X, y)
--- step:c
print(scaler.mean_.round(4), pipe['s'] is scaler)
""",
        ordered="b<c",
        note="b changes scaler without naming it",
    ),
    case(
        "set_params",
        _DATA
        + """
--- step:a
pipe = make_pipeline(StandardScaler(), LogisticRegression())
--- step:b
pipe.set_params(logisticregression__C=0.01)
--- step:c
print(pipe.get_params()['logisticregression__C'], pipe[-1].C)
""",
        ordered="b<c",
    ),
    case(
        "clone_is_separate",
        _DATA
        + """
--- step:a
base = LogisticRegression(C=0.5)
--- step:b
one = clone(base).fit(X, y)
--- step:c
two = clone(base).set_params(C=2.0).fit(X, y)
--- step:d
print(one.coef_.round(3), two.coef_.round(3), hasattr(base, 'coef_'))
""",
        parallel="b|c",
    ),
    case(
        "one_model_fitted_in_two_steps",
        _DATA
        + """
--- step:a
m = LogisticRegression()
--- step:b
m.fit(X[:20], y[:20])
first = m.coef_.copy()
--- step:c
m.fit(X[20:], y[20:])
--- step:d
print((first == m.coef_).all(), m.coef_.round(3))
""",
        ordered="b<c c<d",
    ),
    case(
        "fit_transform_in_place_of_fit",
        _DATA
        + """
--- step:a
s = StandardScaler()
--- step:b
Z = s.fit_transform(X)
--- step:c
print(s.scale_.round(3))
--- step:d
print(Z.mean().round(6), s.transform(X[:1]).round(3))
""",
        ordered="b<c b<d",
        parallel="c|d",
    ),
    case(
        "copy_false_changes_the_data",
        _DATA
        + """
--- step:a
A = X.copy()
--- step:b
StandardScaler(copy=False).fit_transform(A)
--- step:c
print(A[0].round(4), X[0].round(4))
""",
        ordered="b<c",
    ),
    case(
        "own_estimator",
        _DATA
        + """
--- setup
SHIFT = 1
class Shift(TransformerMixin, BaseEstimator):
    def __init__(self, k=1): self.k = k
    def fit(self, X, y=None): self.seen_ = len(X); return self
    def transform(self, X): return X + self.k * SHIFT
--- step:a
pipe = make_pipeline(Shift(2), LogisticRegression()).fit(X, y)
--- step:b
print(pipe.predict(X[:4]), isinstance(pipe[0], Shift), pipe[0].seen_)
--- step:c
SHIFT = 100
--- step:d
print(pipe[0].transform(np.zeros((1, 1))), clone(pipe)[0])
""",
        ordered="a<b c<d",
    ),
    case(
        "function_transformer_with_lambda",
        _DATA
        + """
--- step:a
k = 2
pipe = make_pipeline(FunctionTransformer(lambda a: a * k), LinearRegression()).fit(X, y)
--- step:b
print(pipe[0].transform(np.ones((1, 3))))
--- step:c
k = 5
--- step:d
print(pipe[0].transform(np.ones((1, 3))))
""",
        ordered="c<d",
    ),
    case(
        "cross_validation_leaves_the_model",
        _DATA
        + """
--- step:a
from sklearn.model_selection import GridSearchCV, cross_val_score
m = LogisticRegression()
--- step:b
print(cross_val_score(m, X, y, cv=3).round(3))
--- step:c
gs = GridSearchCV(m, {'C': [0.1, 1]}, cv=2).fit(X, y)
--- step:d
print(gs.best_params_, hasattr(m, 'coef_'))
""",
    ),
    case(
        "column_transformer_and_frame",
        """
        --- setup
        import pandas as pd
        from sklearn.compose import ColumnTransformer
        from sklearn.preprocessing import OneHotEncoder, StandardScaler
        --- step:a
        df = pd.DataFrame({'n': [1.0, 2.0, 3.0], 'c': list('aba')})
        ct = ColumnTransformer([('n', StandardScaler(), ['n']), ('c', OneHotEncoder(), ['c'])])
        --- step:b
        Z = ct.fit_transform(df)
        --- step:c
        print(Z.round(3), list(ct.get_feature_names_out()))
        """,
        ordered="b<c",
    ),
    case(
        "model_dictionary_fitted_in_a_loop",
        _DATA
        + """
--- step:a
models = {'lin': LinearRegression(), 'log': LogisticRegression()}
--- step:b
for name, m in models.items():
    m.fit(X, y)
--- step:c
print({n: m.predict(X[:1]).round(3).tolist() for n, m in models.items()})
""",
        ordered="b<c",
    ),
    case(
        "models_fitted_by_a_function",
        _DATA
        + """
--- setup
def train(model, X, y):
    model.fit(X, y)
    return model.score(X, y)
--- step:a
m = LogisticRegression()
--- step:b
s = train(m, X, y)
--- step:c
print(round(s, 3), m.coef_.round(3))
""",
        ordered="b<c",
    ),
    case(
        "shared_random_state_object",
        _DATA
        + """
--- step:a
from sklearn.model_selection import train_test_split
rng = np.random.RandomState(7)
--- step:b
a1, a2 = train_test_split(np.arange(10), random_state=rng)
--- step:c
b1, b2 = train_test_split(np.arange(10), random_state=rng)
--- step:d
print(a2, b2)
""",
        ordered="b<c",
        note="a split advances the generator it is given",
    ),
    case(
        "scorer_and_metrics",
        _DATA
        + """
--- step:a
from sklearn.metrics import accuracy_score, make_scorer
bonus = 0.5
scorer = make_scorer(lambda t, p: accuracy_score(t, p) + bonus)
m = LogisticRegression().fit(X, y)
--- step:b
print(round(scorer(m, X, y), 3))
--- step:c
acc = accuracy_score(y, m.predict(X))
print(round(acc, 3))
""",
        parallel="b|c",
    ),
    case(
        "parallel_jobs_with_notebook_function",
        """
        --- setup
        from joblib import Parallel, delayed
        factor = 3
        def work(x): return x * factor
        --- step:a
        print(Parallel(n_jobs=2)(delayed(work)(i) for i in range(4)))
        --- step:b
        factor = 10
        --- step:c
        print(Parallel(n_jobs=1)(delayed(work)(i) for i in range(4)))
        """,
        ordered="b<c",
    ),
]
