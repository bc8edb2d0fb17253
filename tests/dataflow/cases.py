"""Cells and what must travel between their steps: `source>step key`, with `?` where it is only possible.

Each row was checked by hand against what Run All does. A bug found is a new row.
"""

from __future__ import annotations

Cells = list[tuple[str, str]]

CASES: list[tuple[str, Cells, list[str]]] = [
    (
        "method mutation",
        [
            ("a", "x=[1]"),
            ("b", "x.append(2)"),
            ("c", "print(x)"),
        ],
        [
            "a>b x",
            "b>c x",
        ],
    ),
    (
        "alias",
        [
            ("a", "x=[1]; y=x; d={'k':x}"),
            ("b", "y.append(2)"),
            ("c", "print(x, d)"),
        ],
        [
            "a>b d?",
            "a>b x?",
            "a>b y",
            "b>c d?",
            "b>c x",
        ],
    ),
    (
        "func mutates",
        [
            ("setup", "def f(l):\n    l.append(1)"),
            ("a", "x=[1]"),
            ("b", "f(x)"),
            ("c", "print(x)"),
        ],
        [
            "a>b x",
            "b>c x",
            "setup>b f",
        ],
    ),
    (
        "late global",
        [
            ("setup", "def f():\n    return k"),
            ("a", "k=1"),
            ("b", "k=2"),
            ("c", "print(f())"),
        ],
        [
            "b>c k",
            "setup>c f",
        ],
    ),
    (
        "lambda",
        [
            ("a", "k=1\nf=lambda: k"),
            ("b", "k=2"),
            ("c", "print(f())"),
        ],
        [
            "a>c f",
            "b>c k",
        ],
    ),
    (
        "class globals",
        [
            ("a", "k=1\nclass A:\n    n=0\n    def go(self):\n        A.n += 1\n        return k"),
            ("b", "k=5\na=A()\na.go()"),
            ("c", "b=A()\nprint(b.go(), A.n)"),
        ],
        [
            "a>b A",
            "b>c A",
            "b>c a?",
            "b>c k",
        ],
    ),
    (
        "cond",
        [
            ("a", "x=1"),
            ("b", "if x>5:\n    y=1"),
            ("c", "try:\n    print(y)\nexcept NameError:\n    print('no')"),
        ],
        [
            "a>b x",
            "b>c y?",
        ],
    ),
    (
        "star",
        [
            ("setup", "from math import *"),
            ("a", "x=sqrt(4)"),
            ("b", "print(x, pi)"),
        ],
        [
            "a>b x",
            "setup>a sqrt?",
            "setup>b pi?",
            "setup>b print?",
        ],
    ),
    (
        "exec",
        [
            ("a", "x=1"),
            ("b", "exec('x = x + 1')"),
            ("c", "s='y=2'\nexec(s)"),
            ("d", "print(x, y)"),
        ],
        [
            "a>b x",
            "b>d x",
            "c>d y",
        ],
    ),
    (
        "globals()",
        [
            ("a", "x=1"),
            ("b", "globals()['x']=3"),
            ("c", "print(x)"),
        ],
        [
            "a>b x?",
            "b>c x?",
        ],
    ),
    (
        "gen",
        [
            ("a", "g=(i for i in range(3))"),
            ("b", "print(next(g))"),
        ],
        [
            "a>b g",
        ],
    ),
    (
        "open",
        [
            ("a", "f=open('a.txt','w')"),
            ("b", "f.write('x')"),
        ],
        [
            "a>b f",
        ],
    ),
    (
        "seed",
        [
            ("setup", "import numpy as np\nnp.random.seed(0)"),
            ("a", "x=np.random.rand()"),
            ("b", "y=np.random.rand()"),
            ("c", "print(x,y)"),
        ],
        [
            "a>b random:numpy",
            "a>c x",
            "b>c y",
            "setup>a np",
            "setup>a random:numpy",
            "setup>b np",
        ],
    ),
    (
        "noseed",
        [
            ("setup", "import numpy as np"),
            ("a", "x=np.random.rand()"),
            ("b", "y=np.random.rand()"),
            ("c", "print(x,y)"),
        ],
        [
            "a>c x",
            "b>c y",
            "setup>a np",
            "setup>b np",
        ],
    ),
    (
        "signal handler may run in any later cell",
        [
            ("setup", "import signal\ngot = []"),
            ("a", "signal.signal(signal.SIGUSR1, lambda *_: got.append(1))"),
            ("b", "x = 1"),
            ("c", "print(got)"),
        ],
        [
            "a>b got?",
            "a>b process:signals?",
            "a>c process:signals?",
            "b>c got?",
            "setup>a got?",
            "setup>a signal",
        ],
    ),
    (
        "shell by another name",
        [
            ("a", "ip = get_ipython()\nip.ast_node_interactivity = 'all'"),
            ("b", "ip.user_ns['x'] = 1"),
            ("c", "print(x)"),
        ],
        [
            "a>b process:shell?",
            "a>c process:shell?",
            "b>c x?",
        ],
    ),
    (
        "log file",
        [
            ("setup", "import logging\nlogging.basicConfig(filename='x.log')"),
            ("a", "logging.info('a')"),
            ("b", "print(open('x.log').read())"),
        ],
        [
            "a>b file:x.log",
            "setup>a file:x.log",
            "setup>a logging",
            "setup>a process:logging?",
            "setup>b file:x.log",
            "setup>b process:logging?",
        ],
    ),
    (
        "env",
        [
            ("setup", "import os"),
            ("a", "os.environ['A']='1'"),
            ("b", "print(os.environ.get('A'))"),
        ],
        [
            "a>b process:environ",
            "setup>a os",
            "setup>b os",
        ],
    ),
    (
        "cwd files",
        [
            ("a", "open('a.txt','w').write('x')"),
            ("b", "print(open('a.txt').read())"),
            ("c", "import os\nprint(os.path.exists('b.txt'))"),
        ],
        [
            "a>b file:a.txt",
        ],
    ),
    (
        "same file",
        [
            ("a", "open('a.txt','a').write('x')"),
            ("b", "open('a.txt','a').write('y')"),
        ],
        [
            "a>b file:a.txt",
        ],
    ),
    (
        "figures",
        [
            ("setup", "import matplotlib.pyplot as plt"),
            ("a", "fig,ax=plt.subplots()"),
            ("b", "ax.plot([1])"),
            ("c", "fig"),
        ],
        [
            "a>b ax",
            "a>b fig?",
            "b>c fig",
            "setup>a plt",
        ],
    ),
    (
        "parallel dict",
        [
            ("setup", "results={}"),
            ("a", "results['a']=1"),
            ("b", "results['b']=2"),
            ("c", "print(results)"),
        ],
        [
            "a>b results",
            "b>c results",
            "setup>a results",
        ],
    ),
    (
        "history",
        [
            ("a", "1+1"),
            ("b", "print(_)\nOut[1]"),
        ],
        [],
    ),
    (
        "torn",
        [
            ("a", "x=1"),
            ("b", "y=x"),
            ("a", "x=y+1"),
            ("c", "print(x)"),
        ],
        [
            "a>b x",
            "a>c x",
            "b>a y",
        ],
    ),
    (
        "dotted",
        [
            ("a", "import os.path as p, xml.dom"),
            ("b", "print(xml.dom, p)"),
        ],
        [
            "a>b p",
            "a>b xml",
        ],
    ),
    (
        "del",
        [
            ("a", "x=1"),
            ("b", "del x"),
            ("c", "try:\n    x\nexcept NameError:\n    print('gone')"),
        ],
        [
            "a>b x",
            "b>c x?",
        ],
    ),
    (
        "builtin",
        [
            ("a", "list=[1]; len=lambda x: 42"),
            ("b", "print(len(list))"),
        ],
        [
            "a>b len",
            "a>b list",
        ],
    ),
    (
        "aug",
        [
            ("a", "x=[1]; y=x; n=1"),
            ("b", "x+=[2]; n+=1"),
            ("c", "print(x,y,n)"),
        ],
        [
            "a>b n",
            "a>b x",
            "a>b y?",
            "b>c n",
            "b>c x",
            "b>c y",
        ],
    ),
    (
        "walrus/match",
        [
            ("a", "if (n:=3)>2: pass\nmatch n:\n    case int(v): pass"),
            ("b", "print(n,v)"),
        ],
        [
            "a>b n",
            "a>b v?",
        ],
    ),
    (
        "counter",
        [
            ("setup", "def counter():\n    c=0\n    def inc():\n        nonlocal c\n        c+=1\n        return c\n    return inc"),
            ("a", "inc=counter()\ninc()"),
            ("b", "inc()"),
            ("c", "print(inc())"),
        ],
        [
            "a>b inc",
            "b>c inc?",
            "setup>a counter",
        ],
    ),
    (
        "default mutable",
        [
            ("setup", "def add(x, acc=[]):\n    acc.append(x)\n    return acc"),
            ("a", "add(1)"),
            ("b", "print(add(2))"),
        ],
        [
            "a>b add?",
            "setup>a add",
        ],
    ),
    (
        "registry",
        [
            ("setup", "REG={}\ndef register(f):\n    REG[f.__name__]=f\n    return f"),
            ("a", "@register\ndef foo(): return 1"),
            ("b", "print(sorted(REG), REG['foo']())"),
        ],
        [
            "a>b REG",
            "setup>a REG",
            "setup>a register",
        ],
    ),
    (
        "cls attr",
        [
            ("setup", "class C:\n    items=[]\n    def add(self,x):\n        self.items.append(x)"),
            ("a", "a=C(); a.add(1)"),
            ("b", "b=C(); b.add(2)"),
            ("c", "print(C.items)"),
        ],
        [
            "a>b C?",
            "a>b a?",
            "b>c C?",
            "setup>a C",
        ],
    ),
    (
        "monkey",
        [
            ("setup", "import pandas as pd\ndf=pd.DataFrame({'a':[1]})"),
            ("a", "pd.DataFrame.double=lambda s: s*2"),
            ("b", "print(df.double())"),
        ],
        [
            "a>b patch:pd.DataFrame.double?",
            "setup>a pd",
            "setup>b df",
            "setup>b pd?",
        ],
    ),
    (
        "sh",
        [
            ("a", "!echo hi > f.txt"),
            ("b", "x=!cat f.txt\nprint(x)"),
        ],
        [
            "a>b file:*",
        ],
    ),
    (
        "run",
        [
            ("a", "%run foo.py"),
            ("b", "print(z)"),
        ],
        [
            "a>b print?",
            "a>b process:cwd?",
            "a>b process:environ?",
            "a>b process:syspath?",
            "a>b z?",
        ],
    ),
    (
        "skipdef",
        [
            ("a", "print(q)"),
        ],
        [],
    ),
    (
        "undefined",
        [
            ("a", "print(zzz)"),
        ],
        [],
    ),
    (
        "partial",
        [
            ("setup", "from functools import partial\nlog=[]\ndef f(a,b):\n    log.append(a)\n    return a+b"),
            ("a", "g=partial(f,1)"),
            ("b", "print(g(2))"),
            ("c", "print(log)"),
        ],
        [
            "a>b g",
            "a>b log?",
            "b>c log",
            "setup>a f",
            "setup>a log?",
            "setup>a partial",
        ],
    ),
    (
        "decor",
        [
            (
                "a",
                "calls=0\ndef deco(fn):\n    def w(*a):\n        global calls\n        calls+=1\n        return fn(*a)\n    return w\n@deco\ndef f(x): return x",
            ),
            ("b", "f(1); f(2)"),
            ("c", "print(calls)"),
        ],
        [
            "a>b calls",
            "a>b f",
            "b>c calls",
        ],
    ),
    (
        "df inplace",
        [
            ("setup", "import pandas as pd"),
            ("a", "df=pd.DataFrame({'a':[3,1]})\nv=df"),
            ("b", "df.sort_values('a',inplace=True)\ndf['z']=1"),
            ("c", "print(v)"),
        ],
        [
            "a>b df",
            "a>b v?",
            "b>c v",
            "setup>a pd",
        ],
    ),
    (
        "loops",
        [
            ("a", "for i in []:\n    last=i"),
            ("b", "print('last' in globals())"),
        ],
        [
            "a>b last?",
        ],
    ),
    (
        "async",
        [
            ("a", "import asyncio\nk=2\nasync def f(): return k\nv=await f()"),
            ("b", "print(v, await f())"),
        ],
        [
            "a>b f",
            "a>b k",
            "a>b v",
        ],
    ),
    (
        "shuffle",
        [
            ("setup", "import random\nrandom.seed(1)\nl=[1,2,3]"),
            ("a", "random.shuffle(l)"),
            ("b", "print(l)"),
        ],
        [
            "a>b l?",
            "setup>a l",
            "setup>a random",
            "setup>a random:python",
        ],
    ),
    (
        "memo",
        [
            ("setup", "from functools import lru_cache\nn=0\n@lru_cache\ndef f(x):\n    global n\n    n+=1\n    return x"),
            ("a", "f(1)"),
            ("b", "f(1)"),
            ("c", "print(n, f.cache_info())"),
        ],
        [
            "a>b n",
            "b>c n",
            "setup>a f",
            "setup>a n",
            "setup>b f",
            "setup>c f",
        ],
    ),
    (
        "sub-object",
        [
            ("a", "inner=[1]\nouter={'k':inner}"),
            ("b", "outer['k'].append(2)"),
            ("c", "print(inner)"),
        ],
        [
            "a>b inner?",
            "a>b outer",
            "b>c inner",
        ],
    ),
    (
        "tuple unpack alias",
        [
            ("a", "a=[1]\nb,c=(a,[2])"),
            ("b", "b.append(5)"),
            ("c", "print(a,c)"),
        ],
        [
            "a>b a?",
            "a>b b",
            "a>c c",
            "b>c a",
        ],
    ),
    (
        "attr chain",
        [
            ("a", "class N: pass\nn=N(); n.m=N(); n.m.v=1\nq=n.m"),
            ("b", "n.m.v += 1"),
            ("c", "print(q.v)"),
        ],
        [
            "a>b n",
            "a>b q?",
            "b>c q",
        ],
    ),
    (
        "bound method",
        [
            ("a", "l=[]\nadd=l.append"),
            ("b", "add(3)"),
            ("c", "print(l)"),
        ],
        [
            "a>b add",
            "a>b l?",
            "b>c l",
        ],
    ),
    (
        "map append",
        [
            ("a", "l=[]"),
            ("b", "list(map(l.append,[1,2]))"),
            ("c", "print(l)"),
        ],
        [
            "a>b l",
            "b>c l",
        ],
    ),
    (
        "heapq",
        [
            ("setup", "import heapq"),
            ("a", "h=[3,1]"),
            ("b", "heapq.heappush(h,0)"),
            ("c", "print(h)"),
        ],
        [
            "a>b h",
            "b>c h?",
            "setup>b heapq",
        ],
    ),
    (
        "np view",
        [
            ("setup", "import numpy as np"),
            ("a", "a=np.zeros(3)\nv=a[:2]"),
            ("b", "v[0]=5"),
            ("c", "print(a)"),
        ],
        [
            "a>b a?",
            "a>b v",
            "b>c a",
            "setup>a np",
        ],
    ),
    (
        "np inplace out",
        [
            ("setup", "import numpy as np"),
            ("a", "a=np.zeros(3)"),
            ("b", "np.add(a,1,out=a)"),
            ("c", "print(a)"),
        ],
        [
            "a>b a",
            "b>c a?",
            "setup>a np",
            "setup>b np",
        ],
    ),
    (
        "iter half",
        [
            ("a", "it=iter([1,2,3])\nnext(it)"),
            ("b", "print(next(it))"),
            ("c", "print(list(it))"),
        ],
        [
            "a>b it",
            "b>c it?",
        ],
    ),
    (
        "zip",
        [
            ("a", "z=zip([1],[2])"),
            ("b", "print(list(z))"),
            ("c", "print(list(z))"),
        ],
        [
            "a>b z",
            "b>c z?",
        ],
    ),
    (
        "mutual rec",
        [
            ("a", "def even(n): return n==0 or odd(n-1)"),
            ("b", "def odd(n): return n!=0 and even(n-1)"),
            ("c", "print(even(4))"),
        ],
        [
            "a>c even",
            "b>c odd?",
        ],
    ),
    (
        "redef func",
        [
            ("a", "def f(): return 1\ndef g(): return f()"),
            ("b", "def f(): return 2"),
            ("c", "print(g())"),
        ],
        [
            "a>c g",
            "b>c f",
        ],
    ),
    (
        "global stmt",
        [
            ("setup", "n=0\ndef inc():\n    global n\n    n+=1"),
            ("a", "inc()"),
            ("b", "inc()"),
            ("c", "print(n)"),
        ],
        [
            "a>b n",
            "b>c n",
            "setup>a inc",
            "setup>a n",
            "setup>b inc",
        ],
    ),
    (
        "contextmgr",
        [
            (
                "setup",
                "from contextlib import contextmanager\nlog=[]\n@contextmanager\ndef cm():\n    log.append('in')\n    yield 1\n    log.append('out')",
            ),
            ("a", "with cm() as x:\n    y=x"),
            ("b", "print(log,y)"),
        ],
        [
            "a>b log",
            "a>b y?",
            "setup>a cm",
            "setup>a log",
        ],
    ),
    (
        "property",
        [
            (
                "setup",
                "class P:\n    def __init__(self): self.n=0\n    @property\n    def v(self):\n        self.n+=1\n        return self.n\np=P()",
            ),
            ("a", "p.v"),
            ("b", "print(p.v)"),
        ],
        [
            "a>b p",
            "setup>a p",
        ],
    ),
    (
        "dunder op",
        [
            (
                "setup",
                "log=[]\nclass V:\n    def __add__(self,o):\n        log.append(1)\n        return self\n    def __repr__(self):\n        log.append('r')\n        return 'V'\nv=V()",
            ),
            ("a", "w=v+1"),
            ("b", "print(v)"),
            ("c", "print(log)"),
        ],
        [
            "a>b log?",
            "b>c log?",
            "setup>a log?",
            "setup>a v",
            "setup>b v",
        ],
    ),
    (
        "descriptor",
        [
            (
                "setup",
                "class D:\n    def __set_name__(self,o,n): self.n=n\n    def __get__(self,i,o):\n        i.count=getattr(i,'count',0)+1\n        return 5\nclass H:\n    d=D()\nh=H()",
            ),
            ("a", "h.d"),
            ("b", "print(h.count)"),
        ],
        [
            "a>b H?",
            "a>b h?",
            "setup>a H?",
            "setup>a h",
        ],
    ),
    (
        "setattr",
        [
            ("a", "class C: pass\nc=C()"),
            ("b", "setattr(c,'x',1)"),
            ("c", "print(c.x)"),
        ],
        [
            "a>b c",
            "b>c c",
        ],
    ),
    (
        "vars()",
        [
            ("a", "class C: pass\nc=C()"),
            ("b", "vars(c)['x']=1"),
            ("c", "print(c.x)"),
        ],
        [
            "a>b c",
            "b>c c?",
        ],
    ),
    (
        "cls via inst",
        [
            ("setup", "class C:\n    n=0\n    def go(self): type(self).n+=1\na=C(); b=C()"),
            ("a", "a.go()"),
            ("b", "print(b.n)"),
        ],
        [
            "a>b b?",
            "setup>a C?",
            "setup>a a",
            "setup>a b?",
        ],
    ),
    (
        "init_subclass",
        [
            ("setup", "reg=[]\nclass B:\n    def __init_subclass__(cls): reg.append(cls.__name__)"),
            ("a", "class X(B): pass"),
            ("b", "print(reg)"),
        ],
        [
            "a>b reg",
            "setup>a B",
            "setup>a reg",
        ],
    ),
    (
        "metaclass",
        [
            (
                "setup",
                "reg={}\nclass M(type):\n    def __new__(mcs,n,b,d):\n        c=super().__new__(mcs,n,b,d)\n        reg[n]=c\n        return c",
            ),
            ("a", "class X(metaclass=M): pass"),
            ("b", "print(sorted(reg))"),
        ],
        [
            "a>b reg?",
            "setup>a M",
            "setup>a reg?",
        ],
    ),
    (
        "singleton",
        [
            (
                "setup",
                "class S:\n    inst=None\n    def __new__(cls):\n        if cls.inst is None: cls.inst=super().__new__(cls)\n        return cls.inst",
            ),
            ("a", "a=S(); a.v=1"),
            ("b", "print(S().v)"),
        ],
        [
            "a>b S?",
            "a>b a?",
            "setup>a S",
        ],
    ),
    (
        "defaultdict read",
        [
            ("setup", "from collections import defaultdict\nd=defaultdict(list)"),
            ("a", "d['x']"),
            ("b", "print(dict(d))"),
        ],
        [
            "a>b d?",
            "setup>a d",
        ],
    ),
    (
        "func attr",
        [
            ("setup", "def f():\n    f.n += 1\nf.n=0"),
            ("a", "f()"),
            ("b", "print(f.n)"),
        ],
        [
            "a>b f",
            "setup>a f",
        ],
    ),
    (
        "nested exec",
        [
            ("a", "code='z=5'"),
            ("b", "exec(code)"),
            ("c", "print(z)"),
        ],
        [
            "a>b code",
            "b>c z",
        ],
    ),
    (
        "eval read",
        [
            ("a", "q=7"),
            ("b", "print(eval('q'))"),
            ("c", "e='q+1'\nprint(eval(e))"),
        ],
        [
            "a>b q",
            "a>c q",
        ],
    ),
    (
        "time magic",
        [
            ("a", "%time x=1"),
            ("b", "%%time\ny=x+1"),
            ("c", "%%capture cap\nprint(y)"),
            ("d", "print(cap.stdout)"),
        ],
        [
            "a>b x",
            "b>c y",
            "c>d cap",
        ],
    ),
    (
        "writefile",
        [
            ("a", "%%writefile h.py\nV=1"),
            ("b", "import h\nprint(h.V)"),
        ],
        [
            "a>b file:h.py",
        ],
    ),
    (
        "cd",
        [
            ("a", "%cd sub"),
            ("b", "import os\nprint(os.getcwd())"),
        ],
        [
            "a>b process:cwd",
        ],
    ),
    (
        "param use",
        [
            ("setup", "lr=0.1\nn=3"),
            ("a", "x=lr*2"),
            ("b", "y=n"),
            ("c", "print(x,y)"),
        ],
        [
            "a>c x",
            "b>c y",
            "setup>a lr",
            "setup>b n",
        ],
    ),
    (
        "3 models fn",
        [
            (
                "setup",
                "import pandas as pd\nfrom sklearn.linear_model import LogisticRegression\nfrom sklearn.ensemble import RandomForestClassifier, GradientBoostingClassifier\nfrom sklearn.metrics import accuracy_score\ndef evaluate(model, X, y):\n    model.fit(X, y)\n    p = model.predict(X)\n    return accuracy_score(y, p)",
            ),
            (
                "load",
                "from sklearn.datasets import load_breast_cancer\nd = load_breast_cancer(as_frame=True)\nX, y = d.data, d.target\nX = (X - X.mean()) / X.std()",
            ),
            ("rf", "m1 = RandomForestClassifier(n_estimators=50, random_state=1)\ns1 = evaluate(m1, X, y)\nprint(s1)"),
            ("gb", "m2 = GradientBoostingClassifier(random_state=1)\ns2 = evaluate(m2, X, y)"),
            (
                "lr",
                "m3 = LogisticRegression(max_iter=500)\ns3 = evaluate(m3, X, y)\nimport matplotlib.pyplot as plt\nplt.plot([1,2]); plt.title('x'); plt.show()",
            ),
            (
                "cmp",
                "r = pd.Series({'rf':s1,'gb':s2,'lr':s3})\nprint(r.sort_values())\nbest = {'rf':m1,'gb':m2,'lr':m3}[r.idxmax()]\nr.plot.bar()",
            ),
        ],
        [
            "gb>cmp m2",
            "gb>cmp s2",
            "load>gb X",
            "load>gb y",
            "load>lr X",
            "load>lr y",
            "load>rf X",
            "load>rf y",
            "lr>cmp m3",
            "lr>cmp s3",
            "rf>cmp m1",
            "rf>cmp s1",
            "setup>cmp pd",
            "setup>gb GradientBoostingClassifier",
            "setup>gb accuracy_score",
            "setup>gb evaluate",
            "setup>lr LogisticRegression",
            "setup>lr accuracy_score",
            "setup>lr evaluate",
            "setup>rf RandomForestClassifier",
            "setup>rf accuracy_score",
            "setup>rf evaluate",
        ],
    ),
    (
        "pipeline/cv",
        [
            (
                "setup",
                "import numpy as np\nnp.random.seed(0)\nfrom sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler\nfrom sklearn.svm import SVC\nfrom sklearn.linear_model import LogisticRegression\nfrom sklearn.model_selection import cross_val_score, GridSearchCV",
            ),
            ("load", "from sklearn.datasets import load_iris\nX,y=load_iris(return_X_y=True)"),
            ("a", "pa=make_pipeline(StandardScaler(),SVC())\nsa=cross_val_score(pa,X,y,cv=3).mean()"),
            ("b", "pb=GridSearchCV(LogisticRegression(max_iter=1000),{'C':[.1,1]},cv=3)\npb.fit(X,y)\nsb=pb.best_score_"),
            ("c", "print(sa,sb)"),
        ],
        [
            "a>c sa",
            "b>c sb",
            "load>a X",
            "load>a y",
            "load>b X",
            "load>b y",
            "setup>a SVC",
            "setup>a StandardScaler",
            "setup>a cross_val_score",
            "setup>a make_pipeline",
            "setup>a random:numpy",
            "setup>b GridSearchCV",
            "setup>b LogisticRegression",
        ],
    ),
    (
        "torch",
        [
            ("setup", "import torch, torch.nn as nn\ntorch.manual_seed(0)"),
            ("data", "X=torch.randn(10,3); y=X.sum(1,keepdim=True)"),
            (
                "m",
                "net=nn.Linear(3,1)\nopt=torch.optim.SGD(net.parameters(),lr=.1)\nfor i in range(3):\n    loss=((net(X)-y)**2).mean()\n    opt.zero_grad(); loss.backward(); opt.step()",
            ),
            ("e", "print(net(X))"),
        ],
        [
            "data>e X",
            "data>m X?",
            "data>m random:torch",
            "data>m y?",
            "m>e net",
            "m>e opt?",
            "m>e random:torch",
            "setup>data random:torch",
            "setup>data torch",
            "setup>m nn",
            "setup>m torch",
        ],
    ),
    (
        "class model",
        [
            (
                "setup",
                "class Model:\n    def __init__(self,k):\n        self.k=k\n    def fit(self,X):\n        self.mu=X.mean()*self.k\n        return self\n    def score(self,X):\n        return (X-self.mu).abs().mean()",
            ),
            ("load", "import pandas as pd\nX=pd.DataFrame({'a':[1.,2.]})"),
            ("a", "a=Model(1).fit(X)\nsa=a.score(X)"),
            ("b", "b=Model(2).fit(X)\nsb=b.score(X)"),
            ("c", "print(sa,sb)"),
        ],
        [
            "a>c sa",
            "b>c sb",
            "load>a X",
            "load>b X",
            "setup>a Model",
            "setup>b Model",
        ],
    ),
    (
        "branches with labels of one frame, then compared and drawn",
        [
            ("setup", "import pandas as pd\nimport matplotlib.pyplot as plt"),
            ("load", "X=pd.DataFrame({'a':[1.,2.]}); y=X.a>1"),
            ("a", "sa=pd.Series([1,2],index=X.index)"),
            ("b", "sb=pd.Series([3,4],index=X.index)"),
            (
                "c",
                "d={'a':sa,'b':sb}\nfig,(l,r)=plt.subplots(1,2)\nfor name,one in d.items():\n    l.plot(one.rank()<=1,label=name)\n"
                "for key,group in d[max(d)].groupby(y):\n    r.hist(group)",
            ),
        ],
        ["a>c sa", "b>c sb", "load>a X", "load>b X", "load>c y", "setup>a pd", "setup>b pd", "setup>c plt", "setup>load pd"],
    ),
    (
        "folds of a cross-validation",
        [
            ("setup", "import pandas as pd\nfrom sklearn.model_selection import KFold"),
            ("load", "X=pd.DataFrame({'a':[1.,2.]})"),
            ("a", "for past,ahead in KFold(2).split(X):\n    print(past,X.iloc[ahead])"),
            ("b", "X.groupby('a').a.mean().plot.bar(rot=0)"),
            ("c", "print(X)"),
        ],
        ["load>a X", "load>b X", "load>c X", "setup>a KFold", "setup>load pd"],
    ),
    (
        "networks of the notebook's own class, in parallel",
        [
            (
                "setup",
                "import torch\nfrom torch import nn\nfrom torch.utils.data import DataLoader, TensorDataset\n"
                "class Net(nn.Module):\n    def __init__(self,size):\n        super().__init__()\n        self.one=nn.Linear(3,size)\n"
                "    def forward(self,x):\n        return torch.relu(self.one(x))",
            ),
            ("data", "X=torch.tensor([[1.,2,3]]); y=X.sum(1)\nloader=DataLoader(TensorDataset(X,y))"),
            (
                "a",
                "torch.manual_seed(0)\na=Net(4)\nopt=torch.optim.SGD(a.parameters())\nfor xs,ys in loader:\n    opt.zero_grad()\n"
                "    nn.functional.mse_loss(a(xs),ys).backward()\n    opt.step()",
            ),
            ("b", "torch.manual_seed(1)\nb=nn.Linear(3,4)\nfor xs,ys in loader:\n    nn.MSELoss()(b(xs),ys).backward()"),
            ("c", "both={'a':a,'b':b}\nfor name,one in both.items():\n    print(name,one(X)-y)"),
        ],
        [
            "a>c a",
            "a>c opt?",
            "b>c b",
            "b>c random:torch?",
            "data>a loader",
            "data>b loader",
            "data>c X?",
            "data>c y?",
            "setup>a Net",
            "setup>a nn",
            "setup>a torch",
            "setup>b nn",
            "setup>b torch",
            "setup>c torch?",
            "setup>data DataLoader",
            "setup>data TensorDataset",
            "setup>data torch",
        ],
    ),
    (
        "gradients stay with what asked for them",
        [
            ("setup", "import torch"),
            ("a", "w=torch.ones(3,requires_grad=True); x=torch.ones(3)"),
            ("b", "(w*x).sum().backward()"),
            ("c", "print(w.grad,x)"),
        ],
        ["a>b w", "a>b x", "a>c x", "b>c w?", "setup>a torch"],
    ),
    (
        "an estimator that draws although it need not",
        [
            ("setup", "import numpy as np\nfrom sklearn.svm import SVC\nfrom sklearn.linear_model import Ridge\nnp.random.seed(0)"),
            ("a", "a=Ridge().fit([[0],[1]],[0,1])"),
            ("b", "b=SVC().fit([[0],[1]],[0,1])"),
            ("c", "print(np.random.rand())"),
        ],
        ["b>c random:numpy", "setup>a Ridge", "setup>b SVC", "setup>b random:numpy", "setup>c np"],
    ),
]
