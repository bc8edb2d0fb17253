"""What outlives a process: artifacts by content, the history of runs, the cache of steps, and their removal.

Here: everything we write to disk or to a bucket, and the promise that nothing recorded is lost or silently changed.
Not here: making snapshots (`runtime`), deciding what a step reads (`assemble`), running anything (`engines`).
"""
