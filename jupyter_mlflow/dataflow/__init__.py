"""Code text -> names and effects -> what each group of cells reads, writes and shares. Knows no notebook, does no I/O.

The order of work:

    sources     cell text -> Python text        (IPython's own transformer, only where plain Python fails)
    scopes      Python text -> which names are global, by the stdlib's `symtable`
    values      abstract values: kinds, regions (objects that may be shared), code
    knowledge   tables of well-known effects: builtins, pandas, numpy, scikit-learn, matplotlib, ...
    interpreter one pass over the cells in notebook order -> `Effects` of each cell
    channels    effects of all cells, grouped in steps -> reads, gives, edges

The analysis is an over-approximation: what cannot be ruled out is taken to happen. A wrong guess in that
direction costs parallelism; in the other direction it would cost a right result, so there is no other direction.

Not here: cells, tags and steps as a notebook has them (`notebook`), and what is to be said to the user (`assemble.rules`).
"""
