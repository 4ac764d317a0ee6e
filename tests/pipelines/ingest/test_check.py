"""`check`: tests, resource by resource, if a sync would work."""

import pytest

from pipelines.ingest.check import check
from sources.customerio.catalogue import RESOURCES
from sources.customerio.client import Unauthorized
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse, settings_for
from tests.pipelines.conftest import Shell


def test_everything_is_reachable_with_a_whole_key(warehouse: Warehouse) -> None:
    """A key with all scopes reaches every table; tables that need a file or their name are untried."""
    result = check(warehouse.settings)

    assert result.complete
    assert [row.table for row in RESOURCES] == [reach.resource for reach in result.reaches]
    verdicts = {reach.resource: reach.verdict for reach in result.reaches}
    for row in RESOURCES:
        assert ("untried" if row.parent_type or row.optional else "reachable") == verdicts[row.table]
    assert result.track_region is None


def test_it_asks_little_and_writes_nothing(warehouse: Warehouse) -> None:
    """`check` makes a few requests, all reads, and writes no file but that of the rate limits."""
    check(warehouse.settings)

    assert warehouse.sandbox.stats.total < 2 * len(RESOURCES)
    folder = warehouse.settings.cio_elt_data
    assert [folder / "limits"] == list(folder.iterdir())


def test_the_track_api_is_asked_for_the_region(warehouse: Warehouse) -> None:
    """With Track keys the region is confirmed, or refused with the right one."""
    sandbox = warehouse.sandbox
    keys = {
        "customerio_track_site_id": sandbox.track_site_id,
        "customerio_track_api_key": sandbox.track_api_key,
    }
    data = warehouse.settings.cio_elt_data
    assert "us" == check(settings_for(sandbox, warehouse.served, data, **keys)).track_region
    with pytest.raises(Unauthorized, match="Set CUSTOMERIO_REGION=us"):
        check(settings_for(sandbox, warehouse.served, data, customerio_region="eu", **keys))


def test_a_workspace_without_parents_leaves_their_children_untried(warehouse: Warehouse) -> None:
    """Without a campaign, the tables below campaigns are untried."""
    for row in list(warehouse.sandbox.rows("campaigns")):
        warehouse.sandbox.delete("campaigns", row["id"])
    result = check(warehouse.settings)

    assert result.complete
    (actions,) = [reach for reach in result.reaches if reach.resource == "campaign_actions"]
    assert ("untried", "there are no campaigns to ask below") == (actions.verdict, actions.reason)


@pytest.mark.proof
def test_a_missing_scope_names_the_resource(shell: Shell) -> None:
    """`check` ends with 4, and names the resource that the key does not reach and the next step."""
    shell.sandbox.faults.add(Fault(operation="listSegments", status=403, times=None))

    ran = shell.run("check", "--json")

    assert (4, "") == (ran.code, ran.err)
    assert not ran.document["complete"]
    reaches = {reach["resource"]: reach for reach in ran.document["reaches"]}
    assert "forbidden" == reaches["segments"]["verdict"]
    assert "scope" in reaches["segments"]["reason"]
    assert "reachable" == reaches["campaigns"]["verdict"]
    assert ran.document["verdict"].startswith("Not ready: the key cannot read ")
    assert "segments" in ran.document["verdict"]


@pytest.mark.proof
def test_the_track_api_names_the_workspace(shell: Shell) -> None:
    """With the Track API's keys, the first line has their workspace's id and name, and what is not proven."""
    keys = {
        "CUSTOMERIO_TRACK_SITE_ID": shell.sandbox.track_site_id,
        "CUSTOMERIO_TRACK_API_KEY": shell.sandbox.track_api_key,
    }

    ran = shell.run("check", **keys)

    names = {f"Workspace {row['id']} ({row['name']})" for row in shell.sandbox.rows("workspaces")}
    named, _, rest = ran.out.partition(",")
    assert (0, "") == (ran.code, ran.err)
    assert named in names
    assert "It is not proven yet that the App API key is of the same one." in rest


@pytest.mark.proof
def test_it_says_what_the_first_sync_costs(shell: Shell) -> None:
    """Until a sync has filled the warehouse, `check` ends with the figures of `plan`."""
    planned, cost = shell.run("plan", "--json").document, shell.run("check", "--json").document["first_sync"]
    assert planned["requests"] == cost["requests"] > 0
    assert planned["minutes"] == cost["minutes"]

    shell.run("sync", "segments")

    assert shell.run("check", "--json").document["first_sync"] is None


@pytest.mark.parametrize("knob", ["forbidden", "not_served"])
def test_a_table_that_a_sync_would_skip_is_no_failure(warehouse: Warehouse, knob: str) -> None:
    """A call that some workspaces lack is named as skipped, and the check is complete."""
    setattr(warehouse.sandbox.knobs, knob, {"listEmails"})

    result = check(warehouse.settings)

    (emails,) = [reach for reach in result.reaches if reach.resource == "design_studio_emails"]
    assert ("skipped", True) == (emails.verdict, result.complete)
    assert "listEmails" in emails.reason


@pytest.mark.proof
def test_people_read_a_table(shell: Shell) -> None:
    """Without --json there are the workspaces, a line per resource, the verdict, and nothing on stderr."""
    ran = shell.run("check")

    assert (0, "") == (ran.code, ran.err)
    first, *_, last = ran.out.splitlines()
    assert first.startswith("The workspace is not certain: it is one of ")
    for workspace in shell.sandbox.rows("workspaces"):
        assert f"{workspace['id']} ({workspace['name']})" in first
    assert last.startswith("Ready: a sync can read all ")
    assert last.endswith(" tables that were tried. Run `cio-elt sync`.")
    for row in RESOURCES:
        assert f"\n{row.table} " in ran.out
