"""Prefect's folder, its logs and its pages have no key, no link and no person's data."""

import json

from tests.flows.stage import Stage
from tests.pipelines.erase.conftest import traces
from tests.pipelines.test_canary import EMAIL, FOREIGN_KEY, LINK, PERSONAL, PHONE


def test_prefect_has_no_key_no_link_and_no_person(stage: Stage) -> None:
    """After flows that ended well, and after one whose error repeats a person's data."""
    keys = tuple(stage.sandbox[name] for name in ("app_api_key", "track_site_id", "track_api_key"))
    told = f"{EMAIL} {PHONE} {FOREIGN_KEY} {LINK}"
    planted = {"planted": dict.fromkeys(("a", "b"), told)}
    try:
        stage.control("faults", {"clear": True})
        stage.control("faults", {"give_fields": planted, "times": None})
        runs = [stage.start("sync", resources=["people", "segments"]), stage.start("export-people")]
        states = [stage.ended(run, 120.0)["state"]["type"] for run in runs]
        stage.control("faults", {"operation": "listCampaigns", "status": 400, "detail": told, "times": None})
        runs.append(stage.start("sync", resources=["campaigns"]))
        states.append(stage.ended(runs[-1], 120.0)["state"]["type"])
    finally:
        stage.control("faults", {"clear": True})

    assert ["COMPLETED", "COMPLETED", "FAILED"] == states
    assert [(1,)] == stage.query(
        f"SELECT count(DISTINCT 1) FROM customerio_raw.people WHERE planted::VARCHAR LIKE '%{EMAIL}%'"
    ), "the planted data is in the warehouse"
    assert [] == traces(stage.folder / "prefect", (*keys, *PERSONAL))
    logs = {name: (stage.folder / f"{name}.log").read_text() for name in ("server", "serving")}
    shown = json.dumps(logs) + "".join(stage.logs(run) + json.dumps(stage.artifacts(run)) for run in runs)
    assert "Finished in state" in shown
    assert [] == [text for text in (*keys, *PERSONAL) if text in shown]
