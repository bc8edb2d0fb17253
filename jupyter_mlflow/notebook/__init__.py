"""Notebook files and tagged cells: bytes in, data out, and back.

    reader    bytes of an .ipynb file       -> cells.TaggedNotebook
    blocks    TaggedNotebook                -> blocks of cells that become steps, and problems with tags and settings
    writer    TaggedNotebook and edits      -> bytes, changed nowhere but at the edits
    executed  TaggedNotebook and run slices -> one executed copy

Not here: what the code in a cell means (`dataflow`), edges and refusals (`assemble`), and any file access.
"""
