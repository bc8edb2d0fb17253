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
    case(
        "logging_dict_config",
        """
        --- step:a
        import logging.config
        logging.config.dictConfig({
            'version': 1,
            'formatters': {'f': {'format': '[%(name)s] %(message)s'}},
            'handlers': {'h': {'class': 'logging.StreamHandler', 'formatter': 'f', 'stream': 'ext://sys.stdout'}},
            'loggers': {'app': {'level': 'INFO', 'handlers': ['h'], 'propagate': False}},
        })
        --- step:b
        logging.getLogger('app').info('hello')
        logging.getLogger('app').debug('hidden')
        """,
    ),
    case(
        "logging_to_a_buffer",
        """
        --- setup
        import io, logging
        buf = io.StringIO()
        log = logging.getLogger('buffered')
        log.setLevel('INFO')
        log.addHandler(logging.StreamHandler(buf))
        log.propagate = False
        --- step:a
        log.info('a')
        --- step:b
        log.info('b')
        --- step:c
        print(buf.getvalue().split())
        """,
        ordered="a<b b<c",
    ),
    case(
        "logging_handler_changed_later",
        """
        --- setup
        import logging, sys
        log = logging.getLogger('changing')
        h = logging.StreamHandler(sys.stdout)
        log.addHandler(h)
        log.propagate = False
        --- step:a
        h.setFormatter(logging.Formatter('<%(message)s>'))
        --- step:b
        log.warning('b')
        --- step:c
        log.removeHandler(h)
        --- step:d
        print(log.handlers)
        log.warning('nowhere else') if log.handlers else None
        """,
        ordered="a<b c<d",
    ),
    case(
        "logging_filter_of_the_notebook",
        """
        --- step:a
        import logging, sys
        words = ['secret']
        class Hide(logging.Filter):
            def filter(self, record): return not any(w in record.getMessage() for w in words)
        log = logging.getLogger('filtered')
        h = logging.StreamHandler(sys.stdout)
        h.addFilter(Hide())
        log.addHandler(h)
        log.propagate = False
        --- step:b
        words.append('private')
        --- step:c
        log.warning('open'); log.warning('secret one'); log.warning('private one')
        """,
        ordered="a<b b<c",
    ),
    case(
        "logging_file_handler_and_reader",
        """
        --- step:a
        import logging
        log = logging.getLogger('to_file')
        h = logging.FileHandler('app.log', mode='w')
        h.setFormatter(logging.Formatter('%(levelname)s %(message)s'))
        log.addHandler(h)
        log.propagate = False
        log.warning('one')
        --- step:b
        log.warning('two')
        --- step:c
        print(open('app.log').read())
        """,
        ordered="a<b b<c",
    ),
    case(
        "logging_levels_and_names",
        """
        --- step:a
        import logging, sys
        logging.addLevelName(25, 'NOTE')
        logging.basicConfig(level=25, format='%(levelname)s:%(message)s', stream=sys.stdout, force=True)
        --- step:b
        logging.log(25, 'noted')
        logging.info('hidden')
        """,
    ),
    case(
        "logging_captures_warnings",
        """
        --- step:a
        import logging, sys, warnings
        logging.basicConfig(format='%(name)s', stream=sys.stdout, force=True)
        logging.captureWarnings(True)
        --- step:b
        import warnings
        warnings.warn('captured')
        """,
    ),
    case(
        "logging_only_used",
        """
        --- setup
        import logging
        log = logging.getLogger(__name__)
        --- step:a
        log.info('quiet'); x = 1
        --- step:b
        log.info('quiet'); y = 2
        --- step:c
        print(x, y)
        """,
        parallel="a|b",
    ),
    case(
        "pandas_option_reads_a_name",
        """
        --- setup
        import pandas as pd
        digits = 1
        pd.set_option('display.float_format', lambda v: f'{v:.{digits}f}')
        --- step:a
        digits = 3
        --- step:b
        print(pd.Series([1 / 3]))
        """,
        ordered="a<b",
        note="the option's function looks at a name of the notebook",
    ),
    case(
        "numpy_formatter_and_error_call",
        """
        --- setup
        import numpy as np
        errors = []
        --- step:a
        old = np.seterrcall(lambda kind, flag: errors.append(kind))
        old = np.seterr(all='call')
        np.set_printoptions(formatter={'float': lambda v: f'<{v:.1f}>'})
        --- step:b
        x = np.array([1.0]) / 0
        print(np.array([0.25]))
        --- step:c
        print(errors)
        """,
        ordered="a<b b<c",
    ),
    case(
        "registries_of_the_standard_library",
        """
        --- step:a
        import codecs, copyreg, mimetypes, sqlite3, socket
        class P:
            def __init__(self, x): self.x = x
        def keep(error): return ('?', error.end)
        mimetypes.add_type('text/own', '.own')
        codecs.register_error('own', keep)
        sqlite3.register_adapter(P, lambda p: p.x)
        socket.setdefaulttimeout(3)
        --- step:b
        print(mimetypes.guess_type('a.own')[0], 'ab'.encode('ascii', 'own'), socket.getdefaulttimeout())
        print('ö'.encode('ascii', 'own'))
        with sqlite3.connect(':memory:') as db:
            print(db.execute('select ?', (P(5),)).fetchone())
        """,
        expect="same-or-refused",
    ),
    case(
        "interpreter_settings",
        """
        --- step:a
        import gc, sys
        sys.setswitchinterval(0.25)
        sys.set_int_max_str_digits(5000)
        gc.set_threshold(500, 5, 5)
        --- step:b
        print(sys.getswitchinterval(), sys.get_int_max_str_digits(), gc.get_threshold())
        """,
        python=(3, 11),
    ),
    case(
        "resource_limit",
        """
        --- step:a
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        --- step:b
        print(resource.getrlimit(resource.RLIMIT_CORE)[0], resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        """,
    ),
    case(
        "start_method_of_processes",
        """
        --- step:a
        import multiprocessing as mp
        mp.set_start_method('spawn', force=True)
        --- step:b
        print(mp.get_start_method())
        """,
    ),
    case(
        "time_zone_in_setup",
        """
        --- setup
        import os, time
        os.environ['TZ'] = 'Asia/Tokyo'
        time.tzset()
        --- step:a
        print(time.localtime(0).tm_hour)
        """,
    ),
    case(
        "signal_handler_changes_a_name",
        """
        --- setup
        import os, signal
        got = []
        def handler(number, frame): got.append(number)
        --- step:a
        old = signal.signal(signal.SIGUSR1, handler)
        --- step:b
        os.kill(os.getpid(), signal.SIGUSR1)
        --- step:c
        print(len(got))
        --- step:d
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        --- step:e
        os.kill(os.getpid(), signal.SIGUSR1)
        print(len(got))
        """,
    ),
    case(
        "warnings_shown_by_own_function",
        """
        --- step:a
        import warnings
        seen = []
        warnings.showwarning = lambda message, *rest, **more: seen.append(str(message))
        --- step:b
        warnings.warn('kept')
        --- step:c
        print(seen)
        """,
    ),
    case(
        "atexit_of_memory_only",
        """
        --- setup
        import atexit
        class Pool:
            def close(self): self.open = False
        pool = Pool()
        atexit.register(pool.close)
        --- step:a
        x = 1
        --- step:b
        print(x)
        """,
        note="nobody can see what it does",
    ),
    case(
        "atexit_in_the_last_step",
        """
        --- step:a
        x = 1
        --- step:b
        import atexit, os
        open('end.tmp', 'w').close()
        atexit.register(os.remove, 'end.tmp')
        print(x)
        """,
        compare_files=False,
    ),
    case(
        "atexit_of_a_library_function",
        """
        --- setup
        import atexit, os, shutil
        os.makedirs('work', exist_ok=True)
        atexit.register(shutil.rmtree, 'work')
        --- step:a
        print(os.path.isdir('work'))
        """,
        expect="same-or-refused",
        compare_files=False,
    ),
    case(
        "threads_joined_in_a_loop",
        """
        --- setup
        import threading
        --- step:a
        out = []
        ts = [threading.Thread(target=out.append, args=(i,)) for i in range(3)]
        for t in ts: t.start()
        for t in ts: t.join()
        --- step:b
        print(sorted(out))
        """,
    ),
    case(
        "thread_that_touches_nothing_seen",
        """
        --- step:a
        import threading, time
        def beat(): time.sleep(0.01)
        threading.Thread(target=beat, daemon=True).start()
        x = 1
        --- step:b
        print(x)
        """,
    ),
    case(
        "timer_lingers",
        """
        --- step:a
        import threading, time
        out = {}
        threading.Timer(0.2, lambda: out.update(done=True)).start()
        --- step:b
        import time
        time.sleep(0.6)
        print(out)
        """,
        expect="same-or-refused",
    ),
    case(
        "contextvars_and_asyncio_policy",
        """
        --- step:a
        import asyncio
        class Policy(asyncio.DefaultEventLoopPolicy): pass
        asyncio.set_event_loop_policy(Policy())
        --- step:b
        print(type(asyncio.get_event_loop_policy()).__name__)
        """,
        expect="same-or-refused",
    ),
    case(
        "colormap_registered",
        """
        --- setup
        import matplotlib
        from matplotlib.colors import ListedColormap
        --- step:a
        matplotlib.colormaps.register(ListedColormap(['red', 'blue'], name='mine'))
        --- step:b
        print(matplotlib.colormaps['mine'].N)
        """,
    ),
    case(
        "options_in_a_helper",
        """
        --- setup
        import pandas as pd, numpy as np, sys
        def configure(n):
            pd.set_option('display.max_rows', n)
            np.set_printoptions(precision=n)
            sys.setrecursionlimit(2000 + n)
        --- step:a
        configure(3)
        --- step:b
        print(pd.get_option('display.max_rows'), np.array([1 / 3]), sys.getrecursionlimit())
        """,
    ),
    case(
        "excepthook",
        """
        --- step:a
        import sys
        sys.excepthook = lambda *a: print('hook')
        --- step:b
        print(sys.excepthook.__name__)
        """,
        expect="same-or-refused",
    ),
]
