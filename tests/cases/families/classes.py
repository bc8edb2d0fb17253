"""Classes: identity of enums and dataclasses, state of the class itself, old instances, hooks that hide effects."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "isinstance_across_branches",
        """
        --- setup
        class P:
            def __init__(self, x): self.x = x
        --- step:a
        p = P(1)
        --- step:b
        q = P(2)
        --- step:c
        print(isinstance(p, P), isinstance(q, P), type(p) is type(q), type(p) is P, p.x + q.x)
        """,
        parallel="a|b",
    ),
    case(
        "enum_identity",
        """
        --- setup
        import enum
        class Color(enum.Enum):
            RED = 1
            BLUE = 2
        --- step:a
        chosen = Color.RED
        --- step:b
        table = {Color.RED: 'r', Color.BLUE: 'b'}
        --- step:c
        print(chosen is Color.RED, table[chosen], Color(1) is chosen, chosen in table, chosen == Color.BLUE, [*Color])
        """,
        parallel="a|b",
    ),
    case(
        "flag_and_intenum",
        """
        --- setup
        import enum
        class Perm(enum.Flag):
            R = 1
            W = 2
        class Level(enum.IntEnum):
            LOW = 1
        --- step:a
        rw = Perm.R | Perm.W
        --- step:b
        low = Level.LOW
        --- step:c
        print(Perm.R in rw, rw == (Perm.R | Perm.W), rw is (Perm.R | Perm.W), low is Level.LOW, low + 1)
        """,
    ),
    case(
        "dataclass_equality",
        """
        --- setup
        from dataclasses import dataclass, replace, asdict
        @dataclass(frozen=True)
        class Point:
            x: int
            y: int = 0
        --- step:a
        p = Point(1)
        --- step:b
        q = Point(1)
        --- step:c
        print(p == q, hash(p) == hash(q), {p: 'v'}[q], replace(p, y=5), asdict(q))
        """,
    ),
    case(
        "dataclass_slots",
        """
        --- setup
        from dataclasses import dataclass
        @dataclass(slots=True)
        class S:
            x: int
            y: list
        --- step:a
        s = S(1, [])
        --- step:b
        s.y.append(s.x)
        --- step:c
        print(s, hasattr(s, '__dict__'))
        """,
        ordered="b<c",
    ),
    case(
        "plain_slots",
        """
        --- step:a
        class S:
            __slots__ = ('a', 'b')
        s = S(); s.a = [1]
        --- step:b
        s.a.append(2)
        --- step:c
        print(s.a, hasattr(s, 'b'))
        """,
    ),
    case(
        "namedtuple_and_typing",
        """
        --- setup
        from collections import namedtuple
        from typing import NamedTuple, TypedDict
        P = namedtuple('P', 'x y')
        Alias = namedtuple('RealName', 'z')
        class Q(NamedTuple):
            a: int
            b: str = 'b'
        class T(TypedDict):
            k: int
        --- step:a
        p, q, r, t = P(1, 2), Q(3), Alias(4), T(k=1)
        --- step:b
        print(p, q, r, t, isinstance(p, P), q._replace(a=9), type(r) is Alias)
        """,
    ),
    case(
        "protocol_and_generic",
        """
        --- setup
        from typing import Generic, Protocol, TypeVar, runtime_checkable
        T = TypeVar('T')
        @runtime_checkable
        class Runs(Protocol):
            def run(self): ...
        class Box(Generic[T]):
            def __init__(self, v): self.v = v
            def run(self): return self.v
        --- step:a
        b = Box[int](5)
        --- step:b
        print(isinstance(b, Runs), isinstance(b, Box), b.run(), b.__orig_class__)
        """,
    ),
    case(
        "class_attribute_counter",
        """
        --- setup
        class C:
            n = 0
            def __init__(self): C.n += 1
        --- step:a
        x = C()
        --- step:b
        y = C()
        --- step:c
        print(C.n, x.n, y.n)
        """,
        ordered="a<b b<c",
        note="a call of a class changes the class",
    ),
    case(
        "class_attribute_by_type_self",
        """
        --- setup
        class C:
            n = 0
            def bump(self): type(self).n += 1
        c = C()
        --- step:a
        c.bump()
        --- step:b
        c.bump()
        --- step:c
        print(C.n, 'n' in vars(c))
        """,
        ordered="a<b b<c",
    ),
    case(
        "class_list_changed_through_instance",
        """
        --- setup
        class C:
            shared = []
        --- step:a
        one = C()
        two = C()
        --- step:b
        one.shared.append('b')
        --- step:c
        print(two.shared, C.shared, one.shared is C.shared)
        """,
        ordered="b<c",
    ),
    case(
        "class_attribute_set_from_outside",
        """
        --- step:a
        class C:
            mode = 'old'
        c = C()
        --- step:b
        C.mode = 'new'
        --- step:c
        print(c.mode)
        """,
        ordered="b<c",
        note="c reads the class only through an instance",
    ),
    case(
        "classmethod_factory_and_cache",
        """
        --- setup
        class C:
            made = {}
            @classmethod
            def get(cls, k):
                if k not in cls.made:
                    cls.made[k] = cls()
                return cls.made[k]
        --- step:a
        a = C.get('k')
        --- step:b
        b = C.get('k')
        --- step:c
        print(a is b, len(C.made), C.get('k') is a)
        """,
        ordered="a<b b<c",
    ),
    case(
        "singleton_by_new",
        """
        --- setup
        class One:
            _it = None
            def __new__(cls):
                if cls._it is None:
                    cls._it = super().__new__(cls)
                    cls._it.data = []
                return cls._it
        --- step:a
        s = One()
        s.data.append('a')
        --- step:b
        t = One()
        t.data.append('b')
        --- step:c
        print(One().data, s is t, One() is s)
        """,
        ordered="a<b b<c",
    ),
    case(
        "method_reads_a_global",
        """
        --- step:a
        class M:
            def predict(self, x): return x * FACTOR
        m = M()
        --- step:b
        FACTOR = 3
        --- step:c
        print(m.predict(2))
        """,
        ordered="b<c",
    ),
    case(
        "method_writes_a_global",
        """
        --- step:a
        history = []
        class M:
            def fit(self): history.append('fit'); return self
        m = M()
        --- step:b
        m.fit()
        --- step:c
        m.fit()
        --- step:d
        print(history)
        """,
        ordered="b<c c<d",
    ),
    case(
        "class_body_reads_globals",
        """
        --- step:a
        n = 3
        --- step:b
        class C:
            size = n
            squares = [i * i for i in range(n)]
            def f(self, k=n): return k
        --- step:c
        n = 100
        --- step:d
        print(C.size, C.squares, C().f(), n)
        """,
        ordered="a<b",
        parallel="b|c",
    ),
    case(
        "redefined_class_old_instance",
        """
        --- step:a
        class C:
            def v(self): return 1
        old = C()
        --- step:b
        class C:
            def v(self): return 2
        new = C()
        --- step:c
        print(old.v(), new.v(), isinstance(old, C), isinstance(new, C), type(old) is type(new), type(old).__name__)
        """,
    ),
    case(
        "redefined_class_same_source",
        """
        --- step:a
        class C: pass
        old = C()
        --- step:b
        class C: pass
        --- step:c
        print(isinstance(old, C), isinstance(C(), C))
        """,
    ),
    case(
        "redefined_subclass_of_itself",
        """
        --- step:a
        class C:
            def v(self): return 'base'
        a = C()
        --- step:b
        class C(C):
            def v(self): return 'more ' + super().v()
        --- step:c
        c = C()
        print(c.v(), a.v(), isinstance(c, type(a)), [k.__name__ for k in C.__mro__])
        """,
    ),
    case(
        "method_patched_onto_own_class",
        """
        --- step:a
        class C:
            def f(self): return 'f'
        c = C()
        --- step:b
        def g(self): return 'g' + self.f()
        C.g = g
        --- step:c
        print(c.g())
        """,
        ordered="b<c",
    ),
    case(
        "class_changed_on_instance",
        """
        --- step:a
        class A:
            def n(self): return 'A'
        class B:
            def n(self): return 'B'
        x = A()
        --- step:b
        x.__class__ = B
        --- step:c
        print(x.n(), type(x) is B, isinstance(x, A))
        """,
        ordered="b<c",
    ),
    case(
        "super_and_mixins",
        """
        --- setup
        class Base:
            def __init__(self): self.log = ['base']
        class Mix:
            def __init__(self): super().__init__(); self.log.append('mix')
        --- step:a
        class C(Mix, Base):
            def __init__(self): super().__init__(); self.log.append('c')
        c = C()
        --- step:b
        print(c.log, isinstance(c, Mix), C.__mro__[1] is Mix)
        """,
    ),
    case(
        "property_with_effects",
        """
        --- step:a
        class C:
            def __init__(self): self.reads = 0
            @property
            def value(self):
                self.reads += 1
                return self.reads
        c = C()
        --- step:b
        print(c.value)
        --- step:c
        print(c.value)
        """,
        ordered="b<c",
        note="reading an attribute changes the object",
    ),
    case(
        "property_writes_a_global",
        """
        --- step:a
        log = []
        class C:
            @property
            def v(self): log.append('read'); return 1
        c = C()
        --- step:b
        n = c.v + 1
        --- step:c
        print(log)
        """,
        ordered="b<c",
    ),
    case(
        "property_setter",
        """
        --- step:a
        class C:
            _x = 0
            @property
            def x(self): return self._x
            @x.setter
            def x(self, v): self._x = v * 2
        c = C()
        --- step:b
        c.x = 4
        --- step:c
        print(c.x)
        """,
        ordered="b<c",
    ),
    case(
        "descriptor_with_own_store",
        """
        --- setup
        class Field:
            def __init__(self): self.values = {}
            def __set_name__(self, owner, name): self.name = name
            def __get__(self, o, t=None): return self if o is None else self.values.get(o.key, 0)
            def __set__(self, o, v): self.values[o.key] = v
        class Row:
            f = Field()
            def __init__(self, key): self.key = key
        --- step:a
        r = Row('r')
        --- step:b
        r.f = 5
        --- step:c
        print(r.f, Row.f.values, Row.f.name)
        """,
        ordered="b<c",
        note="setting an attribute of the instance changes the class",
    ),
    case(
        "str_with_effects",
        """
        --- step:a
        seen = []
        class C:
            def __str__(self): seen.append('str'); return 'C!'
            def __repr__(self): seen.append('repr'); return 'C?'
        c = C()
        --- step:b
        print(c)
        --- step:c
        print(f'{c!r}')
        --- step:d
        c
        --- step:e
        print(seen)
        """,
        ordered="b<c c<d d<e",
        note="printing an object changes a global",
    ),
    case(
        "operators_with_effects",
        """
        --- step:a
        class Log:
            def __init__(self): self.xs = []
            def __lshift__(self, o): self.xs.append(o); return self
            def __call__(self, o): self.xs.append(('call', o))
            def __getitem__(self, i): self.xs.append(('get', i)); return i
            def __contains__(self, o): self.xs.append(('in', o)); return True
        log = Log()
        --- step:b
        log << 1 << 2
        --- step:c
        log(3); log[4]; 5 in log
        --- step:d
        print(log.xs)
        """,
        ordered="b<c c<d",
    ),
    case(
        "comparison_with_effects",
        """
        --- step:a
        count = 0
        class N:
            def __init__(self, n): self.n = n
            def __lt__(self, o):
                global count
                count += 1
                return self.n < o.n
        ns = [N(2), N(1)]
        --- step:b
        small = min(ns)
        --- step:c
        print(small.n, count)
        """,
        ordered="b<c",
    ),
    case(
        "iteration_with_effects",
        """
        --- step:a
        class Stream:
            def __init__(self): self.at = 0
            def __iter__(self):
                while self.at < 6:
                    self.at += 1
                    yield self.at
        s = Stream()
        --- step:b
        for v in s:
            if v == 2: break
        --- step:c
        print(list(s), s.at)
        """,
        ordered="b<c",
    ),
    case(
        "iadd_of_own_class",
        """
        --- step:a
        class Bag:
            def __init__(self): self.xs = []
            def __iadd__(self, o): self.xs.append(o); return self
        bag = Bag()
        same = bag
        --- step:b
        bag += 1
        --- step:c
        print(same.xs, same is bag)
        """,
        ordered="b<c",
    ),
    case(
        "context_manager_object",
        """
        --- step:a
        class Timer:
            def __init__(self): self.events = []
            def __enter__(self): self.events.append('in'); return self
            def __exit__(self, *a): self.events.append('out')
        timer = Timer()
        --- step:b
        with timer:
            x = 1
        --- step:c
        print(timer.events)
        """,
        ordered="b<c",
    ),
    case(
        "getattr_hook",
        """
        --- step:a
        class Lazy:
            def __init__(self): self.__dict__['asked'] = []
            def __getattr__(self, name):
                if name.startswith('__'): raise AttributeError(name)
                self.asked.append(name); return name.upper()
        lazy = Lazy()
        --- step:b
        v = lazy.something
        --- step:c
        print(v, lazy.asked)
        """,
        ordered="b<c",
    ),
    case(
        "pickle_hooks_that_forget",
        """
        --- step:a
        class Conn:
            def __init__(self): self.n = 1; self.cache = {'k': 'v'}
            def __getstate__(self):
                s = dict(self.__dict__); s.pop('cache'); return s
            def __setstate__(self, s): self.__dict__.update(s); self.cache = {}
        c = Conn()
        --- step:b
        print(c.n, c.cache)
        """,
        expect="same-or-refused",
        note="the class itself forgets its cache when pickled",
    ),
    case(
        "pickle_hooks_that_refuse",
        """
        --- step:a
        class Stubborn:
            x = [1]
            def __reduce__(self): raise TypeError('no pickling')
        s = Stubborn()
        --- step:b
        print(s.x)
        """,
        expect="same-or-refused",
    ),
    case(
        "user_pickles_a_notebook_object",
        """
        --- step:a
        class P:
            def __init__(self): self.v = 1
        p = P()
        --- step:b
        import pickle
        q = pickle.loads(pickle.dumps(p))
        print(type(q) is type(p), q.v, type(p).__module__)
        """,
        note="b does not name P, yet pickle looks it up in __main__",
    ),
    case(
        "exception_classes",
        """
        --- setup
        class Bad(ValueError):
            def __init__(self, code): super().__init__(f'code {code}'); self.code = code
        --- step:a
        def f(): raise Bad(7)
        --- step:b
        try:
            f()
        except Bad as e:
            print('caught', e.code, isinstance(e, ValueError))
        """,
    ),
    case(
        "nested_and_local_classes",
        """
        --- step:a
        class Outer:
            class Inner:
                n = 1
        def make():
            class Local:
                n = 2
            return Local
        L = make()
        i, l = Outer.Inner(), L()
        --- step:b
        print(isinstance(i, Outer.Inner), isinstance(l, L), type(l).__qualname__, i.n + l.n)
        """,
    ),
    case(
        "class_made_by_type",
        """
        --- step:a
        K = type('Dynamic', (), {'v': lambda self: base + 1})
        k = K()
        base = 1
        --- step:b
        base = 10
        --- step:c
        print(k.v(), type(k) is K, K.__name__)
        """,
        ordered="b<c",
    ),
    case(
        "subclass_of_builtin",
        """
        --- step:a
        class D(dict):
            def __getattr__(self, k): return self[k]
        class L(list):
            name = 'l'
        d = D(x=[1]); l = L([1, 2]); l.name = 'mine'
        --- step:b
        d.x.append(2); l.append(3)
        --- step:c
        print(d, d.x, l, l.name, type(l) is L)
        """,
        ordered="b<c",
    ),
    case(
        "class_with_lambda_attribute",
        """
        --- step:a
        class Net:
            def __init__(self): self.act = lambda x: max(0, x) * gain
        net = Net()
        gain = 2
        --- step:b
        gain = 3
        --- step:c
        print(net.act(2), net.act(-1))
        """,
        ordered="b<c",
    ),
    case(
        "hash_of_default_object",
        """
        --- step:a
        class K: pass
        ks = [K() for _ in range(5)]
        s = set(ks)
        --- step:b
        print(all(k in s for k in ks), len(s))
        """,
        note="hashes by address: the set must be rebuilt",
    ),
    case(
        "instance_method_stored_on_class",
        """
        --- setup
        class Events:
            handlers = {}
            @classmethod
            def on(cls, name, f): cls.handlers.setdefault(name, []).append(f)
            @classmethod
            def fire(cls, name):
                for f in cls.handlers.get(name, ()): f()
        --- step:a
        class Counter:
            n = 0
            def hit(self): self.n += 1
        counter = Counter()
        Events.on('x', counter.hit)
        --- step:b
        Events.fire('x')
        --- step:c
        print(counter.n)
        """,
        ordered="a<b b<c",
    ),
    case(
        "match_uses_match_args",
        """
        --- setup
        class P:
            __match_args__ = ('x', 'y')
            def __init__(self, x, y): self.x, self.y = x, y
        --- step:a
        p = P(1, 2)
        --- step:b
        match p:
            case P(x, y=yy):
                print(x, yy)
        """,
    ),
    case(
        "class_changed_beside_its_objects",
        """
        --- setup
        class C:
            mode = 'old'
        c = C()
        --- step:a
        C.mode = 'new'
        --- step:b
        held = [c]
        --- step:c
        print(C.mode, c.mode, held[0].mode, type(held[0]) is C, held[0] is c)
        """,
        ordered="a<c b<c",
        note="b's objects bring the class as it was",
    ),
    case(
        "enum_with_attributes_and_aliases",
        """
        --- setup
        import enum
        class Planet(enum.Enum):
            EARTH = (5.97, 6.37)
            MARS = (0.64, 3.39)
            HOME = (5.97, 6.37)
            def __init__(self, mass, radius): self.mass, self.radius = mass, radius
            @property
            def density(self): return round(self.mass / self.radius ** 3, 4)
        --- step:a
        here = Planet.EARTH
        --- step:b
        there = Planet.MARS
        --- step:c
        print(here.mass, here.density, here is Planet.HOME, there in (Planet.MARS,), Planet((0.64, 3.39)) is there, list(Planet.__members__))
        """,
    ),
    case(
        "flags_combined_in_two_steps",
        """
        --- setup
        import enum
        class F(enum.Flag):
            R = 1
            W = 2
            X = 4
        --- step:a
        rw = F.R | F.W
        --- step:b
        wx = F.W | F.X
        --- step:c
        print(rw is (F.R | F.W), wx is (F.W | F.X), rw == F.R | F.W, (rw & wx) is F.W, F.X in wx)
        """,
        parallel="a|b",
    ),
    case(
        "objects_with_a_lock_inside",
        """
        --- step:a
        import threading
        class Counter:
            def __init__(self): self.n = 0; self.lock = threading.Lock()
            def up(self):
                with self.lock: self.n += 1
        c = Counter(); c.up()
        --- step:b
        c.up()
        --- step:c
        print(c.n)
        """,
        expect="same-or-refused",
    ),
]
