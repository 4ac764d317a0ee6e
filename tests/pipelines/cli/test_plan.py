"""`cio-elt plan`, as a user runs it."""

import pytest

from pipelines.settings import read_settings
from pipelines.times import DAY, HOUR, utc
from pipelines.warehouse.queries import querying
from tests.pipelines.conftest import Shell


@pytest.mark.proof
def test_a_plan_is_a_table_with_its_sums(shell: Shell) -> None:
    """A line for each resource, which a terminal has room for, then notes; the sums say what is not known."""
    ran = shell.run("plan", "campaigns", "snippets", "newsletter_content_link_metrics")

    assert (0, "") == (ran.code, ran.err)
    table, note, sums = ran.out.partition("Note 1: rows are known after the first sync.")
    assert note and sums
    assert max(map(len, table.splitlines())) <= 80
    assert "campaigns" in ran.out and "snippets" in ran.out
    assert "A first sync: " in ran.out
    assert "Not known: the rows of 2 resource(s)" in ran.out
    assert "requests a day" in ran.out
    assert "wrote nothing" in ran.out
    assert not shell.published.exists()


@pytest.mark.proof
def test_a_plan_is_one_document(shell: Shell) -> None:
    """With `--json`, totals and lines are one document; a backfill is one of a list."""
    sync = shell.run("plan", "campaigns", "--json").document
    assert sync["requests"] == sum(line["requests"] for line in sync["tables"])

    (backfill,) = shell.run("plan", "--from", "2026-10-10", "--json").document["backfills"]
    assert "messages" == backfill["tables"][1]["resource"]
    assert backfill["advice"] in backfill["notes"]


@pytest.mark.proof
def test_a_sync_prints_what_was_predicted_beside_what_it_took(shell: Shell) -> None:
    """By a plan, or by the syncs of the same tables after such a pause; `sync_runs` has both numbers."""
    first = shell.run("sync", "campaigns", "campaign_metrics", "--plan", "--json").document
    shell.sandbox.clock.advance(HOUR)
    second = shell.run("sync", "campaigns", "campaign_metrics", "--json").document
    shell.sandbox.clock.advance(HOUR)
    third = shell.run("sync", "campaigns", "campaign_metrics")

    made = first["requests"]
    assert (
        made
        == sum(line["requests"] for line in first["resources"])
        == pytest.approx(first["requests_predicted"], rel=0.05)
    )
    assert second["requests_predicted"] is None
    assert f"with {made:,} request(s) where {made:,} were predicted" in third.out
    with querying(read_settings(cio_elt_data=shell.data)) as query:
        noted = query(
            "SELECT sum(requests), sum(requests_predicted) FROM customerio_raw.sync_runs "
            "GROUP BY run_id ORDER BY max(noted_at)"
        )
    assert [(made, first["requests_predicted"]), (made, None), (made, made)] == noted


@pytest.mark.proof
def test_a_backfill_prints_what_was_predicted_beside_what_it_took(shell: Shell) -> None:
    """For each chunk, where a plan is asked for; of a time that is loaded, the plan knows."""
    shell.run("sync", "messages")
    start = utc(shell.sandbox.clock.now() - 20 * DAY)[:10]

    first, *rest = shell.run("backfill", "messages", "--from", start, "--plan", "--json").document["chunks"]

    assert rest
    for chunk in (first, *rest):
        assert chunk["requests"] == chunk["requests_predicted"] == chunk["resources"][0]["requests_predicted"]
    assert "where 1 were predicted, " in shell.run("backfill", "messages", "--from", start, "--plan").out
    exports = shell.run("backfill", "messages", "--from", start, "--via", "exports", "--plan")
    assert 2 == exports.code
    assert "`cio-elt plan --from` predicts one by exports" in exports.err


def test_wrong_use_is_refused(shell: Shell) -> None:
    """A name that is no table's ends with a suggestion, and an end without a begin with an example."""
    shell.refused(shell.run("plan", "campaign"), 2, "'campaign'", "campaigns")
    shell.refused(shell.run("plan", "mesages", "--from", "2026-10-10"), 2, "'mesages'", "messages")
    shell.refused(shell.run("plan", "--to", "2026-10-10"), 2, "--from")
    shell.refused(shell.run("plan", CUSTOMERIO_START="2999-01-01"), 2, "CUSTOMERIO_START", "in the future")
