"""How objects of a notebook travel to another process: a pickler that keeps what pickle loses.

pickle knows functions and classes by name only, and believes each object's own `__reduce__`, which may drop state that nobody would miss on
disk. Between two steps of one run everything counts, so here

- functions and classes of the notebook travel by value, bound to the receiving namespace; a class is made without running its metaclass, its
  `__init_subclass__` or decorators again;
- objects of the notebook's classes travel whole, whatever their hooks for pickle would leave out;
- what several names look into stays one: arrays and buffers that share memory, views of mappings, enum members, sentinels;
- exceptions keep their cause, context and traceback, sets their order;
- what would arrive as something else is refused with a reason.

These files need the standard library only and are injected into kernels of any environment, back to Python 3.8.

Not here: how payloads lie on disk (`payloads`), which names travel and what else a process knows (`agent`).
"""
