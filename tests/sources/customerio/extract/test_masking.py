"""Secrets in URLs do not reach the warehouse."""

import pytest

from sources.customerio.catalogue import RESOURCES, resource
from sources.customerio.extract.masking import masked_url
from tests.sources.customerio.extract.conftest import Project


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://example.com/in", "https://example.com/in"),
        ("https://u:p@example.com:8443/in", "https://***:***@example.com:8443/in"),
        ("https://token@example.com", "https://***@example.com"),
        ("https://u:p@ss@example.com/", "https://***:***@example.com/"),
        ("https://example.com/?a=1&key=s3%26cr&b=", "https://example.com/?a=***&key=***&b=***"),
        ("https://example.com/?s3cret", "https://example.com/?***"),
        ("https://example.com/#s3cret", "https://example.com/#***"),
        ("https://[s3cret", "***"),
        ("", ""),
    ],
)
def test_a_url_is_masked(url: str, masked: str) -> None:
    """Credentials and values are masked; host, path and names stay."""
    assert masked == masked_url(url)


def test_no_secret_of_a_webhook_is_in_the_warehouse(project: Project) -> None:
    """No secret of a webhook is in the table or in a file that the load wrote."""
    secrets = ("s3cr3t-pass", "abc123", "k-42")
    endpoints = [row["endpoint"] for row in project.sandbox.rows("reporting_webhooks")]
    assert all(any(secret in endpoint for endpoint in endpoints) for secret in secrets)

    project.run("reporting_webhooks")

    project.assert_equal("reporting_webhooks")
    found = project.rows(resource("reporting_webhooks"))
    assert "https://***:***@hooks.example.com/cio?token=***&env=***" == found[1,]["endpoint"]
    for file in filter(lambda path: path.is_file(), project.settings.cio_elt_data.rglob("*")):
        content = file.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], file


def test_another_secret_in_the_same_place_is_no_change(project: Project) -> None:
    """Rows are compared masked: a rotated token writes nothing, another host does."""
    project.run("reporting_webhooks")
    project.sandbox.edit("reporting_webhooks", 3, endpoint="https://old.example.net/in?key=rotated")
    project.run("reporting_webhooks")
    project.sandbox.edit("reporting_webhooks", 2, endpoint="https://crm.example.org/in")

    project.run("reporting_webhooks")

    [(changes,)] = project.cells("SELECT count(DISTINCT _dlt_load_id) FROM reporting_webhooks")
    assert 2 == changes
    project.assert_equal("reporting_webhooks")


def test_every_column_of_endpoints_is_masked() -> None:
    """Only lists are masked, so only rows of lists in the catalogue may name masked columns."""
    assert {"reporting_webhooks"} == {row.table for row in RESOURCES if row.masked}
    assert {"lists"} == {row.reader for row in RESOURCES if row.masked}
