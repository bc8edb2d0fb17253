"""What jupyter_mlflow costs, as ratios measured in neighbouring runs.

    python -m benchmarks                    # the whole table, and build/benchmarks.json
    python -m benchmarks --quick            # fewer rounds: a first impression
    python -m benchmarks --only pipeline    # one group of rows; --list names them
    python -m benchmarks --peers            # also other tools, installed into environments of their own

Absolute times of a shared machine mean little, ratios of neighbouring runs do: what is compared runs in turn, A B A B ..., and each round
gives one ratio. The table tells their median and their spread, and beside the wall clock the processor time of all processes.

    samples     numbers of one row: median, spread, linearity
    timing      cost of a call, with all its processes; running several in turn
    report      targets, rows, verdicts; the table as text and Markdown, the JSON
    machine     what it was measured on
    notebooks   the notebooks that are run
    steps       single steps, as the local engine runs them
    peers       other tools: their environments, and the same pipeline written for them
    measures/   one file for each group of rows
"""
