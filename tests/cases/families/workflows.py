"""Realistic notebooks: load, three models, compare. The models must not wait for each other."""

from __future__ import annotations

from tests.cases.case import case

_THREE = {
    "ordered": "load<one load<two load<three one<compare two<compare three<compare",
    "parallel": "one|two two|three one|three",
}

CASES = [
    case(
        "functions_in_setup",
        """
        --- setup
        import numpy as np
        import pandas as pd
        from sklearn.linear_model import LinearRegression, Ridge
        from sklearn.tree import DecisionTreeRegressor
        from sklearn.metrics import mean_absolute_error, r2_score
        from sklearn.model_selection import train_test_split

        def evaluate(model, X, y):
            pred = model.predict(X)
            return {'mae': round(mean_absolute_error(y, pred), 3), 'r2': round(r2_score(y, pred), 3)}

        def fit_and_score(model, data):
            Xa, Xb, ya, yb = data
            model.fit(Xa, ya)
            return evaluate(model, Xb, yb)
        --- step:load
        rng = np.random.default_rng(0)
        df = pd.DataFrame({'a': rng.normal(size=80), 'b': rng.normal(size=80)})
        df['y'] = 2 * df.a - df.b + rng.normal(scale=.1, size=80)
        data = train_test_split(df[['a', 'b']], df.y, random_state=0)
        --- step:one
        linear = LinearRegression()
        linear_scores = fit_and_score(linear, data)
        print(linear_scores)
        --- step:two
        ridge = Ridge(alpha=10)
        ridge_scores = fit_and_score(ridge, data)
        print(ridge_scores)
        --- step:three
        tree = DecisionTreeRegressor(max_depth=3, random_state=0)
        tree_scores = fit_and_score(tree, data)
        print(tree_scores)
        --- step:compare
        table = pd.DataFrame({'linear': linear_scores, 'ridge': ridge_scores, 'tree': tree_scores}).T
        print(table)
        best = table.r2.idxmax()
        print(best)
        """,
        **_THREE,
    ),
    case(
        "classes",
        """
        --- setup
        import numpy as np
        from dataclasses import dataclass, field

        @dataclass
        class Result:
            name: str
            loss: float
            history: list = field(default_factory=list)

        class Trainer:
            def __init__(self, name, lr, epochs=20):
                self.name, self.lr, self.epochs = name, lr, epochs
                self.w = 0.0
                self.history = []
            def step(self, x, y):
                grad = 2 * ((self.w * x - y) * x).mean()
                self.w -= self.lr * grad
                self.history.append(round(float(((self.w * x - y) ** 2).mean()), 5))
            def fit(self, x, y):
                for _ in range(self.epochs):
                    self.step(x, y)
                return Result(self.name, self.history[-1], self.history)
        --- step:load
        x = np.linspace(-1, 1, 50)
        y = 3 * x + 0.01 * np.cos(40 * x)
        --- step:one
        slow = Trainer('slow', 0.01).fit(x, y)
        --- step:two
        mid = Trainer('mid', 0.1).fit(x, y)
        --- step:three
        fast = Trainer('fast', 0.5).fit(x, y)
        --- step:compare
        results = sorted([slow, mid, fast], key=lambda r: r.loss)
        for r in results:
            print(r.name, r.loss, len(r.history), isinstance(r, Result))
        """,
        **_THREE,
    ),
    case(
        "inline_code",
        """
        --- setup
        import numpy as np
        from sklearn.datasets import load_iris
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.neighbors import KNeighborsClassifier
        from sklearn.metrics import accuracy_score
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler
        --- step:load
        X, y = load_iris(return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=1, stratify=y)
        scaler = StandardScaler()
        X_train = scaler.fit_transform(X_train)
        X_test = scaler.transform(X_test)
        print(X_train.shape, X_test.shape)
        --- step:one
        forest = RandomForestClassifier(n_estimators=10, random_state=0)
        forest.fit(X_train, y_train)
        pred = forest.predict(X_test)
        forest_acc = accuracy_score(y_test, pred)
        print(f'forest {forest_acc:.3f}')
        --- step:two
        logit = LogisticRegression(max_iter=200)
        logit.fit(X_train, y_train)
        pred = logit.predict(X_test)
        logit_acc = accuracy_score(y_test, pred)
        print(f'logit {logit_acc:.3f}')
        --- step:three
        knn = KNeighborsClassifier(3)
        knn.fit(X_train, y_train)
        pred = knn.predict(X_test)
        knn_acc = accuracy_score(y_test, pred)
        print(f'knn {knn_acc:.3f}')
        --- step:compare
        for name, acc in zip(['forest', 'logit', 'knn'], [forest_acc, logit_acc, knn_acc]):
            print(f'{name:8} {acc:.3f}')
        """,
        **_THREE,
    ),
    case(
        "seed_parameter_and_random_state",
        """
        --- parameters
        seed = 1
        n = 60
        --- setup
        import numpy as np
        from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, ExtraTreesClassifier
        from sklearn.datasets import make_classification
        from sklearn.model_selection import cross_val_score
        --- step:load
        X, y = make_classification(n_samples=n, n_features=5, random_state=seed)
        --- step:one
        rf = RandomForestClassifier(5, random_state=seed)
        rf_cv = cross_val_score(rf, X, y, cv=3)
        --- step:two
        gb = GradientBoostingClassifier(n_estimators=5, random_state=seed)
        gb_cv = cross_val_score(gb, X, y, cv=3)
        --- step:three
        et = ExtraTreesClassifier(5, random_state=seed)
        et_cv = cross_val_score(et, X, y, cv=3)
        --- step:compare
        print(rf_cv.round(3), gb_cv.round(3), et_cv.round(3))
        print(max([(rf_cv.mean(), 'rf'), (gb_cv.mean(), 'gb'), (et_cv.mean(), 'et')])[1])
        """,
        parameters={"seed": 3},
        **_THREE,
    ),
    case(
        "pandas_heavy",
        """
        --- setup
        import pandas as pd
        import numpy as np
        --- step:load
        raw = pd.DataFrame({
            'day': pd.date_range('2024-01-01', periods=60),
            'shop': np.tile(['n', 's', 'w'], 20),
            'sales': np.arange(60) % 11 + 5.0,
        })
        raw['week'] = raw.day.dt.isocalendar().week.astype(int)
        raw = raw.dropna().sort_values(['shop', 'day']).reset_index(drop=True)
        --- step:one
        df = raw.copy()
        df['mean7'] = df.groupby('shop').sales.transform(lambda s: s.rolling(3, min_periods=1).mean())
        df['err'] = (df.sales - df.mean7).abs()
        rolling_err = df.err.mean()
        --- step:two
        df = raw.copy()
        weekly = df.groupby(['shop', 'week'], as_index=False).sales.mean().rename(columns={'sales': 'weekly'})
        df = df.merge(weekly, on=['shop', 'week'], how='left')
        weekly_err = (df.sales - df.weekly).abs().mean()
        --- step:three
        pivot = raw.pivot_table(index='day', columns='shop', values='sales').ffill().bfill()
        naive_err = pivot.diff().abs().mean().mean()
        --- step:compare
        summary = pd.Series({'rolling': rolling_err, 'weekly': weekly_err, 'naive': naive_err}).round(3)
        print(summary.sort_values())
        print(raw.shape)
        """,
        **_THREE,
    ),
    case(
        "plotting_in_each_branch",
        """
        --- setup
        %matplotlib inline
        import matplotlib.pyplot as plt
        import numpy as np
        from sklearn.linear_model import LinearRegression
        from sklearn.tree import DecisionTreeRegressor
        from sklearn.neighbors import KNeighborsRegressor
        --- step:load
        x = np.linspace(0, 6, 40).reshape(-1, 1)
        y = np.sin(x).ravel()
        --- step:one
        m1 = LinearRegression().fit(x, y)
        p1 = m1.predict(x)
        fig, ax = plt.subplots(figsize=(2, 1))
        ax.plot(x, y); ax.plot(x, p1)
        ax.set_title('linear')
        plt.show()
        --- step:two
        m2 = DecisionTreeRegressor(max_depth=2, random_state=0).fit(x, y)
        p2 = m2.predict(x)
        fig, ax = plt.subplots(figsize=(2, 1))
        ax.plot(x, y); ax.plot(x, p2)
        ax.set_title('tree')
        plt.show()
        --- step:three
        m3 = KNeighborsRegressor(3).fit(x, y)
        p3 = m3.predict(x)
        plt.figure(figsize=(2, 1))
        plt.plot(x, y)
        plt.plot(x, p3)
        plt.title('knn')
        plt.tight_layout()
        plt.show()
        --- step:compare
        plt.figure(figsize=(2, 1))
        plt.bar(['l', 't', 'k'], [np.abs(p - y).mean() for p in (p1, p2, p3)])
        plt.show()
        print([round(float(np.abs(p - y).mean()), 3) for p in (p1, p2, p3)])
        """,
        **_THREE,
    ),
    case(
        "results_under_separate_names_and_files",
        """
        --- setup
        import json, pickle
        from pathlib import Path
        import numpy as np
        from sklearn.linear_model import Ridge, Lasso, ElasticNet
        Path('models').mkdir(exist_ok=True)
        --- step:load
        rs = np.random.RandomState(0)
        X = rs.normal(size=(50, 4)); y = X @ [1, 0, -2, 0.5]
        --- step:one
        ridge = Ridge().fit(X, y)
        with open('models/ridge.pkl', 'wb') as f:
            pickle.dump(ridge, f)
        ridge_result = {'r2': round(ridge.score(X, y), 4)}
        --- step:two
        lasso = Lasso(0.1).fit(X, y)
        with open('models/lasso.pkl', 'wb') as f:
            pickle.dump(lasso, f)
        lasso_result = {'r2': round(lasso.score(X, y), 4)}
        --- step:three
        enet = ElasticNet(0.1).fit(X, y)
        with open('models/enet.pkl', 'wb') as f:
            pickle.dump(enet, f)
        enet_result = {'r2': round(enet.score(X, y), 4)}
        --- step:compare
        results = {'ridge': ridge_result, 'lasso': lasso_result, 'enet': enet_result}
        print(json.dumps(results))
        best = max(results, key=lambda k: results[k]['r2'])
        with open(f'models/{best}.pkl', 'rb') as f:
            print(pickle.load(f).coef_.round(3), sorted(p.name for p in Path('models').iterdir()))
        """,
        **_THREE,
    ),
    case(
        "configuration_objects_and_factories",
        """
        --- setup
        import numpy as np
        from dataclasses import dataclass
        from sklearn.svm import SVC
        from sklearn.naive_bayes import GaussianNB
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.metrics import f1_score

        @dataclass(frozen=True)
        class Config:
            seed: int = 0
            size: int = 60

        FACTORIES = {
            'svc': lambda cfg: SVC(random_state=cfg.seed),
            'nb': lambda cfg: GaussianNB(),
            'rf': lambda cfg: RandomForestClassifier(5, random_state=cfg.seed),
        }
        def run(kind, cfg, X, y):
            model = FACTORIES[kind](cfg)
            model.fit(X[:40], y[:40])
            return kind, f1_score(y[40:], model.predict(X[40:]))
        cfg = Config()
        --- step:load
        rng = np.random.default_rng(cfg.seed)
        X = rng.normal(size=(cfg.size, 3))
        y = (X.sum(axis=1) > 0).astype(int)
        --- step:one
        svc = run('svc', cfg, X, y)
        --- step:two
        nb = run('nb', cfg, X, y)
        --- step:three
        rf = run('rf', cfg, X, y)
        --- step:compare
        for kind, score in (svc, nb, rf):
            print(kind, round(score, 3))
        """,
        **_THREE,
    ),
    case(
        "plain_python",
        """
        --- setup
        from collections import Counter
        import math
        def tokenise(text): return text.lower().split()
        --- step:load
        texts = ['the cat sat', 'the dog ran', 'a cat ran']
        labels = [0, 1, 0]
        tokens = [tokenise(t) for t in texts]
        --- step:one
        counts = Counter()
        for t in tokens:
            counts.update(t)
        top = counts.most_common(2)
        --- step:two
        df_counts = Counter(w for t in tokens for w in set(t))
        idf = {w: math.log(len(tokens) / n) for w, n in sorted(df_counts.items())}
        rare = max(idf, key=idf.get)
        --- step:three
        lengths = [len(t) for t in tokens]
        avg = sum(lengths) / len(lengths)
        --- step:compare
        print(top, round(idf['cat'], 3), rare in idf, avg, labels)
        """,
        **_THREE,
    ),
    case(
        "shared_results_dict_is_ordered",
        """
        --- setup
        import numpy as np
        from sklearn.linear_model import Ridge
        --- step:load
        rs = np.random.RandomState(0)
        X = rs.normal(size=(30, 2)); y = X[:, 0]
        results = {}
        --- step:one
        results['one'] = round(Ridge(1).fit(X, y).score(X, y), 3)
        --- step:two
        results['two'] = round(Ridge(100).fit(X, y).score(X, y), 3)
        --- step:compare
        print(results)
        """,
        ordered="one<two two<compare",
        note="results collected in one dict must be chained",
    ),
    case(
        "global_seed_is_ordered",
        """
        --- setup
        import numpy as np
        from sklearn.ensemble import RandomForestClassifier
        np.random.seed(42)
        --- step:load
        X = np.random.normal(size=(40, 3)); y = (X[:, 0] > 0).astype(int)
        --- step:one
        m1 = RandomForestClassifier(5).fit(X, y)
        --- step:two
        m2 = RandomForestClassifier(5).fit(X, y)
        --- step:compare
        probe = np.linspace(-1, 1, 9).reshape(3, 3)
        print(m1.predict_proba(probe)[:, 1], m2.predict_proba(probe)[:, 1])
        """,
        ordered="load<one one<two two<compare",
        note="models without random_state draw from the global generator",
    ),
    case(
        "features_then_models",
        """
        --- setup
        import numpy as np, pandas as pd
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler, PolynomialFeatures
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import cross_val_predict
        --- step:load
        rs = np.random.RandomState(1)
        df = pd.DataFrame(rs.normal(size=(60, 3)), columns=list('abc'))
        df['t'] = (df.a * df.b > 0).astype(int)
        --- step:clean
        df = df[df.a.abs() < 3].copy()
        df['ab'] = df.a * df.b
        --- step:one
        pipe1 = make_pipeline(StandardScaler(), LogisticRegression())
        pred1 = cross_val_predict(pipe1, df[['a', 'b', 'c']], df.t, cv=3)
        --- step:two
        pipe2 = make_pipeline(PolynomialFeatures(2), LogisticRegression(max_iter=500))
        pred2 = cross_val_predict(pipe2, df[['a', 'b']], df.t, cv=3)
        --- step:three
        pipe3 = make_pipeline(StandardScaler(), LogisticRegression())
        pred3 = cross_val_predict(pipe3, df[['ab']], df.t, cv=3)
        --- step:compare
        out = pd.DataFrame({'t': df.t, 'p1': pred1, 'p2': pred2, 'p3': pred3})
        print((out[['p1', 'p2', 'p3']].eq(out.t, axis=0)).mean().round(3))
        """,
        ordered="load<clean clean<one one<compare",
        parallel="one|two two|three one|three",
    ),
    case(
        "validation_gate",
        """
        --- setup
        import pandas as pd
        class BadData(Exception): pass
        def check(df):
            problems = []
            if df.isna().any().any():
                problems.append('missing values')
            if (df.age < 0).any():
                problems.append('negative age')
            return problems
        --- step:load
        df = pd.DataFrame({'age': [20, 31], 'income': [1.0, 2.0]})
        --- step:validate
        problems = check(df)
        if problems:
            raise BadData(problems)
        print('ok', len(df))
        --- step:train after:validate
        weights = df.corr().round(3)
        print(weights)
        """,
        ordered="load<validate validate<train",
    ),
    case(
        "time_series_branches",
        """
        --- setup
        import pandas as pd, numpy as np
        def mae(a, b): return float(np.mean(np.abs(np.asarray(a) - np.asarray(b))))
        --- step:load
        idx = pd.date_range('2023-01-01', periods=36, freq='MS')
        ts = pd.Series(np.sin(np.arange(36) / 6 * np.pi) + np.arange(36) / 12, index=idx)
        train, test = ts[:-6], ts[-6:]
        --- step:one
        naive = pd.Series(train.iloc[-1], index=test.index)
        naive_mae = mae(test, naive)
        --- step:two
        seasonal = pd.Series(train.iloc[-12:-6].to_numpy(), index=test.index)
        seasonal_mae = mae(test, seasonal)
        --- step:three
        coef = np.polyfit(np.arange(len(train)), train, 1)
        trend = pd.Series(np.polyval(coef, np.arange(len(train), len(ts))), index=test.index)
        trend_mae = mae(test, trend)
        --- step:compare
        for name, v in [('naive', naive_mae), ('seasonal', seasonal_mae), ('trend', trend_mae)]:
            print(f'{name:10}{v:.4f}')
        """,
        **_THREE,
    ),
]
