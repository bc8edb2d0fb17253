"""Two names, one object: aliases, shared parts, identity that must survive the way from step to step."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "alias_in_one_step",
        """
        --- step:a
        xs = []
        ys = xs
        --- step:b
        xs.append(1)
        --- step:c
        print(ys, xs is ys)
        """,
        ordered="b<c",
    ),
    case(
        "alias_made_in_between",
        """
        --- step:a
        xs = []
        --- step:b
        ys = xs
        --- step:c
        xs.append(1)
        --- step:d
        print(ys)
        """,
        ordered="b<d c<d",
        note="c changes ys without naming it; d reads xs without naming it",
    ),
    case(
        "alias_made_in_between_other_side",
        """
        --- step:a
        xs = []
        --- step:b
        ys = xs
        --- step:c
        ys.append(1)
        --- step:d
        print(xs)
        """,
        ordered="c<d",
    ),
    case(
        "alias_made_after_the_change",
        """
        --- step:a
        xs = []
        --- step:b
        xs.append(1)
        --- step:c
        ys = xs
        ys.append(2)
        --- step:d
        print(xs, ys, xs is ys)
        """,
    ),
    case(
        "two_containers_one_part",
        """
        --- step:a
        shared = [0]
        left = {'s': shared}
        --- step:b
        right = {'s': shared}
        --- step:c
        left['s'].append(1)
        --- step:d
        print(right, shared, left['s'] is right['s'], right['s'] is shared)
        """,
    ),
    case(
        "parts_from_two_branches",
        """
        --- step:a
        shared = [0]
        --- step:b
        left = [shared]
        --- step:c
        right = [shared]
        --- step:d
        print(left[0] is right[0], left[0] is shared)
        left[0].append(1)
        print(right, shared)
        """,
        note="three payloads, one object",
    ),
    case(
        "stored_in_a_container_then_changed",
        """
        --- step:a
        d = {}
        xs = [1]
        --- step:b
        d['xs'] = xs
        --- step:c
        xs.append(2)
        --- step:d
        print(d)
        """,
        ordered="b<d c<d",
    ),
    case(
        "element_taken_out_then_changed",
        """
        --- step:a
        d = {'xs': [1]}
        --- step:b
        inner = d['xs']
        --- step:c
        inner.append(2)
        --- step:d
        print(d)
        """,
        ordered="c<d",
    ),
    case(
        "attribute_taken_out_then_changed",
        """
        --- step:a
        class Box:
            def __init__(self): self.items = []
        box = Box()
        --- step:b
        items = box.items
        --- step:c
        items.append(2)
        --- step:d
        print(box.items, box.items is items)
        """,
        ordered="c<d",
    ),
    case(
        "function_returns_its_argument",
        """
        --- setup
        def same(x): return x
        def first(xs): return xs[0]
        --- step:a
        xs = [[1]]
        --- step:b
        ys = same(xs)
        inner = first(xs)
        --- step:c
        ys.append(2)
        inner.append(3)
        --- step:d
        print(xs)
        """,
        ordered="c<d",
    ),
    case(
        "constructor_keeps_its_argument",
        """
        --- setup
        class Holder:
            def __init__(self, data): self.data = data
        --- step:a
        data = [1]
        --- step:b
        holder = Holder(data)
        --- step:c
        data.append(2)
        --- step:d
        print(holder.data, holder.data is data)
        """,
        ordered="b<d c<d",
    ),
    case(
        "constructor_keeps_then_changes",
        """
        --- setup
        class Holder:
            def __init__(self, data): self.data = data
            def grow(self): self.data.append('grown')
        --- step:a
        data = [1]
        --- step:b
        holder = Holder(data)
        --- step:c
        holder.grow()
        --- step:d
        print(data)
        """,
        ordered="c<d",
    ),
    case(
        "star_arguments_share",
        """
        --- step:a
        xs = [1]
        def keep(*args, **kw): return args, kw
        --- step:b
        args, kw = keep(xs, k=xs)
        --- step:c
        args[0].append(2)
        --- step:d
        print(kw, xs, kw['k'] is xs)
        """,
    ),
    case(
        "cyclic_objects",
        """
        --- step:a
        a = []; b = [a]; a.append(b)
        class Node: pass
        n = Node(); n.self = n
        --- step:b
        print(a[0] is b, b[0] is a, n.self is n)
        b.append('x')
        --- step:c
        print(len(a[0]), a[0][0] is a)
        """,
    ),
    case(
        "sentinel_object",
        """
        --- setup
        MISSING = object()
        def get(d, k, default=MISSING):
            v = d.get(k, MISSING)
            return default if v is MISSING else v
        --- step:a
        x = get({}, 'k')
        --- step:b
        print(x is MISSING, get({}, 'k') is MISSING, get({'k': 1}, 'k'))
        """,
        note="the sentinel comes to b alone, in x and in a default argument",
    ),
    case(
        "sentinel_in_two_steps",
        """
        --- step:a
        NOTHING = object()
        --- step:b
        x = NOTHING
        --- step:c
        y = [NOTHING]
        --- step:d
        print(x is NOTHING, y[0] is x)
        """,
    ),
    case(
        "instance_registry",
        """
        --- setup
        class Task:
            all = []
            def __init__(self, n): self.n = n; Task.all.append(self)
        --- step:a
        t1 = Task(1)
        --- step:b
        t2 = Task(2)
        --- step:c
        t1.n = 10
        --- step:d
        print([t.n for t in Task.all], Task.all[0] is t1, Task.all[1] is t2)
        """,
        ordered="a<b b<d c<d",
    ),
    case(
        "graph_of_objects",
        """
        --- setup
        class Node:
            def __init__(self, name): self.name, self.next = name, None
        --- step:a
        head = Node('h')
        --- step:b
        tail = Node('t')
        head.next = tail
        --- step:c
        tail.name = 'T'
        --- step:d
        print(head.next.name, head.next is tail)
        """,
        ordered="b<c c<d",
    ),
    case(
        "list_of_same_row",
        """
        --- step:a
        grid = [[0] * 2] * 3
        --- step:b
        grid[0][0] = 1
        --- step:c
        print(grid)
        """,
    ),
    case(
        "alias_through_dict_values",
        """
        --- step:a
        d = {'a': [1], 'b': [2]}
        --- step:b
        lists = list(d.values())
        --- step:c
        lists[0].append('x')
        --- step:d
        print(d)
        """,
        ordered="c<d",
    ),
    case(
        "alias_through_sorted_and_filter",
        """
        --- step:a
        rows = [{'k': 2}, {'k': 1}]
        --- step:b
        top = sorted(rows, key=lambda r: r['k'])[0]
        big = [r for r in rows if r['k'] > 1]
        --- step:c
        top['seen'] = True
        big[0]['big'] = True
        --- step:d
        print(rows)
        """,
        ordered="c<d",
    ),
    case(
        "alias_through_partial_and_closure",
        """
        --- step:a
        from functools import partial
        xs = []
        add = partial(list.append, xs)
        def make(ys):
            def put(v): ys.append(v)
            return put
        put = make(xs)
        --- step:b
        add(1)
        --- step:c
        put(2)
        --- step:d
        print(xs)
        """,
        ordered="b<c c<d",
    ),
    case(
        "rebinding_breaks_the_alias",
        """
        --- step:a
        xs = [1]
        ys = xs
        --- step:b
        xs = xs + [2]
        --- step:c
        ys.append(3)
        --- step:d
        print(xs, ys)
        """,
    ),
    case(
        "swap",
        """
        --- step:a
        a, b = [1], [2]
        --- step:b
        a, b = b, a
        --- step:c
        a.append('a')
        --- step:d
        print(a, b)
        """,
    ),
    case(
        "same_string_and_interning",
        """
        --- step:a
        s = 'some text with spaces'
        t = s
        big = 10 ** 20
        same = big
        --- step:b
        print(s is t, big is same)
        """,
    ),
    case(
        "nan_identity",
        """
        --- step:a
        nan = float('nan')
        xs = [nan]
        --- step:b
        print(nan in xs, xs.index(nan), xs == [nan])
        """,
        expect="same-or-refused",
        note="containment looks at identity first, and a pickled NaN is another NaN",
    ),
    case(
        "nan_identity_from_two_steps",
        """
        --- step:a
        nan = float('nan')
        --- step:b
        xs = [nan, 1]
        --- step:c
        print(nan in xs)
        """,
        expect="same-or-refused",
    ),
    case(
        "nan_of_a_library_is_always_the_same",
        """
        --- setup
        import math
        --- step:a
        xs = [1.0, math.nan]
        --- step:b
        print([x != x for x in xs], any(math.isnan(x) for x in xs))
        """,
    ),
    case(
        "objects_as_keys_looked_up_later",
        """
        --- step:a
        class K: pass
        k, other = K(), K()
        --- step:b
        d = {k: 'v'}
        --- step:c
        print(d[k], d.get(other), k in d)
        --- step:d
        d.pop(k)
        print(len(d))
        """,
    ),
    case(
        "objects_in_sets_from_two_steps",
        """
        --- setup
        class K: pass
        --- step:a
        k = K()
        --- step:b
        seen = {k}
        --- step:c
        seen.discard(k)
        print(len(seen))
        --- step:d
        print(len({k} & {k}), [k].index(k))
        """,
    ),
    case(
        "objects_as_keys",
        """
        --- step:a
        class K: pass
        k = K()
        d = {k: 'v'}
        --- step:b
        print(d[k], k in d, len(d))
        """,
    ),
    case(
        "objects_as_keys_from_two_steps",
        """
        --- step:a
        class K: pass
        k = K()
        --- step:b
        d = {k: 'v'}
        --- step:c
        print(k in d, d.get(k))
        """,
    ),
    case(
        "independent_objects_stay_parallel",
        """
        --- step:a
        xs = [1]
        ys = list(xs)
        --- step:b
        xs.append(2)
        print(xs)
        --- step:c
        ys.append(3)
        print(ys)
        --- step:d
        print(xs, ys)
        """,
        parallel="b|c",
        ordered="b<d c<d",
    ),
    case(
        "alias_of_alias_in_late_step",
        """
        --- step:a
        one = {'n': [0]}
        --- step:b
        two = one
        --- step:c
        three = two['n']
        --- step:d
        one['n'][0] += 1
        --- step:e
        print(three, two, one, three is one['n'])
        """,
        ordered="d<e",
    ),
    case(
        "alias_survives_an_idle_step",
        """
        --- step:a
        xs = [1]
        ys = xs
        --- step:b
        n = len(xs)
        --- step:c
        xs.append(n)
        --- step:d
        m = len(ys)
        --- step:e
        print(xs, ys, xs is ys, n, m)
        """,
    ),
    case(
        "one_name_rebound_to_the_other",
        """
        --- step:a
        best = None
        models = [{'score': 1}, {'score': 3}]
        --- step:b
        for m in models:
            if best is None or m['score'] > best['score']:
                best = m
        --- step:c
        best['chosen'] = True
        --- step:d
        print(models)
        """,
        ordered="c<d",
    ),
]
