"""What tests need, ours and those of plugins: builders, and conformance suites for engines, targets and stores.

Nothing else in the package imports this.
"""
