"""What would happen if: plan and twin run forward from a state under changed assumptions.

`inputs` says what can be changed at a site and within which limits, `changes` reads and checks
changes, `start` gathers what a run begins from, `run` runs it and holds it against the twin's own
forecast.
"""
