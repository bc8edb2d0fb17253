"""What is captured in one process is the same when it is restored in another, as far as anybody can look."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Mapping

import pytest

HERE = pathlib.Path(__file__).parent

# name: (what makes it, what is looked at on both sides)
CASES: dict[str, tuple[str, str]] = {
    # ---- numbers and texts
    "one value under two names": ("a = 10 ** 20; b = a; s = 'some text'; t = s; u = 'some ' + 'text'[:4]", "a is b, s is t, s is u"),
    "nan in lists and dicts": (
        "import math\nn = float('nan'); xs = [n, 1.0, math.nan]; d = {n: 1, 'k': n}",
        "xs.index(n), d[n], math.nan in xs, n in xs, d",
    ),
    "numpy's nan": ("import numpy as np\nxs = [1, np.nan]; d = {np.nan: 'x'}", "np.nan in xs, d[np.nan]"),
    "infinities": ("xs = [float('inf'), float('-inf'), -0.0, 1e308]", "xs"),
    # ---- containers
    "order of a set that shrank": (
        "s = set(range(300))\nfor x in list(s):\n    if x not in (3, 57, 100, 260): s.discard(x)\no = list(s)",
        "list(s) == o, o",
    ),
    "order of a literal set of texts": ("s = {'alpha', 'beta', 'gamma', 'delta', 'eps', 'zeta'}; o = list(s)", "list(s) == o, o"),
    "order of a set with holes": (
        "s = set()\nfor w in 'zyxwvutsrq': s.add(w)\ns.discard('z'); s.discard('w'); s.add('zz'); s.add('ww'); o = list(s)",
        "list(s) == o, list(s | {'new'}), o",
    ),
    "order of a frozenset": ("f = frozenset({'alpha', 'beta', 'gamma', 'delta', 'eps'}); d = {f: list(f)}", "d[f] == list(f), list(f)"),
    "a set in itself by way of an object": ("class K: pass\nk = K(); k.s = {k, 1, 2, 3, 57, 9}; s = k.s", "k in s, s is k.s, len(s)"),
    "one set under two names": (
        "s = {57, 3, 100, 260}\nfor i in range(99): s.add(i)\nfor i in range(99): s.discard(i)\nd = {'s': s}",
        "d['s'] is s, list(s)",
    ),
    "order of dicts": ("d = {'b': 1, 'a': 2}; d['c'] = 0; del d['b']; d['b'] = 3", "list(d.items())"),
    "default dicts": (
        "from collections import defaultdict\nk = 2\nd = defaultdict(lambda: k); d['a'] += 1",
        "d['new'], d['a'], d.default_factory()",
    ),
    "ordered dicts, counters, deques": (
        "from collections import Counter, OrderedDict, deque\no = OrderedDict(a=1, b=2); o.move_to_end('a'); c = Counter('hello'); q = deque([1, 2], maxlen=2)",
        "list(o), c, (q.append(3), q)",
    ),
    "views of a dict": (
        "d = {'a': 1}; k, v, i = d.keys(), d.values(), d.items(); d['b'] = 2",
        "list(k), list(v), list(i), (d.update(z=0), list(k))",
    ),
    "views of an ordered dict": ("from collections import OrderedDict\nd = OrderedDict(a=1); k = d.keys()", "(d.update(z=0), list(k))"),
    "a read-only view": ("import types\nd = {'x': 1}; p = types.MappingProxyType(d)", "(d.update(x=2), p['x'])"),
    "what a class holds": ("class C: n = 1\nv = vars(C)", "(setattr(C, 'n', 5), v['n'], type(v).__name__)"),
    "chain maps": (
        "from collections import ChainMap\ntop, base = {}, {'x': 1}; both = ChainMap(top, base)",
        "(both.update(y=2), top, base, both.maps[1] is base)",
    ),
    "lists in themselves": ("xs = [1]; xs.append(xs); t = (xs,)", "xs[1] is xs, t[0] is xs"),
    "shared objects of two names": ("row = [0]; grid = [row, row]; d = {'row': row}", "grid[0] is grid[1] is row is d['row']"),
    # ---- buffers
    "a view of a bytearray": (
        "raw = bytearray(b'abcdef'); m = memoryview(raw); n = memoryview(raw).toreadonly()",
        "(m.__setitem__(0, 88), bytes(raw), n.readonly, bytes(n))",
    ),
    "a part of a bytearray": (
        "import numpy\nraw = bytearray(b'abcdef'); m = memoryview(raw)[2:4]",
        "(m.__setitem__(0, 88), bytes(raw), len(m))",
    ),
    "a cast view": (
        "import array\na = array.array('i', [1, 2, 3]); m = memoryview(a)",
        "(m.__setitem__(1, 9), a.tolist(), m.format, m.tolist())",
    ),
    "an array over a bytearray": (
        "import numpy as np\nraw = bytearray(8); x = np.frombuffer(raw, 'u1'); y = x[2:]",
        "(raw.__setitem__(2, 7), x.tolist(), y.tolist())",
    ),
    # ---- arrays
    "views of an array": (
        "import numpy as np\nx = np.arange(6); v = x[1:4]; r = x[::-1]; w = x.reshape(2, 3); t = w.T",
        "(x.__setitem__(1, 99), v, r, w, t, v.base is x, w.base is x, np.shares_memory(x, r), x.flags.owndata)",
    ),
    "views of a large array": (
        "import numpy as np\nx = np.zeros((400, 500)); row, col = x[3], x[:, 4]",
        "(row.fill(1), col.fill(2), x.sum(), row.base is x, np.shares_memory(row, col))",
    ),
    "views of a column-major array": (
        "import numpy as np\nx = np.asfortranarray(np.arange(12).reshape(3, 4)); v = x[1:, ::2]",
        "(v.fill(0), x, v.strides, x.flags.f_contiguous)",
    ),
    "axes in any order": (
        "import numpy as np\nx = np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2); y = x.copy('K')",
        "x, y.strides, x.strides",
    ),
    "object arrays": (
        "import numpy as np\nc = [1]; o = np.array([c, c, None], dtype=object); v = o[1:]",
        "(c.append(2), o.tolist(), v.tolist(), o[0] is c, (v.__setitem__(1, 5), o.tolist()))",
    ),
    "kinds of arrays": (
        "import numpy as np\na = np.array(5); b = np.zeros((0, 3)); c = np.array(['ab', 'c']); d = np.datetime64('2020') + np.arange(3)\n"
        "e = np.zeros(2, dtype=[('n', 'i4'), ('s', 'U3')]); f = np.arange(3, dtype='>i4'); g = np.array([1, 2], dtype='m8[s]'); h = np.zeros(3, 'V0')",
        "a, b, c, d, e, f.dtype.str, g, h.shape",
    ),
    "read-only arrays": (
        "import numpy as np\nx = np.zeros(3); x.flags.writeable = False; y = np.zeros(9000); y.flags.writeable = False; z = y[:2]",
        "x.flags.writeable, y.flags.writeable, z.flags.writeable",
    ),
    "an array that owns its memory": (
        "import numpy as np\nx = np.arange(3); y = np.arange(3000)",
        "(x.resize((5,), refcheck=False), x, y.flags.owndata)",
    ),
    "an array with attributes": (
        "import numpy as np\nclass T(np.ndarray):\n    def __array_finalize__(self, other): self.tag = getattr(other, 'tag', None)\nt = np.arange(3).view(T); t.tag = 'T'; u = t[:1]",
        "t.tag, u.tag, type(u) is T, (t.__setitem__(0, 9), u[0])",
    ),
    "matrices, masks, records": (
        "import numpy as np\nm = np.matrix([[1, 2]]); a = np.ma.array([1, 2], mask=[0, 1]); r = np.rec.array([(1, 'a')], names='n,s')",
        "m * m.T, a, r.n, type(r).__name__, np.ma.masked is a[1]",
    ),
    "generators that share bits": (
        "import numpy as np\nb = np.random.PCG64(1); g, h = np.random.Generator(b), np.random.Generator(b); s = np.random.RandomState(3); draw = s.rand",
        "g.random(), h.random(), s.rand(), draw()",
    ),
    # ---- functions
    "functions": (
        "K = 2\ndef f(a, b=[1], *, c=3) -> int:\n    'doc'\n    return a * K + c\nf.note = ['n']; g = f",
        "f(2), f.__doc__, f.__defaults__, f.__kwdefaults__, f.note, f.__annotations__, f.__qualname__, g is f, (globals().update(K=5), f(2))",
    ),
    "closures that share a cell": (
        "def make():\n    n = 0\n    def up():\n        nonlocal n; n += 1; return n\n    def get(): return n\n    return up, get\nup, get = make(); up()",
        "up(), up(), get()",
    ),
    "a cell": (
        "def f():\n    x = [1]\n    return lambda: x\ng = f(); c = g.__closure__[0]",
        "c.cell_contents is g(), c is g.__closure__[0]",
    ),
    "recursive closures": (
        "def make():\n    def fact(n): return 1 if n < 2 else n * fact(n - 1)\n    return fact\nfact = make()",
        "fact(5)",
    ),
    "functions of functions": (
        "import functools, operator\nk = 1\np = functools.partial(lambda a, b: a + b + k, 1)\n@functools.wraps(p.func)\ndef w(*a): return p(*a)\nm = operator.methodcaller('upper')",
        "p(2), w(3), w.__name__, m('x')",
    ),
    "cached functions": (
        "import functools\n@functools.lru_cache(maxsize=3)\ndef f(x): return x * 2\nf(1)",
        "f(2), f.cache_parameters(), f.__name__",
    ),
    "single dispatch": (
        "from functools import singledispatch\n@singledispatch\ndef show(x): return 'any'\n@show.register\ndef _(x: int): return 'int'\nshow(1), show('s')",
        "show(1), show('s'), show.dispatch(bool)(1), (show.register(str, lambda x: 'str'), show('s'))[1]",
    ),
    "context managers": (
        "import contextlib\nlog = []\n@contextlib.contextmanager\ndef cm(n):\n    log.append(n); yield; log.append(-n)\nstack = contextlib.ExitStack(); stack.callback(log.append, 'end')",
        "(cm(1).__enter__(), stack.close(), log)",
    ),
    "bound methods": (
        "class C:\n    def __init__(self): self.n = 1\n    def m(self): return self.n\n    @classmethod\n    def k(cls): return cls\nc = C(); m, k = c.m, C.k; add = [].append; low = str.lower",
        "m(), m.__self__ is c, k() is C, low('X')",
    ),
    "functions of an executed text": (
        "ns = {}\nexec('x = 1\\ndef f(): return x', ns)\nf = ns['f']",
        "f(), (ns.update(x=5), f()), f.__globals__ is ns, ns['__builtins__']['len'] is len",
    ),
    "the namespace itself": ("g = globals(); x = 1", "g is globals(), g['x']"),
    "source of a function": ("import inspect\ndef f():\n    return 1  # why", "inspect.getsource(f)"),
    # ---- classes
    "classes": (
        "class A:\n    'doc'\n    n = [1]\n    def __init__(self, x): self.x = x\n    @property\n    def y(self): return self.x\n    @staticmethod\n    def s(): return 's'\n"
        "    class Inner: pass\nclass B(A):\n    def __init__(self, x): super().__init__(x + 1)\nb = B(1); i = A.Inner(); A.n.append(2)",
        "b.x, b.y, A.n, B.n is A.n, A.s(), isinstance(b, A), type(b) is B, type(i).__qualname__, A.__doc__, B.__mro__",
    ),
    "local classes": (
        "def make():\n    class Local: n = 2\n    return Local\nL = make(); l = L()",
        "type(l) is L, L.__qualname__, L.__module__, l.n",
    ),
    "slots": (
        "class S:\n    __slots__ = ('a', '__b', 'c')\n    def __init__(self): self.a = 1; self.__b = [2]\n    def b(self): return self.__b\nclass T(S):\n    __slots__ = 'd'\nt = T(); t.d = 4",
        "t.a, t.b(), t.d, hasattr(t, 'c'), hasattr(t, '__dict__'), T.__slots__",
    ),
    "data classes": (
        "from dataclasses import dataclass, field, fields, replace\n@dataclass(frozen=True)\nclass P:\n    x: int\n    y: list = field(default_factory=list, repr=False)\np = P(1)\n"
        "@dataclass(order=True)\nclass Q:\n    a: int = 0",
        "p, p == P(1), [f.name for f in fields(P)], replace(p, x=2), Q(1) < Q(2), P.__match_args__",
    ),
    "named tuples": (
        "from collections import namedtuple\nfrom typing import NamedTuple\nP = namedtuple('P', 'x y', defaults=[5])\nclass Q(NamedTuple):\n    a: int\n    b: str = 'b'\np, q = P(1), Q(2)",
        "p, q, type(p) is P, p._replace(x=9), q == Q(2), Q._field_defaults, p.x",
    ),
    "enums": (
        "import enum\nclass C(enum.Enum):\n    RED = 1\n    ALIAS = 1\n    BLUE = 2\nclass F(enum.Flag):\n    R = 1\n    W = 2\nclass P(enum.Enum):\n    EARTH = (5, 2)\n    def __init__(self, m, r): self.m = m; self.r = r\n"
        "class S(str, enum.Enum):\n    A = 'a'\nred, rw, earth, a = C.RED, F.R | F.W, P.EARTH, S.A; d = {C.BLUE: 1}",
        "red is C.RED is C(1) is C.ALIAS, rw is (F.R | F.W), F.R in rw, earth.m, earth is P((5, 2)), [*C], a is S('a'), a == 'a', d[C.BLUE], list(C.__members__)",
    ),
    "what runs when classes are made": (
        "log = []\nclass M(type):\n    def __new__(m, *a, **k): log.append('new'); return super().__new__(m, *a, **k)\n    def __init__(c, *a, **k): log.append('init')\n"
        "class Base(metaclass=M):\n    kinds = {}\n    def __init_subclass__(cls, kind=None): log.append(kind); Base.kinds[kind] = cls\nclass A(Base, kind='a'): pass\nclass D:\n    def __set_name__(self, o, n): log.append(n)\nclass E: d = D()",
        "log, Base.kinds['a'] is A, type(A) is M, type('B', (Base,), {}) and log[-3:]",
    ),
    "abstract classes": (
        "import abc\nclass Shape(abc.ABC):\n    @abc.abstractmethod\n    def area(self): ...\nclass Disc: pass\nShape.register(Disc)\nclass Sq(Shape):\n    def area(self): return 4\nd, s = Disc(), Sq()",
        "isinstance(d, Shape), isinstance(s, Shape), s.area(), Shape.__abstractmethods__, issubclass(int, Shape)",
    ),
    "generic classes and protocols": (
        "from typing import Generic, NewType, Protocol, TypedDict, TypeVar, runtime_checkable\nT = TypeVar('T', bound=int); Id = NewType('Id', int)\n@runtime_checkable\nclass Runs(Protocol):\n    def run(self): ...\n"
        "class Box(Generic[T]):\n    def __init__(self, v): self.v = v\n    def run(self): return self.v\nclass TD(TypedDict, total=False):\n    k: int\nb = Box[int](5)",
        "isinstance(b, Runs), b.run(), b.__orig_class__, Box.__parameters__ == (T,), Id(3), Id.__name__, TD.__total__, TD(k=1), Box[T].__args__[0] is T",
    ),
    "attributes of a class set later": ("class C: mode = 'old'\nc = C(); C.mode = 'new'; C.f = lambda self: 7", "c.mode, c.f(), vars(c)"),
    "objects that pickle would empty": (
        "class C:\n    def __init__(self): self.n = 1; self.cache = {'k': 1}\n    def __getstate__(self): return {'n': self.n}\n    def __setstate__(self, s): self.__dict__.update(s); self.cache = {}\nc = C()",
        "c.n, c.cache",
    ),
    "objects that reduce to others": (
        "class C:\n    def __reduce__(self): return (str, ('lost',))\nc = C(); c.x = [1]",
        "type(c) is C, c.x",
    ),
    "objects that come into being by their own code": (
        "made = []\nclass One:\n    it = None\n    def __new__(cls):\n        made.append(1)\n        cls.it = cls.it or super().__new__(cls)\n        return cls.it\no = One(); p = One(); o.d = [1]",
        "made, o is p, One.it is o, o.d",
    ),
    "objects that ask for attributes": (
        "class C:\n    def __init__(self): self.d = {'x': 1}\n    def __getattr__(self, n):\n        try: return self.d[n]\n        except KeyError: raise AttributeError(n)\n    def __setattr__(self, n, v): super().__setattr__(n, v)\nc = C()",
        "c.x, hasattr(c, 'y')",
    ),
    "subclasses of builtins": (
        "class D(dict):\n    def __setitem__(self, k, v): super().__setitem__(k, v + 1)\nclass L(list): pass\nclass I(int):\n    def __new__(cls, v, unit): o = super().__new__(cls, v); o.unit = unit; return o\n"
        "class S(str): pass\nclass F(float): pass\nclass T(tuple): pass\nclass Z(frozenset): pass\nd = D(); d['a'] = 1; l = L([1]); l.n = l; i = I(3, 'm'); s = S('s'); s.x = 1; f = F(-0.0); t = T((1, l)); z = Z([1])",
        "d, l.n is l, i + 1, i.unit, s.x, s, repr(f), t[1] is l, z, type(z) is Z",
    ),
    "hashes by own attributes": (
        "class K:\n    def __init__(self, v): self.v = v\n    def __hash__(self): return hash(self.v)\n    def __eq__(self, o): return self.v == o.v\nk = K('a'); d = {k: 1}; s = {k}",
        "d[K('a')], K('a') in s, next(iter(d)) is k",
    ),
    "cached properties": (
        "from functools import cached_property\nlog = []\nclass C:\n    @cached_property\n    def heavy(self): log.append(1); return [1]\nc = C(); c.heavy; d = C()",
        "c.heavy, log, d.heavy, log, C.heavy.attrname",
    ),
    "the user's own pickle": ("import pickle\nclass P: v = 1\np = P(); del P.v; P.v = 2", "type(pickle.loads(pickle.dumps(p))) is P"),
    "mutual classes": ("class A: pass\nclass B: pass\nA.b, B.a = B, A\na = A(); a.self = a", "A.b is B, B.a is A, a.self is a"),
    # ---- what there is one of
    "sentinels": ("MISSING = object()\ndef get(d, default=MISSING): return default is MISSING\nx = [MISSING]", "get({}), x[0] is MISSING"),
    "constants of libraries": (
        "import dataclasses, inspect\nimport numpy as np\nimport pandas as pd\nxs = [None, ..., NotImplemented, dataclasses.MISSING, inspect.Parameter.empty, pd.NaT, pd.NA, np.ma.masked, np.newaxis]",
        "[a is b for a, b in zip(xs, [None, ..., NotImplemented, dataclasses.MISSING, inspect.Parameter.empty, pd.NaT, pd.NA, np.ma.masked, None])]",
    ),
    "types": (
        "import types, typing\nxs = [int, type(None), types.FunctionType, type(...), list[int], typing.Optional[int], type({}.keys()) is not None]",
        "xs",
    ),
    "modules": (
        "import types\nm = types.ModuleType('own'); m.x = [1]; exec('def f(): return x', vars(m)); import os.path as p",
        "m.f(), m.x is m.f(), p.join('a', 'b'), type(m).__name__",
    ),
    "locks that nobody holds": (
        "import threading, queue\nl = threading.Lock(); r = threading.RLock(); q = queue.Queue(); q.put(1); e = threading.Event(); e.set()",
        "l.acquire(), r.acquire(), q.get(), e.is_set()",
    ),
    "weak sets of classes": (
        "import weakref\nclass C: pass\nw = weakref.WeakSet([C]); d = weakref.WeakKeyDictionary({C: 1})",
        "C in w, d[C]",
    ),
    "standard streams": (
        "import sys\nfrom functools import partial\np = partial(print, file=sys.stderr)",
        "p.keywords['file'] is sys.stderr",
    ),
    # ---- exceptions
    "exceptions": (
        "class Bad(ValueError):\n    def __init__(self, code): super().__init__(f'code {code}'); self.code = code\ntry:\n    try: {}['k']\n    except KeyError as k: raise Bad(7) from k\nexcept Bad as e: err = e\nerr.note = ['n']",
        "repr(err), err.args, err.code, err.note, repr(err.__cause__), repr(err.__context__), err.__suppress_context__",
    ),
    "tracebacks": (
        "import traceback\ndef inner(x):\n    return 1 / x\ndef outer():\n    return inner(0)\ntry: outer()\nexcept ZeroDivisionError as e: err = e",
        "''.join(traceback.format_exception(type(err), err, err.__traceback__)).replace('/handing.py', '')",
    ),
    "exceptions of the system": (
        "import json\ndef caught(f):\n    try: f()\n    except Exception as e: return e\na = caught(lambda: open('/no/such')); b = caught(lambda: compile('a b', 'f', 'exec')); c = caught(lambda: b''.join([b'\\xff']).decode())\n"
        "d = caught(lambda: json.loads('{')); e = StopIteration(5); f = SystemExit(3); g = caught(lambda: undefined)",
        "[(repr(x), str(x)) for x in (a, b, c, d, e, f, g)], a.errno, a.filename, b.lineno, c.reason, d.pos, e.value, f.code, g.name",
    ),
    "groups and notes": (
        "import sys\ne = ValueError('x')\nif sys.version_info >= (3, 11): e.add_note('n'); g = ExceptionGroup('g', [e, KeyError('k')])\nelse: e.__notes__ = ['n']; g = e",
        "repr(g), e.__notes__, getattr(g, 'exceptions', (e,))[0] is e",
    ),
    # ---- frames
    "frames": (
        "import pandas as pd\ndf = pd.DataFrame({'x': [1, 2], 'y': ['a', None]}, index=['r', 's']); df.attrs['unit'] = 'm'; df.flags.allows_duplicate_labels = False\ns = df['x']; c = pd.Series(['a', 'b'], dtype='category'); t = pd.Timestamp('2020', tz='UTC')",
        "df, df.attrs, df.flags, s, c.cat.categories, t, df.dtypes.tolist()",
    ),
    "attributes of a frame": (
        "import pandas as pd, warnings\nwarnings.simplefilter('ignore')\ndf = pd.DataFrame({'x': [1]}); df.note = {'a': 1}",
        "df.note, list(df)",
    ),
    "columns are no views": (
        "import pandas as pd\ndf = pd.DataFrame({'x': [1, 2], 'y': [3, 4]}); s = df['x']; h = df[:1]; c = df['y'].astype('category')",
        "(s.__setitem__(0, 99), h.iloc.__setitem__((0, 1), 55), df.values.tolist(), s.tolist(), h.values.tolist())",
    ),
    "objects in frames": (
        "import pandas as pd\nc = [1]; s = pd.Series([c, c]); df = pd.DataFrame({'o': [c, {}]}, dtype=object)",
        "(c.append(2), s.tolist(), s[0] is c, df.o[0] is c)",
    ),
    # ---- iterators and others
    "iterators": (
        "import itertools\nk = 2\nm = map(lambda x: x * k, [1, 2, 3]); next(m); z = zip('ab', [1, 2]); e = enumerate('xy'); i = iter([1, 2, 3]); next(i); r = reversed([1, 2])",
        "list(m), list(z), next(e), next(i), list(r)",
    ),
    "the standard library": (
        "import datetime, decimal, fractions, pathlib, random, re, types, uuid\nr = random.Random(3); xs = [datetime.datetime(2020, 1, 1), decimal.Decimal('1.10'), fractions.Fraction(1, 3), pathlib.Path('a/b'), re.compile('a+', re.I), uuid.UUID(int=5), types.SimpleNamespace(a=[1]), range(3), slice(1, 2), 1j]",
        "r.random(), xs",
    ),
    "figures": (
        "import matplotlib; matplotlib.use('agg')\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots(); line, = ax.plot([1, 2]); plt.close(fig)",
        "ax.figure is fig, ax.lines[0] is line, fig.axes[0] is ax",
    ),
    "transforms of a figure": (
        "import matplotlib; matplotlib.use('agg')\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots(); ax.plot([1, 2]); plt.close(fig)",
        "[[key == id(ref()) for key, ref in one._parents.items()] for one in (ax.transData, ax.transAxes, ax.bbox, fig.dpi_scale_trans)], len(ax.bbox._parents) > 1",
    ),
    "estimators": (
        "import numpy as np\nfrom sklearn.base import BaseEstimator, TransformerMixin, clone\nfrom sklearn.linear_model import LinearRegression\nfrom sklearn.pipeline import make_pipeline\nK = 1\n"
        "class Shift(TransformerMixin, BaseEstimator):\n    def __init__(self, k=1): self.k = k\n    def fit(self, X, y=None): self.n_ = len(X); return self\n    def transform(self, X): return X + self.k * K\n"
        "X = np.arange(6.0).reshape(3, 2); p = make_pipeline(Shift(2), LinearRegression()).fit(X, [1, 2, 3])",
        "p.predict(X).round(6).tolist(), isinstance(p[0], Shift), p[0].n_, clone(p)[0].k",
    ),
}

# name: (what makes it, what the refusal says)
REFUSED: dict[str, tuple[str, str]] = {
    "a held lock": ("import threading\nl = threading.Lock(); l.acquire()", "a lock that is held"),
    "a generator": ("g = (x for x in [1])", "generator"),
    "an open file": ("f = open(__import__('os').devnull)", "TextIOWrapper"),
    "a weak reference": ("import weakref\nclass C: pass\nc = C(); w = weakref.ref(c)", "weakref"),
    "weak keys": ("import weakref\nclass C: pass\nc = C(); w = weakref.WeakKeyDictionary({c: 1})", "weakly"),
    "a strided view of bytes": ("m = memoryview(bytearray(6))[::2]", "view of memory"),
    "an object that refuses": (
        "class C:\n    def __reduce__(self): raise TypeError('no pickling')\n    def __init__(self): self.g = (x for x in [1])\nc = C()",
        "no pickling",
    ),
}


def _side(side: str, folder: pathlib.Path, cases: list[dict[str, str]]) -> dict[str, str]:
    environment = {**os.environ, "PYTHONHASHSEED": "7", "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, str(HERE / "handing.py"), side, str(folder)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What all cases look like in the process that makes them, and in the one that takes them."""
    folder = tmp_path_factory.mktemp("handed")
    cases = [{"name": name, "make": make, "look": look} for name, (make, look) in (CASES | REFUSED).items()]
    return _side("make", folder, cases), _side("take", folder, cases)


@pytest.mark.parametrize("name", CASES)
def test_it_arrives_as_it_was(name: str, ends: tuple[Mapping[str, str], Mapping[str, str]]) -> None:
    made, taken = ends
    assert taken[name] == made[name]
    assert "Error" not in made[name] or "exceptions" in name or name in {"tracebacks", "groups and notes"}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_not_arrive_is_refused(name: str, ends: tuple[Mapping[str, str], Mapping[str, str]]) -> None:
    made, _ = ends
    assert made[name].startswith("refused: `")
    assert REFUSED[name][1] in made[name]
