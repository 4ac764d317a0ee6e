"""Measurements, each beside its baseline from the same run.

`python -m tests.bench [PARTS] [--times N] [--json] [--save]` measures. `measure` has the type of a figure,
`runner` the order of a run, `results`, `cells` and `page` its results; each other module is a part.
"""
