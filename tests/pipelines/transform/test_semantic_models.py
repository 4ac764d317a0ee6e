"""The semantic models: written from the definitions of the marts, and complete."""

from pipelines.transform.macro_values import macro_value
from pipelines.transform.semantic_models import FOLDER, HEADER, MARTS, document, files


def test_the_files_are_what_the_definitions_give() -> None:
    """Each file equals what is written from the definitions, and no other file has the header."""
    found = {
        file.name: text
        for file in FOLDER.glob("*.yml")
        if (text := file.read_text("utf-8")).startswith(HEADER)
    }

    assert files() == found, "run `make docs`"


def test_each_count_and_rate_is_a_metric() -> None:
    """Counts, rates and their parts have the marts' names; every name is there once, and described."""
    documents = [document(mart) for mart in MARTS]
    measures = [one for each in documents for one in each["semantic_models"][0].get("measures", ())]
    metrics = [one for each in documents for one in each.get("metrics", ())]
    names = [one["name"] for one in (*measures, *metrics)]

    assert len(names) == len(set(names))
    assert all(one["description"] for one in (*measures, *metrics))
    rates = [rate["name"] for rate in macro_value("rates", "rates")]
    wanted = {name for name, *_ in macro_value("rates", "counted")} | {
        f"{rate}{part}" for rate in rates for part in ("", "_numerator", "_denominator")
    }
    assert wanted <= set(names)
    assert {name for name, *_ in macro_value("journeys", "journey_shares")} <= set(names)
