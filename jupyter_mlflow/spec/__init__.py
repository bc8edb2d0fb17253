"""The nouns: frozen data that every other package shares, and nothing that does work.

Here: what a pipeline, task, run or diagnostic *is*, and `codec`, the one place where they become JSON.
Not here: reading files, analysing code, running anything. No module of this package does I/O.
"""
