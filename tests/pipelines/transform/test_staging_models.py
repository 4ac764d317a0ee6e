"""The staging views: written from the catalogue, described by hand."""

from pathlib import Path

from ruamel.yaml import YAML

from pipelines.transform.staging_models import FOLDER, HEADER, model, models, staged_columns, write


def test_the_files_are_what_the_catalogue_gives() -> None:
    """Each view's file equals what is written from the catalogue, and each raw table has one."""
    written = models()

    found = {file: (FOLDER / file).read_text("utf-8") for file in written if (FOLDER / file).exists()}
    assert written == found, "run `make docs`"
    by_hand = {file.name for file in FOLDER.glob("stg_*.sql")} - written.keys()
    assert {"stg_clock.sql"} <= by_hand
    assert all(not (FOLDER / file).read_text("utf-8").startswith(HEADER) for file in by_hand), "no raw table"


def test_every_column_is_described() -> None:
    """staging.yml describes each column of each view, and no other."""
    listed = {
        entry["name"]: {column["name"] for column in entry["columns"] if column["description"]}
        for entry in YAML(typ="safe").load(FOLDER / "staging.yml")["models"]
    }
    views = {file.removesuffix(".sql"): file[4:].removesuffix(".sql") for file in models()}

    to_do = []
    for view, table in views.items():
        names, described = set(staged_columns(table)), listed.get(view, set())
        to_do += [
            f"Describe the column {name} of {view} in staging.yml." for name in sorted(names - described)
        ]
        to_do += [f"Delete the column {name} of {view} in staging.yml." for name in sorted(described - names)]
    assert [] == to_do


def test_a_file_without_the_header_is_left_alone(tmp_path: Path) -> None:
    """A view that is edited by hand is not overwritten; the others are written."""
    by_hand = tmp_path / "stg_campaigns.sql"
    by_hand.write_text(model("campaigns").removeprefix(HEADER))
    edited = by_hand.read_text()
    (tmp_path / "stg_segments.sql").write_text(f"{HEADER}\nselect 1")

    write(tmp_path)

    assert edited == by_hand.read_text()
    assert model("segments") == (tmp_path / "stg_segments.sql").read_text("utf-8")


def test_columns_have_the_forms_that_marts_count_on() -> None:
    """Times, text, flags, reserved words and metrics each become the SQL that the marts count on."""
    campaigns, contents = staged_columns("campaigns"), staged_columns("newsletter_contents")

    assert "{{ moment('created') }}" == campaigns["created_at"]
    assert "nullif(name, '')" == campaigns["name"]
    assert ("id", "active") == (campaigns["campaign_id"], campaigns["is_active"])
    assert "deleted_at is not null" == campaigns["is_deleted"]
    assert "_dlt_load_id" == campaigns["loaded_by"]
    assert "_row_hash" not in campaigns
    assert """nullif("from", '')""" == contents["from_address"]
    opened = staged_columns("messages")["human_opened_at"]
    assert """{{ moment("metrics ->> 'human_opened'") }}""" == opened
