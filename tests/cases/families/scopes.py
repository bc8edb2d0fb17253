"""Which `x` is it: builtins shadowed, comprehension and class scopes, globals declared inside, star imports."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "builtin_shadowed_by_value",
        """
        --- step:a
        list = [1, 2]
        id = 7
        --- step:b
        print(list, id)
        """,
        ordered="a<b",
    ),
    case(
        "builtin_shadowed_by_function",
        """
        --- step:a
        def len(x): return 'my len'
        --- step:b
        print(len([1, 2, 3]))
        """,
        ordered="a<b",
    ),
    case(
        "builtin_shadowed_in_between",
        """
        --- step:a
        xs = [1, 2, 3]
        print(sum(xs))
        --- step:b
        sum = 'shadow'
        --- step:c
        print(sum)
        """,
        parallel="a|b",
        ordered="b<c",
    ),
    case(
        "builtin_shadow_deleted",
        """
        --- step:a
        max = 5
        print(max)
        --- step:b
        del max
        --- step:c
        print(max([1, 2]))
        """,
        expect="same-or-refused",
        note="c starts without the deleted name, so it need not wait",
    ),
    case(
        "print_replaced",
        """
        --- setup
        lines = []
        _print = print
        def print(*a):
            lines.append(a)
            _print('>', *a)
        --- step:a
        print('a')
        --- step:b
        print('b')
        --- step:c
        _print(len(lines))
        """,
        ordered="a<b b<c",
    ),
    case(
        "builtins_module_changed",
        """
        --- step:a
        import builtins
        builtins.SHARED = 5
        --- step:b
        print(SHARED)
        """,
        expect="same-or-refused",
    ),
    case(
        "comprehension_variable_is_local",
        """
        --- step:a
        x = 'outer'
        --- step:b
        xs = [x for x in range(3)]
        ys = {x: y for x, y in zip('ab', 'cd')}
        gs = sum(x for x in xs)
        --- step:c
        print(x, xs, ys, gs)
        """,
        parallel="a|b",
    ),
    case(
        "comprehension_reads_outer",
        """
        --- step:a
        k = 2
        --- step:b
        print([x * k for x in range(3) if x < k + 5])
        """,
        ordered="a<b",
    ),
    case(
        "comprehension_first_iterable",
        """
        --- step:a
        x = [1, 2]
        --- step:b
        print([x for x in x], [[y for y in x] for x in [x, x]])
        """,
        ordered="a<b",
    ),
    case(
        "lambda_parameters_hide",
        """
        --- step:a
        x = 'outer'
        --- step:b
        f = lambda x: x + 1
        print(f(1))
        --- step:c
        print(x)
        """,
        parallel="a|b",
    ),
    case(
        "class_scope_is_not_seen_by_methods",
        """
        --- step:a
        name = 'global'
        class C:
            name = 'class'
            def get(self): return name
        --- step:b
        print(C().get(), C.name)
        """,
    ),
    case(
        "class_body_loop_leaks_into_class",
        """
        --- step:a
        i = 'global'
        class C:
            for i in range(2): pass
            ys = [i for _ in range(2)]
        --- step:b
        print(i, C.i, C.ys)
        """,
    ),
    case(
        "local_shadows_global",
        """
        --- step:a
        n = 1
        def f():
            n = 2
            return n
        --- step:b
        f()
        --- step:c
        print(n, f())
        """,
        parallel="b|c",
    ),
    case(
        "global_in_class_body",
        """
        --- step:a
        class C:
            global made_here
            made_here = 9
        --- step:b
        print(made_here)
        """,
        ordered="a<b",
    ),
    case(
        "global_statement_at_top",
        """
        --- step:a
        global g
        g = 3
        --- step:b
        print(g)
        """,
    ),
    case(
        "star_import_from_stdlib",
        """
        --- setup
        from math import *
        --- step:a
        print(round(sqrt(2), 3), floor(pi))
        --- step:b
        e = 'mine'
        --- step:c
        print(e, ceil(1.2))
        """,
        ordered="b<c",
    ),
    case(
        "star_import_overrides",
        """
        --- step:a
        x, y = 'mine', 'kept'
        --- step:b
        from things import *
        --- step:c
        print(x, y, z)
        """,
        files={"things.py": "x = 'theirs'\nz = 1\n_hidden = 2\n"},
        ordered="a<c b<c",
    ),
    case(
        "star_import_with_all",
        """
        --- step:a
        x = 'mine'
        --- step:b
        from things import *
        --- step:c
        print(x, y)
        """,
        files={"things.py": "__all__ = ['y']\nx = 'theirs'\ny = 2\n"},
    ),
    case(
        "star_import_shadows_builtin",
        """
        --- step:a
        from things import *
        --- step:b
        print(sum([1, 2]))
        """,
        files={"things.py": "def sum(xs): return 'their sum'\n"},
        ordered="a<b",
    ),
    case(
        "names_in_annotations_and_decorators",
        """
        --- step:a
        def deco(n): return lambda f: (lambda *a: (n, f(*a)))
        N = 4
        --- step:b
        @deco(N)
        def g(x: N = N) -> N: return x
        --- step:c
        N = 0
        --- step:d
        print(g(), g(1))
        """,
        ordered="a<b b<d",
    ),
    case(
        "dunder_main_and_name",
        """
        --- step:a
        if __name__ == '__main__':
            main = True
        --- step:b
        import sys
        m = sys.modules['__main__']
        print(main, __name__, '__file__' in globals(), m.main)
        """,
    ),
    case(
        "import_main_and_write",
        """
        --- step:a
        import __main__
        __main__.secret = 5
        --- step:b
        print(secret)
        """,
        expect="same-or-refused",
    ),
    case(
        "unicode_names",
        """
        --- step:a
        größe = 1
        变量 = [2]
        ﬁne = 'nfkc'
        --- step:b
        变量.append(größe)
        print(fine)
        --- step:c
        print(变量)
        """,
        ordered="b<c",
        note="Python reads the ligature as `fine`",
    ),
    case(
        "very_long_name",
        "--- step:a\n" + "v" * 400 + " = 1\n--- step:b\nprint(" + "v" * 400 + ")",
    ),
    case(
        "underscore_names",
        """
        --- step:a
        _private = 1
        __double = 2
        _ = 'mine'
        __ = 'twice'
        --- step:b
        print(_private, __double, _, __)
        """,
    ),
    case(
        "name_mangling",
        """
        --- step:a
        _C__x = 'mangled global'
        class C:
            def f(self): return __x
        --- step:b
        print(C().f())
        """,
        ordered="a<b",
    ),
    case(
        "soft_keywords_as_names",
        """
        --- step:a
        match = 1
        case = 2
        type = 'my type'
        --- step:b
        print(match, case, type)
        """,
    ),
    case(
        "many_statements_on_a_line",
        """
        --- step:a
        a = 1; b = a; c = b; del a
        --- step:b
        print(b, c); d = b; e = \\
            d
        --- step:c
        print(e)
        """,
    ),
    case(
        "future_annotations_persist",
        """
        --- setup
        from __future__ import annotations
        --- step:a
        def f(x: NotDefinedAnywhere) -> AlsoNot: return x
        print(f.__annotations__)
        --- step:b
        class C:
            field: StillNot = 1
        print(C.__annotations__)
        """,
        note="a compiler flag that IPython keeps from cell to cell",
    ),
]
