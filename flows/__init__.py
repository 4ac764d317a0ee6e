"""WHEN IT RUNS: schedules and forms over `pipelines`. The only package that may import Prefect."""
