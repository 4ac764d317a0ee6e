"""Suppressed addresses: four kinds, for the workspace and for every sending domain."""

from itertools import product

import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import Client
from sources.customerio.extract import RunSummary
from sources.customerio.sandbox import Fault, Sandbox
from tests.sources.customerio.extract.conftest import Project, ReadTable

KINDS = ("bounces", "blocks", "spam_reports", "invalid_emails")
TABLE = "esp_suppressions"


def test_every_kind_of_every_domain_is_read(small: Sandbox, api: Client, read: ReadTable) -> None:
    """The lists without a domain (rows with ''), of the senders' domains and of the given ones are read."""
    found = read(api, TABLE, domains=("other.example",))

    asked = product(KINDS, ("", "example.com", "mail.example.org"))
    there = {(row["suppression_type"], row["domain"]) for row in found.rows}
    assert {(kind, domain) for kind, domain in asked if kind != "invalid_emails"} == there
    # Each of 16 lists ends with an empty page; those with rows have another page before it.
    assert 16 + len(there) == small.stats.by_operation["getSuppressionByType"]
    assert found.batches[-1].last


def test_the_table_is_the_truth_and_follows_it(project: Project) -> None:
    """A freed address gets a tombstone in both of its rows; a new one arrives."""
    project.run(TABLE)
    project.assert_equal(TABLE)
    freed = next(
        email for kind, domain, email in project.truth(resource(TABLE)) if kind == "blocks" and domain
    )
    assert project.client is not None
    project.client.app.delete_suppression(suppression_type="blocks", email_address=freed)
    project.client.app.post_suppression(suppression_type="spam_reports", email_address="New@example.net")

    project.run(TABLE)

    project.assert_equal(TABLE)
    gone = project.cells(f"SELECT DISTINCT email FROM {TABLE} WHERE deleted_at IS NOT NULL")
    assert [(freed,)] == gone


def test_a_list_that_fails_leaves_no_tombstone(project: Project) -> None:
    """If one of the lists fails, no address counts as freed."""
    project.run(TABLE)
    before = project.rows(resource(TABLE))
    project.sandbox.faults.add(Fault(operation="getSuppressionByType", status=400, times=1, after=3))
    summary = RunSummary()

    project.run(TABLE, summary=summary)

    assert summary.resources[TABLE].error is not None
    assert before == project.rows(resource(TABLE))


def test_a_domain_stays_asked_for_when_its_sender_goes(project: Project) -> None:
    """The addresses of a domain without senders are still suppressed, so its lists are still read."""
    project.run(TABLE)
    project.sandbox.delete("sender_identities", 2)

    project.run(TABLE)

    assert ["example.com", "mail.example.org"] == project.state(TABLE)["domains"]


@pytest.mark.parametrize("email", ["", "+15550100", "no address"])
def test_a_sender_without_an_address_has_no_domain(
    small: Sandbox, api: Client, read: ReadTable, email: str
) -> None:
    """Senders of text messages have numbers, and so no domain."""
    for row in list(small.rows("sender_identities")):
        small.edit("sender_identities", row["id"], email=email)

    read(api, TABLE)

    # Four lists, one of them empty.
    assert small.stats.by_operation["getSuppressionByType"] <= 8
