"""The program that runs one step: a `StepTask` in, `Event`s while it runs, a `StepResult` out.

    python -m jupyter_mlflow.runtime serve --socket PATH [--preload numpy,pandas.api]
    python -m jupyter_mlflow.runtime step TASK.json [--events FILE]

Nobody imports this package: engines start it as a program and speak `protocol` with it.

    template     imports, never computes; forks a supervisor for each task            templates, preloads
    standby      a supervisor and its child, forked before there is a task for them   standbys
    supervisor   papermill runs here: executed notebook, events, limits, result       supervisors
    child        an IPython shell without sockets that runs the user's cells          children
    kernel       instead of the child, where the notebook asks for another kernel     kernels

Here: executing a task and telling what became of it.
Not here: which step runs when, what it reads and where its result goes (`engines`, `assemble`).
"""
