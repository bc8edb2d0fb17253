"""Decorators, registries, caches and dispatch: definitions with effects when they are made."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "registry_filled_by_decorator",
        """
        --- setup
        REGISTRY = {}
        def register(f):
            REGISTRY[f.__name__] = f
            return f
        --- step:a
        @register
        def one(): return 1
        --- step:b
        @register
        def two(): return 2
        --- step:c
        print({k: f() for k, f in REGISTRY.items()}, REGISTRY['one'] is one)
        """,
        ordered="a<b b<c",
    ),
    case(
        "registry_with_arguments",
        """
        --- setup
        class Plugins:
            def __init__(self): self.found = []
            def plugin(self, name):
                def deco(cls):
                    self.found.append((name, cls))
                    return cls
                return deco
        plugins = Plugins()
        --- step:a
        @plugins.plugin('x')
        class X:
            def go(self): return 'x!'
        --- step:b
        @plugins.plugin('y')
        class Y:
            def go(self): return 'y!'
        --- step:c
        print([(n, c().go()) for n, c in plugins.found], plugins.found[0][1] is X)
        """,
        ordered="a<b b<c",
    ),
    case(
        "decorator_counts_calls",
        """
        --- step:a
        from functools import wraps
        counts = {}
        def counted(f):
            @wraps(f)
            def wrapper(*a):
                counts[f.__name__] = counts.get(f.__name__, 0) + 1
                return f(*a)
            return wrapper
        @counted
        def work(x): return x + 1
        --- step:b
        work(1); work(2)
        --- step:c
        work(3)
        --- step:d
        print(counts, work.__name__, work.__wrapped__(1))
        """,
        ordered="b<c c<d",
    ),
    case(
        "decorator_reads_a_late_global",
        """
        --- step:a
        def prefixed(f):
            return lambda: PREFIX + f()
        --- step:b
        @prefixed
        def word(): return 'word'
        --- step:c
        PREFIX = '>> '
        --- step:d
        print(word())
        """,
        ordered="b<d c<d",
    ),
    case(
        "lru_cache_state",
        """
        --- setup
        from functools import lru_cache
        calls = []
        @lru_cache(maxsize=None)
        def slow(x):
            calls.append(x)
            return x * x
        --- step:a
        print(slow(2))
        --- step:b
        print(slow(2), slow(3))
        --- step:c
        print(calls, slow.cache_info())
        """,
        expect="same-or-refused",
        note="the cache is state that no name shows",
    ),
    case(
        "lru_cache_pure_value",
        """
        --- step:a
        from functools import cache
        @cache
        def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
        --- step:b
        print(fib(30))
        --- step:c
        print(fib(31))
        """,
    ),
    case(
        "own_memo_dict",
        """
        --- setup
        memo = {}
        def fib(n):
            if n not in memo:
                memo[n] = n if n < 2 else fib(n - 1) + fib(n - 2)
            return memo[n]
        --- step:a
        fib(5)
        --- step:b
        print(len(memo), fib(10))
        --- step:c
        print(len(memo))
        """,
        ordered="a<b b<c",
    ),
    case(
        "cached_property",
        """
        --- setup
        from functools import cached_property
        log = []
        class Data:
            @cached_property
            def heavy(self):
                log.append('computed')
                return [1]
        --- step:a
        data = Data()
        --- step:b
        print(data.heavy)
        --- step:c
        data.heavy.append(2)
        print(data.heavy, log)
        """,
        ordered="b<c",
    ),
    case(
        "singledispatch_extended_later",
        """
        --- step:a
        from functools import singledispatch
        @singledispatch
        def show(x): return 'any'
        --- step:b
        @show.register
        def _(x: int): return 'int'
        --- step:c
        @show.register(str)
        def show_str(x): return 'str'
        --- step:d
        print(show(1), show('s'), show(2.0))
        """,
        ordered="b<d c<d",
    ),
    case(
        "init_subclass_registry",
        """
        --- setup
        class Base:
            kinds = {}
            def __init_subclass__(cls, kind=None):
                Base.kinds[kind] = cls
        --- step:a
        class A(Base, kind='a'): pass
        --- step:b
        class B(Base, kind='b'): pass
        --- step:c
        print({k: c.__name__ for k, c in Base.kinds.items()}, Base.kinds['a'] is A)
        """,
        ordered="a<b b<c",
        note="a class statement that changes its base",
    ),
    case(
        "metaclass_registry",
        """
        --- setup
        class Meta(type):
            made = []
            def __new__(mcs, name, bases, ns):
                cls = super().__new__(mcs, name, bases, ns)
                mcs.made.append(name)
                return cls
        --- step:a
        class A(metaclass=Meta): pass
        --- step:b
        class B(A): pass
        --- step:c
        print(Meta.made, type(B) is Meta)
        """,
        ordered="a<b b<c",
    ),
    case(
        "subclasses_of_a_base",
        """
        --- setup
        class Base: pass
        --- step:a
        class A(Base): pass
        --- step:b
        class B(Base): pass
        --- step:c
        print(sorted(c.__name__ for c in Base.__subclasses__()))
        """,
        expect="same-or-refused",
    ),
    case(
        "abc_registration",
        """
        --- setup
        import abc
        class Shape(abc.ABC):
            @abc.abstractmethod
            def area(self): ...
        class Disc:
            def area(self): return 3
        --- step:a
        Shape.register(Disc)
        --- step:b
        print(isinstance(Disc(), Shape))
        try:
            Shape()
        except TypeError as e:
            print('abstract')
        """,
        ordered="a<b",
    ),
    case(
        "class_decorator_adds_method",
        """
        --- step:a
        def with_hello(cls):
            cls.hello = lambda self: f'hello {self.name}'
            return cls
        --- step:b
        @with_hello
        class P:
            def __init__(self, name): self.name = name
        p = P('x')
        --- step:c
        print(p.hello(), type(p) is P)
        """,
    ),
    case(
        "contextmanager_decorator",
        """
        --- setup
        import contextlib
        log = []
        @contextlib.contextmanager
        def tracing(name):
            log.append('in ' + name)
            yield log
            log.append('out ' + name)
        --- step:a
        with tracing('a'):
            pass
        --- step:b
        with tracing('b') as seen:
            seen.append('mid')
        --- step:c
        print(log)
        """,
        ordered="a<b b<c",
    ),
    case(
        "property_made_by_call",
        """
        --- step:a
        class C:
            def __init__(self): self._x = 1
            def getx(self): return self._x
            x = property(getx)
        --- step:b
        C.y = property(lambda self: self._x * 2)
        --- step:c
        print(C().x, C().y)
        """,
        ordered="b<c",
    ),
    case(
        "total_ordering_and_dataclass",
        """
        --- step:a
        from dataclasses import dataclass, field
        from functools import total_ordering
        @total_ordering
        @dataclass
        class V:
            n: int
            tags: list = field(default_factory=list)
            def __lt__(self, o): return self.n < o.n
        --- step:b
        a = V(1)
        --- step:c
        b = V(2, ['x'])
        --- step:d
        print(a < b, a == V(1), sorted([b, a]), a >= b)
        """,
        parallel="b|c",
    ),
    case(
        "atexit_like_registry_runs_later",
        """
        --- setup
        finishers = []
        def at_end(f):
            finishers.append(f)
            return f
        --- step:a
        result = {}
        @at_end
        def save(): result['saved'] = True
        --- step:b
        for f in finishers: f()
        --- step:c
        print(result)
        """,
        ordered="a<b b<c",
    ),
    case(
        "classes_made_by_a_metaclass_are_made_once",
        """
        --- setup
        log = []
        class Meta(type):
            def __init__(cls, *a): log.append(cls.__name__); super().__init__(*a)
        class Named:
            def __set_name__(self, owner, name): log.append(name)
        class Base(metaclass=Meta):
            field = Named()
            def __init_subclass__(cls, **k): log.append('sub ' + cls.__name__)
        --- step:a
        class A(Base): pass
        --- step:b
        a = A()
        --- step:c
        print(log, type(a) is A)
        """,
        note="arriving is not being made",
    ),
]
