"""WHEN IT RUNS: schedules, forms and progress over `pipelines`. The only package that may import Prefect.

The flows are found by the entrypoints in `prefect.yaml`, and `python -m flows` serves them all. Whatever
imports this package has Prefect set up before Prefect is imported.
"""

from flows.environment import prepare

__all__: list[str] = []

prepare()
