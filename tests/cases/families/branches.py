"""Branches that look independent and write the same thing: the order of the notebook must win."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "same_list",
        """
        --- step:a
        results = []
        --- step:b
        import time; time.sleep(0.2)
        results.append('b')
        --- step:c
        results.append('c')
        --- step:d
        print(results)
        """,
        ordered="b<c c<d",
    ),
    case(
        "same_dict_other_keys",
        """
        --- step:a
        scores = {}
        --- step:b
        scores['b'] = 1
        --- step:c
        scores['c'] = 2
        --- step:d
        print(scores)
        """,
        ordered="b<c c<d",
        note="order of keys and none lost",
    ),
    case(
        "same_frame_other_columns",
        """
        --- setup
        import pandas as pd
        --- step:a
        df = pd.DataFrame({'x': [1, 2, 3]})
        --- step:b
        df['sq'] = df.x ** 2
        --- step:c
        df['half'] = df.x / 2
        --- step:d
        print(df, list(df.columns))
        """,
        ordered="b<c c<d",
    ),
    case(
        "same_object_other_attributes",
        """
        --- step:a
        class Report: pass
        report = Report()
        --- step:b
        report.b = 1
        --- step:c
        report.c = 2
        --- step:d
        print(sorted(vars(report)))
        """,
        ordered="b<d c<d",
    ),
    case(
        "same_array_other_rows",
        """
        --- setup
        import numpy as np
        --- step:a
        m = np.zeros((2, 2))
        --- step:b
        m[0] = 1
        --- step:c
        m[1] = 2
        --- step:d
        print(m)
        """,
        ordered="b<d c<d",
    ),
    case(
        "same_file",
        """
        --- step:b
        import time; time.sleep(0.2)
        with open('results.txt', 'a') as f: f.write('b\\n')
        --- step:c
        with open('results.txt', 'a') as f: f.write('c\\n')
        --- step:d
        print(open('results.txt').read())
        """,
        ordered="b<c c<d",
    ),
    case(
        "same_name_rebound",
        """
        --- step:a
        x = 1
        --- step:b
        x = 2
        print(x)
        --- step:c
        x = 3
        print(x)
        --- step:d
        print(x)
        """,
        ordered="c<d",
        parallel="a|b b|c",
        note="plain rebinding needs no order: the last one wins",
    ),
    case(
        "same_counter",
        """
        --- step:a
        n = 0
        --- step:b
        n += 1
        --- step:c
        n += 10
        --- step:d
        print(n)
        """,
        ordered="b<c c<d",
    ),
    case(
        "same_helper_variables",
        """
        --- step:load
        data = list(range(10))
        --- step:b
        tmp = [x for x in data if x % 2]
        i = len(tmp)
        odd = sum(tmp)
        --- step:c
        tmp = [x for x in data if not x % 2]
        i = len(tmp)
        even = sum(tmp)
        --- step:d
        print(odd, even, i, tmp)
        """,
        parallel="b|c",
        ordered="b<d c<d",
    ),
    case(
        "reader_between_two_writers",
        """
        --- step:a
        cfg = {'lr': 1}
        --- step:b
        import time; time.sleep(0.2)
        print(cfg)
        --- step:c
        cfg['lr'] = 2
        --- step:d
        print(cfg)
        """,
        ordered="c<d",
        parallel="b|c",
        note="b reads the value as of its place: no need to make c wait",
    ),
    case(
        "hidden_shared_list_in_function",
        """
        --- setup
        history = []
        def train(name, k):
            history.append(name)
            return k * 2
        --- step:b
        b = train('b', 1)
        --- step:c
        c = train('c', 2)
        --- step:d
        print(b, c, history)
        """,
        ordered="b<c c<d",
        note="models that look parallel share a log",
    ),
    case(
        "shared_model_object",
        """
        --- setup
        class Model:
            def __init__(self): self.w = [0]
            def fit(self, k): self.w = self.w + [k]; return self
        --- step:a
        model = Model()
        --- step:b
        m1 = model.fit(1)
        --- step:c
        m2 = model.fit(2)
        --- step:d
        print(m1.w, m2.w, m1 is m2)
        """,
        ordered="b<c c<d",
    ),
    case(
        "different_names_one_object",
        """
        --- step:a
        base = {'n': 0}
        one = base
        two = base
        --- step:b
        one['n'] += 1
        --- step:c
        two['n'] += 10
        --- step:d
        print(base)
        """,
        ordered="b<c c<d",
    ),
    case(
        "append_then_rebind",
        """
        --- step:a
        xs = [1]
        --- step:b
        xs.append(2)
        --- step:c
        xs = [0]
        --- step:d
        print(xs)
        """,
        ordered="c<d",
        parallel="b|c",
    ),
    case(
        "environment_by_both",
        """
        --- setup
        import os
        --- step:b
        os.environ['B'] = '1'
        --- step:c
        os.environ['C'] = '2'
        --- step:d
        print(os.environ['B'], os.environ['C'])
        """,
        ordered="b<d c<d",
    ),
    case(
        "prints_stay_in_their_cells",
        """
        --- step:a
        import time
        for i in range(3):
            print('a', i); time.sleep(0.02)
        --- step:b
        import time
        for i in range(3):
            print('b', i); time.sleep(0.02)
        --- step:c
        import time
        for i in range(3):
            print('c', i); time.sleep(0.02)
        """,
        parallel="a|b b|c a|c",
    ),
    case(
        "class_attribute_by_both",
        """
        --- setup
        class Cfg:
            values = {}
        --- step:b
        Cfg.values['b'] = 1
        --- step:c
        Cfg.extra = 2
        --- step:d
        print(Cfg.values, Cfg.extra)
        """,
        ordered="b<d c<d",
    ),
    case(
        "module_attribute_by_both",
        """
        --- setup
        import shelf
        --- step:b
        shelf.b = 1
        --- step:c
        shelf.c = 2
        --- step:d
        print(shelf.b, shelf.c)
        """,
        files={"shelf.py": ""},
        ordered="b<d c<d",
    ),
    case(
        "delete_in_one_branch",
        """
        --- step:a
        d = {'x': 1, 'y': 2}
        --- step:b
        import time; time.sleep(0.2)
        d.pop('x')
        --- step:c
        print(sorted(d))
        """,
        ordered="b<c",
    ),
]
