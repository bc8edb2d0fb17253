"""Figures, display handles and rich output, also when a later step goes on with them."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "rich_reprs",
        """
        --- setup
        from IPython.display import HTML, JSON, Latex, Markdown, display
        --- step:a
        display(HTML('<b>a</b>'), Markdown('*b*'))
        --- step:b
        display({'text/plain': 'p', 'text/html': '<i>h</i>'}, raw=True)
        Latex('$x$')
        --- step:c
        class R:
            def _repr_html_(self): return '<u>r</u>'
            def __repr__(self): return 'R!'
        R()
        """,
        parallel="a|b b|c",
    ),
    case(
        "figure_continued_in_the_next_step",
        """
        --- setup
        import matplotlib.pyplot as plt
        --- step:a
        fig, ax = plt.subplots(figsize=(2, 1))
        ax.plot([1, 2, 3])
        --- step:b
        ax.set_title('later')
        fig
        """,
        ordered="a<b",
    ),
    case(
        "axes_changed_figure_shown",
        """
        --- setup
        import matplotlib.pyplot as plt
        --- step:a
        fig, ax = plt.subplots(figsize=(2, 1))
        plt.close(fig)
        --- step:b
        ax.plot([3, 1])
        --- step:c
        fig
        """,
        ordered="b<c",
        note="b changes fig through ax",
    ),
    case(
        "two_branches_draw_on_one_figure",
        """
        --- setup
        import matplotlib.pyplot as plt
        --- step:a
        fig, axes = plt.subplots(1, 2, figsize=(2, 1))
        plt.close(fig)
        --- step:b
        axes[0].plot([1, 2])
        --- step:c
        axes[1].bar([1, 2], [2, 1])
        --- step:d
        fig
        """,
        ordered="b<c c<d",
    ),
    case(
        "own_figures_in_each_branch",
        """
        --- setup
        import matplotlib.pyplot as plt
        --- step:load
        xs = [1, 3, 2]
        --- step:one
        fig, ax = plt.subplots(figsize=(1, 1))
        ax.plot(xs)
        plt.show()
        --- step:two
        fig, ax = plt.subplots(figsize=(1, 1))
        ax.bar(range(3), xs)
        plt.show()
        --- step:three
        plt.figure(figsize=(1, 1))
        plt.hist(xs)
        plt.show()
        """,
        parallel="one|two two|three one|three",
    ),
    case(
        "implicit_figure_kept_open",
        """
        --- setup
        %config InlineBackend.close_figures = False
        import matplotlib.pyplot as plt
        --- step:a
        plt.figure(figsize=(1, 1))
        plt.plot([1, 2])
        --- step:b
        plt.title('more')
        --- step:c
        print(len(plt.get_fignums()))
        plt.close('all')
        """,
        expect="same-or-refused",
        note="the current figure is state of the process",
    ),
    case(
        "pandas_plot",
        """
        --- setup
        import pandas as pd
        import matplotlib.pyplot as plt
        --- step:a
        df = pd.DataFrame({'x': [1, 2, 3], 'y': [2, 1, 2]})
        --- step:b
        ax = df.plot(figsize=(2, 1))
        plt.show()
        --- step:c
        df.x.hist(figsize=(1, 1));
        """,
        parallel="b|c",
    ),
    case(
        "plot_onto_given_axes",
        """
        --- setup
        import pandas as pd
        import matplotlib.pyplot as plt
        --- step:a
        fig, ax = plt.subplots(figsize=(2, 1))
        plt.close(fig)
        s = pd.Series([1, 3, 2])
        --- step:b
        s.plot(ax=ax)
        --- step:c
        print(len(ax.lines), ax.figure is fig)
        """,
        ordered="b<c",
        note="plot changes the object behind `ax=`",
    ),
    case(
        "display_handle_updated_later",
        """
        --- step:a
        from IPython.display import display
        h = display('waiting', display_id='progress')
        --- step:b
        h.update('done')
        """,
        expect="same-or-refused",
    ),
    case(
        "display_id_updated_later",
        """
        --- setup
        from IPython.display import display, update_display
        --- step:a
        display('first', display_id='x')
        --- step:b
        update_display('second', display_id='x')
        print('b')
        """,
        expect="same-or-refused",
    ),
    case(
        "display_handle_in_one_step",
        """
        --- step:a
        from IPython.display import display
        h = display('one', display_id=True)
        h.update('two')
        ---
        h.update('three')
        print('still a')
        """,
    ),
    case(
        "clear_output",
        """
        --- setup
        from IPython.display import clear_output
        --- step:a
        for i in range(3):
            clear_output(wait=True)
            print('at', i)
        --- step:b
        print('lost')
        clear_output()
        print('kept')
        """,
    ),
    case(
        "streams",
        """
        --- step:a
        import sys
        print('out'); print('err', file=sys.stderr)
        sys.stdout.write('raw\\n')
        --- step:b
        import os, time
        os.write(1, b'descriptor\\n')
        import subprocess
        done = subprocess.run(['echo', 'child'])
        time.sleep(1)
        done
        """,
        parallel="a|b",
        note="a stock kernel shows what goes past Python a moment later, which may be behind the result",
    ),
    case(
        "data_frames_and_columns",
        """
        --- setup
        import pandas as pd
        --- step:a
        df = pd.DataFrame({'x': [1, 2]}, index=['r', 's'])
        --- step:b
        df
        --- step:c
        df.head(1)
        --- step:d
        df.T
        """,
        parallel="b|c c|d b|d",
    ),
    case(
        "tqdm_progress",
        """
        --- setup
        from tqdm import tqdm
        import sys
        --- step:a
        total = 0
        for i in tqdm(range(3), file=sys.stdout, bar_format='{n_fmt}/{total_fmt}', ascii=True):
            total += i
        --- step:b
        print(total)
        """,
        ordered="a<b",
    ),
    case(
        "pprint_and_width",
        """
        --- step:a
        d = {f'key_{i}': list(range(i)) for i in range(12)}
        --- step:b
        d
        --- step:c
        {3, 1, 2}, [1.0], ('x',), None, ..., True
        """,
    ),
    case(
        "unicode_and_long_output",
        """
        --- step:a
        print('žluťoučký 🐎 \\u202e rtl')
        print('x' * 5000)
        --- step:b
        [chr(i) for i in range(0x3b1, 0x3b6)]
        """,
    ),
    case(
        "artist_returned",
        """
        --- setup
        import matplotlib.pyplot as plt
        --- step:a
        fig, ax = plt.subplots(figsize=(1, 1))
        line, = ax.plot([1, 2])
        plt.close(fig)
        --- step:b
        line.set_ydata([2, 1])
        --- step:c
        print(ax.lines[0].get_ydata(), ax.lines[0] is line)
        """,
        ordered="b<c",
    ),
    case(
        "display_updated_by_two_steps",
        """
        --- setup
        from IPython.display import display, update_display
        --- step:a
        display('one', display_id='k'); display('other', display_id='m')
        --- step:b
        update_display('two', display_id='k')
        --- step:c
        update_display('three', display_id='k')
        display('again', display_id='m');
        """,
        expect="same-or-refused",
    ),
    case(
        "figure_without_pyplot",
        """
        --- step:a
        from matplotlib.figure import Figure
        fig = Figure(figsize=(2, 1)); fig.subplots().plot([1, 2])
        --- step:b
        fig
        """,
    ),
    case(
        "figure_saved_later",
        """
        --- setup
        import matplotlib.pyplot as plt
        --- step:a
        fig, ax = plt.subplots(figsize=(2, 1))
        ax.plot([1, 2], label='l')
        --- step:b
        ax.legend(); fig.savefig('out.png', metadata={'Software': None})
        --- step:c
        import os
        print(os.path.getsize('out.png') > 100, len(fig.axes), plt.get_fignums())
        """,
        ordered="a<b b<c",
        compare_files=False,
    ),
    case(
        "another_backend",
        """
        --- setup
        import matplotlib
        matplotlib.use('agg')
        import matplotlib.pyplot as plt
        --- step:a
        plt.figure(figsize=(1, 1)); plt.plot([1, 2])
        print(matplotlib.get_backend())
        --- step:b
        plt.title('more')
        print(plt.get_fignums(), len(plt.gca().lines), plt.gcf().get_size_inches())
        --- step:c
        plt.figure(figsize=(2, 1)); plt.bar([1], [2]); plt.savefig('c.png', metadata={'Software': None}); plt.close('all')
        """,
        ordered="a<b",
        expect="same-or-refused",
        note="figures stay open where nobody shows them",
    ),
    case(
        "inline_settings_of_a_step",
        """
        --- setup
        import matplotlib.pyplot as plt
        --- step:a
        %config InlineBackend.figure_formats = ['svg']
        --- step:b
        plt.figure(figsize=(1, 1)); plt.plot([1, 2]);
        """,
        ordered="a<b",
    ),
    case(
        "interactive_mode_off",
        """
        --- setup
        import matplotlib.pyplot as plt
        --- step:a
        plt.ioff()
        fig, ax = plt.subplots(figsize=(1, 1))
        --- step:b
        print(plt.isinteractive())
        fig2, ax2 = plt.subplots(figsize=(1, 1)); ax2.plot([1, 2]);
        """,
        ordered="a<b",
        expect="same-or-refused",
    ),
    case(
        "open_figure_changed_through_its_axes",
        """
        --- setup
        import matplotlib
        matplotlib.use('agg')
        import matplotlib.pyplot as plt
        import pandas as pd
        --- step:a
        fig, ax = plt.subplots(figsize=(1, 1))
        --- step:b
        ax.plot([1, 2])
        --- step:c
        print(len(plt.gca().lines), plt.gcf() is fig)
        --- step:d
        df = pd.DataFrame({'x': [1, 2, 4]}); df.plot(figsize=(1, 1))
        --- step:e
        print(plt.gca().lines[0].get_ydata().tolist(), plt.get_fignums())
        """,
        ordered="a<b b<c d<e",
        expect="same-or-refused",
    ),
]
