"""Bindings that may or may not happen: conditions, loops that run zero times, exceptions, match, walrus, del."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "conditional_binding_not_taken",
        """
        --- step:a
        y = 'first'
        flag = False
        --- step:b
        if flag:
            y = 'second'
        --- step:c
        print(y)
        """,
        ordered="a<b b<c",
    ),
    case(
        "conditional_binding_taken",
        """
        --- step:a
        y = 'first'
        flag = True
        --- step:b
        if flag:
            y = 'second'
        --- step:c
        print(y)
        """,
        ordered="b<c",
    ),
    case(
        "both_arms_bind",
        """
        --- step:a
        y = 'first'
        --- step:b
        import sys
        if sys.maxsize > 10:
            y = 'big'
        else:
            y = 'small'
        --- step:c
        print(y)
        """,
        parallel="a|b a|c",
    ),
    case(
        "zero_iterations",
        """
        --- step:a
        last = 'none'
        items = []
        --- step:b
        for last in items:
            pass
        --- step:c
        print(last)
        """,
        ordered="b<c a<c",
    ),
    case(
        "loop_variable_travels",
        """
        --- step:a
        for i in range(3):
            sq = i * i
        --- step:b
        print(i, sq)
        """,
    ),
    case(
        "for_else_and_break",
        """
        --- step:a
        found = None
        for x in [1, 2, 3]:
            if x == 2:
                found = x
                break
        else:
            found = 'nothing'
        --- step:b
        print(found, x)
        """,
    ),
    case(
        "while_never_runs",
        """
        --- step:a
        n, state = 0, 'start'
        --- step:b
        while n > 0:
            state = 'moved'
            n -= 1
        --- step:c
        print(state, n)
        """,
    ),
    case(
        "try_except_name_error_absent",
        """
        --- step:a
        try:
            cache
        except NameError:
            cache = {}
        cache['a'] = 1
        --- step:b
        try:
            cache
        except NameError:
            cache = {}
        cache['b'] = 2
        --- step:c
        print(cache)
        """,
        ordered="a<b b<c",
    ),
    case(
        "try_except_name_error_never_defined",
        """
        --- step:a
        x = 1
        --- step:b
        try:
            print(undefined_thing)
        except NameError as e:
            print('no', e)
        --- step:c
        print(x)
        """,
    ),
    case(
        "name_defined_only_later",
        """
        --- step:a
        try:
            mode
        except NameError:
            print('not yet')
        --- step:b
        mode = 'set'
        --- step:c
        print(mode)
        """,
        note="a must not see what b makes",
    ),
    case(
        "in_globals_test",
        """
        --- step:a
        if 'model' not in globals():
            model = 'new'
        --- step:b
        if 'model' not in globals():
            model = 'again'
        print(model)
        """,
        expect="same-or-refused",
    ),
    case(
        "exception_skips_binding",
        """
        --- step:a
        value = 'default'
        --- step:b
        try:
            value = int('not a number')
        except ValueError:
            pass
        --- step:c
        print(value)
        """,
        ordered="a<c b<c",
    ),
    case(
        "binding_before_the_exception",
        """
        --- step:a
        stage = 0
        --- step:b
        try:
            stage = 1
            1 / 0
            stage = 2
        except ZeroDivisionError:
            caught = True
        finally:
            done = True
        --- step:c
        print(stage, caught, done)
        """,
    ),
    case(
        "suppressed_binding",
        """
        --- setup
        from contextlib import suppress
        --- step:a
        v = 'old'
        --- step:b
        with suppress(KeyError):
            v = {}['missing']
        --- step:c
        print(v)
        """,
        ordered="a<c b<c",
    ),
    case(
        "exception_variable_is_deleted",
        """
        --- step:a
        e = 'mine'
        --- step:b
        try:
            1 / 0
        except ZeroDivisionError as e:
            pass
        --- step:c
        print('e' in dir())
        try:
            print(e)
        except NameError:
            print('gone')
        """,
        expect="same-or-refused",
    ),
    case(
        "exception_stored",
        """
        --- step:a
        class Own(Exception): pass
        try:
            raise Own('boom', 3)
        except Own as e:
            err = e
        --- step:b
        print(type(err) is Own, err.args, isinstance(err, Exception))
        try:
            raise err
        except Own as again:
            print(again is err)
        """,
    ),
    case(
        "exception_with_cause_and_notes",
        """
        --- step:a
        try:
            try:
                {}['k']
            except KeyError as k:
                raise ValueError('outer') from k
        except ValueError as e:
            err = e
        --- step:b
        print(repr(err), repr(err.__cause__), err.__traceback__ is not None)
        """,
        expect="same-or-refused",
        note="pickle drops causes and tracebacks",
    ),
    case(
        "exception_group",
        """
        --- step:a
        try:
            raise ExceptionGroup('many', [ValueError(1), TypeError(2)])
        except* ValueError as g:
            caught = [repr(x) for x in g.exceptions]
        except* TypeError:
            other = True
        --- step:b
        print(caught, other)
        """,
        python=(3, 11),
    ),
    case(
        "match_binds",
        """
        --- step:a
        command = {'op': 'move', 'to': [1, 2, 3], 'extra': 0}
        --- step:b
        match command:
            case {'op': 'stop'}:
                where = None
            case {'op': op, 'to': [first, *others], **more}:
                where = first
        --- step:c
        print(op, where, others, more)
        """,
        ordered="b<c",
    ),
    case(
        "match_may_not_bind",
        """
        --- step:a
        kind = 'unset'
        value = 5
        --- step:b
        match value:
            case str(kind):
                pass
            case [kind, *_]:
                pass
        --- step:c
        print(kind)
        """,
        ordered="a<c b<c",
    ),
    case(
        "match_value_pattern_reads",
        """
        --- step:a
        class K:
            A = 1
        --- step:b
        K.A = 2
        --- step:c
        match 2:
            case K.A: print('is A')
            case _: print('is not')
        """,
        ordered="b<c",
    ),
    case(
        "walrus_in_conditions",
        """
        --- step:a
        data = [1, 5, 3]
        --- step:b
        if (n := len(data)) > 2 and (m := max(data)) > 100:
            big = True
        --- step:c
        print(n, m)
        """,
    ),
    case(
        "walrus_not_reached",
        """
        --- step:a
        m = 'before'
        --- step:b
        ok = False and (m := 'after')
        --- step:c
        print(m, ok)
        """,
        ordered="a<c b<c",
    ),
    case(
        "walrus_in_comprehension",
        """
        --- step:a
        total = 0
        --- step:b
        sums = [total := total + x for x in range(4)]
        --- step:c
        print(total, sums)
        """,
        ordered="a<b b<c",
    ),
    case(
        "del_then_read",
        """
        --- step:a
        x = 1
        --- step:b
        del x
        --- step:c
        try:
            print(x)
        except NameError:
            print('deleted')
        """,
        expect="same-or-refused",
        ordered="b<c",
    ),
    case(
        "del_then_error",
        """
        --- step:a
        x = 1
        --- step:b
        del x
        --- step:c
        print(x)
        """,
        expect="same-or-refused",
        error="NameError",
    ),
    case(
        "del_conditionally",
        """
        --- step:a
        x = 1
        --- step:b
        if False:
            del x
        --- step:c
        print(x)
        """,
        ordered="a<c",
    ),
    case(
        "del_and_rebind",
        """
        --- step:a
        x = [1]
        y = x
        --- step:b
        del x
        x = [2]
        --- step:c
        print(x, y)
        """,
    ),
    case(
        "del_of_an_alias_keeps_the_object",
        """
        --- step:a
        x = [1]
        y = x
        --- step:b
        del x
        --- step:c
        y.append(2)
        print(y)
        """,
        note="c does not need b",
    ),
    case(
        "short_circuit_calls",
        """
        --- step:a
        log = []
        def t(): log.append('t'); return True
        def f(): log.append('f'); return False
        --- step:b
        r = f() and t() or t()
        --- step:c
        print(r, log)
        """,
        ordered="b<c",
    ),
    case(
        "conditional_expression_binding",
        """
        --- step:a
        base = [1]
        --- step:b
        chosen = base if len(base) else []
        --- step:c
        chosen.append(2)
        --- step:d
        print(base)
        """,
        ordered="c<d",
    ),
    case(
        "assert_and_pass",
        """
        --- step:a
        x = 1
        --- step:b
        assert x == 1, 'never'
        --- step:c
        pass
        --- step:d
        print(x)
        """,
        parallel="b|c b|d c|d",
    ),
    case(
        "annotation_without_value",
        """
        --- step:a
        x: int
        y: int = 3
        --- step:b
        try:
            x
        except NameError:
            print('x has no value', y)
        """,
    ),
    case(
        "annotation_does_not_rebind",
        """
        --- step:a
        x = 5
        --- step:b
        x: float
        --- step:c
        print(x)
        """,
    ),
    case(
        "star_unpacking",
        """
        --- step:a
        first, *mid, last = range(5)
        (p, (q, r)), s = (1, (2, 3)), 4
        --- step:b
        print(first, mid, last, p, q, r, s, [*mid, *'ab'], {**{'a': 1}})
        """,
    ),
    case(
        "nested_fstrings",
        """
        --- step:a
        width, value, name = 8, 3.14159, 'pi'
        --- step:b
        print(f"{f'{name!r}':>{width}} {value:{width}.{1 + 1}f} {value = :.1f}")
        """,
    ),
    case(
        "flag_and_value_in_different_steps",
        """
        --- step:a
        use_b = True
        --- step:b
        if use_b:
            data = 'from b'
        --- step:c
        if not use_b:
            data = 'from c'
        --- step:d
        print(data)
        """,
        ordered="b<d c<d",
        note="c certainly names data, b certainly made it",
    ),
    case(
        "update_chain_through_maybe",
        """
        --- step:a
        n = 0
        --- step:b
        if n == 0:
            n = n + 1
        --- step:c
        if n == 5:
            n = 100
        --- step:d
        if n == 1:
            n += 10
        --- step:e
        print(n)
        """,
        ordered="b<c c<d d<e",
    ),
    case(
        "traceback_shown_later",
        """
        --- step:a
        import traceback
        def risky(x):
            return 1 / x
        try:
            risky(0)
        except ZeroDivisionError as e:
            err = e
        --- step:b
        print([frame.name for frame in traceback.extract_tb(err.__traceback__)], traceback.format_exception_only(err))
        """,
        expect="same-or-refused",
    ),
]
