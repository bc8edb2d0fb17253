"""IPython's own language: magics, shell escapes, history, help, hooks of the shell."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "time_line",
        """
        --- step:a
        %time x = sum(range(10))
        --- step:b
        print(x)
        """,
        ordered="a<b",
    ),
    case(
        "time_cell",
        """
        --- step:a
        %%time
        x = 1
        y = x + 1
        --- step:b
        print(x, y)
        """,
        ordered="a<b",
    ),
    case(
        "timeit_changes_an_object",
        """
        --- step:a
        xs = []
        --- step:b
        %timeit -n 2 -r 1 -q xs.append(1)
        --- step:c
        print(len(xs))
        """,
        ordered="b<c",
    ),
    case(
        "timeit_result",
        """
        --- step:a
        k = 2
        --- step:b
        r = %timeit -n 1 -r 1 -q -o k * k
        --- step:c
        print(type(r).__name__, r.repeat)
        """,
        ordered="a<b b<c",
    ),
    case(
        "capture_cell",
        """
        --- step:a
        %%capture cap
        print('captured')
        inside = 1
        --- step:b
        print(cap.stdout, inside)
        --- step:c
        cap.show()
        """,
        ordered="a<b a<c",
    ),
    case(
        "writefile_and_append",
        """
        --- step:a
        %%writefile notes.txt
        first
        --- step:b
        %%writefile -a notes.txt
        second
        --- step:c
        print(open('notes.txt').read())
        """,
        ordered="a<b b<c",
    ),
    case(
        "writefile_with_a_variable_name",
        """
        --- step:a
        name = 'chosen.txt'
        --- step:b
        %%writefile {name}
        text
        --- step:c
        print(open(name).read())
        """,
        expect="same-or-refused",
    ),
    case(
        "shell_with_variables",
        """
        --- step:a
        word, n = 'hi', 3
        --- step:b
        !echo {word} $n {n + 1} $$HOME_IS_LITERAL
        """,
        ordered="a<b",
    ),
    case(
        "shell_assignment",
        """
        --- step:a
        msg = 'from python'
        --- step:b
        out = !echo {msg}; echo two
        --- step:c
        print(out, type(out).__name__, out.n, len(out))
        """,
        ordered="a<b b<c",
    ),
    case(
        "magic_assignment",
        """
        --- step:a
        here = %pwd
        --- step:b
        import os
        print(here == os.getcwd())
        """,
        ordered="a<b",
    ),
    case(
        "shell_in_a_function",
        """
        --- setup
        def shout(w):
            out = !echo {w}
            return out[0].upper()
        --- step:a
        print(shout('abc'))
        """,
    ),
    case(
        "bash_with_output_variable",
        """
        --- step:a
        %%bash --out result
        echo captured
        --- step:b
        print(repr(result))
        """,
        ordered="a<b",
    ),
    case(
        "bash_with_arguments",
        """
        --- step:a
        arg = 'passed'
        --- step:b
        %%bash -s "$arg"
        echo "got $1"
        """,
        ordered="a<b",
    ),
    case(
        "script_cells",
        """
        --- step:a
        %%sh
        echo sh
        --- step:b
        %%python
        print('another python')
        --- step:c
        %%html
        <b>bold</b>
        """,
        parallel="b|c",
    ),
    case(
        "env_magic_with_value_of_a_name",
        """
        --- step:a
        level = 'debug'
        --- step:b
        %env LOGLEVEL=$level
        --- step:c
        import os
        print(os.environ['LOGLEVEL'])
        """,
        ordered="a<b b<c",
    ),
    case(
        "set_env_and_read_env",
        """
        --- step:a
        %set_env A_THING some value
        --- step:b
        v = %env A_THING
        print(v)
        """,
        ordered="a<b",
    ),
    case(
        "matplotlib_inline_and_config",
        """
        --- setup
        %matplotlib inline
        %config InlineBackend.figure_format = 'svg'
        import matplotlib.pyplot as plt
        --- step:a
        plt.figure(figsize=(1, 1)); plt.plot([1, 2]); plt.show()
        --- step:b
        from IPython.display import display
        fig = plt.figure(figsize=(1, 1))
        print(type(fig).__name__)
        plt.close(fig)
        """,
    ),
    case(
        "autoreload",
        """
        --- setup
        %load_ext autoreload
        %autoreload 2
        --- step:a
        import live_mod
        print(live_mod.f())
        --- step:b
        print(live_mod.f())
        """,
        files={"live_mod.py": "def f(): return 'one'\n"},
    ),
    case(
        "precision_magic",
        """
        --- step:a
        %precision 2
        --- step:b
        1 / 3
        """,
        expect="same-or-refused",
        note="a display option of the shell",
    ),
    case(
        "show_all_expressions",
        """
        --- setup
        from IPython.core.interactiveshell import InteractiveShell
        InteractiveShell.ast_node_interactivity = 'all'
        --- step:a
        1
        2
        --- step:b
        'x'
        'y'
        """,
        note="a line found in many notebooks",
    ),
    case(
        "show_all_by_config",
        """
        --- setup
        %config InteractiveShell.ast_node_interactivity = 'all'
        --- step:a
        1
        2
        """,
    ),
    case(
        "show_all_set_in_a_step",
        """
        --- step:a
        get_ipython().ast_node_interactivity = 'all'
        --- step:b
        1
        2
        """,
        expect="same-or-refused",
    ),
    case(
        "last_result",
        """
        --- step:a
        40 + 2
        --- step:b
        print(_ + 1)
        """,
        expect="same-or-refused",
    ),
    case(
        "out_and_in_history",
        """
        --- step:a
        'first value'
        --- step:b
        print(Out[1], _1, In[1], len(In))
        """,
        expect="same-or-refused",
    ),
    case(
        "history_in_one_step",
        """
        --- step:a
        x = 5
        --- step:b
        7 * 6
        ---
        print(_, Out[2], _2, In[2])
        """,
    ),
    case(
        "history_magic",
        """
        --- step:a
        x = 1
        --- step:b
        %history
        """,
        expect="same-or-refused",
    ),
    case(
        "underscore_as_throwaway",
        """
        --- step:a
        for _ in range(3): pass
        a, _ = 1, 2
        --- step:b
        for _ in range(2): pass
        --- step:c
        print(a)
        """,
        parallel="a|b b|c",
    ),
    case(
        "underscore_as_a_value",
        """
        --- step:a
        _ = 'kept'
        --- step:b
        print(_)
        """,
        ordered="a<b",
    ),
    case(
        "help_of_a_name",
        """
        --- step:a
        def f(x):
            'the doc'
        --- step:b
        f?
        --- step:c
        ?f
        f??
        print('after')
        """,
    ),
    case(
        "prun_and_macro",
        """
        --- step:a
        hits = []
        def work(): hits.append(1)
        --- step:b
        %prun -q work()
        --- step:c
        print(hits)
        """,
        ordered="b<c",
    ),
    case(
        "own_line_magic",
        """
        --- step:a
        from IPython.core.magic import register_line_magic
        log = []
        @register_line_magic
        def note(line):
            log.append(line)
            return line.upper()
        --- step:b
        v = %note hello
        --- step:c
        print(v, log)
        """,
        expect="same-or-refused",
    ),
    case(
        "own_cell_magic_in_setup",
        """
        --- setup
        from IPython.core.magic import register_cell_magic
        @register_cell_magic
        def twice(line, cell):
            get_ipython().run_cell(cell)
            get_ipython().run_cell(cell)
        --- step:a
        n = 0
        --- step:b
        %%twice
        n += 1
        --- step:c
        print(n)
        """,
        expect="same-or-refused",
    ),
    case(
        "cell_hook",
        """
        --- step:a
        get_ipython().events.register('post_run_cell', lambda r: print('[hook]'))
        --- step:b
        print('b')
        """,
        expect="same-or-refused",
    ),
    case(
        "input_transformer",
        """
        --- step:a
        get_ipython().input_transformers_post.append(lambda lines: [l.replace('PI', '3') for l in lines])
        --- step:b
        print(PI)
        """,
        expect="same-or-refused",
    ),
    case(
        "formatter_for_a_type",
        """
        --- step:a
        class Money:
            def __init__(self, n): self.n = n
        get_ipython().display_formatter.formatters['text/plain'].for_type(Money, lambda m, p, c: p.text(f'${m.n}'))
        --- step:b
        Money(5)
        """,
        expect="same-or-refused",
    ),
    case(
        "automagic_without_percent",
        """
        --- step:a
        cd sub
        --- step:b
        print(open('inner.txt').read())
        """,
        files={"sub/inner.txt": "inside"},
        expect="same-or-refused",
    ),
    case(
        "name_shadows_a_magic",
        """
        --- step:a
        ls = [1, 2]
        time = 3
        --- step:b
        print(ls, time)
        --- step:c
        ls
        """,
        ordered="a<b a<c",
    ),
    case(
        "alias_magic",
        """
        --- step:a
        %alias say echo said %s
        --- step:b
        %say hello
        """,
        expect="same-or-refused",
    ),
    case(
        "store_magic",
        """
        --- step:a
        stored_thing = [1, 2]
        %store stored_thing
        --- step:b
        %store -r stored_thing
        print(stored_thing)
        """,
        expect="same-or-refused",
    ),
    case(
        "xdel_magic",
        """
        --- step:a
        x = 1
        --- step:b
        %xdel x
        --- step:c
        try:
            x
        except NameError:
            print('gone')
        """,
        expect="same-or-refused",
    ),
    case(
        "magic_by_method",
        """
        --- step:a
        get_ipython().run_line_magic('env', 'BY_METHOD=1')
        --- step:b
        import os
        print(os.environ.get('BY_METHOD'))
        """,
        expect="same-or-refused",
    ),
    case(
        "magic_inside_a_block",
        """
        --- step:a
        flag = True
        --- step:b
        if flag:
            %env INSIDE=yes
            out = !echo in
        --- step:c
        import os
        print(os.environ['INSIDE'], list(out))
        """,
        ordered="a<b b<c",
    ),
    case(
        "debugger_and_profiler_free_cell_end",
        """
        --- step:a
        x = 1;
        --- step:b
        x;
        --- step:c
        x
        """,
        parallel="b|c",
    ),
    case(
        "pip_style_comment_cells",
        """
        --- setup
        # %pip install nothing
        #!ls
        --- step:a
        # only a comment
        --- step:b
        print('b')
        """,
    ),
    case(
        "pushd_popd",
        """
        --- step:a
        %pushd sub
        --- step:b
        print(open('inner.txt').read())
        %popd
        --- step:c
        import os
        print(sorted(os.listdir('sub')))
        """,
        files={"sub/inner.txt": "inside"},
        expect="same-or-refused",
    ),
    case(
        "execution_count",
        """
        --- step:a
        1
        --- step:b
        2
        ---
        3
        --- step:c
        print(get_ipython().execution_count)
        """,
        expect="same-or-refused",
    ),
    case(
        "shell_by_another_name",
        """
        --- setup
        ip = get_ipython()
        --- step:a
        ip.ast_node_interactivity = 'all'
        --- step:b
        1
        2
        --- step:c
        print(ip is get_ipython())
        """,
    ),
    case(
        "exception_mode",
        """
        --- step:a
        %xmode Minimal
        --- step:b
        def f(): return 1 / 0
        --- step:c
        print(get_ipython().InteractiveTB.mode)
        """,
    ),
    case(
        "pprint_and_float_format",
        """
        --- step:a
        %pprint
        %precision %.1e
        --- step:b
        [i for i in range(40)]
        --- step:c
        1 / 3
        """,
    ),
    case(
        "alias_of_a_magic",
        """
        --- step:a
        %alias_magic mytime time
        --- step:b
        %mytime x = 4
        --- step:c
        print(x)
        """,
        expect="same-or-refused",
    ),
    case(
        "magics_class",
        """
        --- step:a
        from IPython.core.magic import Magics, magics_class, line_magic
        @magics_class
        class Mine(Magics):
            @line_magic
            def hello(self, line):
                return 'hello ' + line
        get_ipython().register_magics(Mine)
        --- step:b
        print(get_ipython().run_line_magic('hello', 'b'))
        """,
        expect="same-or-refused",
    ),
    case(
        "magics_class_in_setup",
        """
        --- setup
        from IPython.core.magic import Magics, magics_class, cell_magic
        @magics_class
        class Mine(Magics):
            @cell_magic
            def shout(self, line, cell):
                print(cell.upper())
        ip = get_ipython()
        ip.register_magics(Mine)
        --- step:a
        %%shout
        quiet
        """,
        expect="same-or-refused",
    ),
    case(
        "magic_function_registered_by_name",
        """
        --- setup
        def note(line): return line[::-1]
        get_ipython().register_magic_function(note, 'line', 'rev')
        --- step:a
        x = %rev abc
        --- step:b
        print(x)
        """,
        expect="same-or-refused",
    ),
    case(
        "figure_format_set_in_a_step",
        """
        --- step:a
        import matplotlib.pyplot as plt
        %matplotlib inline
        %config InlineBackend.figure_format = 'svg'
        --- step:b
        plt.figure(figsize=(1, 1)); plt.plot([1, 2]); plt.show()
        """,
    ),
    case(
        "formats_set_by_function",
        """
        --- setup
        import matplotlib.pyplot as plt
        import matplotlib_inline.backend_inline
        matplotlib_inline.backend_inline.set_matplotlib_formats('svg')
        --- step:a
        plt.figure(figsize=(1, 1)); plt.plot([1, 2]); plt.show()
        """,
    ),
    case(
        "hook_counts_cells",
        """
        --- setup
        cells = []
        def count(*_): cells.append(1)
        get_ipython().events.register('pre_run_cell', count)
        --- step:a
        x = 1
        --- step:b
        print(len(cells))
        """,
        expect="same-or-refused",
    ),
    case(
        "hook_removed",
        """
        --- setup
        def shown(*_): print('[after]')
        get_ipython().events.register('post_run_cell', shown)
        --- step:a
        print('a')
        --- step:b
        get_ipython().events.unregister('post_run_cell', shown)
        --- step:c
        print('c')
        """,
        expect="same-or-refused",
    ),
    case(
        "formatter_for_a_library_type",
        """
        --- setup
        import fractions
        fmt = get_ipython().display_formatter.formatters['text/plain']
        def show(value, p, cycle): p.text(f'{value.numerator} over {value.denominator}')
        --- step:a
        _ = fmt.for_type(fractions.Fraction, show)
        --- step:b
        fractions.Fraction(1, 2)
        """,
        expect="same-or-refused",
    ),
    case(
        "source_of_a_function",
        """
        --- step:a
        def f(x): return x
        --- step:b
        %psource f
        %pdef f
        print('b')
        """,
    ),
    case(
        "history_of_the_first_step",
        """
        --- step:a
        x = 1
        %history
        --- step:b
        print(x)
        """,
    ),
    case(
        "folder_before",
        """
        --- step:a
        %cd sub
        --- step:b
        %cd -
        --- step:c
        import os
        print(sorted(os.listdir('sub')))
        %dirs
        """,
        files={"sub/inner.txt": ""},
        expect="same-or-refused",
    ),
    case(
        "namespace_through_the_shell",
        """
        --- step:a
        get_ipython().user_ns['made'] = 3
        --- step:b
        print(made)
        """,
    ),
    case(
        "push_and_ev",
        """
        --- step:a
        ip = get_ipython()
        ip.push({'pushed': 4})
        --- step:b
        print(ip.ev('pushed + 1'))
        """,
        expect="same-or-refused",
    ),
    case(
        "ast_transformer",
        """
        --- step:a
        import ast
        class Double(ast.NodeTransformer):
            def visit_Constant(self, node):
                return ast.copy_location(ast.Constant(node.value * 2), node) if isinstance(node.value, int) else node
        get_ipython().ast_transformers.append(Double())
        --- step:b
        print(4)
        """,
        expect="same-or-refused",
    ),
    case(
        "custom_exceptions",
        """
        --- step:a
        def handler(shell, etype, value, tb, tb_offset=None): print('handled', etype.__name__)
        get_ipython().set_custom_exc((KeyError,), handler)
        --- step:b
        print('fine')
        """,
    ),
    case(
        "extension_loaded_in_a_step",
        """
        --- step:a
        %load_ext own_ext
        --- step:b
        x = %double 4
        --- step:c
        print(x)
        """,
        files={
            "own_ext.py": "def load_ipython_extension(ip):\n    ip.register_magic_function(lambda line: int(line) * 2, 'line', 'double')\n"
        },
        expect="same-or-refused",
    ),
    case(
        "autoawait_off",
        """
        --- step:a
        %autoawait False
        --- step:b
        print(get_ipython().autoawait)
        """,
        expect="same-or-refused",
    ),
]
