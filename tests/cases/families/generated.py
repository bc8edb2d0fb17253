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
]
