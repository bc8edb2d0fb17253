"""What a user can do, one function each; every face (command line, magics, papermill, Python) calls these and nothing below.

Here: opening and checking notebooks, drawing graphs, running, verifying, resuming, and looking at runs.
Not here: printing and exit codes (`cli`), what is true of a notebook (`assemble`), where steps run (`engines`).
"""
