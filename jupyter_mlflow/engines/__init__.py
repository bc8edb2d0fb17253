"""Where steps run, and in which order.

Here: the scheduler (which step starts when) and executors (how one task is started, watched and stopped).
Not here: what a task consists of (`actions.runs`), running the cells (`runtime`).
"""
