"""How a notebook is laid out: setup and untagged cells, steps in pieces, parameters, skip, metrics, odd names."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "untagged_before_and_after",
        """
        ---
        import math
        base = 10
        --- step:a
        x = base + 1
        ---
        x += 1
        --- markdown
        # Text between
        ---
        y = x * 2
        --- step:b
        print(x, y, math.floor(1.5))
        """,
        ordered="a<b",
    ),
    case(
        "markdown_and_empty_cells",
        """
        --- markdown
        # Title
        --- step:a
        x = 1
        ---

        --- markdown
        text
        --- step:b

        --- step:c
        print(x)
        """,
        note="b has no code at all",
    ),
    case(
        "comment_only_steps",
        """
        --- step:a
        # nothing yet
        --- step:b
        x = 1
        --- step:c
        # TODO later
        --- step:d
        print(x)
        """,
    ),
    case(
        "one_step_only",
        """
        --- step:only
        x = 1
        ---
        print(x)
        """,
    ),
    case(
        "no_steps_at_all",
        """
        ---
        x = 1
        ---
        print(x)
        """,
        expect="same-or-refused",
    ),
    case(
        "setup_with_values",
        """
        --- setup
        data = {'xs': [1, 2]}
        total = sum(data['xs'])
        --- step:a
        data['xs'].append(total)
        --- step:b
        print(data, total)
        """,
        ordered="a<b",
    ),
    case(
        "setup_prints",
        """
        --- setup
        print('set up once')
        n = 0
        --- step:a
        n += 1
        --- step:b
        print(n)
        """,
    ),
    case(
        "setup_appends_to_a_file",
        """
        --- setup
        with open('runs.txt', 'a') as f: f.write('x')
        --- step:a
        a = 1
        --- step:b
        print(a, open('runs.txt').read())
        """,
        note="setup has effects: it must run once",
    ),
    case(
        "several_setup_cells",
        """
        --- imports
        import json
        --- functions
        def dump(x): return json.dumps(x)
        --- setup
        K = 3
        --- step:a
        print(dump([K]))
        """,
    ),
    case(
        "setup_between_steps",
        """
        --- step:a
        x = 1
        --- setup
        def double(v): return v * 2
        k = 5
        --- step:b
        print(double(x) + k)
        """,
    ),
    case(
        "setup_after_use",
        """
        --- setup
        def f(): return 'first'
        --- step:a
        print(f())
        --- setup
        def f(): return 'second'
        --- step:b
        print(f())
        """,
    ),
    case(
        "setup_between_reads_a_step",
        """
        --- step:a
        x = [1]
        --- setup
        y = x + [2]
        x.append('setup')
        --- step:b
        print(x, y)
        """,
        expect="same-or-refused",
    ),
    case(
        "setup_at_the_end",
        """
        --- step:a
        x = 1
        --- step:b
        print(x)
        --- setup
        x = 100
        print('end', x)
        """,
        expect="same-or-refused",
    ),
    case(
        "step_in_two_pieces",
        """
        --- step:a
        x = 1
        --- step:b
        y = 2
        --- step:a
        x += 10
        --- step:c
        print(x, y)
        """,
        expect="same-or-refused",
    ),
    case(
        "step_in_two_pieces_with_a_reader_between",
        """
        --- step:a
        x = 1
        --- step:b
        print(x)
        --- step:a
        x = 2
        --- step:c
        print(x)
        """,
        expect="same-or-refused",
        note="b must see the first value",
    ),
    case(
        "step_in_two_pieces_with_a_cycle",
        """
        --- step:a
        x = 1
        --- step:b
        y = x + 1
        --- step:a
        z = y + 1
        --- step:c
        print(x, y, z)
        """,
        expect="same-or-refused",
    ),
    case(
        "explicit_order_only",
        """
        --- step:a
        print('a')
        --- step:b after:a
        print('b')
        --- step:c prev:a prev:b
        print('c')
        """,
        ordered="a<b b<c",
    ),
    case(
        "explicit_order_backwards",
        """
        --- step:a after:b
        x = 1
        --- step:b
        y = 2
        --- step:c
        print(x, y)
        """,
        expect="same-or-refused",
        note="after names a later step",
    ),
    case(
        "explicit_order_against_data",
        """
        --- step:a after:b
        x = 1
        --- step:b
        print(x)
        """,
        expect="refused",
        note="a cycle",
    ),
    case(
        "after_unknown_step",
        """
        --- step:a
        x = 1
        --- step:b after:nobody
        print(x)
        """,
        expect="refused",
    ),
    case(
        "kale_tags",
        """
        --- imports
        import math
        --- pipeline-parameters
        r = 2
        --- functions
        def area(r): return math.pi * r * r
        --- block:compute
        a = area(r)
        --- block:show prev:compute
        print(round(a, 2))
        --- pipeline-metrics
        print(round(a))
        """,
        parameters={"r": 1},
        ordered="compute<show",
    ),
    case(
        "foreign_tags",
        """
        --- step:a hide-input slideshow
        x = 1
        --- step:b remove_cell
        print(x)
        """,
    ),
    case(
        "parameters_default",
        """
        --- parameters
        lr = 0.1
        name = 'x'
        --- step:a
        print(lr, name)
        """,
    ),
    case(
        "parameters_given",
        """
        --- parameters
        lr = 0.1
        name = 'x'
        layers = [1, 2]
        opts = {'a': None}
        flag = False
        --- step:a
        print(lr * 2, name, layers, opts, flag)
        --- step:b
        layers.append(3)
        --- step:c
        print(layers)
        """,
        parameters={
            "lr": 0.5,
            "name": "it's \"quoted\"\n{x} \\ '''",
            "layers": [5],
            "opts": {"k": [1, None, True]},
            "flag": True,
        },
        ordered="b<c",
    ),
    case(
        "parameters_derived",
        """
        --- parameters
        n = 2
        double = n * 2
        --- setup
        triple = n * 3
        --- step:a
        print(n, double, triple)
        """,
        parameters={"n": 10},
        note="values are set after the cell ran: double keeps the default's",
    ),
    case(
        "parameters_in_a_function_default",
        """
        --- parameters
        k = 1
        --- setup
        def f(x=k): return x, k
        --- step:a
        print(f())
        """,
        parameters={"k": 7},
    ),
    case(
        "parameters_changed_by_a_step",
        """
        --- parameters
        n = 1
        --- step:a
        n = n + 1
        --- step:b
        print(n)
        """,
        parameters={"n": 5},
        ordered="a<b",
    ),
    case(
        "parameters_after_a_step",
        """
        --- step:a
        x = 1
        --- parameters
        p = 2
        --- step:b
        print(x + p)
        """,
        parameters={"p": 40},
        expect="same-or-refused",
    ),
    case(
        "parameters_shadowed_earlier",
        """
        --- setup
        p = 'setup'
        q = p
        --- parameters
        p = 'default'
        --- step:a
        print(p, q)
        """,
        parameters={"p": "given"},
    ),
    case(
        "skip_cells",
        """
        --- setup
        x = 1
        --- skip
        x = 1000
        print('never')
        --- step:a
        print(x)
        --- skip
        x = 2000
        --- step:b
        print(x)
        """,
        parallel="a|b",
    ),
    case(
        "skip_hides_a_definition",
        """
        --- step:a
        x = 1
        --- skip
        def only_here(): return 5
        --- step:b
        try:
            only_here()
        except NameError:
            print('not defined')
        """,
    ),
    case(
        "metrics_cell",
        """
        --- step:a
        acc = 0.9
        losses = [3, 2]
        --- metrics
        print(acc)
        final_loss = losses[-1]
        --- step:b
        print(final_loss)
        """,
        expect="same-or-refused",
    ),
    case(
        "metrics_at_the_end",
        """
        --- step:a
        acc = 0.9
        --- metrics
        print(acc)
        """,
    ),
    case(
        "numbers_in_step_names",
        """
        --- step:step_1
        x = 1
        --- step:_2
        print(x)
        """,
    ),
    case(
        "names_that_collide_with_ours",
        """
        --- step:setup
        x = 1
        --- step:parameters
        y = x + 1
        --- step:a
        print(x, y)
        """,
        expect="same-or-refused",
    ),
    case(
        "agent_like_names",
        """
        --- step:a
        agent = 'mine'; begin = 1; finish = 2; namespace = {'k': 'v'}; request = 'r'; snapshot = [1]
        --- step:b
        print(agent, begin, finish, namespace, request, snapshot)
        """,
    ),
    case(
        "nothing_of_ours_is_visible",
        """
        --- step:a
        x = 1
        --- step:b
        print(x)
        print(sorted(n for n in globals() if not n.startswith('_') and n not in ('In', 'Out', 'get_ipython', 'exit', 'quit', 'open')))
        """,
        expect="same-or-refused",
    ),
    case(
        "independent_leaves",
        """
        --- step:a
        data = [1, 2, 3]
        --- step:plot
        print('plot', data)
        --- step:report
        print('report', sum(data))
        --- step:bye
        print('bye')
        """,
        parallel="plot|report report|bye plot|bye a|bye",
    ),
    case(
        "diamond",
        """
        --- step:top
        x = 1
        --- step:left
        l = x + 1
        --- step:right
        r = x + 2
        --- step:bottom
        print(l + r)
        """,
        parallel="left|right",
        ordered="top<left top<right left<bottom right<bottom",
    ),
    case(
        "chain_of_twelve",
        "--- step:s0\nx = [0]\n" + "".join(f"--- step:s{n}\nx.append(x[-1] + {n})\n" for n in range(1, 12)) + "--- step:end\nprint(x)",
        ordered="s0<s1 s5<s6 s11<end",
    ),
    case(
        "wide_fan_out",
        "--- step:src\nxs = list(range(5))\n"
        + "".join(f"--- step:f{n}\nr{n} = sum(xs) * {n}\n" for n in range(10))
        + "--- step:end\nprint("
        + ", ".join(f"r{n}" for n in range(10))
        + ")",
        parallel="f0|f9 f3|f4 f1|f2",
        ordered="src<f0 f9<end",
    ),
    case(
        "long_way_past_idle_steps",
        "--- step:a\nx = ['kept']\n" + "".join(f"--- step:idle{n}\ny{n} = {n}\n" for n in range(8)) + "--- step:b\nprint(x, y7)",
        parallel="idle0|idle7 idle3|b a|idle0",
        ordered="a<b idle7<b",
    ),
    case(
        "windows_line_ends_and_tabs",
        "--- step:a\nif True:\n\tx = 1\n--- step:b\nprint(x)",
    ),
    case(
        "magic_first_in_untagged_cell",
        """
        ---
        %matplotlib inline
        --- step:a
        print('a')
        """,
    ),
]
