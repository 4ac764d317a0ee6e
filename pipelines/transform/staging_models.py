"""`warehouse/models/staging/stg_*.sql`: a view for each raw table, written from the catalogue.

    python -m pipelines.transform.staging_models

A view has a line for each column of its raw table: times are TIMESTAMPTZ and end in `_at`, empty text is
null, and ids are named after their table. A file without the first line `HEADER` is written by hand: it is
not overwritten.
"""

from collections.abc import Mapping
from pathlib import Path

from pipelines.transform.dbt import PROJECT
from pipelines.transform.raw_tables import columns
from sources.customerio.catalogue import DELIVERY_METRICS

FOLDER = PROJECT / "models" / "staging"
HEADER = "-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line."

# Names of columns that mean the same in every table.
_SHARED: Mapping[str, str] = {
    "created": "created_at",
    "updated": "updated_at",
    "timestamp": "happened_at",
    "first_started": "first_started_at",
    "scheduled_start": "scheduled_start_at",
    "scheduled_stop": "scheduled_stop_at",
    "_dlt_load_id": "loaded_by",
}
# Names of columns that need one of their own, by table.
_RENAMED: Mapping[str, Mapping[str, str]] = {
    "activities": {"id": "activity_id", "type": "activity_type"},
    "archived_messages": {"id": "delivery_id", "from": "from_address", "forgotten": "is_forgotten"},
    "asset_folders": {"id": "folder_id"},
    "assets": {"id": "asset_id", "size": "byte_count"},
    "broadcast_actions": {"id": "action_id", "type": "action_type", "from": "from_address"},
    "broadcast_triggers": {"id": "trigger_id"},
    "broadcasts": {"id": "broadcast_id", "type": "broadcast_type", "active": "is_active"},
    "campaign_actions": {"id": "action_id", "type": "action_type", "from": "from_address"},
    "campaigns": {"id": "campaign_id", "type": "campaign_type", "active": "is_active"},
    "collection_rows": {"row": "cells"},
    "collections": {
        "id": "collection_id", "rows": "row_count", "schema": "column_names", "bytes": "byte_count",
    },
    "coverage": {"resource": "table_name", "start_at": "first_second_at", "end_at": "last_second_at"},
    "design_studio_components": {"id": "component_id"},
    "design_studio_emails": {"id": "email_id"},
    "design_studio_folders": {"id": "folder_id"},
    "esp_suppressions": {"created": "suppressed_at", "domain": "sending_domain"},
    "exported_deliveries": {"row": "cells"},
    "exported_people": {"row": "cells"},
    "exports": {"id": "export_id", "type": "export_type", "failed": "is_failed"},
    "messages": {
        "id": "delivery_id", "type": "channel", "customer_id": "person_id", "forgotten": "is_forgotten",
    },
    "newsletter_contents": {"id": "content_id", "type": "channel", "from": "from_address"},
    "newsletter_test_groups": {"id": "test_group_id", "winner": "is_winner"},
    "newsletters": {"id": "newsletter_id", "type": "channel"},
    "object_types": {"id": "object_type_id", "enabled": "is_enabled"},
    "optouts": {"customer_id": "person_id", "from": "sender"},
    "people": {"id": "person_id", "unsubscribed": "is_unsubscribed"},
    "relationships": {"id": "person_id", "object_type_disabled": "is_type_disabled"},
    "reporting_webhooks": {"id": "webhook_id", "type": "webhook_type", "disabled": "is_disabled"},
    "segment_counts": {"count": "members"},
    "segment_memberships": {"id": "person_id"},
    "segments": {"id": "segment_id", "type": "segment_type"},
    "sender_identities": {"id": "sender_id", "hidden": "is_hidden", "auto_generated": "is_auto_generated"},
    "snippets": {"name": "snippet_name", "value": "snippet_value"},
    "subscription_channels": {"id": "channel_id", "type": "channel"},
    "subscription_preferences": {"id": "person_id", "unsubscribed": "is_unsubscribed"},
    "subscription_topics": {"id": "topic_id"},
    "sync_runs": {"resource": "table_name", "full": "is_full"},
    "transactional_contents": {
        "transactional_id": "transactional_message_id", "id": "content_id", "type": "channel",
        "from": "from_address",
    },
    "transactional_messages": {"id": "transactional_message_id"},
    "workspaces": {"id": "workspace_id"},
}  # fmt: skip
# Columns that are computed from others, by table: their SQL.
_COMPUTED: Mapping[str, Mapping[str, str]] = {
    "activities": {"cio_id": "nullif(customer_identifiers ->> 'cio_id', '')"},
    "messages": {"cio_id": "nullif(customer_identifiers ->> 'cio_id', '')"},
    "people": {"email": "nullif(identifiers ->> 'email', '')"},
    "sender_identities": {"sending_domain": "{{ email_domain('email') }}"},
}
# Columns of a row's fingerprint stay in the raw table.
_LEFT_OUT = frozenset({"_row_hash"})
# Keys, and names of loads: an empty one stays empty.
_KEPT_EMPTY = frozenset({"_dlt_load_id", "domain"})
# Reserved in DuckDB or PostgreSQL.
_RESERVED = frozenset({"from", "full", "row", "rows", "schema", "timestamp"})


