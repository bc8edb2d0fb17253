"""What tests need, ours and those of plugins: builders, and conformance suites for engines, targets and stores.

Not here: our own tests and their data (`tests/`). Nothing else in the package imports this.
"""
