"""Things half used: iterators, generators, map and zip, open files, buffers with a position."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "list_iterator_half_consumed",
        """
        --- step:a
        it = iter([1, 2, 3, 4])
        next(it)
        --- step:b
        print(next(it))
        --- step:c
        print(list(it))
        """,
        ordered="a<b b<c",
    ),
    case(
        "iterator_follows_its_list",
        """
        --- step:a
        xs = [1, 2]
        it = iter(xs)
        --- step:b
        xs.append(3)
        --- step:c
        print(list(it))
        """,
        ordered="b<c",
        note="c reads xs without naming it",
    ),
    case(
        "for_loop_consumes",
        """
        --- step:a
        it = iter(range(6))
        --- step:b
        for x in it:
            if x == 2:
                break
        --- step:c
        print(list(it))
        """,
        ordered="b<c",
    ),
    case(
        "membership_test_consumes",
        """
        --- step:a
        it = iter([1, 2, 3])
        --- step:b
        print(2 in it)
        --- step:c
        print(list(it))
        """,
        ordered="b<c",
    ),
    case(
        "builtin_consumes",
        """
        --- step:a
        it = iter('abcdef')
        --- step:b
        first = sorted(zip(it, range(2)))
        --- step:c
        print(first, ''.join(it))
        """,
        ordered="b<c",
    ),
    case(
        "unpacking_consumes",
        """
        --- step:a
        it = iter([1, 2, 3])
        --- step:b
        x, *_rest = it
        --- step:c
        print(x, list(it))
        """,
        ordered="b<c",
    ),
    case(
        "zip_and_map_objects",
        """
        --- step:a
        k = 2
        m = map(lambda x: x * k, [1, 2, 3])
        z = zip('ab', [1, 2])
        e = enumerate('xy')
        next(m)
        --- step:b
        k = 10
        --- step:c
        print(list(m), list(z), next(e))
        """,
        expect="same-or-refused",
    ),
    case(
        "map_is_lazy",
        """
        --- step:a
        log = []
        m = map(log.append, [1, 2])
        --- step:b
        list(m)
        --- step:c
        print(log)
        """,
        expect="same-or-refused",
    ),
    case(
        "filter_and_reversed",
        """
        --- step:a
        f = filter(None, [0, 1, 2])
        r = reversed([1, 2, 3])
        next(r)
        --- step:b
        print(list(f), list(r))
        """,
        expect="same-or-refused",
    ),
    case(
        "itertools_objects",
        """
        --- step:a
        import itertools
        c = itertools.count(5)
        cyc = itertools.cycle('ab')
        next(c); next(cyc)
        --- step:b
        print(next(c), next(cyc))
        --- step:c
        print(next(c), next(cyc))
        """,
        expect="same-or-refused",
        note="Python 3.14 cannot pickle them",
    ),
    case(
        "tee_shares",
        """
        --- step:a
        import itertools
        x, y = itertools.tee(iter([1, 2, 3]))
        next(x)
        --- step:b
        print(list(x))
        --- step:c
        print(list(y))
        """,
        expect="same-or-refused",
    ),
    case(
        "generator_half_consumed",
        """
        --- step:a
        def gen():
            for i in range(4):
                yield i
        g = gen()
        print(next(g))
        --- step:b
        print(next(g))
        --- step:c
        print(list(g))
        """,
        expect="same-or-refused",
    ),
    case(
        "generator_expression_late_binding",
        """
        --- step:a
        k = 1
        g = (x * k for x in [1, 2, 3])
        --- step:b
        k = 5
        --- step:c
        print(list(g))
        """,
        expect="same-or-refused",
    ),
    case(
        "generator_not_used_later",
        """
        --- step:a
        g = (x for x in range(3))
        total = sum(g)
        --- step:b
        print(total)
        """,
        note="what nobody uses needs not travel",
    ),
    case(
        "generator_function_is_fine",
        """
        --- setup
        def chunks(xs, n):
            for i in range(0, len(xs), n):
                yield xs[i:i + n]
        --- step:a
        xs = list(range(5))
        --- step:b
        print(list(chunks(xs, 2)))
        --- step:c
        print([sum(c) for c in chunks(xs, 3)])
        """,
        parallel="b|c",
    ),
    case(
        "generator_send",
        """
        --- step:a
        def averager():
            total = n = 0
            avg = None
            while True:
                x = yield avg
                total += x; n += 1; avg = total / n
        avg = averager(); next(avg)
        --- step:b
        avg.send(10)
        --- step:c
        print(avg.send(20))
        """,
        expect="same-or-refused",
    ),
    case(
        "own_iterator_class",
        """
        --- setup
        class Count:
            def __init__(self): self.n = 0
            def __iter__(self): return self
            def __next__(self):
                self.n += 1
                if self.n > 5: raise StopIteration
                return self.n
        --- step:a
        c = Count()
        --- step:b
        x = next(c)
        --- step:c
        print(x, list(c))
        """,
        ordered="b<c",
    ),
    case(
        "open_file_for_reading",
        """
        --- step:a
        f = open('data.txt')
        print(f.readline())
        --- step:b
        print(f.readline())
        f.close()
        """,
        files={"data.txt": "one\ntwo\nthree\n"},
        expect="same-or-refused",
    ),
    case(
        "open_file_for_writing",
        """
        --- step:a
        f = open('out.txt', 'w')
        f.write('a')
        --- step:b
        f.write('b')
        f.close()
        --- step:c
        print(open('out.txt').read())
        """,
        expect="same-or-refused",
    ),
    case(
        "open_file_hidden_in_an_object",
        """
        --- setup
        class Logger:
            def __init__(self, path): self.f = open(path, 'w')
            def log(self, s): self.f.write(s + ';'); self.f.flush()
        --- step:a
        lg = Logger('run.log')
        lg.log('a')
        --- step:b
        lg.log('b')
        --- step:c
        print(open('run.log').read())
        """,
        expect="same-or-refused",
    ),
    case(
        "open_file_not_used_later",
        """
        --- step:a
        f = open('data.txt')
        text = f.read()
        --- step:b
        print(text)
        """,
        files={"data.txt": "content"},
    ),
    case(
        "csv_reader_half_read",
        """
        --- step:a
        import csv
        rows = csv.reader(['a,b', '1,2', '3,4'])
        header = next(rows)
        --- step:b
        print(header, list(rows))
        """,
        expect="same-or-refused",
    ),
    case(
        "string_io_keeps_its_position",
        """
        --- step:a
        import io
        buf = io.StringIO()
        buf.write('abc')
        raw = io.BytesIO(b'12345'); raw.read(2)
        --- step:b
        buf.write('def')
        print(raw.read(1))
        --- step:c
        print(buf.getvalue(), buf.tell(), raw.read())
        """,
        ordered="b<c",
    ),
    case(
        "print_to_a_buffer",
        """
        --- step:a
        import io
        buf = io.StringIO()
        --- step:b
        print('hidden', file=buf)
        --- step:c
        print(buf.getvalue())
        """,
        ordered="b<c",
        note="print changes the object behind `file`",
    ),
    case(
        "redirected_stdout",
        """
        --- step:a
        import contextlib, io
        buf = io.StringIO()
        --- step:b
        with contextlib.redirect_stdout(buf):
            print('caught')
        --- step:c
        print(buf.getvalue())
        """,
        ordered="b<c",
    ),
    case(
        "json_dump_to_a_buffer",
        """
        --- step:a
        import io, json
        buf = io.StringIO()
        --- step:b
        json.dump({'a': 1}, buf)
        --- step:c
        print(buf.getvalue())
        """,
        ordered="b<c",
    ),
    case(
        "stdout_kept_in_a_name",
        """
        --- step:a
        import sys
        out = sys.stdout
        --- step:b
        print('to out', file=out)
        out.write('direct')
        """,
        expect="same-or-refused",
    ),
    case(
        "partial_print_to_stderr",
        """
        --- setup
        import sys
        from functools import partial
        warn = partial(print, 'warn:', file=sys.stderr)
        --- step:a
        warn('a')
        --- step:b
        warn('b')
        """,
        expect="same-or-refused",
    ),
    case(
        "regular_expression_iterator",
        """
        --- step:a
        import re
        pat = re.compile(r'(\\w)(\\d)')
        m = pat.search('a1 b2')
        --- step:b
        print(pat.findall('a1 b2'), pat.pattern)
        --- step:c
        print(m.groups())
        """,
        expect="same-or-refused",
        note="match objects cannot be pickled",
    ),
]
