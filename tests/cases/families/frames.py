"""pandas: in-place operations, views that are none, chained assignment, attributes and index names."""

from __future__ import annotations

import textwrap
from typing import Any

from tests.cases.case import Case, case

_SETUP = "--- setup\nimport pandas as pd\nimport numpy as np\n"


def frame(name: str, text: str, **fields: Any) -> Case:
    """A case whose notebook begins with the usual imports."""
    return case(name, _SETUP + textwrap.dedent(text).strip("\n"), **fields)


CASES = [
    frame(
        "new_column",
        """
        --- step:a
        df = pd.DataFrame({'x': [1, 2]})
        --- step:b
        df['y'] = df['x'] * 2
        --- step:c
        print(df)
        """,
        ordered="b<c",
    ),
    frame(
        "inplace_operations",
        """
        --- step:a
        df = pd.DataFrame({'x': [3, 1, None], 'y': list('abc')})
        --- step:b
        df.dropna(inplace=True)
        --- step:c
        df.sort_values('x', inplace=True)
        df.rename(columns={'y': 'z'}, inplace=True)
        --- step:d
        df.reset_index(drop=True, inplace=True)
        --- step:e
        print(df)
        """,
        ordered="b<c c<d d<e",
    ),
    frame(
        "not_inplace_stays_parallel",
        """
        --- step:a
        df = pd.DataFrame({'x': [3, 1, 2], 'g': list('aab')})
        --- step:b
        b = df.sort_values('x').reset_index(drop=True)
        --- step:c
        c = df.groupby('g').x.mean()
        --- step:d
        d = df[df.x > 1].assign(y=lambda t: t.x * 2).drop(columns='g')
        --- step:e
        e = df.merge(df, on='g').describe()
        --- step:f
        print(b, c, d, e.shape, df)
        """,
        parallel="b|c b|d b|e c|d c|e d|e",
    ),
    frame(
        "loc_iloc_at",
        """
        --- step:a
        df = pd.DataFrame({'x': [1, 2, 3]}, index=list('abc'))
        --- step:b
        df.loc['a', 'x'] = 10
        df.iloc[1, 0] = 20
        df.at['c', 'x'] = 30
        --- step:c
        df.loc['d'] = 40
        --- step:d
        print(df)
        """,
        ordered="b<c c<d",
    ),
    frame(
        "mask_assignment",
        """
        --- step:a
        df = pd.DataFrame({'x': [1, -2, 3]})
        --- step:b
        df.loc[df.x < 0, 'x'] = 0
        --- step:c
        df[df > 2] = 2
        --- step:d
        print(df)
        """,
        ordered="b<c c<d",
    ),
    frame(
        "column_is_no_view",
        """
        --- step:a
        df = pd.DataFrame({'x': [1, 2]})
        --- step:b
        col = df['x']
        --- step:c
        col.iloc[0] = 99
        --- step:d
        print(df, col.tolist())
        """,
        note="pandas 3 copies on write",
    ),
    frame(
        "slice_is_no_view",
        """
        --- step:a
        df = pd.DataFrame({'x': [1, 2, 3]})
        --- step:b
        sub = df[df.x > 1]
        sub['y'] = 0
        --- step:c
        print(df.columns.tolist(), sub)
        """,
    ),
    frame(
        "chained_assignment_does_nothing",
        """
        --- step:a
        import warnings
        warnings.simplefilter('ignore')
        df = pd.DataFrame({'x': [1, 2]})
        --- step:b
        df['x'][0] = 100
        df[df.x > 0]['x'] = 5
        --- step:c
        print(df)
        """,
    ),
    frame(
        "alias_and_inplace",
        """
        --- step:a
        df = pd.DataFrame({'x': [1, 2]})
        same = df
        copy = df.copy()
        --- step:b
        df['y'] = 0
        --- step:c
        print(list(same.columns), list(copy.columns), same is df)
        """,
    ),
    frame(
        "index_and_columns_attributes",
        """
        --- step:a
        df = pd.DataFrame({'x': [1, 2]})
        --- step:b
        df.columns = ['renamed']
        df.index.name = 'row'
        df.attrs['source'] = 'here'
        --- step:c
        print(df, df.attrs)
        """,
        ordered="b<c",
    ),
    frame(
        "own_attribute_on_a_frame",
        """
        --- step:a
        import warnings
        warnings.simplefilter('ignore')
        df = pd.DataFrame({'x': [1, 2]})
        df.note = 'remember me'
        --- step:b
        print(getattr(df, 'note', 'lost'))
        """,
        expect="same-or-refused",
        note="pickle forgets it",
    ),
    frame(
        "insert_pop_update",
        """
        --- step:a
        df = pd.DataFrame({'x': [1, 2], 'y': [3, 4]})
        --- step:b
        y = df.pop('y')
        df.insert(0, 'first', y)
        --- step:c
        df.update(pd.DataFrame({'x': [100]}))
        --- step:d
        del df['first']
        --- step:e
        print(df, y.tolist())
        """,
        ordered="b<c c<d d<e",
    ),
    frame(
        "apply_with_side_effect",
        """
        --- step:a
        seen = []
        df = pd.DataFrame({'x': [1, 2]})
        --- step:b
        df.apply(lambda row: seen.append(int(row.x)), axis=1)
        --- step:c
        df['x'].map(seen.append)
        --- step:d
        print(seen)
        """,
        ordered="b<c c<d",
    ),
    frame(
        "pipe_into_a_mutating_function",
        """
        --- setup
        def clean(d):
            d['clean'] = True
            return d
        def pure(d):
            return d.assign(pure=True)
        --- step:a
        df = pd.DataFrame({'x': [1]})
        --- step:b
        one = df.pipe(clean)
        --- step:c
        two = df.pipe(pure)
        --- step:d
        print(df, one is df, two)
        """,
        ordered="b<c",
    ),
    frame(
        "function_changes_its_frame",
        """
        --- setup
        def add_ratio(d):
            d['r'] = d.a / d.b
        --- step:a
        df = pd.DataFrame({'a': [1, 2], 'b': [2, 2]})
        --- step:b
        add_ratio(df)
        --- step:c
        print(df)
        """,
        ordered="b<c",
    ),
    frame(
        "groupby_object_kept",
        """
        --- step:a
        df = pd.DataFrame({'g': list('aab'), 'x': [1, 2, 3]})
        groups = df.groupby('g')
        --- step:b
        print(groups.x.sum().to_dict())
        --- step:c
        for name, part in groups:
            print(name, len(part))
        """,
    ),
    frame(
        "groupby_apply_reads_a_global",
        """
        --- step:a
        df = pd.DataFrame({'g': list('aab'), 'x': [1, 2, 3]})
        k = 1
        def f(s): return s.sum() * k
        --- step:b
        k = 10
        --- step:c
        print(df.groupby('g').x.agg(f).to_dict())
        """,
        ordered="b<c",
    ),
    frame(
        "eval_inplace",
        """
        --- step:a
        df = pd.DataFrame({'x': [1, 2]})
        --- step:b
        df.eval('y = x + 1', inplace=True)
        --- step:c
        print(df)
        """,
        ordered="b<c",
    ),
    frame(
        "categories_and_dates",
        """
        --- step:a
        df = pd.DataFrame({'c': pd.Categorical(['b', 'a'], categories=['b', 'a'], ordered=True),
                           'd': pd.date_range('2024-01-01', periods=2, tz='UTC')})
        --- step:b
        print(df.dtypes, df.c.max(), df.d.dt.tz, df.index)
        """,
    ),
    frame(
        "multiindex_and_sparse",
        """
        --- step:a
        mi = pd.MultiIndex.from_product([['a', 'b'], [1, 2]], names=['l', 'n'])
        s = pd.Series(range(4), index=mi)
        sp = pd.Series([0, 0, 1]).astype('Sparse[int]')
        --- step:b
        print(s.unstack(), sp.sparse.density, mi.names)
        """,
    ),
    frame(
        "dict_of_frames",
        """
        --- step:a
        parts = {k: pd.DataFrame({'x': [i]}) for i, k in enumerate('ab')}
        --- step:b
        for k, d in parts.items():
            d['name'] = k
        --- step:c
        print(pd.concat(parts.values()))
        """,
        ordered="b<c",
    ),
    frame(
        "series_of_lists_share",
        """
        --- step:a
        cell = [1]
        s = pd.Series([cell, cell])
        --- step:b
        s[0].append(2)
        --- step:c
        print(s.tolist(), cell, s[0] is s[1], s[0] is cell)
        """,
        unsolved="a list taken out of a frame is not known to lie in it; saying so would chain every branch that reads a frame",
    ),
    frame(
        "large_frame_is_writable",
        """
        --- step:a
        df = pd.DataFrame(np.arange(20000.0).reshape(-1, 4), columns=list('abcd'))
        --- step:b
        df.loc[0, 'a'] = -1
        df['e'] = df.a + df.b
        --- step:c
        print(df.iloc[0].tolist(), df.shape, float(df.e.sum()))
        """,
        ordered="b<c",
        note="restored memory must behave as one's own",
    ),
    frame(
        "values_share_memory_or_not",
        """
        --- step:a
        df = pd.DataFrame({'x': [1.0, 2.0]})
        arr = df['x'].to_numpy()
        print(arr.flags.writeable)
        --- step:b
        print(arr.flags.writeable, np.shares_memory(arr, df['x'].to_numpy()))
        """,
        expect="same-or-refused",
    ),
    frame(
        "frame_subclass",
        """
        --- setup
        class Mine(pd.DataFrame):
            _metadata = ['tag']
            @property
            def _constructor(self): return Mine
            def hello(self): return 'hello ' + self.tag
        --- step:a
        m = Mine({'x': [1]})
        m.tag = 'T'
        --- step:b
        print(m.hello(), type(m) is Mine, type(m[m.x > 0]) is Mine)
        """,
    ),
    case(
        "columns_and_slices_keep_apart",
        """
        --- setup
        import pandas as pd
        --- step:a
        df = pd.DataFrame({'x': [1, 2], 'y': [3, 4]})
        s = df['x']; top = df[:1]; c = df['y'].astype('category')
        --- step:b
        s[0] = 99
        --- step:c
        top.iloc[0, 1] = 55
        --- step:d
        print(df.values.tolist(), s.tolist(), top.values.tolist(), c.tolist())
        """,
        note="they share memory until one is written",
    ),
    case(
        "nan_in_lists_and_keys",
        """
        --- setup
        import numpy as np
        --- step:a
        xs = [1, np.nan, 2]; d = {np.nan: 'none', 1: 'one'}
        --- step:b
        print(np.nan in xs, d.get(np.nan), xs.index(np.nan))
        """,
        note="NaN is found by its identity",
    ),
]