def staged_columns(table: str) -> dict[str, str]:
    """The columns of a table's view, by name: the SQL of each."""
    found: dict[str, str] = {}
    renamed = {**_SHARED, **_RENAMED.get(table, {})}
    for name, kind in columns()[table].items():
        if name not in _LEFT_OUT:
            found[renamed.get(name, name)] = _expression(name, kind)
        if name == "deleted_at":
            found["is_deleted"] = "deleted_at is not null"
    return {**found, **_COMPUTED.get(table, {}), **(_metric_times() if table == "messages" else {})}


def model(table: str) -> str:
    """The SQL of a table's view."""
    lines = [sql if sql == name else f"{sql} as {name}" for name, sql in staged_columns(table).items()]
    listed = ",\n".join(f"    {line}" for line in lines)
    return f"{HEADER}\nselect\n{listed}\nfrom {{{{ raw('{table}') }}}} as {table}\n"


def models(folder: Path = FOLDER) -> dict[str, str]:
    """The SQL of each view by the name of its file, without those that `folder` holds written by hand."""
    files = {f"stg_{table}.sql": table for table in columns() if not table.startswith("_")}
    return {file: model(table) for file, table in files.items() if not _by_hand(folder / file)}


def write(folder: Path = FOLDER) -> None:
    """Write the files into `folder`; one that is written by hand stays as it is."""
    for file, sql in models(folder).items():
        (folder / file).write_text(sql, "utf-8")


def _expression(name: str, kind: str) -> str:
    quoted = f'"{name}"' if name in _RESERVED else name
    if kind == "bigint" and (name in _SHARED or name.endswith("_at")):
        return "{{ moment('" + quoted + "') }}"
    if kind == "varchar" and name not in _KEPT_EMPTY:
        return f"nullif({quoted}, '')"
    return quoted


_BY_PEOPLE_TOO = {
    row.name.removeprefix("human_")
    for row in DELIVERY_METRICS
    if row.name.startswith("human_") and ":" not in row.name
}


def _metric_times() -> dict[str, str]:
    """A column for each documented metric of a delivery: when the delivery first reached it."""
    # `created` is a column of the API; a metric such as `secondary:delivered` is in fct_delivery_event.
    return {
        f"{metric}_at": _metric_time(metric)
        for metric in (row.name for row in DELIVERY_METRICS)
        if metric != "created" and ":" not in metric
    }


def _metric_time(metric: str) -> str:
    time = "{{ moment(\"metrics ->> '" + metric + "'\") }}"
    # What a person opened was opened, also if the time of that is no number.
    return f"coalesce({time}, {_metric_time(f'human_{metric}')})" if metric in _BY_PEOPLE_TOO else time


def _by_hand(file: Path) -> bool:
    return file.exists() and not file.read_text("utf-8").startswith(HEADER)


if __name__ == "__main__":
    write()
