"""numpy: in-place operations, views that share memory, flags and layouts."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "in_place_operators",
        """
        --- setup
        import numpy as np
        --- step:a
        x = np.arange(3.0)
        y = x
        --- step:b
        x += 1
        x[0] = 9
        --- step:c
        np.multiply(x, 2, out=x)
        --- step:d
        print(x, y, x is y)
        """,
        ordered="b<c c<d",
    ),
    case(
        "methods_in_place",
        """
        --- setup
        import numpy as np
        --- step:a
        x = np.array([3, 1, 2]); z = np.zeros((2, 2))
        --- step:b
        x.sort(); z.fill(7)
        --- step:c
        np.fill_diagonal(z, 0); np.put(x, [0], 100); np.copyto(z[0], 5); np.place(x, x == 3, -3)
        --- step:d
        x.shape = (3, 1); x.resize((2, 1), refcheck=False)
        --- step:e
        print(x, z)
        """,
        ordered="b<c c<d d<e",
    ),
    case(
        "view_in_one_step",
        """
        --- setup
        import numpy as np
        --- step:a
        x = np.arange(6)
        v = x[1:4]
        --- step:b
        v[0] = 99
        --- step:c
        print(x, v, np.shares_memory(x, v))
        """,
        ordered="b<c",
        note="two names, one memory",
    ),
    case(
        "view_made_later",
        """
        --- setup
        import numpy as np
        --- step:a
        x = np.arange(6)
        --- step:b
        v = x.reshape(2, 3)
        --- step:c
        v[0, 0] = 99
        --- step:d
        print(x, v)
        """,
        ordered="c<d",
    ),
    case(
        "base_changed_view_read",
        """
        --- setup
        import numpy as np
        --- step:a
        x = np.zeros(4)
        t = x.reshape(2, 2).T
        --- step:b
        x[1] = 5
        --- step:c
        print(t)
        """,
        ordered="b<c",
    ),
    case(
        "large_view",
        """
        --- setup
        import numpy as np
        --- step:a
        x = np.zeros((200, 100))
        row, col = x[3], x[:, 4]
        --- step:b
        row[:] = 1; col[:] = 2
        --- step:c
        print(x[3, :6], x[:5, 4], x.sum(), np.shares_memory(row, x))
        """,
        ordered="b<c",
        note="big enough to travel outside the pickle",
    ),
    case(
        "view_after_idle_snapshot",
        """
        --- setup
        import numpy as np
        --- step:a
        x = np.arange(4.0)
        v = x[:2]
        --- step:b
        print(x.sum(), v.sum())
        --- step:c
        x[0] = 10
        print(v[0], v.base is x)
        """,
        note="both only travel before they are changed",
    ),
    case(
        "slice_assignment_through_iteration",
        """
        --- setup
        import numpy as np
        --- step:a
        m = np.arange(6).reshape(2, 3)
        --- step:b
        for row in m:
            row *= 10
        --- step:c
        for x in np.nditer(m, op_flags=['readwrite']):
            x[...] += 1
        --- step:d
        print(m)
        """,
        ordered="b<c c<d",
    ),
    case(
        "flat_real_and_diagonal",
        """
        --- setup
        import numpy as np
        --- step:a
        c = np.zeros(3, dtype=complex); m = np.zeros((2, 2))
        --- step:b
        c.real[:] = 1; m.flat[0] = 5; m.T[0, 1] = 7
        --- step:c
        print(c, m)
        """,
        ordered="b<c",
    ),
    case(
        "copies_do_not_share",
        """
        --- setup
        import numpy as np
        --- step:a
        x = np.arange(4)
        y = x.copy(); z = x[[0, 1]]; w = x + 0
        --- step:b
        x[0] = 50
        --- step:c
        print(y, z, w)
        """,
        parallel="b|c",
    ),
    case(
        "read_only_flag",
        """
        --- setup
        import numpy as np
        --- step:a
        x = np.zeros(2000); x.flags.writeable = False
        y = np.zeros(2000)
        --- step:b
        y[0] = 1
        try:
            x[0] = 1
        except ValueError as e:
            print('read only')
        print(x.flags.writeable, y.flags.writeable)
        """,
        expect="same-or-refused",
        note="numpy's pickle does not keep the flag",
    ),
    case(
        "layouts_and_dtypes",
        """
        --- setup
        import numpy as np
        --- step:a
        f = np.asfortranarray(np.arange(2000.0).reshape(40, 50))
        r = np.zeros(2, dtype=[('n', 'i4'), ('s', 'U3')])
        big = np.arange(3, dtype='>i4')
        zero = np.array(5)
        empty = np.zeros((0, 3))
        --- step:b
        r['n'][0] = 7
        r[1] = (8, 'ab')
        print(f.flags.f_contiguous, f[1, 1], r, big.dtype.str, zero[()], empty.shape)
        """,
    ),
    case(
        "object_arrays_share_elements",
        """
        --- setup
        import numpy as np
        --- step:a
        inner = [1]
        o = np.array([None, None], dtype=object)
        o[0] = o[1] = inner
        --- step:b
        inner.append(2)
        --- step:c
        print(o, o[0] is o[1], o[0] is inner)
        """,
        ordered="b<c",
    ),
    case(
        "masked_and_matrix",
        """
        --- setup
        import numpy as np
        --- step:a
        m = np.ma.array([1, 2, 3], mask=[0, 1, 0])
        --- step:b
        m[0] = np.ma.masked
        --- step:c
        print(m, m.sum(), m.mask)
        """,
        ordered="b<c",
    ),
    case(
        "array_subclass_with_attribute",
        """
        --- setup
        import numpy as np
        class Tagged(np.ndarray):
            def __new__(cls, data, tag=None):
                self = np.asarray(data).view(cls)
                self.tag = tag
                return self
            def __array_finalize__(self, other): self.tag = getattr(other, 'tag', None)
        --- step:a
        t = Tagged([1, 2], tag='T')
        --- step:b
        print(t.tag, type(t) is Tagged, t[:1].tag)
        """,
        expect="same-or-refused",
        note="the class forgets its tag when pickled",
    ),
    case(
        "vectorized_function_with_global",
        """
        --- setup
        import numpy as np
        k = 2
        f = np.vectorize(lambda v: v * k)
        --- step:a
        k = 3
        --- step:b
        print(f([1, 2]))
        """,
        ordered="a<b",
    ),
    case(
        "function_fills_an_argument",
        """
        --- setup
        import numpy as np
        def fill(a, v): a[:] = v
        def scale_in_place(a): a *= 2
        --- step:a
        x = np.zeros(2)
        --- step:b
        fill(x, 3)
        --- step:c
        scale_in_place(x)
        --- step:d
        print(x)
        """,
        ordered="b<c c<d",
    ),
    case(
        "reductions_stay_parallel",
        """
        --- setup
        import numpy as np
        --- step:a
        x = np.arange(12.0).reshape(3, 4)
        --- step:b
        b = x.mean(axis=0)
        --- step:c
        c = np.linalg.norm(x) + np.sort(x, axis=1)[0, 0]
        --- step:d
        d = np.where(x > 5, x, 0).sum()
        --- step:e
        print(b, round(float(c), 3), d)
        """,
        parallel="b|c b|d c|d",
    ),
    case(
        "scipy_sparse",
        """
        --- setup
        import numpy as np
        from scipy import sparse
        --- step:a
        m = sparse.lil_matrix((3, 3))
        --- step:b
        m[0, 1] = 5
        --- step:c
        print(m.toarray(), m.nnz)
        """,
        ordered="b<c",
    ),
    case(
        "buffer_shared_with_bytes",
        """
        --- setup
        import numpy as np
        --- step:a
        raw = bytearray(8)
        x = np.frombuffer(raw, dtype='u1')
        --- step:b
        raw[0] = 255
        --- step:c
        print(x)
        """,
        expect="same-or-refused",
    ),
    case(
        "scalars_and_identity",
        """
        --- setup
        import numpy as np
        --- step:a
        s = np.float32(1.5); n = np.int64(3); b = np.True_; nat = np.datetime64('NaT'); m = np.ma.masked
        --- step:b
        print(type(s).__name__, n + 1, b is np.True_, np.isnat(nat), m is np.ma.masked, np.nan is np.nan)
        """,
    ),
]
