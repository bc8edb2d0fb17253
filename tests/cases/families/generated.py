"""What random programs found (`tests/properties`), each made as small as it could be."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "special_method_by_name",
        """
        --- step:a
        h = [1]
        d = {'k': 1}
        --- step:b
        h.__setitem__(0, 2)
        h.__iadd__([3])
        d.__delitem__('k')
        --- step:c
        print(h, d)
        """,
        ordered="b<c",
    ),
    case(
        "attribute_set_by_special_method",
        """
        --- step:a
        class Box:
            pass
        box = Box()
        box.x = 1
        --- step:b
        box.__setattr__('x', 3)
        --- step:c
        print(box.x)
        """,
        ordered="b<c",
    ),
    case(
        "object_inside_a_caught_exception",
        """
        --- step:a
        h = [3, 1]
        def fail(v):
            raise ValueError(v)
        --- step:b
        try:
            fail(h)
        except ValueError as problem:
            problem.args[0].append(2)
        --- step:c
        print(h)
        """,
        ordered="b<c",
    ),
    case(
        "main_by_its_name",
        """
        --- step:a
        h = [3, 1]
        --- step:b
        import sys
        sys.modules['__main__'].h = 5
        --- step:c
        print(h)
        """,
        ordered="b<c",
    ),
    case(
        "dataclass_shown_in_another_step",
        """
        --- step:a
        from dataclasses import dataclass, field
        @dataclass
        class Point:
            x: object = 0
            seen: list = field(default_factory=list)
        point = Point(3)
        --- step:b
        print(point, f'{point}')
        """,
        note="the wrapper around its __repr__ has cells of its own",
    ),
    case(
        "continued_step_reads_what_changed_since",
        """
        --- step:a
        x = 1
        --- step:b
        x = 2
        --- step:a
        print(x)
        """,
        expect="refused",
    ),
    case(
        "continued_step_folder_changed_since",
        """
        --- step:a
        import os
        x = 1
        --- step:b
        os.chdir('/')
        --- step:a
        print(os.getcwd())
        """,
        expect="refused",
    ),
    case(
        "aliases_on_separate_ways",
        """
        --- step:a
        d = [1]
        --- step:b
        f = d
        --- step:c
        f = f
        d = d
        --- step:d
        d.append(3)
        print(f, d)
        """,
    ),
    case(
        "alias_made_from_a_name_that_is_gone",
        """
        --- step:a
        d = [1]
        --- step:b
        f = d
        --- step:c
        h = f
        g = d
        f = 0
        --- step:d
        g.append(3)
        print(h, d)
        """,
    ),
    case(
        "alias_read_and_rebound_before_the_change",
        """
        --- step:a
        c = [1]
        ys = [c, 2]
        --- step:b
        d = ys[0]
        --- step:c
        zs = [d]
        d = 4
        zs[0].append(3)
        print(c)
        """,
    ),
    case(
        "one_of_two_functions",
        """
        --- step:a
        def f():
            global b
            b = 4
        def g():
            pass
        h = g if len('abc') else f
        b = 5
        --- step:b
        h()
        print(b)
        """,
    ),
    case(
        "generator_that_stops_before_it_binds",
        """
        --- step:a
        b = 5
        def f():
            yield 1
            global b
            b = 4
        --- step:b
        next(f())
        print(b)
        """,
    ),
    case(
        "comparison_that_looks_no_further",
        """
        --- step:a
        b = 5
        --- step:b
        1 < 0 < (b := 4)
        print(b)
        """,
    ),
    case(
        "copy_of_a_function",
        """
        --- step:a
        import copy
        def f():
            return p
        p = [1]
        g = copy.deepcopy({'k': f})
        --- step:b
        print(g['k']())
        """,
    ),
    case(
        "loop_left_half_way",
        """
        --- step:a
        xs = [3]
        ys = [4]
        for i in range(3):
            a = xs
            if i == 0:
                break
            a = ys
        --- step:b
        a.append(1)
        --- step:c
        print(xs, ys)
        """,
        ordered="b<c",
    ),
    case(
        "try_left_half_way",
        """
        --- step:a
        xs = [3]
        ys = [4]
        try:
            a = xs
            1 / 0
            a = ys
        except ZeroDivisionError:
            pass
        --- step:b
        a.append(1)
        --- step:c
        print(xs, ys)
        """,
        ordered="b<c",
    ),
    case(
        "function_left_half_way",
        """
        --- step:a
        xs = [3]
        ys = [4]
        def f(c):
            global a
            a = xs
            if c:
                return
            a = ys
        f(1)
        --- step:b
        a.append(1)
        --- step:c
        print(xs, ys)
        """,
        ordered="b<c",
    ),
    case(
        "swapped_once",
        """
        --- step:a
        f = [1]
        a, b = 3, f
        while True:
            a, b = b, a
            break
        --- step:b
        a.append(5)
        --- step:c
        print(a, f)
        """,
    ),
    case(
        "position_that_moved",
        """
        --- step:a
        xs = [3]
        c = [0]
        c.insert(0, xs)
        d = {'k': 0}
        d.update(k=xs)
        --- step:b
        c[0].append(4)
        d['k'].append(5)
        --- step:c
        print(xs)
        """,
        ordered="b<c",
    ),
    case(
        "argument_kept_in_a_partial",
        """
        --- step:a
        import functools
        def keep(v):
            global e
            e = v
        b = [1, 2, 3]
        keep = functools.partial(keep, b)
        keep()
        --- step:b
        b.reverse()
        --- step:c
        print(e)
        """,
        ordered="b<c",
    ),
    case(
        "list_in_itself",
        """
        --- step:a
        o = [1, 2]
        o[:] = [o, o]
        --- step:b
        f = o[1]
        --- step:c
        print(o is f)
        """,
    ),
]
