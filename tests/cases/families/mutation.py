"""Objects changed in place: by methods, subscripts, attributes, augmented assignment and library functions."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "list_append",
        """
        --- step:a
        xs = [1]
        --- step:b
        xs.append(2)
        --- step:c
        print(xs)
        """,
        ordered="a<b b<c",
    ),
    case(
        "subscript_store",
        """
        --- step:a
        d = {'k': 1}
        --- step:b
        d['k'] = 2
        d['new'] = [3]
        --- step:c
        print(d)
        """,
        ordered="a<b b<c",
    ),
    case(
        "attribute_store",
        """
        --- step:a
        from types import SimpleNamespace
        cfg = SimpleNamespace(lr=1)
        --- step:b
        cfg.lr = 2
        --- step:c
        print(cfg.lr, cfg)
        """,
        ordered="b<c",
    ),
    case(
        "augmented_attribute_chain",
        """
        --- step:a
        from types import SimpleNamespace as N
        a = N(b=N(c=1, d=[0]))
        --- step:b
        a.b.c += 1
        a.b.d[0] += 10
        --- step:c
        a.b.c += 1
        --- step:d
        print(a.b.c, a.b.d)
        """,
        ordered="a<b b<c c<d",
    ),
    case(
        "augmented_list_keeps_alias",
        """
        --- step:a
        xs = [1]
        ys = xs
        n = 1
        m = n
        --- step:b
        xs += [2]
        n += 1
        --- step:c
        print(xs, ys, xs is ys, n, m)
        """,
        ordered="b<c",
    ),
    case(
        "augmented_tuple_parts_alias",
        """
        --- step:a
        xs = (1,)
        ys = xs
        --- step:b
        xs += (2,)
        --- step:c
        print(xs, ys, xs is ys)
        """,
    ),
    case(
        "augmented_set_and_dict",
        """
        --- step:a
        s = {1}; t = s
        d = {'a': 1}; e = d
        --- step:b
        s |= {2}
        d |= {'b': 2}
        --- step:c
        print(sorted(t), e, s is t, d is e)
        """,
    ),
    case(
        "slice_store_and_delete",
        """
        --- step:a
        xs = list(range(6))
        --- step:b
        xs[1:3] = ['x']
        del xs[-1]
        --- step:c
        print(xs, len(xs))
        """,
        ordered="b<c",
    ),
    case(
        "del_item_only",
        """
        --- step:a
        d = dict(a=1, b=2)
        --- step:b
        del d['a']
        --- step:c
        print(d)
        """,
        ordered="b<c",
    ),
    case(
        "del_attribute_only",
        """
        --- step:a
        class O: pass
        o = O(); o.x = 1; o.y = 2
        --- step:b
        del o.x
        --- step:c
        print(hasattr(o, 'x'), hasattr(o, 'y'))
        """,
        ordered="b<c",
    ),
    case(
        "sort_in_place",
        """
        --- step:a
        xs = [3, 1, 2]
        --- step:b
        xs.sort(reverse=True)
        --- step:c
        print(xs)
        """,
        ordered="b<c",
    ),
    case(
        "pop_in_expression",
        """
        --- step:a
        xs = [1, 2, 3]
        d = {'a': 1, 'b': 2}
        --- step:b
        last = xs.pop() + d.pop('a')
        --- step:c
        print(xs, d)
        --- step:d
        print(last)
        """,
        ordered="b<c b<d",
        parallel="c|d",
    ),
    case(
        "pop_in_condition",
        """
        --- step:a
        queue = [1, 2, 3]
        --- step:b
        while queue and queue.pop() > 2:
            pass
        --- step:c
        print(queue)
        """,
        ordered="b<c",
    ),
    case(
        "defaultdict_read_creates",
        """
        --- step:a
        from collections import defaultdict
        d = defaultdict(list)
        --- step:b
        d['seen']
        if d['other']:
            pass
        --- step:c
        print(sorted(d), d['seen'] is d['seen'])
        """,
        ordered="b<c",
    ),
    case(
        "defaultdict_of_lambda",
        """
        --- step:a
        from collections import defaultdict
        start = 10
        d = defaultdict(lambda: start)
        --- step:b
        start = 20
        --- step:c
        print(d['x'], dict(d))
        """,
        ordered="b<c",
        note="the factory reads a global when it is called",
    ),
    case(
        "setdefault_and_update",
        """
        --- step:a
        d = {}
        --- step:b
        d.setdefault('xs', []).append(1)
        --- step:c
        d.update(y=2)
        --- step:d
        print(d)
        """,
        ordered="b<c c<d",
    ),
    case(
        "unbound_methods",
        """
        --- step:a
        xs = []
        d = {}
        --- step:b
        list.append(xs, 1)
        dict.update(d, k=2)
        --- step:c
        print(xs, d)
        """,
        ordered="b<c",
    ),
    case(
        "bound_method_kept",
        """
        --- step:a
        xs = []
        add = xs.append
        --- step:b
        add(1)
        --- step:c
        add(2)
        --- step:d
        print(xs)
        """,
        ordered="b<c c<d",
        note="nothing names xs between its birth and its use",
    ),
    case(
        "bound_method_made_later",
        """
        --- step:a
        xs = []
        --- step:b
        add = xs.append
        --- step:c
        add('c')
        --- step:d
        print(xs)
        """,
        ordered="c<d",
    ),
    case(
        "mapped_append",
        """
        --- step:a
        out = []
        --- step:b
        done = list(map(out.append, [1, 2]))
        --- step:c
        print(out, done)
        """,
        ordered="b<c",
    ),
    case(
        "comprehension_for_effect",
        """
        --- step:a
        out = []
        --- step:b
        [out.append(i) for i in range(3)]
        any(out.append(9) for _ in range(1))
        --- step:c
        print(out)
        """,
        ordered="b<c",
    ),
    case(
        "operator_functions",
        """
        --- step:a
        import operator
        d = {}
        xs = [1]
        --- step:b
        operator.setitem(d, 'k', 1)
        operator.iadd(xs, [2])
        operator.methodcaller('append', 3)(xs)
        --- step:c
        print(d, xs)
        """,
        ordered="b<c",
    ),
    case(
        "setattr_and_dunder_dict",
        """
        --- step:a
        class O: pass
        o = O()
        --- step:b
        setattr(o, 'x', 1)
        o.__dict__['y'] = 2
        vars(o)['z'] = 3
        object.__setattr__(o, 'w', 4)
        --- step:c
        print(sorted(vars(o).items()))
        """,
        ordered="b<c",
    ),
    case(
        "heapq_and_bisect",
        """
        --- step:a
        import bisect, heapq
        h = [5, 7]
        s = [1, 5]
        --- step:b
        heapq.heappush(h, 1)
        bisect.insort(s, 3)
        --- step:c
        print(heapq.heappop(h), h)
        --- step:d
        print(h, s)
        """,
        ordered="b<c c<d",
    ),
    case(
        "random_shuffle",
        """
        --- setup
        import random
        --- step:a
        xs = list(range(10))
        random.seed(3)
        --- step:b
        random.shuffle(xs)
        --- step:c
        print(xs, random.random())
        """,
        ordered="b<c",
    ),
    case(
        "deque_counter_ordered",
        """
        --- step:a
        from collections import Counter, OrderedDict, deque
        q = deque([1, 2], maxlen=3); c = Counter('ab'); o = OrderedDict(a=1, b=2)
        --- step:b
        q.appendleft(0); q.rotate(1); c.update('b'); o.move_to_end('a')
        --- step:c
        print(q, c, o)
        """,
        ordered="b<c",
    ),
    case(
        "chainmap_and_proxy",
        """
        --- step:a
        from collections import ChainMap
        base = {'x': 1}
        top = {}
        both = ChainMap(top, base)
        --- step:b
        both['y'] = 2
        --- step:c
        base['x'] = 5
        --- step:d
        print(dict(both), top, both['x'])
        """,
        ordered="b<d c<d",
    ),
    case(
        "mapping_proxy_is_a_view",
        """
        --- step:a
        from types import MappingProxyType
        d = {'x': 1}
        view = MappingProxyType(d)
        --- step:b
        d['x'] = 2
        --- step:c
        print(view['x'])
        """,
        expect="same-or-refused",
    ),
    case(
        "dict_keys_is_a_view",
        """
        --- step:a
        d = {'x': 1}
        ks = d.keys()
        --- step:b
        d['y'] = 2
        --- step:c
        print(list(ks))
        """,
        expect="same-or-refused",
    ),
    case(
        "targets_of_loops_and_with",
        """
        --- step:a
        class Box: pass
        box = Box(); d = {}; xs = [0, 0]
        --- step:b
        for box.i in range(3):
            pass
        for i, d['k'] in enumerate('xy'):
            pass
        import contextlib
        with contextlib.nullcontext(7) as xs[1]:
            pass
        --- step:c
        print(box.i, d, xs, i)
        """,
        ordered="b<c",
    ),
    case(
        "unpacking_into_places",
        """
        --- step:a
        class Box: pass
        box = Box(); d = {}; xs = [0, 1, 2]
        --- step:b
        box.x, d['y'], *xs[1:] = 1, 2, 3, 4
        --- step:c
        print(box.x, d, xs)
        """,
        ordered="b<c",
    ),
    case(
        "chained_assignment_shares",
        """
        --- step:a
        a = b = []
        c = a[:] = [1]
        --- step:b
        a.append(2)
        --- step:c
        print(a, b, c, a is b, a is c)
        """,
    ),
    case(
        "bytearray_and_memoryview",
        """
        --- step:a
        raw = bytearray(b'abc')
        big = bytearray(10000)
        --- step:b
        memoryview(raw)[0] = ord('X')
        big[0] = 1
        big.append(2)
        --- step:c
        print(raw, len(big), big[0], big[-1], type(big))
        """,
        ordered="b<c",
    ),
    case(
        "memoryview_kept",
        """
        --- step:a
        raw = bytearray(b'abc')
        mv = memoryview(raw)
        --- step:b
        mv[0] = ord('X')
        --- step:c
        print(raw)
        """,
        expect="same-or-refused",
    ),
    case(
        "array_module",
        """
        --- step:a
        import array
        a = array.array('d', range(3))
        --- step:b
        a.append(9.5)
        a[0] = -1
        --- step:c
        print(a)
        """,
        ordered="b<c",
    ),
    case(
        "nested_depths",
        """
        --- step:a
        tree = {'a': [{'b': {1}}]}
        --- step:b
        tree['a'][0]['b'].add(2)
        --- step:c
        tree['a'].append('end')
        --- step:d
        print(tree)
        """,
        ordered="b<c c<d",
    ),
    case(
        "mutation_through_loop_variable",
        """
        --- step:a
        rows = [{'v': 1}, {'v': 2}]
        --- step:b
        for row in rows:
            row['v'] *= 10
        --- step:c
        print(rows)
        """,
        ordered="b<c",
    ),
    case(
        "mutation_through_zip_and_items",
        """
        --- step:a
        groups = {'x': [1], 'y': [2]}
        others = [[0], [0]]
        --- step:b
        for (key, values), other in zip(groups.items(), others):
            values.append(key)
            other[0] = key
        --- step:c
        print(groups, others)
        """,
        ordered="b<c",
    ),
    case(
        "mutation_through_comprehension_variable",
        """
        --- step:a
        rows = [[1], [2]]
        --- step:b
        sums = [row.append(sum(row)) or len(row) for row in rows]
        --- step:c
        print(rows, sums)
        """,
        ordered="b<c",
    ),
    case(
        "mutation_through_conditional_expression",
        """
        --- step:a
        left, right, flag = [], [], False
        --- step:b
        (left if flag else right).append(1)
        --- step:c
        print(left, right)
        """,
        ordered="b<c",
    ),
    case(
        "mutation_through_getattr",
        """
        --- step:a
        xs = [3, 1]
        name = 'sort'
        --- step:b
        getattr(xs, name)()
        --- step:c
        print(xs)
        """,
        ordered="b<c",
    ),
    case(
        "mutation_through_walrus",
        """
        --- step:a
        d = {'xs': []}
        --- step:b
        (inner := d['xs']).append(1)
        if (again := d.get('xs')) is not None:
            again.append(2)
        --- step:c
        print(d, inner is d['xs'])
        """,
        ordered="b<c",
    ),
    case(
        "reads_do_not_order",
        """
        --- step:a
        xs = [3, 1, 2]
        d = {'x': 1}
        --- step:b
        print(len(xs), sorted(xs), max(xs), sum(xs), xs[0], xs.index(3), d.get('x'), list(d.items()))
        --- step:c
        print(xs[::-1], xs.count(1), d['x'], {**d, 'y': 2}, [*xs, 4], f"{xs}", 3 in xs)
        --- step:d
        ys = xs.copy(); ys.append(1); e = dict(d); e['z'] = 1; print(ys, e)
        """,
        parallel="b|c b|d c|d",
    ),
    case(
        "copy_module",
        """
        --- step:a
        import copy
        xs = [[1]]
        --- step:b
        deep = copy.deepcopy(xs)
        deep[0].append('deep')
        print(deep)
        --- step:c
        flat = copy.copy(xs)
        flat[0].append('flat')
        print(flat)
        --- step:d
        print(xs)
        """,
        ordered="c<d",
        note="a shallow copy shares what it holds",
    ),
]
