"""Functions: what they change, when they look up their globals, what they close over, and their own state."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "mutates_its_argument",
        """
        --- setup
        def grow(xs): xs.append(len(xs))
        --- step:a
        xs = []
        --- step:b
        grow(xs)
        --- step:c
        grow(xs)
        --- step:d
        print(xs)
        """,
        ordered="b<c c<d",
    ),
    case(
        "mutates_a_global",
        """
        --- step:a
        log = []
        def note(x): log.append(x)
        --- step:b
        note('b')
        --- step:c
        note('c')
        --- step:d
        print(log)
        """,
        ordered="b<c c<d",
    ),
    case(
        "mutates_two_calls_deep",
        """
        --- setup
        state = {'n': 0}
        def inner(): state['n'] += 1
        def outer(): inner()
        --- step:a
        outer()
        --- step:b
        outer()
        --- step:c
        print(state)
        """,
        ordered="a<b b<c",
    ),
    case(
        "assigns_a_global",
        """
        --- step:a
        n = 0
        def bump():
            global n
            n += 1
        --- step:b
        bump()
        --- step:c
        bump()
        --- step:d
        print(n)
        """,
        ordered="b<c c<d",
    ),
    case(
        "creates_a_global",
        """
        --- step:a
        def make():
            global fresh
            fresh = 'made'
        --- step:b
        make()
        --- step:c
        print(fresh)
        """,
        ordered="b<c",
    ),
    case(
        "reads_a_late_global",
        """
        --- step:a
        def f(): return K * 2
        --- step:b
        K = 21
        --- step:c
        print(f())
        """,
        ordered="a<c b<c",
    ),
    case(
        "global_changes_between_calls",
        """
        --- step:a
        K = 1
        def f(): return K
        --- step:b
        print(f())
        --- step:c
        K = 2
        --- step:d
        print(f())
        """,
        ordered="c<d",
        parallel="b|c",
        note="b must still see the old value",
    ),
    case(
        "calls_a_function_defined_later",
        """
        --- step:a
        def f(x): return g(x) + 1
        --- step:b
        def g(x): return x * 10
        --- step:c
        print(f(1))
        """,
        ordered="a<c b<c",
    ),
    case(
        "callee_redefined_between_uses",
        """
        --- step:a
        def g(): return 'old'
        def f(): return g()
        --- step:b
        print(f())
        --- step:c
        def g(): return 'new'
        --- step:d
        print(f(), g())
        """,
        ordered="c<d",
    ),
    case(
        "function_redefined_between_uses",
        """
        --- step:a
        def f(): return 1
        old = f
        --- step:b
        print(f())
        --- step:c
        def f(): return 2
        --- step:d
        print(f(), old(), f is old)
        """,
        ordered="c<d",
    ),
    case(
        "redefinition_wraps_the_old_one",
        """
        --- step:a
        def f(x): return x + 1
        --- step:b
        _f = f
        def f(x): return _f(x) * 10
        --- step:c
        print(f(1))
        """,
        ordered="a<b b<c",
    ),
    case(
        "recursion",
        """
        --- step:a
        def fact(n): return 1 if n < 2 else n * fact(n - 1)
        --- step:b
        print(fact(5))
        """,
    ),
    case(
        "recursion_of_a_renamed_function",
        """
        --- step:a
        def f(n): return 'end' if n == 0 else f(n - 1)
        g = f
        --- step:b
        def f(n): return 'other'
        --- step:c
        print(g(2), g(0))
        """,
        ordered="b<c",
    ),
    case(
        "mutual_recursion_across_cells",
        """
        --- step:a
        def even(n): return n == 0 or odd(n - 1)
        --- step:b
        def odd(n): return n != 0 and even(n - 1)
        --- step:c
        print(even(10), odd(7), even(3))
        """,
    ),
    case(
        "lambda_reads_a_global",
        """
        --- step:a
        scale = 2
        f = lambda x: x * scale
        --- step:b
        scale = 5
        --- step:c
        print(f(10))
        """,
        ordered="b<c",
    ),
    case(
        "lambdas_in_containers",
        """
        --- step:a
        total = 0
        def add(n):
            global total
            total += n
        ops = {'inc': lambda: add(1), 'dec': lambda: add(-1)}
        --- step:b
        ops['inc'](); ops['inc']()
        --- step:c
        for name in ('dec',):
            ops[name]()
        --- step:d
        print(total)
        """,
        ordered="b<c c<d",
    ),
    case(
        "default_argument_is_evaluated_once",
        """
        --- step:a
        k = 1
        def f(x=k): return x
        --- step:b
        k = 2
        --- step:c
        print(f(), k)
        """,
    ),
    case(
        "mutable_default_argument",
        """
        --- step:a
        def f(x, seen=[]):
            seen.append(x)
            return list(seen)
        --- step:b
        print(f('b'))
        --- step:c
        print(f('c'))
        """,
        ordered="b<c",
    ),
    case(
        "mutable_default_shared_with_a_name",
        """
        --- step:a
        store = []
        def put(x, to=store): to.append(x)
        --- step:b
        put(1)
        --- step:c
        print(store, put.__defaults__[0] is store)
        """,
        ordered="b<c",
    ),
    case(
        "keyword_only_default",
        """
        --- step:a
        cache = {}
        def put(k, *, into=cache): into[k] = len(into)
        --- step:b
        put('x')
        --- step:c
        put('y')
        --- step:d
        print(cache, put.__kwdefaults__['into'] is cache)
        """,
        ordered="b<c c<d",
    ),
    case(
        "function_attributes",
        """
        --- step:a
        def f():
            f.calls += 1
            return f.calls
        f.calls = 0
        --- step:b
        f(); f()
        --- step:c
        print(f.calls)
        """,
        ordered="b<c",
    ),
    case(
        "function_attribute_set_elsewhere",
        """
        --- step:a
        def f(): return getattr(f, 'mode', 'none')
        --- step:b
        f.mode = 'fast'
        --- step:c
        print(f())
        """,
        ordered="b<c",
    ),
    case(
        "closure_counter",
        """
        --- setup
        def counter():
            n = 0
            def tick():
                nonlocal n
                n += 1
                return n
            return tick
        --- step:a
        tick = counter()
        --- step:b
        tick()
        --- step:c
        print(tick())
        """,
        ordered="b<c",
    ),
    case(
        "closures_share_a_cell",
        """
        --- step:a
        def pair():
            n = 0
            def put(v):
                nonlocal n
                n = v
            def get(): return n
            return put, get
        put, get = pair()
        --- step:b
        put(42)
        --- step:c
        print(get())
        """,
        ordered="b<c",
        note="c names only get; b names only put",
    ),
    case(
        "closures_share_a_cell_apart",
        """
        --- step:a
        def pair():
            n = 0
            def put(v):
                nonlocal n
                n = v
            return put, lambda: n
        both = pair()
        --- step:b
        put = both[0]
        --- step:c
        get = both[1]
        --- step:d
        put(5)
        print(get(), both[1]())
        """,
    ),
    case(
        "loop_closures",
        """
        --- step:a
        fs = [lambda: i for i in range(3)]
        gs = [lambda i=i: i for i in range(3)]
        --- step:b
        i = 99
        --- step:c
        print([f() for f in fs], [g() for g in gs])
        """,
    ),
    case(
        "loop_closures_over_a_global",
        """
        --- step:a
        fs = []
        for i in range(3):
            fs.append(lambda: i)
        --- step:b
        i = 99
        --- step:c
        print([f() for f in fs])
        """,
        ordered="b<c",
    ),
    case(
        "partial_of_a_notebook_function",
        """
        --- step:a
        from functools import partial
        k = 1
        def f(a, b): return a + b + k
        g = partial(f, 10)
        --- step:b
        k = 100
        --- step:c
        print(g(1))
        """,
        ordered="b<c",
    ),
    case(
        "partial_with_mutable_argument",
        """
        --- step:a
        from functools import partial
        opts = {'n': 1}
        g = partial(lambda o: o['n'], opts)
        --- step:b
        opts['n'] = 7
        --- step:c
        print(g())
        """,
        ordered="b<c",
    ),
    case(
        "function_passed_as_value",
        """
        --- setup
        log = []
        def twice(f, x): return f(f(x))
        def noisy(x):
            log.append(x)
            return x + 1
        --- step:a
        r = twice(noisy, 0)
        --- step:b
        print(log, r)
        """,
        ordered="a<b",
    ),
    case(
        "key_function_has_effects",
        """
        --- step:a
        calls = []
        def key(x):
            calls.append(x)
            return -x
        xs = [1, 3, 2]
        --- step:b
        ys = sorted(xs, key=key)
        --- step:c
        m = max(xs, key=key)
        --- step:d
        print(ys, m, len(calls))
        """,
        ordered="b<c c<d",
    ),
    case(
        "callbacks_in_a_list",
        """
        --- step:a
        hooks = []
        seen = []
        --- step:b
        def on_event(e): seen.append(e)
        hooks.append(on_event)
        --- step:c
        for hook in hooks:
            hook('go')
        --- step:d
        print(seen)
        """,
        ordered="b<c c<d",
        note="c writes seen without naming it or on_event",
    ),
    case(
        "callback_on_an_object",
        """
        --- step:a
        class Button: pass
        button = Button()
        log = []
        button.click = lambda: log.append('click')
        --- step:b
        button.click()
        --- step:c
        print(log)
        """,
        ordered="b<c",
    ),
    case(
        "method_borrowed_as_global",
        """
        --- step:a
        class Acc:
            def __init__(self): self.n = 0
            def add(self, k): self.n += k; return self.n
        acc = Acc()
        add = acc.add
        --- step:b
        add(5)
        --- step:c
        print(acc.n, add.__self__ is acc)
        """,
        ordered="b<c",
    ),
    case(
        "nonlocal_through_two_levels",
        """
        --- step:a
        def outer():
            total = []
            def mid():
                def low(v): total.append(v); return list(total)
                return low
            return mid()
        low = outer()
        --- step:b
        low(1)
        --- step:c
        print(low(2))
        """,
        ordered="b<c",
    ),
    case(
        "global_in_nested_function",
        """
        --- step:a
        def outer():
            def inner():
                global deep
                deep = 'set'
            inner()
        --- step:b
        outer()
        --- step:c
        print(deep)
        """,
        ordered="b<c",
    ),
    case(
        "conditional_global_write",
        """
        --- step:a
        mode = 'a'
        def maybe(flag):
            global mode
            if flag:
                mode = 'changed'
        --- step:b
        maybe(False)
        --- step:c
        print(mode)
        --- step:d
        maybe(True)
        --- step:e
        print(mode)
        """,
        ordered="d<e",
    ),
    case(
        "source_of_a_function",
        """
        --- step:a
        def f(x):
            return x + 1
        --- step:b
        import inspect
        print(inspect.getsource(f), f.__module__, f.__name__, f.__qualname__)
        """,
        expect="same-or-refused",
    ),
    case(
        "globals_of_a_function",
        """
        --- step:a
        def f(): pass
        --- step:b
        print(f.__globals__ is globals())
        """,
    ),
    case(
        "annotations_read_names",
        """
        --- step:a
        Price = float
        --- step:b
        def total(x: Price, n: 'Count') -> Price: return x * n
        --- step:c
        import typing
        Count = int
        print(typing.get_type_hints(total))
        """,
        ordered="b<c",
    ),
    case(
        "docstring_and_signature",
        """
        --- step:a
        def f(a, b=2, *c, d, **e):
            'the doc'
        --- step:b
        import inspect
        print(inspect.signature(f), f.__doc__)
        """,
    ),
    case(
        "generic_function_syntax",
        """
        --- step:a
        type Pair[T] = tuple[T, T]
        def first[T](p: Pair[T]) -> T: return p[0]
        class Box[T]:
            def __init__(self, x: T): self.x = x
        --- step:b
        print(first((1, 2)), Box(3).x, Pair.__name__, first.__type_params__)
        """,
        python=(3, 12),
    ),
    case(
        "pure_functions_stay_parallel",
        """
        --- setup
        def mean(xs): return sum(xs) / len(xs)
        def scaled(xs, k):
            out = []
            for x in xs:
                out.append(x * k)
            return out
        --- step:load
        xs = [1, 2, 3]
        --- step:one
        a = mean(xs)
        --- step:two
        b = scaled(xs, 2)
        --- step:three
        c = mean(scaled(xs, 3))
        --- step:show
        print(a, b, c)
        """,
        parallel="one|two one|three two|three",
        ordered="load<one one<show",
    ),
    case(
        "function_called_through_globals_dict",
        """
        --- step:a
        log = []
        def handle_x(): log.append('x')
        --- step:b
        globals()['handle_' + 'x']()
        --- step:c
        print(log)
        """,
        expect="same-or-refused",
    ),
    case(
        "frame_globals",
        """
        --- setup
        import sys
        def peek(name): return sys._getframe(1).f_globals[name]
        --- step:a
        hidden = 42
        --- step:b
        print(peek('hid' + 'den'))
        """,
        expect="same-or-refused",
    ),
    case(
        "function_defined_conditionally",
        """
        --- step:a
        fast = False
        if fast:
            def run(): return 'fast'
        else:
            def run(): return 'slow'
        --- step:b
        print(run())
        """,
    ),
    case(
        "function_deleted",
        """
        --- step:a
        def f(): return 1
        --- step:b
        g = f
        del f
        --- step:c
        print(g(), 'f' in globals())
        """,
        expect="same-or-refused",
    ),
    case(
        "module_level_counter_of_calls",
        """
        --- setup
        import itertools
        ids = itertools.count(1)
        def new_id(): return next(ids)
        --- step:a
        a = new_id()
        --- step:b
        b = new_id()
        --- step:c
        print(a, b, new_id())
        """,
        ordered="a<b b<c",
    ),
]
