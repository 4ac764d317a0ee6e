"""Prefect flows: schedules, forms and progress over `pipelines`. Only this package may import Prefect.

`prefect.yaml` declares the deployments with the entrypoints of their flows; `python -m flows` serves them.
Importing this package sets Prefect's environment variables, before any module imports Prefect.
"""

from flows.environment import prepare

__all__: list[str] = []

prepare()
