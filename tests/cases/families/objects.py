"""Objects with a life of their own: weak references, finalizers, order of sets, values that pickle badly or not at all."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "plain_values",
        """
        --- step:a
        vals = [None, True, 10 ** 30, 1.5, -0.0, float('inf'), 2j, 'é', b'b', ..., NotImplemented, range(3), slice(1, 2), frozenset({1})]
        a, b, c = None, ..., NotImplemented
        --- step:b
        print(vals, a is None, b is ..., c is NotImplemented)
        """,
    ),
    case(
        "standard_library_values",
        """
        --- step:a
        import datetime, decimal, fractions, pathlib, uuid, ipaddress, re
        vs = [datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), datetime.timedelta(1), decimal.Decimal('1.10'),
              fractions.Fraction(1, 3), pathlib.PurePosixPath('a/b'), uuid.UUID(int=1), ipaddress.ip_address('::1'), re.compile('x+', re.I)]
        --- step:b
        for v in vs: print(repr(v))
        """,
    ),
    case(
        "types_as_values",
        """
        --- step:a
        import typing, collections.abc
        class Mine: pass
        ts = [int, type(None), list[int], typing.Optional[str], dict[str, Mine], typing.Callable[[int], Mine], type, Mine, type(lambda: 0), collections.abc.Sized]
        --- step:b
        print(ts[0] is int, ts[1] is type(None), ts[2], ts[3], ts[4].__args__[1] is Mine, ts[7] is Mine, ts[8].__name__, ts[9].__name__)
        """,
    ),
    case(
        "weak_reference",
        """
        --- step:a
        import weakref
        class O: pass
        o = O()
        r = weakref.ref(o)
        --- step:b
        print(r() is o)
        """,
        expect="same-or-refused",
    ),
    case(
        "weak_value_dictionary",
        """
        --- setup
        import weakref
        cache = weakref.WeakValueDictionary()
        class O:
            def __init__(self, k): cache[k] = self
        --- step:a
        keep = O('k')
        O('gone')
        --- step:b
        print(sorted(cache), cache['k'] is keep)
        """,
        expect="same-or-refused",
    ),
    case(
        "weak_key_dictionary_in_descriptor",
        """
        --- setup
        import weakref
        class Field:
            def __init__(self): self.data = weakref.WeakKeyDictionary()
            def __get__(self, o, t=None): return self.data.get(o)
            def __set__(self, o, v): self.data[o] = v
        class Row:
            f = Field()
        --- step:a
        r = Row()
        r.f = 3
        --- step:b
        print(r.f)
        """,
        expect="same-or-refused",
    ),
    case(
        "finalizer_prints",
        """
        --- setup
        class Noisy:
            def __init__(self, n): self.n = n
            def __del__(self): print('bye', self.n)
        --- step:a
        x = Noisy('x')
        Noisy('temp')
        print('end of a')
        --- step:b
        print('in b', x.n)
        """,
        expect="same-or-refused",
        note="a step that ends must not finalize what lives on",
    ),
    case(
        "finalizer_runs_where_it_is_deleted",
        """
        --- setup
        log = []
        class Noisy:
            def __del__(self): log.append('del')
        --- step:a
        x = Noisy()
        --- step:b
        del x
        print(log)
        --- step:c
        print(log)
        """,
        expect="same-or-refused",
    ),
    case(
        "finalizer_touches_a_file",
        """
        --- setup
        import os
        class Tmp:
            def __init__(self, p): self.p = p; open(p, 'w').close()
            def __del__(self): os.path.exists(self.p) and os.remove(self.p)
        --- step:a
        t = Tmp('scratch.txt')
        --- step:b
        print(os.path.exists('scratch.txt'))
        """,
        expect="same-or-refused",
        compare_files=False,
    ),
    case(
        "order_of_a_set",
        """
        --- step:a
        s = set(range(300)) - set(range(300)).difference({3, 57, 100, 260})
        big = set(range(300))
        for x in list(big):
            if x not in (3, 57, 100, 260): big.discard(x)
        order = list(big)
        --- step:b
        print(list(big) == order, sorted(big))
        """,
        expect="same-or-refused",
        note="a rebuilt set may iterate in another order",
    ),
    case(
        "order_of_a_set_of_strings",
        """
        --- step:a
        s = {'alpha', 'beta', 'gamma', 'delta', 'eps'}
        order = list(s)
        --- step:b
        print(list(s) == order)
        """,
    ),
    case(
        "hash_of_strings_is_stable",
        """
        --- step:a
        h = hash('text')
        bucket = {h % 7: 'x'}
        --- step:b
        print(hash('text') == h, bucket[hash('text') % 7])
        """,
    ),
    case(
        "set_order_depends_on_history",
        """
        --- step:a
        tags = set()
        for w in ['z', 'y', 'x', 'w', 'v', 'u', 't', 's', 'r', 'q']: tags.add(w)
        tags.discard('z'); tags.add('zz')
        encoded = {t: i for i, t in enumerate(tags)}
        --- step:b
        print(all(encoded[t] == i for i, t in enumerate(tags)))
        """,
        expect="same-or-refused",
        note="the usual way to number categories",
    ),
    case(
        "dict_order_is_kept",
        """
        --- step:a
        d = {k: 1 for k in 'zyx'}
        d.pop('y'); d['y'] = 2
        --- step:b
        print(list(d), list({**d, 'a': 0}))
        """,
    ),
    case(
        "large_strings_and_bytes",
        """
        --- step:a
        text = 'x' * 100000
        raw = bytes(range(256)) * 100
        ints = list(range(20000))
        --- step:b
        print(len(text), raw[255], type(raw), sum(ints), text[-1])
        """,
    ),
    case(
        "deeply_nested",
        """
        --- step:a
        deep = None
        for i in range(3000):
            deep = [deep]
        --- step:b
        n = 0
        while deep is not None:
            deep = deep[0]
            n += 1
        print(n)
        """,
        expect="same-or-refused",
        note="deeper than the recursion limit",
    ),
    case(
        "linked_list",
        """
        --- setup
        class Node:
            def __init__(self, v, nxt=None): self.v, self.nxt = v, nxt
        --- step:a
        head = None
        for i in range(5000): head = Node(i, head)
        --- step:b
        n, total = head, 0
        while n: total, n = total + n.v, n.nxt
        print(total)
        """,
        expect="same-or-refused",
    ),
    case(
        "objects_holding_lambdas",
        """
        --- step:a
        from dataclasses import dataclass, field
        from typing import Callable
        @dataclass
        class Stage:
            name: str
            fn: Callable = field(default=lambda x: x)
        stages = [Stage('id'), Stage('double', lambda x: x * 2), Stage('shift', lambda x, k=3: x + k)]
        --- step:b
        v = 5
        for s in stages: v = s.fn(v)
        print(v, [s.name for s in stages])
        """,
    ),
    case(
        "bound_methods_in_containers",
        """
        --- step:a
        class Acc:
            def __init__(self): self.t = 0
            def add(self, n): self.t += n
        acc = Acc()
        hooks = [acc.add, acc.add]
        --- step:b
        for h in hooks: h(2)
        --- step:c
        print(acc.t, hooks[0].__self__ is acc)
        """,
        ordered="b<c",
    ),
    case(
        "copyreg_and_reduce",
        """
        --- step:a
        import copyreg
        class Res:
            def __init__(self, fd): self.fd = fd
        def rebuild(fd): return Res(fd)
        copyreg.pickle(Res, lambda r: (rebuild, (r.fd,)))
        r = Res(5)
        --- step:b
        import pickle
        print(r.fd, type(pickle.loads(pickle.dumps(r))) is Res)
        """,
        expect="same-or-refused",
    ),
    case(
        "unportable_but_unused",
        """
        --- step:a
        import socket, threading
        s = socket.socket(); lock = threading.Lock(); gen = (i for i in range(3)); f = open('d.txt')
        value = f.read()
        s.close()
        --- step:b
        print(value)
        """,
        files={"d.txt": "read"},
    ),
    case(
        "portable_part_of_an_unportable_object",
        """
        --- setup
        import threading
        class Job:
            def __init__(self): self.lock = threading.Lock(); self.result = 42
        --- step:a
        job = Job()
        answer = job.result
        --- step:b
        print(answer)
        """,
    ),
    case(
        "module_level_getattr_objects",
        """
        --- step:a
        from types import SimpleNamespace
        ns = SimpleNamespace(a=SimpleNamespace(b=[1, 2]))
        getter = ns.a.b.__getitem__
        --- step:b
        ns.a.b[0] = 10
        --- step:c
        print(getter(0))
        """,
        ordered="b<c",
    ),
    case(
        "time_and_counters",
        """
        --- step:a
        import time
        t0, p0 = time.time(), time.perf_counter()
        --- step:b
        print(0 <= time.time() - t0 < 300, 0 <= time.perf_counter() - p0 < 300)
        """,
    ),
    case(
        "queue_objects",
        """
        --- step:a
        import queue
        q = queue.Queue(); q.put(1)
        --- step:b
        q.put(2)
        --- step:c
        print(q.get(), q.get(), q.empty())
        """,
        expect="same-or-refused",
    ),
    case(
        "global_counter_in_new",
        """
        --- setup
        import itertools
        class Item:
            ids = itertools.count()
            def __init__(self): self.id = next(Item.ids)
        --- step:a
        a = Item()
        --- step:b
        b = Item()
        --- step:c
        print(a.id, b.id, Item().id)
        """,
        ordered="a<b b<c",
    ),
    case(
        "self_replacing_function",
        """
        --- step:a
        def setup_once():
            global setup_once
            def setup_once(): return 'already'
            return 'first'
        --- step:b
        print(setup_once())
        --- step:c
        print(setup_once())
        """,
        ordered="b<c",
    ),
    case(
        "user_dict_and_user_list",
        """
        --- step:a
        from collections import UserDict, UserList
        class Conf(UserDict):
            def __setitem__(self, k, v): super().__setitem__(k.upper(), v)
        c = Conf(a=1); u = UserList([1])
        --- step:b
        c['b'] = 2; u.append(2)
        --- step:c
        print(c, u, type(c) is Conf)
        """,
        ordered="b<c",
    ),
    case(
        "contextlib_exit_stack",
        """
        --- step:a
        from contextlib import ExitStack
        log = []
        stack = ExitStack()
        stack.callback(log.append, 'closed')
        --- step:b
        stack.close()
        print(log)
        """,
        expect="same-or-refused",
    ),
    case(
        "os_pid_kept",
        """
        --- step:a
        import os
        pid = os.getpid()
        --- step:b
        print(pid == os.getpid())
        """,
        expect="same-or-refused",
        note="each step is a process",
    ),
    case(
        "id_kept",
        """
        --- step:a
        x = [1]
        address = id(x)
        --- step:b
        print(id(x) == address)
        """,
        expect="same-or-refused",
        note="an address is not a value",
    ),
    case(
        "ids_as_keys",
        """
        --- step:a
        nodes = [[0], [1]]
        names = {id(n): f'n{i}' for i, n in enumerate(nodes)}
        --- step:b
        print([names.get(id(n)) for n in nodes])
        """,
        expect="same-or-refused",
    ),
    case(
        "order_of_sets_after_changes",
        """
        --- step:a
        words = 'the quick brown fox jumps over the lazy dog and runs away from all of it'.split()
        s = set(words); s -= {'dog', 'fox'}; s.discard('it'); s |= {'cat', 'cow'}; s.add('hen')
        u = s | set(words[:5]); v = frozenset(s & set(words)); order = list(s), list(u), list(v)
        --- step:b
        print((list(s), list(u), list(v)) == order)
        s.add('new')
        --- step:c
        print(sorted(s) == sorted([*order[0], 'new']))
        """,
    ),
    case(
        "instance_dict_kept_by_name",
        """
        --- step:a
        class C:
            def __init__(self): self.x = 1
        c = C()
        d = c.__dict__
        --- step:b
        c.x = 2
        print(d)
        """,
        unsolved="pickle copies an instance's dict; refusing would break `cfg = vars(args)`",
    ),
]
