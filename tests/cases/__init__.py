"""The judge of the first promise: tricky tagged notebooks, each run both ways and compared cell by cell.

`families/` holds the notebooks, one module per family; `harness` runs one notebook by Run All in a stock
kernel and as a pipeline, and gives a verdict. `python -m tests.cases` prints all of them.
"""
