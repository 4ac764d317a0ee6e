"""The first words with Customer.io: what a refused key most likely means, and how long silence lasts."""

import pytest

from pipelines.connect import check_access, track_region
from sources.customerio.client import ConfigError, Unauthorized, Unreachable
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse, settings_for
from tests.pipelines.conftest import Shell


def _refusal(warehouse: Warehouse, **settings: object) -> str:
    changed = settings_for(warehouse.sandbox, warehouse.served, warehouse.settings.cio_elt_data, **settings)
    with pytest.raises(Unauthorized) as refused:
        check_access(changed)
    return str(refused.value)


def test_a_track_key_in_the_wrong_place_is_proven(warehouse: Warehouse) -> None:
    """With the site id set, the Track API itself says that the key is one of its own."""
    sandbox = warehouse.sandbox
    said = _refusal(
        warehouse,
        customerio_app_api_key=sandbox.track_api_key,
        customerio_track_site_id=sandbox.track_site_id,
    )
    assert "CUSTOMERIO_APP_API_KEY holds a Track API key" in said
    assert "App API Keys" in said


def test_the_same_key_twice_needs_no_proof(warehouse: Warehouse) -> None:
    """An App API key that equals the Track API key is a Track API key."""
    said = _refusal(warehouse, customerio_app_api_key="abc", customerio_track_api_key="abc")
    assert "CUSTOMERIO_APP_API_KEY holds a Track API key" in said


def test_without_track_keys_the_likely_causes_are_listed(warehouse: Warehouse) -> None:
    """The message for a 401 lists the causes: the kind of key first, the region second."""
    said = _refusal(warehouse, customerio_app_api_key=warehouse.sandbox.track_api_key)
    assert said.index("Track API key") < said.index("CUSTOMERIO_REGION is us, try eu") < said.index("revoked")
    assert "getRegion" not in warehouse.sandbox.stats.by_operation


def test_with_track_keys_the_true_region_is_named(warehouse: Warehouse) -> None:
    """The App API's 401 from another region looks like a bad key; the Track API returns the right region."""
    sandbox = warehouse.sandbox
    sandbox.knobs.set({"wrong_region": True})
    keys = {
        "customerio_track_site_id": sandbox.track_site_id,
        "customerio_track_api_key": sandbox.track_api_key,
    }
    assert "Set CUSTOMERIO_REGION=us." in _refusal(warehouse, customerio_region="eu", **keys)
    assert "The region is right" in _refusal(warehouse, customerio_region="us", **keys)


def test_bad_track_keys_explain_nothing(warehouse: Warehouse) -> None:
    """If the Track API accepts no key either, the message lists the causes."""
    said = _refusal(
        warehouse,
        customerio_app_api_key="wrong",
        customerio_track_site_id="wrong",
        customerio_track_api_key="wrong, too".replace(", ", "-"),
    )
    assert "may hold a Track API key" in said


def test_another_app_host_does_not_bring_keys_to_the_real_track_api(warehouse: Warehouse) -> None:
    """If only the App API's host is replaced, no request is sent to Customer.io's Track API."""
    settings = settings_for(
        warehouse.sandbox,
        warehouse.served,
        warehouse.settings.cio_elt_data,
        customerio_track_url=None,
        customerio_track_site_id="site",
        customerio_track_api_key="key",
    )
    assert track_region(settings) is None


def test_a_scope_without_workspaces_is_no_reason_to_stop(warehouse: Warehouse) -> None:
    """The key is accepted; the sync reports resources that it may not read."""
    warehouse.sandbox.faults.add(Fault(operation="listWorkspaces", status=403, times=None))
    check_access(warehouse.settings)


def test_a_server_that_is_down_is_left_to_the_syncs_patience(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 for some seconds is no error: the requests of a sync are retried for minutes."""
    monkeypatch.setattr("pipelines.connect._BRIEF_RETRY_S", 0.1)
    warehouse.sandbox.faults.add(Fault(operation="listWorkspaces", status=503, times=None))
    check_access(warehouse.settings)


@pytest.mark.proof
def test_an_unreachable_host_is_reported_soon(warehouse: Warehouse, closed_port: int) -> None:
    """A refused connection is retried for seconds; the message names both settings of the host."""
    settings = settings_for(
        warehouse.sandbox,
        warehouse.served,
        warehouse.settings.cio_elt_data,
        customerio_app_url=f"http://127.0.0.1:{closed_port}",
    )
    with pytest.raises(Unreachable, match=r"CUSTOMERIO_REGION .* CUSTOMERIO_APP_URL"):
        check_access(settings)


def test_limits_that_cannot_be_kept_name_their_setting(warehouse: Warehouse) -> None:
    """The message for an unusable folder of the rate limits names its variable."""
    file = warehouse.settings.cio_elt_data
    file.touch()
    settings = settings_for(warehouse.sandbox, warehouse.served, file, cio_elt_limits=file / "below")
    with pytest.raises(ConfigError, match="CIO_ELT_LIMITS"):
        check_access(settings)


def test_the_command_line_shows_the_proof(shell: Shell) -> None:
    """`sync` with a Track key ends with 2 and the proof, and does not show the key."""
    sandbox = shell.sandbox
    ran = shell.run(
        "sync",
        "--json",
        CUSTOMERIO_APP_API_KEY=sandbox.track_api_key,
        CUSTOMERIO_TRACK_SITE_ID=sandbox.track_site_id,
    )
    shell.refused(ran, 2, "holds a Track API key")


@pytest.mark.proof
def test_the_command_line_gives_up_soon_on_an_unreachable_host(shell: Shell, closed_port: int) -> None:
    """`sync` ends with 1 within seconds, with one message."""
    ran = shell.run("sync", CUSTOMERIO_APP_URL=f"http://127.0.0.1:{closed_port}")

    shell.refused(ran, 1, "found no connection", "CUSTOMERIO_APP_URL")
    assert ran.seconds < 25
