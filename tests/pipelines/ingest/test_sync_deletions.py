"""A sync whose reading misses most of a table holds the deletions back and ends with 4."""

import duckdb
import pytest

from sources.customerio.sandbox import Fault
from tests.pipelines.conftest import Shell

TABLE = "segment_memberships"


def _alive(shell: Shell) -> int:
    with duckdb.connect(shell.published, read_only=True) as connection:
        sql = f"SELECT count(*) FROM customerio_raw.{TABLE} WHERE deleted_at IS NULL"
        return int(connection.execute(sql).fetchall()[0][0])


@pytest.mark.proof
def test_held_deletions_end_with_4_until_they_are_accepted(shell: Shell) -> None:
    """Empty lists delete nothing: the table is named, with the way to accept; accepted, they are believed."""
    assert 0 == shell.run("sync", TABLE).code
    before = _alive(shell)
    shell.sandbox.clock.advance(60)
    shell.sandbox.faults.add(
        Fault(operation="getSegmentMembership", times=None, document={"identifiers": None, "next": ""})
    )

    shell.refused(shell.run("sync", "--new-workspace"), 2, "CIO_ELT_DATA")
    held = shell.run("sync", TABLE, "--json")

    assert (4, before) == (held.code, _alive(shell))
    (tally,) = held.document["resources"]
    assert f"cio-elt sync --accept-deletions {TABLE}" in tally["error"]
    assert 0 == tally["deleted"]

    accepted = shell.run("sync", TABLE, "--accept-deletions", TABLE)

    assert (0, 0) == (accepted.code, _alive(shell))
    shell.refused(shell.run("sync", "--accept-deletions", "segmets"), 2, "segmets")


@pytest.mark.proof
def test_a_clock_that_is_off_is_refused_before_anything_is_read(shell: Shell) -> None:
    """A `Date` 400 days ahead ends with 2 and a sentence; with the setting it is accepted."""
    shell.sandbox.faults.add(Fault(times=None, date_off_s=400 * 86_400))

    shell.refused(shell.run("sync", "campaigns"), 2, "9,600.0 hours ahead", "CIO_ELT_ANY_CLOCK")

    assert not shell.published.exists()
    assert 0 == shell.run("sync", "campaigns", CIO_ELT_ANY_CLOCK="true").code
