"""Cells that fail: both ways must fail at the same cell with the same exception."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "error_in_a_step",
        """
        --- step:a
        x = 0
        print('a')
        --- step:b
        print('before')
        1 / x
        print('never')
        --- step:c
        print('c', x)
        """,
        error="ZeroDivisionError",
    ),
    case(
        "error_of_an_own_class",
        """
        --- setup
        class DataError(Exception): pass
        --- step:a
        rows = []
        --- step:b
        if not rows:
            raise DataError('no rows')
        """,
        error="DataError",
    ),
    case(
        "error_in_setup",
        """
        --- setup
        import this_module_does_not_exist
        --- step:a
        print('a')
        """,
        error="ModuleNotFoundError",
        expect="same-or-refused",
    ),
    case(
        "error_in_a_called_function",
        """
        --- step:a
        def f(d): return d['missing']
        --- step:b
        f({})
        """,
        error="KeyError",
    ),
    case(
        "error_downstream_of_an_error",
        """
        --- step:a
        x = int('x')
        --- step:b
        print(x)
        """,
        error="ValueError",
    ),
    case(
        "syntax_error",
        """
        --- step:a
        x = 1
        --- step:b
        x = = 2
        --- step:c
        print(x)
        """,
        error="SyntaxError",
        expect="same-or-refused",
    ),
    case(
        "name_error",
        """
        --- step:a
        x = 1
        --- step:b
        print(never_defined_anywhere)
        """,
        error="NameError",
        expect="same-or-refused",
    ),
    case(
        "used_before_it_is_defined",
        """
        --- step:a
        print(later)
        --- step:b
        later = 1
        """,
        error="NameError",
        expect="same-or-refused",
    ),
    case(
        "name_undefined_inside_a_function",
        """
        --- step:a
        def f(): return missing_name
        --- step:b
        f()
        """,
        error="NameError",
        expect="same-or-refused",
    ),
    case(
        "raises_exception_tag",
        """
        --- step:a
        x = 1
        --- step:b raises-exception
        x = 2
        raise RuntimeError('expected')
        --- step:c
        print(x)
        """,
        note="the tag lets the notebook go on",
    ),
    case(
        "raises_exception_tag_in_the_middle_of_a_step",
        """
        --- step:a
        x = 1
        --- raises-exception
        1 / 0
        ---
        x = 3
        --- step:b
        print(x)
        """,
    ),
    case(
        "sys_exit",
        """
        --- step:a
        print('a')
        --- step:b
        import sys
        sys.exit(3)
        --- step:c
        print('c')
        """,
        error="SystemExit",
    ),
    case(
        "keyboard_interrupt_raised",
        """
        --- step:a
        raise KeyboardInterrupt
        """,
        error="KeyboardInterrupt",
    ),
    case(
        "assertion_gate",
        """
        --- step:load
        rows = [1, None]
        --- step:gate
        assert all(r is not None for r in rows), 'bad rows'
        --- step:train after:gate
        print('trained')
        """,
        error="AssertionError",
        ordered="gate<train",
    ),
    case(
        "warning_as_error",
        """
        --- setup
        import warnings
        warnings.simplefilter('error')
        --- step:a
        warnings.warn('stop', DeprecationWarning)
        """,
        error="DeprecationWarning",
    ),
    case(
        "input_is_asked",
        """
        --- step:a
        name = input('who? ')
        --- step:b
        print(name)
        """,
        error="StdinNotImplementedError",
        expect="same-or-refused",
    ),
    case(
        "input_replaced",
        """
        --- setup
        input = lambda prompt='': 'answer'
        --- step:a
        print(input('who? '))
        """,
    ),
    case(
        "error_in_repr",
        """
        --- step:a
        class R:
            def __repr__(self): raise ValueError('no repr')
        r = R()
        --- step:b
        r
        --- step:c
        print('c')
        """,
        error="NoneType",
        note="the shell says that the cell failed, and names no exception",
    ),
    case(
        "error_in_a_shell_command_is_no_error",
        """
        --- step:a
        !false
        --- step:b
        print('b')
        """,
    ),
    case(
        "error_in_a_bash_cell",
        """
        --- step:a
        %%bash
        exit 3
        --- step:b
        print('b')
        """,
        error="CalledProcessError",
    ),
    case(
        "unknown_magic",
        """
        --- step:a
        %this_magic_does_not_exist
        --- step:b
        print('b')
        """,
        error="UsageError",
        expect="same-or-refused",
    ),
    case(
        "process_dies",
        """
        --- step:a
        print('a')
        --- step:b
        import os
        os._exit(7)
        --- step:c
        print('c')
        """,
        error="DeadKernelError",
        note="both end without c",
    ),
    case(
        "error_after_changing_an_object",
        """
        --- step:a
        xs = [1]
        --- step:b
        xs.append(2)
        raise ValueError('late')
        --- step:c
        print(xs)
        """,
        error="ValueError",
    ),
    case(
        "two_failing_branches",
        """
        --- step:a
        import time
        time.sleep(0.3)
        raise KeyError('first')
        --- step:b
        raise ValueError('second')
        """,
        error="KeyError",
        note="the first in the notebook is the one to report",
    ),
]
