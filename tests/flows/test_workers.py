"""Runs through a work pool, as on several machines: deployed from prefect.yaml, run by a worker."""

from collections.abc import Iterator

import pytest

from tests.flows.stage import Stage


@pytest.fixture
def pooled(stage: Stage) -> Iterator[Stage]:
    """The stage with a worker instead of the serving process."""
    stage.stop("serving")
    try:
        stage.hand_over()
        yield stage
    finally:
        if "worker" in stage.groups:
            stage.kill("worker")
        stage.serve()


def test_a_worker_of_a_pool_runs_what_was_deployed(pooled: Stage) -> None:
    """The commands of flows/README.md load rows; later the serving process can take the deployments back."""
    run = pooled.ended(pooled.start("sync", resources=["segments"]))

    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]
    assert run["state"]["message"].endswith("rows written.")
    assert "customerio" == run["work_pool_name"]

    pooled.kill("worker")
    pooled.serve()
    served = pooled.ended(pooled.start("sync", resources=["segments"]))
    pooled.stop("serving")

    # The deployment still names the pool; the serving process runs it anyway.
    assert "COMPLETED" == served["state"]["type"], served["state"]["message"]
