"""State of the process and of libraries: environment, folders, options, filters, handlers."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "environ_set_and_read",
        """
        --- setup
        import os
        --- step:a
        os.environ['MODE'] = 'fast'
        --- step:b
        print(os.environ.get('MODE'), os.getenv('MODE'))
        """,
        ordered="a<b",
    ),
    case(
        "environ_deleted",
        """
        --- setup
        import os
        os.environ['MODE'] = 'x'
        --- step:a
        del os.environ['MODE']
        --- step:b
        print('MODE' in os.environ)
        """,
        ordered="a<b",
    ),
    case(
        "environ_by_alias_and_update",
        """
        --- step:a
        from os import environ
        env = environ
        env.update(A_ONE='1')
        env.setdefault('A_TWO', '2')
        --- step:b
        import os
        print(os.environ['A_ONE'], os.environ['A_TWO'])
        """,
        ordered="a<b",
    ),
    case(
        "environ_through_subprocess",
        """
        --- setup
        import os, subprocess
        --- step:a
        os.environ['CHILD'] = 'seen'
        --- step:b
        print(subprocess.run('echo $CHILD', shell=True, capture_output=True, text=True).stdout)
        """,
        ordered="a<b",
    ),
    case(
        "environ_through_shell_escape",
        """
        --- step:a
        %env COLOUR=red
        --- step:b
        !echo $COLOUR
        """,
        ordered="a<b",
    ),
    case(
        "environ_in_a_helper",
        """
        --- setup
        import os
        def configure(mode): os.environ['MODE'] = mode
        def mode(): return os.environ['MODE']
        --- step:a
        configure('train')
        --- step:b
        print(mode())
        --- step:c
        configure('test')
        --- step:d
        print(mode())
        """,
        ordered="a<b c<d",
    ),
    case(
        "environ_written_by_two_branches",
        """
        --- setup
        import os
        --- step:a
        os.environ['LAST'] = 'a'
        --- step:b
        os.environ['LAST'] = 'b'
        --- step:c
        print(os.environ['LAST'])
        """,
        ordered="b<c",
    ),
    case(
        "putenv_is_seen_only_by_children",
        """
        --- step:a
        import os
        os.putenv('GHOST', 'boo')
        --- step:b
        import subprocess
        print(subprocess.run('echo $GHOST', shell=True, capture_output=True, text=True).stdout)
        """,
        expect="same-or-refused",
    ),
    case(
        "chdir",
        """
        --- setup
        import os
        --- step:a
        os.chdir('sub')
        --- step:b
        print(os.path.basename(os.getcwd()), open('inner.txt').read())
        """,
        files={"sub/inner.txt": "inside"},
        ordered="a<b",
    ),
    case(
        "chdir_back_and_forth",
        """
        --- setup
        import os
        --- step:a
        os.chdir('sub')
        --- step:b
        here = os.path.basename(os.getcwd())
        os.chdir('..')
        --- step:c
        print(here, sorted(os.listdir('sub')))
        """,
        files={"sub/inner.txt": "inside"},
        ordered="a<b b<c",
    ),
    case(
        "cd_magic",
        """
        --- step:a
        %cd sub
        --- step:b
        print(open('inner.txt').read())
        """,
        files={"sub/inner.txt": "inside"},
        ordered="a<b",
    ),
    case(
        "chdir_in_a_helper_and_relative_path",
        """
        --- setup
        import os
        from pathlib import Path
        def enter(d):
            os.makedirs(d, exist_ok=True)
            os.chdir(d)
        --- step:a
        enter('work')
        --- step:b
        Path('out.txt').write_text('hello')
        --- step:c
        print(Path('out.txt').read_text(), Path.cwd().name)
        """,
        ordered="a<b b<c",
    ),
    case(
        "relative_path_object_made_before_chdir",
        """
        --- step:a
        from pathlib import Path
        p = Path('data.txt')
        q = p.resolve()
        --- step:b
        import os
        os.chdir('sub')
        --- step:c
        print(p.exists(), q.exists())
        """,
        files={"data.txt": "x", "sub/other.txt": "y"},
        ordered="b<c",
    ),
    case(
        "sys_path",
        """
        --- setup
        import sys
        --- step:a
        sys.path.append('/nonexistent/one')
        --- step:b
        sys.path.insert(0, '/nonexistent/two')
        --- step:c
        print([p for p in sys.path if 'nonexistent' in p], sys.path[0])
        """,
        ordered="a<b b<c",
    ),
    case(
        "pandas_options",
        """
        --- setup
        import pandas as pd
        --- step:a
        pd.set_option('display.max_rows', 4)
        pd.options.display.precision = 1
        --- step:b
        df = pd.DataFrame({'x': [i / 3 for i in range(10)]})
        df
        --- step:c
        pd.reset_option('display.precision')
        print(df)
        """,
        ordered="a<b a<c",
    ),
    case(
        "pandas_options_in_setup",
        """
        --- setup
        import pandas as pd
        pd.set_option('display.float_format', lambda v: f'<{v:.1f}>')
        --- step:a
        df = pd.DataFrame({'x': [1 / 3]})
        --- step:b
        print(df)
        """,
        note="the option holds a lambda",
    ),
    case(
        "pandas_option_context_leaves_nothing",
        """
        --- setup
        import pandas as pd
        --- step:a
        with pd.option_context('display.max_rows', 2):
            print(pd.Series(range(9)))
        --- step:b
        print(pd.Series(range(9)))
        """,
    ),
    case(
        "numpy_print_options",
        """
        --- setup
        import numpy as np
        --- step:a
        np.set_printoptions(precision=2, suppress=True)
        --- step:b
        print(np.array([1 / 3, 1e-9]))
        """,
        ordered="a<b",
    ),
    case(
        "numpy_errstate",
        """
        --- setup
        import numpy as np
        --- step:a
        old = np.seterr(all='raise')
        --- step:b
        try:
            np.array([1.0]) / 0
        except FloatingPointError as e:
            print('raised', e)
        """,
        ordered="a<b",
    ),
    case(
        "rcparams",
        """
        --- setup
        import matplotlib.pyplot as plt
        --- step:a
        plt.rcParams['figure.figsize'] = (2, 1)
        plt.rcParams.update({'lines.linewidth': 7})
        --- step:b
        print(plt.rcParams['lines.linewidth'], plt.rcParams['figure.figsize'])
        plt.plot([1, 2]);
        """,
        ordered="a<b",
    ),
    case(
        "matplotlib_style",
        """
        --- setup
        import matplotlib.pyplot as plt
        plt.style.use('ggplot')
        --- step:a
        plt.figure(figsize=(2, 1)); plt.plot([1, 2]);
        --- step:b
        plt.style.use('default')
        --- step:c
        plt.figure(figsize=(2, 1)); plt.plot([1, 2]);
        """,
        ordered="b<c",
    ),
    case(
        "warnings_filter_ignore",
        """
        --- setup
        import warnings
        warnings.filterwarnings('ignore')
        --- step:a
        warnings.warn('quiet')
        print('a')
        --- step:b
        warnings.warn('quiet too')
        print('b')
        """,
    ),
    case(
        "warnings_filter_error",
        """
        --- setup
        import warnings
        --- step:a
        warnings.simplefilter('error')
        --- step:b
        try:
            warnings.warn('loud')
        except UserWarning as e:
            print('raised', e)
        """,
        ordered="a<b",
    ),
    case(
        "warnings_own_category",
        """
        --- setup
        import warnings
        class Mine(UserWarning): pass
        warnings.simplefilter('ignore', Mine)
        --- step:a
        warnings.warn('quiet', Mine)
        print('nothing shown')
        --- step:b
        warnings.simplefilter('always', Mine)
        --- step:c
        warnings.warn('heard', Mine)
        """,
        ordered="b<c",
    ),
    case(
        "warnings_shown_once",
        """
        --- setup
        import noisy
        --- step:a
        noisy.f()
        --- step:b
        noisy.f()
        """,
        files={"noisy.py": "import warnings\n\ndef f():\n    warnings.warn('only once')\n"},
        expect="same-or-refused",
        note="the registry of the module remembers what was shown",
    ),
    case(
        "warning_of_a_notebook_function_shown_once",
        """
        --- setup
        import warnings
        def f(): warnings.warn('only once')
        --- step:a
        f()
        --- step:b
        f()
        """,
        expect="same-or-refused",
    ),
    case(
        "logging_basic_config",
        """
        --- setup
        import logging, sys
        logging.basicConfig(level=logging.INFO, format='%(levelname)s %(message)s', stream=sys.stdout, force=True)
        log = logging.getLogger('train')
        --- step:a
        log.info('from a')
        --- step:b
        log.setLevel(logging.ERROR)
        --- step:c
        log.info('hidden')
        log.error('shown')
        """,
        ordered="b<c",
    ),
    case(
        "logging_configured_in_a_step",
        """
        --- step:a
        import logging
        logging.basicConfig(level='DEBUG', format='%(name)s:%(message)s')
        --- step:b
        logging.getLogger('x').debug('dbg')
        --- step:c
        logging.disable(logging.CRITICAL)
        --- step:d
        logging.getLogger('x').critical('not shown')
        print('end')
        """,
        ordered="a<b c<d",
    ),
    case(
        "logging_own_handler",
        """
        --- setup
        import logging
        records = []
        class Keep(logging.Handler):
            def emit(self, record): records.append(record.getMessage())
        log = logging.getLogger('keep')
        log.setLevel('INFO')
        log.addHandler(Keep())
        log.propagate = False
        --- step:a
        log.info('a')
        --- step:b
        log.info('b')
        --- step:c
        print(records)
        """,
        expect="same-or-refused",
    ),
    case(
        "logging_to_a_file",
        """
        --- setup
        import logging
        logging.basicConfig(filename='run.log', level='INFO', format='%(message)s', force=True)
        --- step:a
        logging.info('a')
        --- step:b
        logging.info('b')
        --- step:c
        print(open('run.log').read())
        """,
        expect="same-or-refused",
    ),
    case(
        "decimal_context",
        """
        --- setup
        from decimal import Decimal, getcontext
        --- step:a
        getcontext().prec = 4
        --- step:b
        print(Decimal(1) / Decimal(3))
        """,
        ordered="a<b",
    ),
    case(
        "locale",
        """
        --- setup
        import locale
        --- step:a
        name = locale.setlocale(locale.LC_ALL, 'C.UTF-8')
        --- step:b
        print(locale.setlocale(locale.LC_ALL) == name)
        """,
        ordered="a<b",
    ),
    case(
        "recursion_limit",
        """
        --- setup
        import sys
        --- step:a
        sys.setrecursionlimit(12345)
        --- step:b
        print(sys.getrecursionlimit())
        """,
        expect="same-or-refused",
    ),
    case(
        "time_zone",
        """
        --- setup
        import os, time
        --- step:a
        os.environ['TZ'] = 'Asia/Tokyo'
        time.tzset()
        --- step:b
        print(time.localtime(0).tm_hour, time.tzname[0])
        """,
        expect="same-or-refused",
    ),
    case(
        "csv_dialect",
        """
        --- setup
        import csv, io
        --- step:a
        csv.register_dialect('pipes', delimiter='|')
        --- step:b
        print(list(csv.reader(['a|b'], dialect='pipes')))
        """,
        expect="same-or-refused",
        note="a registry inside a C module",
    ),
    case(
        "gc_and_switch_interval",
        """
        --- setup
        import gc
        --- step:a
        gc.disable()
        --- step:b
        print(gc.isenabled())
        """,
        expect="same-or-refused",
    ),
    case(
        "socket_default_timeout",
        """
        --- setup
        import socket
        socket.setdefaulttimeout(7)
        --- step:a
        print(socket.getdefaulttimeout())
        """,
    ),
    case(
        "sklearn_config",
        """
        --- setup
        import pandas as pd, sklearn
        from sklearn.preprocessing import StandardScaler
        sklearn.set_config(transform_output='pandas')
        --- step:a
        df = pd.DataFrame({'x': [1.0, 2.0, 3.0]})
        --- step:b
        print(type(StandardScaler().fit_transform(df)).__name__)
        """,
    ),
    case(
        "sklearn_config_in_a_step",
        """
        --- setup
        import pandas as pd, sklearn
        from sklearn.preprocessing import StandardScaler
        --- step:a
        sklearn.set_config(transform_output='pandas')
        --- step:b
        print(type(StandardScaler().fit_transform(pd.DataFrame({'x': [1.0, 2.0]}))).__name__)
        """,
        expect="same-or-refused",
    ),
    case(
        "context_variable",
        """
        --- setup
        from contextvars import ContextVar
        cv = ContextVar('cv', default='default')
        --- step:a
        tok = cv.set('set')
        print(cv.get())
        --- step:b
        print(cv.get())
        """,
        expect="same-or-refused",
    ),
    case(
        "thread_still_running",
        """
        --- step:a
        import threading, time
        ticks = []
        stop = threading.Event()
        def run():
            while not stop.is_set():
                ticks.append(1)
                time.sleep(0.001)
        t = threading.Thread(target=run, daemon=True)
        t.start()
        --- step:b
        time.sleep(0.05)
        stop.set(); t.join()
        print(len(ticks) > 3)
        """,
        expect="same-or-refused",
    ),
    case(
        "thread_finished",
        """
        --- step:a
        import threading
        out = []
        t = threading.Thread(target=lambda: out.append(1))
        t.start(); t.join()
        --- step:b
        print(out)
        """,
    ),
    case(
        "thread_lingers_and_changes",
        """
        --- step:a
        import threading, time
        out = []
        def late():
            time.sleep(0.3)
            out.append('late')
        threading.Thread(target=late).start()
        --- step:b
        time.sleep(0.8)
        print(out)
        """,
        expect="same-or-refused",
        note="the change comes after its step has ended",
    ),
    case(
        "lock_used_later",
        """
        --- setup
        import threading
        lock = threading.Lock()
        n = 0
        def bump():
            global n
            with lock:
                n += 1
        --- step:a
        bump()
        --- step:b
        bump()
        --- step:c
        print(n, lock.locked())
        """,
        expect="same-or-refused",
    ),
    case(
        "lock_inside_an_object",
        """
        --- setup
        import threading
        class Safe:
            def __init__(self): self.lock = threading.RLock(); self.n = 0
            def add(self):
                with self.lock: self.n += 1
        --- step:a
        s = Safe(); s.add()
        --- step:b
        s.add()
        print(s.n)
        """,
        expect="same-or-refused",
    ),
    case(
        "executor_and_future",
        """
        --- step:a
        from concurrent.futures import ThreadPoolExecutor
        ex = ThreadPoolExecutor(1)
        fut = ex.submit(pow, 2, 10)
        --- step:b
        print(fut.result())
        """,
        expect="same-or-refused",
    ),
    case(
        "child_process_used_later",
        """
        --- step:a
        import subprocess
        p = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        --- step:b
        print(p.communicate('hello')[0])
        """,
        expect="same-or-refused",
    ),
    case(
        "atexit_waits_for_the_end",
        """
        --- step:a
        import atexit, os
        open('lock.tmp', 'w').close()
        atexit.register(lambda: os.path.exists('lock.tmp') and os.remove('lock.tmp'))
        --- step:b
        print(os.path.exists('lock.tmp'))
        """,
        expect="same-or-refused",
        compare_files=False,
        note="a step's process ends earlier than the kernel",
    ),
    case(
        "signal_handler",
        """
        --- step:a
        import signal
        got = []
        signal.signal(signal.SIGUSR1, lambda *a: got.append('usr1'))
        --- step:b
        import os
        os.kill(os.getpid(), signal.SIGUSR1)
        print(got)
        """,
        expect="same-or-refused",
    ),
    case(
        "stdout_replaced",
        """
        --- step:a
        import io, sys
        real, sys.stdout = sys.stdout, io.StringIO()
        --- step:b
        print('swallowed')
        --- step:c
        text = sys.stdout.getvalue()
        sys.stdout = real
        print('got', text)
        """,
        expect="same-or-refused",
    ),
    case(
        "umask",
        """
        --- setup
        import os
        --- step:a
        old = os.umask(0o077)
        --- step:b
        open('private.txt', 'w').close()
        print(oct(os.stat('private.txt').st_mode & 0o777))
        """,
        expect="same-or-refused",
    ),
    case(
        "thread_local",
        """
        --- step:a
        import threading
        tl = threading.local()
        tl.x = 1
        --- step:b
        print(tl.x)
        """,
        expect="same-or-refused",
    ),
    case(
        "excepthook_and_displayhook",
        """
        --- step:a
        import sys
        old = sys.displayhook
        sys.displayhook = lambda v: print('hooked', v) if v is not None else None
        --- step:b
        1 + 1
        """,
        expect="same-or-refused",
    ),
]
