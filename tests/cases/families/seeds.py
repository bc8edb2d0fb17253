"""Random state: global generators are a channel, generator objects are objects, and unseeded estimators use both."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "python_seed_in_setup",
        """
        --- setup
        import random
        random.seed(1)
        --- step:a
        a = random.random()
        --- step:b
        b = random.randint(0, 1000)
        --- step:c
        print(a, b, random.choice(range(100)))
        """,
        ordered="a<b b<c",
    ),
    case(
        "numpy_legacy_seed",
        """
        --- setup
        import numpy as np
        np.random.seed(1)
        --- step:a
        a = np.random.rand(2)
        --- step:b
        b = np.random.normal(size=3)
        --- step:c
        print(a, b, np.random.randint(0, 1000))
        """,
        ordered="a<b b<c",
        note="normal() keeps a spare value in the state",
    ),
    case(
        "python_and_numpy_are_two_channels",
        """
        --- setup
        import random
        import numpy as np
        random.seed(1); np.random.seed(1)
        --- step:a
        a = random.random()
        --- step:b
        b = np.random.rand()
        --- step:c
        print(a, b)
        """,
        parallel="a|b",
    ),
    case(
        "seed_helper_function",
        """
        --- setup
        import random
        import numpy as np
        def set_seed(s):
            random.seed(s)
            np.random.seed(s)
        --- step:a
        set_seed(5)
        --- step:b
        print(random.random(), np.random.rand())
        --- step:c
        print(random.random(), np.random.rand())
        """,
        ordered="a<b b<c",
    ),
    case(
        "reseeded_branches_are_free",
        """
        --- setup
        import numpy as np
        --- step:a
        np.random.seed(1)
        a = np.random.rand()
        --- step:b
        np.random.seed(2)
        b = np.random.rand()
        --- step:c
        print(a, b)
        --- step:d
        print(np.random.rand())
        """,
        parallel="a|b",
        ordered="b<d",
        note="d goes on from b's seed",
    ),
    case(
        "draws_hidden_in_a_function",
        """
        --- setup
        import random
        random.seed(3)
        def noise(): return random.gauss(0, 1)
        --- step:a
        a = noise()
        --- step:b
        b = noise()
        --- step:c
        print(a, b)
        """,
        ordered="a<b",
    ),
    case(
        "draw_by_imported_name",
        """
        --- setup
        from random import random as rnd, seed
        from numpy.random import rand, seed as nseed
        seed(1); nseed(1)
        --- step:a
        a = rnd(), rand()
        --- step:b
        b = rnd(), rand()
        --- step:c
        print(a, b)
        """,
        ordered="a<b",
    ),
    case(
        "draw_by_kept_method",
        """
        --- setup
        import random
        random.seed(7)
        draw = random.random
        mix = random.shuffle
        --- step:a
        a = draw()
        --- step:b
        xs = [1, 2, 3, 4]
        mix(xs)
        --- step:c
        print(a, xs, random.random())
        """,
        ordered="a<b b<c",
    ),
    case(
        "generator_object",
        """
        --- setup
        import numpy as np
        rng = np.random.default_rng(0)
        --- step:a
        a = rng.random()
        --- step:b
        b = rng.normal(size=2)
        --- step:c
        print(a, b, rng.integers(0, 1000))
        """,
        ordered="a<b b<c",
    ),
    case(
        "generator_object_aliased",
        """
        --- setup
        import numpy as np
        rng = np.random.default_rng(0)
        class Sampler:
            def __init__(self, rng): self.rng = rng
            def draw(self): return self.rng.random()
        sampler = Sampler(rng)
        --- step:a
        a = sampler.draw()
        --- step:b
        b = rng.random()
        --- step:c
        print(a, b, a != b, sampler.rng is rng)
        """,
        ordered="a<b",
    ),
    case(
        "generator_spawned",
        """
        --- setup
        import numpy as np
        rng = np.random.default_rng(0)
        --- step:a
        kids = rng.spawn(2)
        --- step:b
        x = kids[0].random()
        --- step:c
        y = kids[1].random()
        more = rng.spawn(1)[0].random()
        --- step:d
        print(x, y, more)
        """,
    ),
    case(
        "python_random_instance",
        """
        --- step:a
        import random
        r = random.Random(4)
        --- step:b
        x = r.random()
        --- step:c
        print(x, r.random(), r.sample(range(10), 3))
        """,
        ordered="b<c",
    ),
    case(
        "random_state_object",
        """
        --- setup
        import numpy as np
        rs = np.random.RandomState(3)
        --- step:a
        a = rs.permutation(5)
        --- step:b
        b = rs.permutation(5)
        --- step:c
        print(a, b)
        """,
        ordered="a<b",
    ),
    case(
        "own_generators_are_parallel",
        """
        --- setup
        import numpy as np
        --- step:a
        a = np.random.default_rng(1).random(2)
        --- step:b
        b = np.random.default_rng(2).random(2)
        --- step:c
        print(a + b)
        """,
        parallel="a|b",
    ),
    case(
        "pandas_sample_uses_numpy",
        """
        --- setup
        import numpy as np, pandas as pd
        np.random.seed(2)
        --- step:a
        df = pd.DataFrame({'x': range(20)})
        --- step:b
        s1 = df.sample(3).x.tolist()
        --- step:c
        s2 = df.sample(3).x.tolist()
        --- step:d
        print(s1, s2)
        """,
        ordered="b<c",
    ),
    case(
        "pandas_sample_seeded_is_parallel",
        """
        --- setup
        import pandas as pd
        --- step:a
        df = pd.DataFrame({'x': range(20)})
        --- step:b
        s1 = df.sample(3, random_state=1).x.tolist()
        --- step:c
        s2 = df.sample(3, random_state=2).x.tolist()
        --- step:d
        print(s1, s2)
        """,
        parallel="b|c",
    ),
    case(
        "sklearn_random_state_none",
        """
        --- setup
        import numpy as np
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.model_selection import train_test_split
        np.random.seed(0)
        --- step:a
        X = np.arange(80).reshape(40, 2) % 7
        y = (X.sum(axis=1) > 6).astype(int)
        Xa, Xb, ya, yb = train_test_split(X, y)
        --- step:b
        f1 = RandomForestClassifier(5).fit(Xa, ya).predict_proba(Xb)[:3, 1]
        --- step:c
        f2 = RandomForestClassifier(5).fit(Xa, ya).predict_proba(Xb)[:3, 1]
        --- step:d
        print(f1, f2, Xb[:2].tolist(), np.random.rand())
        """,
        ordered="a<b b<c c<d",
    ),
    case(
        "shuffle_functions",
        """
        --- setup
        import random
        import numpy as np
        random.seed(1); np.random.seed(1)
        --- step:a
        xs = list(range(6)); arr = np.arange(6)
        --- step:b
        random.shuffle(xs)
        np.random.shuffle(arr)
        --- step:c
        print(xs, arr, random.random(), np.random.rand())
        """,
        ordered="b<c",
    ),
    case(
        "state_saved_and_restored",
        """
        --- setup
        import random
        import numpy as np
        random.seed(1); np.random.seed(1)
        --- step:a
        state, nstate = random.getstate(), np.random.get_state()
        x = random.random(), np.random.rand()
        --- step:b
        random.setstate(state); np.random.set_state(nstate)
        --- step:c
        print((random.random(), np.random.rand()) == x)
        """,
        ordered="a<b b<c",
    ),
    case(
        "draw_only_sometimes",
        """
        --- setup
        import random
        random.seed(1)
        flag = True
        --- step:a
        if flag:
            random.random()
        --- step:b
        print(random.random())
        """,
        ordered="a<b",
    ),
    case(
        "seed_after_the_draws",
        """
        --- setup
        import random
        random.seed(1)
        --- step:a
        a = random.random()
        --- step:b
        random.seed(1)
        --- step:c
        print(a == random.random())
        """,
        ordered="b<c",
    ),
    case(
        "scipy_uses_the_numpy_state",
        """
        --- setup
        import numpy as np
        from scipy import stats
        np.random.seed(1)
        --- step:a
        a = stats.norm.rvs(size=2)
        --- step:b
        b = stats.uniform.rvs(size=2)
        --- step:c
        print(a, b)
        """,
        ordered="a<b",
    ),
    case(
        "hidden_state_object_of_numpy",
        """
        --- setup
        import numpy as np
        np.random.seed(1)
        rs = np.random.mtrand._rand
        --- step:a
        a = rs.rand()
        --- step:b
        print(a, np.random.rand(), rs is np.random.mtrand._rand)
        """,
        expect="same-or-refused",
    ),
    case(
        "time_and_uuid_values",
        """
        --- setup
        import time, uuid, random
        run_id = uuid.uuid4().hex
        t0 = time.time()
        token = random.random()
        --- step:a
        ids = [run_id]; toks = [token]
        --- step:b
        print(ids[0] == run_id, toks[0] == token, 0 <= time.time() - t0 < 600, len(run_id))
        """,
        note="setup runs once, its values travel",
    ),
    case(
        "unseeded_yet_consistent",
        """
        --- setup
        import random
        --- step:a
        random.seed()
        st = random.getstate()
        --- step:b
        skipped = random.random()
        --- step:c
        x = random.random()
        random.setstate(st)
        random.random()
        print(x == random.random())
        """,
        ordered="a<b b<c",
    ),
]
