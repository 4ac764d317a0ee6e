"""The marts through the server: built and published, with a link to the report."""

from urllib.parse import unquote, urlsplit

from tests.flows.stage import Stage


def test_an_operator_gets_marts_and_a_link_to_the_report(stage: Stage) -> None:
    """A warehouse without most tables gets its marts; the run's artifact links to the page."""
    run = stage.ended(run_id := stage.start("transform", full=True))

    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]
    assert "models built and tested" in run["state"]["message"]
    ((marts,), (raw,)) = (
        stage.query(f"SELECT count(*) FROM {table}")[0]
        for table in ("customerio.fct_delivery", "customerio_raw.messages")
    )
    assert marts == raw > 0
    shown = stage.artifact(run_id)["data"]
    page = unquote(urlsplit(shown.split("](")[1].split(")")[0]).path)
    assert "</html>" in (stage.folder / page).read_text()
