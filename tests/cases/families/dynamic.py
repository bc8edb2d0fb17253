"""Names behind strings: exec, eval, globals(), setattr, templates, pandas queries, the shell's own namespace."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "exec_constant",
        """
        --- step:a
        exec('x = 1')
        --- step:b
        print(x)
        """,
        expect="same-or-refused",
    ),
    case(
        "exec_computed",
        """
        --- step:a
        for n in 'abc':
            exec(f'{n}_var = {n!r}')
        --- step:b
        print(a_var, b_var, c_var)
        """,
        expect="same-or-refused",
    ),
    case(
        "exec_changes_an_object",
        """
        --- step:a
        xs = []
        --- step:b
        exec('xs' + '.append(1)')
        --- step:c
        print(xs)
        """,
        expect="same-or-refused",
    ),
    case(
        "exec_in_own_namespace",
        """
        --- step:a
        x = 'mine'
        --- step:b
        ns = {}
        exec('x = 5', ns)
        print(ns['x'])
        --- step:c
        print(x)
        """,
    ),
    case(
        "eval_constant",
        """
        --- step:a
        x, y = 2, 3
        --- step:b
        print(eval('x * y'))
        """,
        expect="same-or-refused",
    ),
    case(
        "eval_computed",
        """
        --- step:a
        lr_a, lr_b = 1, 2
        --- step:b
        print([eval('lr_' + k) for k in 'ab'])
        """,
        expect="same-or-refused",
    ),
    case(
        "globals_store_constant",
        """
        --- step:a
        globals()['made'] = 3
        --- step:b
        print(made)
        """,
        expect="same-or-refused",
    ),
    case(
        "globals_store_computed",
        """
        --- step:a
        for i in range(3):
            globals()[f'model_{i}'] = i * i
        --- step:b
        print(model_0, model_1, model_2)
        """,
        expect="same-or-refused",
    ),
    case(
        "globals_store_over_existing",
        """
        --- step:a
        x = 'old'
        --- step:b
        name = ''.join(['x'])
        globals()[name] = 'new'
        --- step:c
        print(x)
        """,
        expect="same-or-refused",
        note="nothing in b shows that x changes",
    ),
    case(
        "globals_read_computed",
        """
        --- step:a
        df_train, df_test = 'train', 'test'
        --- step:b
        for part in ('train', 'test'):
            print(globals()['df_' + part])
        """,
        expect="same-or-refused",
    ),
    case(
        "globals_update",
        """
        --- step:a
        globals().update({'p': 1, 'q': 2})
        --- step:b
        print(p + q)
        """,
        expect="same-or-refused",
    ),
    case(
        "locals_and_vars_at_top",
        """
        --- step:a
        x = 1
        --- step:b
        locals()['x'] = 2
        vars()['y'] = 3
        --- step:c
        print(x, y)
        """,
        expect="same-or-refused",
    ),
    case(
        "globals_in_a_function",
        """
        --- setup
        def save(name, value): globals()[name] = value
        --- step:a
        save('hidden', 5)
        --- step:b
        print(hidden)
        """,
        expect="same-or-refused",
    ),
    case(
        "globals_aliased",
        """
        --- step:a
        g = globals()
        --- step:b
        g['z'] = 26
        --- step:c
        print(z)
        """,
        expect="same-or-refused",
    ),
    case(
        "format_map_with_globals",
        """
        --- step:a
        name, n = 'Ann', 3
        --- step:b
        print('{name} has {n}'.format(**globals()))
        print('%(name)s' % globals())
        """,
        expect="same-or-refused",
    ),
    case(
        "string_template",
        """
        --- step:a
        import string
        user = 'bob'
        --- step:b
        print(string.Template('hi $user').substitute(vars()))
        """,
        expect="same-or-refused",
    ),
    case(
        "dir_lists_names",
        """
        --- step:a
        zz_one, zz_two = 1, 2
        --- step:b
        print([n for n in dir() if n.startswith('zz_')])
        """,
        expect="same-or-refused",
    ),
    case(
        "setattr_on_module",
        """
        --- step:a
        import math
        setattr(math, 'TAU2', 12.5)
        --- step:b
        print(math.TAU2)
        """,
        ordered="a<b",
    ),
    case(
        "setattr_computed_on_object",
        """
        --- step:a
        class Cfg: pass
        cfg = Cfg()
        --- step:b
        for k, v in {'lr': 1, 'n': 2}.items():
            setattr(cfg, k, v)
        --- step:c
        print(cfg.lr, cfg.n)
        """,
        ordered="b<c",
    ),
    case(
        "delattr",
        """
        --- step:a
        class Cfg:
            pass
        cfg = Cfg(); cfg.x = 1
        --- step:b
        delattr(cfg, 'x')
        --- step:c
        print(hasattr(cfg, 'x'))
        """,
        ordered="b<c",
    ),
    case(
        "pandas_query_reads_a_name",
        """
        --- setup
        import pandas as pd
        --- step:a
        df = pd.DataFrame({'x': [1, 2, 3]})
        limit = 1
        --- step:b
        limit = 2
        --- step:c
        print(df.query('x >= @limit'))
        """,
        ordered="b<c",
        note="a name inside a string",
    ),
    case(
        "pandas_eval_reads_names",
        """
        --- setup
        import pandas as pd
        --- step:a
        df = pd.DataFrame({'x': [1, 2]})
        k = 10
        --- step:b
        print(df.eval('y = x * @k'))
        print(pd.eval('k + 1'))
        """,
        ordered="a<b",
    ),
    case(
        "timeit_with_globals",
        """
        --- step:a
        import timeit
        hits = []
        def work(): hits.append(1)
        --- step:b
        t = timeit.timeit('work()', globals=globals(), number=3)
        --- step:c
        print(len(hits))
        """,
        expect="same-or-refused",
    ),
    case(
        "user_ns_of_the_shell",
        """
        --- step:a
        ip = get_ipython()
        ip.user_ns['pushed'] = 1
        get_ipython().push({'also': 2})
        --- step:b
        print(pushed, also)
        """,
        expect="same-or-refused",
    ),
    case(
        "run_cell_of_the_shell",
        """
        --- step:a
        r = get_ipython().run_cell('inner = 40 + 2')
        --- step:b
        print(inner)
        """,
        expect="same-or-refused",
    ),
    case(
        "compile_and_exec",
        """
        --- step:a
        xs = [1]
        code = compile('xs.append(2)', '<s>', 'exec')
        --- step:b
        exec(code)
        --- step:c
        print(xs)
        """,
        expect="same-or-refused",
    ),
    case(
        "importlib_by_string",
        """
        --- step:a
        import importlib
        name = 'ma' + 'th'
        m = importlib.import_module(name)
        m2 = __import__('json')
        --- step:b
        print(m.floor(1.5), m2.dumps([1]))
        """,
    ),
    case(
        "pickle_loads_changes_nothing",
        """
        --- step:a
        import pickle
        blob = pickle.dumps({'x': [1]})
        --- step:b
        x = pickle.loads(blob)
        --- step:c
        print(x, len(blob) > 5)
        """,
    ),
    case(
        "locals_inside_functions_are_harmless",
        """
        --- setup
        def f(a, b): return sorted(locals())
        --- step:a
        x = f(1, 2)
        --- step:b
        y = f(3, 4)
        --- step:c
        print(x == y)
        """,
        parallel="a|b",
    ),
    case(
        "getattr_on_module_by_name",
        """
        --- step:a
        import math
        picked = {n: getattr(math, n) for n in ('sin', 'cos')}
        --- step:b
        print(picked['cos'](0), picked['sin'] is math.sin)
        """,
    ),
    case(
        "reset_magic",
        """
        --- step:a
        x = 1
        --- step:b
        %reset -f
        --- step:c
        print('x' in globals())
        """,
        expect="same-or-refused",
    ),
    case(
        "who_magic",
        """
        --- step:a
        qq_a, qq_b = 1, 's'
        --- step:b
        %who_ls int
        """,
        expect="same-or-refused",
    ),
]
