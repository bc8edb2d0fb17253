"""What people really write: a bit of everything in one notebook, cut into steps by somebody in a hurry."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "counter_with_nonlocal",
        """
        --- setup
        def make():
            n = 0
            def inc(by=1):
                nonlocal n
                n += by
                return n
            return inc
        inc = make()
        --- step:a
        inc()
        --- step:b
        print(inc(2))
        --- step:c
        print(inc())
        """,
        ordered="a<b b<c",
    ),
    case(
        "class_counts_its_instances",
        """
        --- setup
        class Job:
            made = 0
            log = []
            def __init__(self, name):
                type(self).made += 1
                self.log.append(name)
                self.number = Job.made
        --- step:a
        first = Job('a')
        --- step:b
        second = Job('b')
        --- step:c
        print(first.number, second.number, Job.made, Job.log)
        """,
    ),
    case(
        "models_in_a_dict_fitted_in_a_loop",
        """
        --- setup
        from sklearn.linear_model import LogisticRegression, RidgeClassifier
        from sklearn.datasets import load_iris
        X, y = load_iris(return_X_y=True)
        --- step:define
        models = {'lr': LogisticRegression(max_iter=500), 'ridge': RidgeClassifier()}
        --- step:fit
        for name, m in models.items():
            m.fit(X, y)
        --- step:score
        scores = {name: round(m.score(X, y), 3) for name, m in models.items()}
        print(scores, name)
        --- step:best
        best = max(scores, key=scores.get)
        print(best, type(models[best]).__name__)
        """,
    ),
    case(
        "cleaning_function_changes_its_frame",
        """
        --- setup
        import pandas as pd
        def clean(d):
            d['x'] = d['x'].fillna(0)
            d.columns = [c.upper() for c in d.columns]
        --- step:load
        df = pd.DataFrame({'x': [1.0, None, 3.0], 'y': list('abc')})
        backup = df
        --- step:clean
        clean(df)
        --- step:show
        print(df.to_dict('list'), list(backup.columns))
        """,
        ordered="load<clean clean<show",
    ),
    case(
        "out_argument_and_inplace_operators",
        """
        --- setup
        import numpy as np
        --- step:a
        x = np.arange(4.0)
        y = x
        total = np.zeros(4)
        --- step:b
        np.add(x, 1, out=total)
        --- step:c
        y *= 10
        --- step:d
        print(x, total)
        """,
        ordered="a<b b<d c<d",
    ),
    case(
        "registry_by_decorator",
        """
        --- setup
        handlers = {}
        def register(name):
            def wrap(f):
                handlers[name] = f
                return f
            return wrap
        --- step:a
        @register('double')
        def double(x): return 2 * x
        --- step:b
        @register('square')
        def square(x): return x * x
        --- step:c
        print({k: f(3) for k, f in handlers.items()})
        """,
    ),
    case(
        "results_collected_by_threads",
        """
        --- setup
        from concurrent.futures import ThreadPoolExecutor
        results = {}
        def work(i):
            results[i] = i * i
        --- step:a
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, range(3)))
        --- step:b
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, range(3, 5)))
        --- step:c
        print(sorted(results.items()))
        """,
    ),
    case(
        "written_module_imported_later",
        """
        --- step:a
        %%writefile helpers.py
        FACTOR = 3
        def scale(x):
            return x * FACTOR
        --- step:b
        import helpers
        print(helpers.scale(2))
        --- step:c
        helpers.FACTOR = 10
        --- step:d
        print(helpers.scale(2))
        """,
    ),
    case(
        "captured_output_shown_later",
        """
        --- step:a
        %%capture out
        print('hidden')
        --- step:b
        print(repr(out.stdout))
        --- step:c
        out.show()
        """,
        expect="same-or-refused",
    ),
    case(
        "figure_built_over_three_steps",
        """
        --- setup
        import matplotlib.pyplot as plt
        --- step:a
        fig, axes = plt.subplots(1, 2, figsize=(4, 2))
        plt.close(fig)
        --- step:b
        axes[0].plot([1, 2, 3])
        --- step:c
        axes[1].bar([0, 1], [2, 1])
        axes[1].set_title('bars')
        --- step:d
        print(len(axes[0].lines), len(axes[1].patches), axes[1].get_title(), fig.axes[1] is axes[1])
        """,
    ),
    case(
        "files_found_by_glob",
        """
        --- setup
        from pathlib import Path
        out = Path('parts')
        out.mkdir(exist_ok=True)
        --- step:a
        for i in range(2):
            (out / f'a{i}.txt').write_text(str(i))
        --- step:b
        (out / 'b.txt').write_text('b')
        --- step:c
        print(sorted(p.name for p in out.glob('*.txt')), sum(len(p.read_text()) for p in out.iterdir()))
        """,
        ordered="a<c b<c",
    ),
    case(
        "environment_seen_by_a_child",
        """
        --- step:a
        import os
        os.environ['STAGE'] = 'prod'
        --- step:b
        import subprocess, sys
        print(subprocess.run([sys.executable, '-c', 'import os; print(os.environ["STAGE"])'], capture_output=True, text=True).stdout)
        """,
    ),
    case(
        "early_stop_by_exception_variable",
        """
        --- step:a
        problems = []
        for value in ['1', 'x', '3']:
            try:
                int(value)
            except ValueError as err:
                problems.append(err)
        --- step:b
        print([str(p) for p in problems], type(problems[0]).__name__)
        try:
            err
        except NameError:
            print('err is gone')
        """,
    ),
    case(
        "lambda_sees_the_last_value",
        """
        --- step:a
        k = 1
        score = lambda r: r * k
        --- step:b
        k = 5
        --- step:c
        print(score(2), sorted([3, 1, 2], key=lambda r: -r * k))
        """,
        ordered="b<c",
    ),
    case(
        "monkey_patch_of_a_library",
        """
        --- step:a
        import colorsys
        original = colorsys.rgb_to_hls
        colorsys.rgb_to_hls = lambda *a: ('patched', *original(*a))
        --- step:b
        import colorsys
        print(colorsys.rgb_to_hls(0, 0, 0))
        --- step:c
        colorsys.rgb_to_hls = original
        --- step:d
        print(colorsys.rgb_to_hls(0, 0, 0))
        """,
    ),
    case(
        "one_iterator_in_two_steps",
        """
        --- setup
        import itertools
        ids = itertools.count(10)
        --- step:a
        a = [next(ids), next(ids)]
        --- step:b
        b = next(ids)
        --- step:c
        print(a, b, next(ids))
        """,
        expect="same-or-refused",
    ),
    case(
        "swapped_names",
        """
        --- step:a
        train, test = [1, 2], [3]
        --- step:b
        train, test = test, train
        --- step:c
        train.append(9)
        --- step:d
        print(train, test)
        """,
    ),
    case(
        "view_of_a_slice_changed_later",
        """
        --- setup
        import numpy as np
        --- step:a
        image = np.zeros((4, 4), dtype=int)
        --- step:b
        corner = image[:2, :2]
        --- step:c
        corner[:] = 7
        --- step:d
        print(image.sum(), corner.base is image)
        """,
        ordered="b<c c<d",
    ),
    case(
        "loop_variable_and_leftovers",
        """
        --- step:a
        for i in range(3):
            last = i
        --- step:b
        if last > 5:
            unused = 1
        for i in []:
            pass
        --- step:c
        print(i, last, 'unused' in dir())
        """,
    ),
    case(
        "frame_in_a_closure",
        """
        --- setup
        import pandas as pd
        --- step:a
        df = pd.DataFrame({'g': list('aab'), 'v': [1, 2, 3]})
        def total(g):
            return int(df.loc[df.g == g, 'v'].sum())
        --- step:b
        df.loc[0, 'v'] = 100
        --- step:c
        print(total('a'))
        --- step:d
        df = df[df.v > 2]
        --- step:e
        print(total('a'), len(df))
        """,
        ordered="b<c d<e",
    ),
    case(
        "settings_object_shared_by_two_objects",
        """
        --- setup
        class Config:
            lr = 0.1
        class Trainer:
            def __init__(self, cfg): self.cfg = cfg
            def step(self): return self.cfg.lr * 10
        --- step:a
        cfg = Config()
        one, two = Trainer(cfg), Trainer(cfg)
        --- step:b
        one.cfg.lr = 0.5
        --- step:c
        print(two.step(), cfg.lr, Config.lr)
        """,
    ),
    case(
        "two_heads_on_one_list",
        """
        --- step:a
        queue = [1, 2, 3]
        --- step:b
        taken = queue.pop(0)
        --- step:c
        rest = len(queue)
        --- step:d
        queue.append(taken)
        print(queue, rest)
        """,
        ordered="a<b b<c",
    ),
    case(
        "counter_and_defaultdict",
        """
        --- setup
        from collections import Counter, defaultdict
        seen, groups = Counter(), defaultdict(list)
        --- step:a
        seen.update('hello')
        groups['a']
        --- step:b
        for ch in 'world':
            seen[ch] += 1
            groups[ch in 'aeiou'].append(ch)
        --- step:c
        print(seen.most_common(2), dict(groups))
        """,
    ),
    case(
        "type_checks_across_steps",
        """
        --- setup
        from dataclasses import dataclass, field, replace, asdict
        from enum import Enum
        class Kind(Enum):
            A = 1
            B = 2
        @dataclass
        class Item:
            kind: Kind
            tags: list = field(default_factory=list)
        --- step:a
        x = Item(Kind.A)
        x.tags.append('t')
        --- step:b
        y = replace(x, kind=Kind.B)
        --- step:c
        print(isinstance(x, Item), x.kind is Kind.A, y.tags is x.tags, asdict(y), x == Item(Kind.A, ['t']))
        """,
    ),
    case(
        "seeded_split_then_two_unseeded_models",
        """
        --- setup
        import numpy as np
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.datasets import load_iris
        np.random.seed(0)
        X, y = load_iris(return_X_y=True)
        --- step:split
        order = np.random.permutation(len(X))
        --- step:one
        one = RandomForestClassifier(5, max_depth=2).fit(X[order[:100]], y[order[:100]])
        --- step:two
        two = RandomForestClassifier(5, max_depth=2).fit(X[order[:100]], y[order[:100]])
        --- step:compare
        print(one.predict_proba(X)[:3].round(4), two.predict_proba(X)[:3].round(4), np.random.rand())
        """,
        ordered="split<one one<two two<compare",
    ),
    case(
        "shadowed_function_called_by_another",
        """
        --- setup
        def load(): return [1, 2]
        def prepare(): return [v * 10 for v in load()]
        --- step:a
        print(prepare())
        --- step:b
        def load(): return [7]
        --- step:c
        print(prepare())
        """,
        ordered="b<c",
    ),
    case(
        "shell_lines_and_python",
        """
        --- step:a
        n = 3
        !echo "lines $n" > report.txt
        --- step:b
        text = !cat report.txt
        print(text[0])
        --- step:c
        !echo done >> report.txt
        --- step:d
        print(open('report.txt').read())
        """,
        ordered="a<b c<d",
    ),
    case(
        "database_file_between_steps",
        """
        --- step:create
        import sqlite3
        with sqlite3.connect('data.db') as db:
            db.execute('create table t (x int)')
            db.executemany('insert into t values (?)', [(1,), (2,)])
        db.close()
        --- step:change
        with sqlite3.connect('data.db') as db:
            db.execute('update t set x = x * 10')
        db.close()
        --- step:read
        rows = sqlite3.connect('data.db').execute('select x from t order by x').fetchall()
        print(rows)
        """,
        ordered="create<change change<read",
        compare_files=False,
    ),
    case(
        "options_for_one_step_only",
        """
        --- setup
        import pandas as pd
        import numpy as np
        df = pd.DataFrame({'x': np.arange(100) / 3})
        --- step:a
        with pd.option_context('display.max_rows', 4):
            print(df)
        --- step:b
        pd.set_option('display.precision', 2)
        --- step:c
        print(df.head(2))
        --- step:d
        np.set_printoptions(precision=1)
        --- step:e
        print(df.x.values[:2])
        """,
    ),
    case(
        "numbers_shown_by_underscore",
        """
        --- step:a
        6 * 7
        ---
        print(_ + 1)
        --- step:b
        'x'
        ---
        print(_)
        """,
        expect="same-or-refused",
    ),
    case(
        "await_and_tasks",
        """
        --- setup
        import asyncio
        log = []
        async def work(n):
            await asyncio.sleep(0)
            log.append(n)
            return n
        --- step:a
        a = await asyncio.gather(*(work(i) for i in range(3)))
        --- step:b
        b = await work(9)
        --- step:c
        print(a, b, log)
        """,
    ),
    case(
        "deep_copy_is_apart",
        """
        --- setup
        import copy
        --- step:a
        base = {'w': [1, 2]}
        --- step:b
        deep, shallow = copy.deepcopy(base), copy.copy(base)
        --- step:c
        base['w'].append(3)
        base['new'] = 1
        --- step:d
        print(deep, shallow, base)
        """,
    ),
    case(
        "method_chain_that_stores",
        """
        --- setup
        class Builder:
            def __init__(self): self.parts = []
            def add(self, x):
                self.parts.append(x)
                return self
        --- step:a
        b = Builder().add(1)
        --- step:b
        c = b.add(2)
        --- step:c
        c.add(3)
        --- step:d
        print(b.parts, b is c)
        """,
    ),
    case(
        "stop_iteration_of_a_loop_in_two_steps",
        """
        --- step:a
        rows = iter([1, 2, 3, 4])
        head = [next(rows) for _ in range(2)]
        --- step:b
        tail = list(rows)
        print(head, tail)
        --- step:c
        print(next(rows, 'empty'))
        """,
        expect="same-or-refused",
    ),
    case(
        "groupby_object_kept",
        """
        --- setup
        import pandas as pd
        --- step:a
        df = pd.DataFrame({'g': list('aab'), 'v': [1, 2, 3]})
        groups = df.groupby('g')
        --- step:b
        df['v'] = df['v'] * 2
        --- step:c
        print(groups.v.sum().to_dict(), df.v.tolist())
        """,
    ),
    case(
        "columns_added_by_two_branches",
        """
        --- setup
        import pandas as pd
        --- step:load
        df = pd.DataFrame({'x': [1, 2]})
        --- step:one
        df['a'] = df.x + 1
        --- step:two
        df['b'] = df.x * 2
        --- step:join
        print(df.to_dict('list'))
        """,
        ordered="one<two two<join",
    ),
    case(
        "time_series_with_index",
        """
        --- setup
        import pandas as pd
        s = pd.Series(range(6), index=pd.date_range('2024-01-01', periods=6, freq='D'), name='v')
        --- step:a
        monthly = s.resample('3D').sum()
        --- step:b
        s.index.name = 'day'
        --- step:c
        print(monthly.tolist(), s.index.name, s.reset_index().columns.tolist(), s.index.freq)
        """,
    ),
    case(
        "progress_bar_and_result",
        """
        --- setup
        from tqdm import tqdm
        --- step:a
        total = 0
        for i in tqdm(range(3), disable=True):
            total += i
        --- step:b
        print(total)
        """,
    ),
    case(
        "cell_that_defines_and_uses_a_generator_function",
        """
        --- setup
        def batches(xs, n):
            for i in range(0, len(xs), n):
                yield xs[i:i + n]
        --- step:a
        data = list(range(5))
        sizes = [len(b) for b in batches(data, 2)]
        --- step:b
        for b in batches(data, 3):
            b.append('seen')
        print(sizes, data)
        """,
    ),
    case(
        "context_manager_of_ones_own",
        """
        --- setup
        from contextlib import contextmanager
        depth = []
        @contextmanager
        def section(name):
            depth.append(name)
            try:
                yield len(depth)
            finally:
                depth.pop()
        --- step:a
        with section('a') as n:
            inside = list(depth), n
        --- step:b
        with section('b'):
            depth.append('left')
        --- step:c
        print(inside, depth)
        """,
    ),
    case(
        "string_templates_with_expressions",
        """
        --- step:a
        name, width = 'x', 8
        --- step:b
        print(f'{name!r:>{width}}|{width=}')
        --- step:c
        template = '{name} is {width}'
        print(template.format(**globals()))
        """,
    ),
]
