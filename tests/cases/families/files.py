"""Files are a channel: written here and read there, in any of the ways that Python knows."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "open_write_open_read",
        """
        --- step:a
        with open('out.txt', 'w') as f:
            f.write('hello')
        --- step:b
        with open('out.txt') as f:
            print(f.read())
        """,
        ordered="a<b",
    ),
    case(
        "path_methods",
        """
        --- setup
        from pathlib import Path
        out = Path('out')
        --- step:a
        out.mkdir()
        (out / 'a.txt').write_text('A')
        --- step:b
        print((out / 'a.txt').read_text(), out.joinpath('a.txt').exists())
        """,
        ordered="a<b",
    ),
    case(
        "path_from_a_variable",
        """
        --- setup
        name = 'result'
        --- step:a
        path = f'{name}.txt'
        open(path, 'w').write('x')
        --- step:b
        print(open(name + '.txt').read())
        """,
        ordered="a<b",
        note="the same path, spelt in two ways",
    ),
    case(
        "helper_functions",
        """
        --- setup
        import json
        def save(obj, name):
            with open(name + '.json', 'w') as f: json.dump(obj, f)
        def load(name):
            with open(name + '.json') as f: return json.load(f)
        --- step:a
        save({'k': 1}, 'cfg')
        --- step:b
        print(load('cfg'))
        """,
        ordered="a<b",
    ),
    case(
        "class_methods",
        """
        --- setup
        class Store:
            def __init__(self, root): self.root = root
            def put(self, k, v):
                with open(self.root + k, 'w') as f: f.write(v)
            def get(self, k):
                with open(self.root + k) as f: return f.read()
        store = Store('kv_')
        --- step:a
        store.put('x', '1')
        --- step:b
        print(store.get('x'))
        """,
        ordered="a<b",
    ),
    case(
        "csv_round_trip",
        """
        --- setup
        import pandas as pd
        --- step:a
        pd.DataFrame({'x': [1, 2]}).to_csv('d.csv', index=False)
        --- step:b
        print(pd.read_csv('d.csv'))
        """,
        ordered="a<b",
    ),
    case(
        "numpy_save_load",
        """
        --- setup
        import numpy as np
        --- step:a
        np.save('a.npy', np.arange(3)); np.savetxt('b.txt', np.eye(2)); np.savez('c.npz', x=np.ones(2))
        --- step:b
        print(np.load('a.npy'), np.loadtxt('b.txt'), np.load('c.npz')['x'])
        """,
        ordered="a<b",
    ),
    case(
        "pickle_and_joblib",
        """
        --- setup
        import pickle, joblib
        class M:
            def __init__(self, n): self.n = n
        --- step:a
        with open('m.pkl', 'wb') as f: pickle.dump(M(3), f)
        joblib.dump({'m': [1, 2]}, 'm.joblib')
        --- step:b
        with open('m.pkl', 'rb') as f: m = pickle.load(f)
        print(m.n, isinstance(m, M), joblib.load('m.joblib'))
        """,
        ordered="a<b",
        note="the user's own pickle needs __main__.M",
    ),
    case(
        "sqlite_file",
        """
        --- setup
        import sqlite3
        --- step:a
        con = sqlite3.connect('x.db'); con.execute('create table t(v)'); con.execute('insert into t values (1)'); con.commit(); con.close()
        --- step:b
        con = sqlite3.connect('x.db'); con.execute('insert into t values (2)'); con.commit(); con.close()
        --- step:c
        con = sqlite3.connect('x.db'); print(con.execute('select v from t order by v').fetchall()); con.close()
        """,
        ordered="a<b b<c",
    ),
    case(
        "sqlite_connection_travels",
        """
        --- step:a
        import sqlite3
        con = sqlite3.connect(':memory:')
        con.execute('create table t(v)')
        --- step:b
        con.execute('insert into t values (1)')
        print(con.execute('select * from t').fetchall())
        """,
        expect="same-or-refused",
    ),
    case(
        "appended_by_two_steps",
        """
        --- step:a
        import time
        time.sleep(0.2)
        with open('log.txt', 'a') as f: f.write('a;')
        --- step:b
        with open('log.txt', 'a') as f: f.write('b;')
        --- step:c
        print(open('log.txt').read())
        """,
        ordered="a<b b<c",
    ),
    case(
        "overwritten_by_two_steps",
        """
        --- step:a
        import time
        time.sleep(0.2)
        open('o.txt', 'w').write('a')
        --- step:b
        open('o.txt', 'w').write('b')
        --- step:c
        print(open('o.txt').read())
        """,
        ordered="a<b b<c",
    ),
    case(
        "read_before_it_is_overwritten",
        """
        --- step:a
        import time
        time.sleep(0.3)
        print(open('d.txt').read())
        --- step:b
        open('d.txt', 'w').write('new')
        --- step:c
        print(open('d.txt').read())
        """,
        files={"d.txt": "old"},
        ordered="a<b b<c",
        note="files are shared: b must wait for the reader",
    ),
    case(
        "read_before_it_is_removed",
        """
        --- step:a
        import os, time
        time.sleep(0.3)
        print(open('d.txt').read())
        --- step:b
        import os
        os.remove('d.txt')
        --- step:c
        print(os.path.exists('d.txt'))
        """,
        files={"d.txt": "old"},
        ordered="a<b b<c",
    ),
    case(
        "renamed_and_copied",
        """
        --- setup
        import os, shutil
        --- step:a
        open('one.txt', 'w').write('1')
        --- step:b
        shutil.copy('one.txt', 'two.txt')
        --- step:c
        os.rename('two.txt', 'three.txt')
        --- step:d
        print(sorted(f for f in os.listdir() if f.endswith('.txt')), open('three.txt').read())
        """,
        ordered="a<b b<c c<d",
    ),
    case(
        "glob_after_writes",
        """
        --- setup
        import glob
        --- step:a
        open('part_1.txt', 'w').write('1')
        --- step:b
        open('part_2.txt', 'w').write('2')
        --- step:c
        print(sorted(glob.glob('part_*.txt')))
        """,
        ordered="a<c b<c",
    ),
    case(
        "listing_before_a_write",
        """
        --- step:a
        import os, time
        time.sleep(0.3)
        print(sorted(f for f in os.listdir('.') if f.endswith('.txt')))
        --- step:b
        open('later.txt', 'w').write('x')
        --- step:c
        import pathlib
        print([p.name for p in sorted(pathlib.Path('.').glob('*.txt'))])
        """,
        files={"first.txt": ""},
        ordered="a<b b<c",
    ),
    case(
        "iterdir_walk_rglob",
        """
        --- setup
        import os
        from pathlib import Path
        Path('tree/deep').mkdir(parents=True)
        --- step:a
        Path('tree/deep/x.txt').write_text('x')
        --- step:b
        print(sorted(p.name for p in Path('tree').rglob('*.txt')))
        --- step:c
        print(sum(len(fs) for _, _, fs in os.walk('tree')), [p.name for p in Path('tree').iterdir()])
        """,
        ordered="a<b a<c",
    ),
    case(
        "exists_and_stat",
        """
        --- setup
        import os
        --- step:a
        open('flag', 'w').write('12345')
        --- step:b
        print(os.path.exists('flag'), os.path.getsize('flag'), os.stat('flag').st_size)
        """,
        ordered="a<b",
    ),
    case(
        "cache_file_idiom",
        """
        --- setup
        import os, json
        def cached(path, make):
            if os.path.exists(path):
                return json.load(open(path)), 'hit'
            v = make()
            json.dump(v, open(path, 'w'))
            return v, 'miss'
        --- step:a
        r1 = cached('c.json', lambda: [1, 2])
        --- step:b
        r2 = cached('c.json', lambda: [3, 4])
        --- step:c
        print(r1, r2)
        """,
        ordered="a<b",
    ),
    case(
        "shell_writes_python_reads",
        """
        --- step:a
        !echo from-shell > s.txt
        --- step:b
        print(open('s.txt').read())
        """,
        ordered="a<b",
    ),
    case(
        "python_writes_shell_reads",
        """
        --- step:a
        open('p.txt', 'w').write('from python')
        --- step:b
        !cat p.txt
        """,
        ordered="a<b",
    ),
    case(
        "shell_capture_of_listing",
        """
        --- step:a
        open('z1.txt', 'w').close()
        --- step:b
        names = !ls *.txt
        --- step:c
        print(list(names))
        """,
        ordered="a<b b<c",
    ),
    case(
        "bash_cell",
        """
        --- step:a
        %%bash
        mkdir -p out
        echo one > out/one.txt
        --- step:b
        %%bash
        cat out/one.txt
        """,
        ordered="a<b",
    ),
    case(
        "subprocess_writes",
        """
        --- setup
        import subprocess
        --- step:a
        subprocess.run(['sh', '-c', 'echo sub > sub.txt'], check=True)
        --- step:b
        print(open('sub.txt').read())
        """,
        ordered="a<b",
    ),
    case(
        "os_system",
        """
        --- setup
        import os
        --- step:a
        os.system('echo sys > sys.txt')
        --- step:b
        code = os.system('cat sys.txt')
        import time
        time.sleep(1)
        code
        """,
        ordered="a<b",
        note="a stock kernel shows what goes past Python a moment later, which may be behind the result",
    ),
    case(
        "run_script",
        """
        --- step:a
        base = 10
        --- step:b
        %run script.py
        --- step:c
        print(made, helper(2))
        """,
        files={"script.py": "made = 'by script'\ndef helper(x):\n    return x * 2\n"},
        ordered="b<c",
    ),
    case(
        "run_script_interactively",
        """
        --- step:a
        base = 10
        --- step:b
        %run -i script.py
        --- step:c
        print(made, base)
        """,
        files={"script.py": "made = base + 1\nbase = 'changed'\n"},
        ordered="a<b b<c",
        note="the script reads and writes the notebook's names",
    ),
    case(
        "tempfile_path",
        """
        --- setup
        import os, tempfile
        --- step:a
        d = tempfile.mkdtemp()
        path = os.path.join(d, 'x.txt')
        open(path, 'w').write('tmp')
        --- step:b
        print(open(path).read(), os.path.isdir(d))
        --- step:c
        import shutil
        shutil.rmtree(d)
        --- step:d
        print(os.path.exists(path))
        """,
        ordered="a<b b<c c<d",
    ),
    case(
        "temporary_directory_object",
        """
        --- step:a
        import os, tempfile
        td = tempfile.TemporaryDirectory()
        open(os.path.join(td.name, 'x'), 'w').write('1')
        --- step:b
        print(os.listdir(td.name))
        td.cleanup()
        """,
        expect="same-or-refused",
        note="its finalizer removes the folder when the process ends",
    ),
    case(
        "named_temporary_file",
        """
        --- step:a
        import tempfile
        tf = tempfile.NamedTemporaryFile('w')
        tf.write('x'); tf.flush()
        name = tf.name
        --- step:b
        import os
        print(os.path.exists(name))
        """,
        expect="same-or-refused",
    ),
    case(
        "temporary_directory_name_only",
        """
        --- step:a
        import os, tempfile
        td = tempfile.TemporaryDirectory()
        where = td.name
        --- step:b
        print(os.path.isdir(where))
        """,
        expect="same-or-refused",
        note="b names only the path",
    ),
    case(
        "shelve_and_zip",
        """
        --- setup
        import shelve, zipfile
        --- step:a
        with shelve.open('sh') as s: s['k'] = [1]
        with zipfile.ZipFile('z.zip', 'w') as z: z.writestr('in.txt', 'zipped')
        --- step:b
        with shelve.open('sh') as s: print(s['k'])
        print(zipfile.ZipFile('z.zip').read('in.txt'))
        """,
        ordered="a<b",
        compare_files=False,
    ),
    case(
        "savefig",
        """
        --- setup
        import matplotlib.pyplot as plt, os
        --- step:a
        fig, ax = plt.subplots(figsize=(1, 1))
        fig.savefig('f.png')
        plt.close(fig)
        --- step:b
        print(os.path.getsize('f.png') > 100)
        """,
        ordered="a<b",
    ),
    case(
        "config_file_parsed",
        """
        --- step:a
        import configparser
        c = configparser.ConfigParser()
        c['m'] = {'lr': '1'}
        with open('c.cfg', 'w') as f: c.write(f)
        --- step:b
        d = configparser.ConfigParser()
        d.read('c.cfg')
        print(d['m']['lr'])
        """,
        ordered="a<b",
    ),
    case(
        "separate_files_stay_parallel",
        """
        --- setup
        import json
        --- step:load
        data = [1, 2, 3]
        --- step:one
        with open('one.json', 'w') as f: json.dump(sum(data), f)
        --- step:two
        with open('two.json', 'w') as f: json.dump(max(data), f)
        --- step:show
        print(json.load(open('one.json')), json.load(open('two.json')))
        """,
        parallel="one|two",
        ordered="one<show two<show",
    ),
    case(
        "readers_stay_parallel",
        """
        --- step:a
        print(open('d.txt').read())
        --- step:b
        print(len(open('d.txt').read()))
        --- step:c
        import pathlib
        print(pathlib.Path('d.txt').read_text().upper())
        """,
        files={"d.txt": "data"},
        parallel="a|b a|c b|c",
    ),
    case(
        "write_through_kept_path_method",
        """
        --- setup
        from pathlib import Path
        write = Path('kept.txt').write_text
        --- step:a
        write('kept')
        --- step:b
        print(Path('kept.txt').read_text())
        """,
        ordered="a<b",
        note="the call names no file",
    ),
    case(
        "file_and_variable_agree",
        """
        --- setup
        import json
        --- step:a
        cfg = {'n': 1}
        json.dump(cfg, open('cfg.json', 'w'))
        --- step:b
        cfg['n'] = 2
        json.dump(cfg, open('cfg.json', 'w'))
        --- step:c
        print(cfg == json.load(open('cfg.json')))
        """,
        ordered="a<b b<c",
    ),
    case(
        "folder_removed_and_made_again",
        """
        --- setup
        import os, shutil
        --- step:a
        os.makedirs('out', exist_ok=True)
        open('out/a.txt', 'w').write('a')
        --- step:b
        shutil.rmtree('out')
        os.makedirs('out')
        --- step:c
        open('out/c.txt', 'w').write('c')
        --- step:d
        print(os.listdir('out'))
        """,
        ordered="a<b b<c c<d",
    ),
    case(
        "memory_mapped_file",
        """
        --- setup
        import numpy as np
        --- step:a
        mm = np.memmap('mm.dat', dtype='int32', mode='w+', shape=(4,))
        mm[:] = 1
        mm.flush()
        --- step:b
        mm[0] = 9
        mm.flush()
        --- step:c
        print(np.fromfile('mm.dat', dtype='int32'), type(mm).__name__)
        """,
        expect="same-or-refused",
    ),
    case(
        "symlink",
        """
        --- setup
        import os
        --- step:a
        open('target.txt', 'w').write('T')
        os.symlink('target.txt', 'link.txt')
        --- step:b
        print(open('link.txt').read())
        --- step:c
        open('link.txt', 'w').write('U')
        --- step:d
        print(open('target.txt').read())
        """,
        ordered="a<b c<d",
    ),
    case(
        "write_in_a_context_manager_kept_open",
        """
        --- setup
        import contextlib
        @contextlib.contextmanager
        def report(name):
            with open(name, 'a') as f:
                yield f
        --- step:a
        with report('r.txt') as f:
            print('from a', file=f)
        --- step:b
        with report('r.txt') as f:
            print('from b', file=f)
        --- step:c
        print(open('r.txt').read())
        """,
        ordered="a<b b<c",
    ),
    case(
        "temporary_directory_for_all_steps",
        """
        --- setup
        import os, tempfile
        tmp = tempfile.TemporaryDirectory()
        --- step:a
        open(os.path.join(tmp.name, 'a'), 'w').write('a')
        --- step:b
        open(os.path.join(tmp.name, 'b'), 'w').write('b')
        --- step:c
        print(sorted(os.listdir(tmp.name)))
        --- step:d
        tmp.cleanup()
        --- step:e
        print(os.path.exists(tmp.name))
        """,
        ordered="a<c b<c c<d d<e",
    ),
    case(
        "temporary_directory_dropped",
        """
        --- step:a
        import os, tempfile
        tmp = tempfile.TemporaryDirectory()
        name = tmp.name
        --- step:b
        del tmp
        print(os.path.exists(name))
        """,
        expect="same-or-refused",
    ),
    case(
        "temporary_file_kept",
        """
        --- step:a
        import tempfile
        with tempfile.NamedTemporaryFile('w', delete=False) as f:
            f.write('kept')
        --- step:b
        import os
        print(open(f.name).read())
        os.unlink(f.name)
        """,
        expect="same-or-refused",
    ),
    case(
        "temporary_directory_in_a_with_block",
        """
        --- step:a
        import os, tempfile
        with tempfile.TemporaryDirectory() as d:
            open(os.path.join(d, 'x'), 'w').write('x')
            n = len(os.listdir(d))
        --- step:b
        print(n, os.path.exists(d))
        """,
    ),
]
