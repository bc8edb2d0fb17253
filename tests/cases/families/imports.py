"""Imports: aliases, dotted names, state inside modules, local modules, patches of libraries."""

from __future__ import annotations

from tests.cases.case import case

_COUNTER = "items = []\ncount = 0\n\ndef add(x):\n    global count\n    count += 1\n    items.append(x)\n    return list(items)\n"

CASES = [
    case(
        "aliases",
        """
        --- setup
        import numpy as np, json as j
        from math import pi as PI, sqrt
        from os import path as p
        --- step:a
        x = np.arange(3) + round(PI)
        --- step:b
        print(x.sum(), sqrt(16), j.dumps(x.tolist()), p.basename('/a/b'))
        """,
    ),
    case(
        "import_inside_a_step",
        """
        --- step:a
        import collections, math as m
        --- step:b
        print(m.floor(2.5), collections.Counter('aab').most_common(1))
        """,
        ordered="a<b",
    ),
    case(
        "dotted_import",
        """
        --- step:a
        import os.path, xml.etree.ElementTree, concurrent.futures
        --- step:b
        e = xml.etree.ElementTree.fromstring('<a><b/></a>')
        print(e.tag, os.path.join('a', 'b'), concurrent.futures.ThreadPoolExecutor.__name__)
        """,
    ),
    case(
        "dotted_import_by_another_step",
        """
        --- step:a
        import xml
        --- step:b
        import xml.dom.minidom
        --- step:c
        print(xml.dom.minidom.parseString('<r/>').documentElement.tagName)
        """,
        ordered="b<c",
    ),
    case(
        "submodule_imported_by_from",
        """
        --- step:a
        import importlib
        --- step:b
        from importlib import resources as r
        --- step:c
        print(importlib.resources.__name__)
        """,
        note="an import elsewhere makes an attribute here; c imports it itself, so it need not wait",
    ),
    case(
        "conditional_import",
        """
        --- step:a
        try:
            import not_installed_anywhere as lib
        except ImportError:
            import json as lib
        --- step:b
        print(lib.__name__, lib.dumps({}))
        """,
    ),
    case(
        "optional_import_flag",
        """
        --- setup
        try:
            import not_installed_anywhere
            HAS = True
        except ImportError:
            HAS = False
            not_installed_anywhere = None
        --- step:a
        print(HAS, not_installed_anywhere)
        """,
    ),
    case(
        "import_inside_function_global",
        """
        --- step:a
        def load():
            global js
            import json as js
        --- step:b
        load()
        --- step:c
        print(js.dumps([1]))
        """,
        ordered="b<c",
    ),
    case(
        "modules_as_values",
        """
        --- step:a
        import json, math
        libs = {'m': math, 'j': json}
        backend = math
        --- step:b
        print(libs['m'].floor(1.5), libs['m'] is backend, backend.__name__)
        """,
    ),
    case(
        "functions_of_modules_as_values",
        """
        --- step:a
        import math, numpy as np, operator
        fs = [math.sin, np.add, operator.itemgetter(1), str.upper, len, np.mean]
        --- step:b
        import math
        print(fs[0] is math.sin, fs[1](1, 2), fs[2]([1, 2]), fs[3]('x'), fs[4]('abc'), fs[5]([1, 3]))
        """,
    ),
    case(
        "name_rebound_from_module_to_value",
        """
        --- step:a
        import time
        --- step:b
        time = 5
        --- step:c
        print(time)
        """,
    ),
    case(
        "from_import_binds_the_value_of_then",
        """
        --- step:a
        import shelf
        from shelf import limit
        --- step:b
        shelf.limit = 99
        --- step:c
        print(limit, shelf.limit)
        """,
        files={"shelf.py": "limit = 1\n"},
        ordered="b<c",
    ),
    case(
        "module_attribute_state",
        """
        --- setup
        import shelf
        --- step:a
        shelf.count += 1
        --- step:b
        shelf.count += 1
        --- step:c
        print(shelf.count)
        """,
        files={"shelf.py": _COUNTER},
        ordered="a<b b<c",
    ),
    case(
        "module_state_changed_by_its_function",
        """
        --- setup
        import shelf
        --- step:a
        shelf.add('a')
        --- step:b
        shelf.add('b')
        --- step:c
        print(shelf.items, shelf.count)
        """,
        files={"shelf.py": _COUNTER},
        expect="same-or-refused",
        note="state inside a module of the folder, touched only by its own code",
    ),
    case(
        "module_state_imported_twice",
        """
        --- step:a
        from shelf import add
        add('a')
        --- step:b
        import shelf
        print(shelf.items)
        """,
        files={"shelf.py": _COUNTER},
        expect="same-or-refused",
    ),
    case(
        "module_object_aliased",
        """
        --- step:a
        from shelf import items
        items.append('a')
        --- step:b
        import shelf
        print(shelf.items, shelf.items is items)
        """,
        files={"shelf.py": _COUNTER},
        expect="same-or-refused",
    ),
    case(
        "import_prints_once",
        """
        --- step:a
        import noisy
        --- step:b
        import noisy
        print(noisy.x)
        --- step:c
        print(noisy.x + 1)
        """,
        files={"noisy.py": "print('noisy is imported')\nx = 1\n"},
        note="a second import is silent",
    ),
    case(
        "import_with_effects_on_files",
        """
        --- step:a
        import noisy
        --- step:b
        print(noisy.x, open('imports.log').read())
        """,
        files={"noisy.py": "open('imports.log', 'a').write('imported;')\nx = 1\n"},
        expect="same-or-refused",
    ),
    case(
        "class_of_a_local_module",
        """
        --- setup
        from shapes import Square
        --- step:a
        s = Square(2)
        --- step:b
        s.side = 3
        --- step:c
        print(s.area(), isinstance(s, Square), type(s).__module__)
        """,
        files={"shapes.py": "class Square:\n    def __init__(self, s): self.side = s\n    def area(self): return self.side ** 2\n"},
        ordered="a<b b<c",
    ),
    case(
        "package_in_the_folder",
        """
        --- setup
        import pkg
        from pkg import sub
        import pkg.deep.er as er
        --- step:a
        x = sub.f(1)
        --- step:b
        print(x, pkg.deep.er.N, er.N, pkg.sub.f(2))
        """,
        files={"pkg/__init__.py": "", "pkg/sub.py": "def f(x): return x + 1\n", "pkg/deep/__init__.py": "", "pkg/deep/er.py": "N = 7\n"},
    ),
    case(
        "monkey_patch_of_a_class",
        """
        --- setup
        import pandas as pd
        --- step:a
        pd.DataFrame.double = lambda self: self * 2
        --- step:b
        df = pd.DataFrame({'x': [1, 2]})
        --- step:c
        print(df.double().x.tolist())
        """,
        ordered="a<c b<c",
        note="c reaches the patch through a value",
    ),
    case(
        "monkey_patch_in_setup",
        """
        --- setup
        import pandas as pd
        factor = 3
        def scaled(self): return self * factor
        pd.Series.scaled = scaled
        --- step:a
        s = pd.Series([1, 2])
        --- step:b
        print(s.scaled().tolist())
        --- step:c
        factor = 10
        --- step:d
        print(s.scaled().tolist())
        """,
        ordered="c<d",
    ),
    case(
        "monkey_patch_of_a_module_function",
        """
        --- step:a
        import statistics
        _old = statistics.mean
        statistics.mean = lambda xs: ('patched', _old(xs))
        --- step:b
        import statistics
        print(statistics.mean([1, 3]))
        --- step:c
        statistics.mean = _old
        --- step:d
        print(statistics.mean([2, 4]))
        """,
        ordered="a<b a<c c<d",
    ),
    case(
        "monkey_patch_through_alias",
        """
        --- step:a
        import statistics
        st = statistics
        st.median = lambda xs: 'patched'
        --- step:b
        import statistics
        print(statistics.median([1]))
        """,
        ordered="a<b",
    ),
    case(
        "mock_patch_started",
        """
        --- step:a
        from unittest import mock
        import os
        p = mock.patch.object(os, 'getlogin', return_value='nobody')
        _ = p.start()
        --- step:b
        import os
        print(os.getlogin())
        """,
        expect="same-or-refused",
    ),
    case(
        "accessor_registered",
        """
        --- setup
        import pandas as pd
        --- step:a
        @pd.api.extensions.register_series_accessor('extra')
        class Extra:
            def __init__(self, s): self.s = s
            def total(self): return int(self.s.sum())
        --- step:b
        print(pd.Series([1, 2]).extra.total())
        """,
        expect="same-or-refused",
    ),
    case(
        "tqdm_patches_pandas",
        """
        --- setup
        import pandas as pd
        from tqdm import tqdm
        tqdm.pandas(disable=True)
        --- step:a
        s = pd.Series([1, 2])
        --- step:b
        print(s.progress_apply(lambda x: x + 1).tolist())
        """,
    ),
    case(
        "fake_module_in_sys_modules",
        """
        --- step:a
        import sys, types
        fake = types.ModuleType('fake_lib')
        fake.x = 1
        sys.modules['fake_lib'] = fake
        --- step:b
        import fake_lib
        print(fake_lib.x)
        """,
        expect="same-or-refused",
    ),
    case(
        "module_made_by_types",
        """
        --- step:a
        import types
        ns = types.ModuleType('ns')
        ns.x = [1]
        --- step:b
        ns.x.append(2)
        --- step:c
        print(ns.x, ns.__name__)
        """,
        expect="same-or-refused",
    ),
    case(
        "module_written_then_imported",
        """
        --- step:a
        with open('gen_mod.py', 'w') as f:
            f.write('def f(): return "generated"')
        --- step:b
        import gen_mod
        print(gen_mod.f())
        """,
        ordered="a<b",
    ),
    case(
        "writefile_magic_then_imported",
        """
        --- step:a
        %%writefile helper_mod.py
        VALUE = 11
        --- step:b
        from helper_mod import VALUE
        print(VALUE)
        """,
        ordered="a<b",
    ),
    case(
        "module_rewritten_and_reloaded",
        """
        --- step:a
        import importlib, cfg_mod
        print(cfg_mod.V)
        --- step:b
        with open('cfg_mod.py', 'w') as f:
            f.write('V = "second edition"')
        --- step:c
        importlib.reload(cfg_mod)
        print(cfg_mod.V)
        """,
        files={"cfg_mod.py": "V = 'first'\n"},
        ordered="a<b b<c",
        note="a imports the file before b writes it anew",
    ),
    case(
        "module_rewritten_not_reloaded",
        """
        --- step:a
        import cfg_mod
        --- step:b
        with open('cfg_mod.py', 'w') as f:
            f.write('V = "second edition"')
        --- step:c
        print(cfg_mod.V)
        """,
        files={"cfg_mod.py": "V = 'first'\n"},
        expect="same-or-refused",
        note="a fresh process would import the new text",
    ),
    case(
        "import_depends_on_sys_path",
        """
        --- step:a
        import sys
        sys.path.insert(0, 'lib')
        --- step:b
        import inside_lib
        print(inside_lib.X)
        --- step:c
        print(inside_lib.X + 1)
        """,
        files={"lib/inside_lib.py": "X = 1\n"},
        ordered="a<b b<c",
    ),
    case(
        "object_of_a_module_found_by_sys_path",
        """
        --- setup
        import sys
        sys.path.append('lib')
        from inside_lib import Thing
        --- step:a
        t = Thing()
        --- step:b
        print(t.v, isinstance(t, Thing))
        """,
        files={"lib/inside_lib.py": "class Thing:\n    v = 4\n"},
        note="unpickling must find the module",
    ),
    case(
        "sys_argv_and_argparse",
        """
        --- step:a
        import sys
        sys.argv = ['prog', '--lr', '3']
        --- step:b
        import argparse
        p = argparse.ArgumentParser()
        p.add_argument('--lr', type=int)
        print(p.parse_args().lr)
        """,
        expect="same-or-refused",
    ),
    case(
        "tqdm_patches_pandas_in_a_step",
        """
        --- setup
        import pandas as pd
        from tqdm.auto import tqdm
        --- step:a
        tqdm.pandas(disable=True)
        s = pd.Series([1, 2])
        --- step:b
        print(s.progress_apply(lambda x: x + 1).tolist())
        """,
    ),
    case(
        "accessor_in_setup",
        """
        --- setup
        import pandas as pd
        @pd.api.extensions.register_dataframe_accessor('shape_of')
        class ShapeOf:
            def __init__(self, df): self.df = df
            def text(self): return 'x'.join(map(str, self.df.shape))
        --- step:a
        df = pd.DataFrame({'x': [1, 2]})
        --- step:b
        print(df.shape_of.text())
        """,
    ),
    case(
        "import_for_its_effect",
        """
        --- setup
        import pandas as pd
        import own_accessors
        --- step:a
        s = pd.Series([1, 2])
        --- step:b
        print(s.total2())
        """,
        files={"own_accessors.py": "import pandas as pd\npd.Series.total2 = lambda self: int(self.sum()) * 2\n"},
        note="no cell uses the module's name",
    ),
    case(
        "import_for_its_effect_on_options",
        """
        --- step:a
        import own_style
        import numpy as np
        --- step:b
        print(np.array([1 / 3]))
        """,
        files={"own_style.py": "import numpy as np\nprint('styled')\nnp.set_printoptions(precision=2)\n"},
    ),
    case(
        "import_overwrites_a_file",
        """
        --- step:a
        import noisy
        --- step:b
        open('state.txt', 'a').write('by b;')
        --- step:c
        print(noisy.x, open('state.txt').read())
        """,
        files={"noisy.py": "with open('state.txt', 'w') as f: f.write('imported;')\nx = 1\n"},
        expect="same-or-refused",
    ),
    case(
        "own_module_in_parallel_branches",
        """
        --- setup
        from helpers import double
        import helpers
        --- step:a
        a = double(1)
        --- step:b
        b = double(2)
        --- step:c
        print(a, b, helpers.FACTOR)
        """,
        files={"helpers.py": "FACTOR = 2\nMISSING = object()\ndef double(x, y=MISSING): return x * FACTOR if y is MISSING else y\n"},
    ),
    case(
        "sentinel_of_an_own_module",
        """
        --- setup
        import marks
        from marks import NOTHING
        --- step:a
        marks.count += 1
        x = NOTHING
        --- step:b
        print(x is marks.NOTHING, NOTHING is marks.NOTHING, marks.is_nothing(x), marks.count)
        """,
        files={"marks.py": "NOTHING = object()\ncount = 0\ndef is_nothing(x): return x is NOTHING\n"},
    ),
    case(
        "mock_used_in_a_with_block",
        """
        --- step:a
        from unittest import mock
        import os
        with mock.patch.object(os, 'getlogin', return_value='nobody'):
            who = os.getlogin()
        --- step:b
        print(who)
        """,
    ),
    case(
        "mock_started_and_stopped",
        """
        --- step:a
        from unittest import mock
        import os
        p = mock.patch.dict(os.environ, {'MOCKED': '1'})
        p.start()
        who = os.environ['MOCKED']
        p.stop()
        --- step:b
        print(who, 'MOCKED' in os.environ)
        """,
    ),
    case(
        "module_blocked",
        """
        --- step:a
        import sys
        sys.modules['json'] = None
        --- step:b
        try:
            import json
        except ImportError:
            print('blocked')
        """,
        expect="same-or-refused",
    ),
    case(
        "known_library_configured_in_a_step",
        """
        --- step:a
        import optuna
        optuna.logging.set_verbosity(7)
        --- step:b
        import optuna
        print(optuna.logging.level)
        """,
        files={
            "optuna/__init__.py": "from optuna import logging\n",
            "optuna/logging.py": "level = 0\ndef set_verbosity(n):\n    global level\n    level = n\n",
        },
    ),
]
