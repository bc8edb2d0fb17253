"""What jupyter_mlflow costs, as ratios measured in pairs within one run.

`python -m benchmarks` prints the table and writes it as JSON; `--only NAME` runs one row, `--rounds N` repeats each pair, `--peers` installs
other tools into environments of their own and measures them beside. Absolute times of a shared machine mean little; ratios of
neighbouring runs do.
"""
