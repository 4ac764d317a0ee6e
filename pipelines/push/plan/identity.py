"""Checks the identity of rows against the people that the warehouse knows, before anything is sent.

    verdict       what Customer.io would do                                   what is done here
    create        create a person                                             sent, counted, has a brake
    update        change the person of that identifier                        sent
    re_id         give the person of that email the new id [track26]          sent, counted
    rename        refuse: changing an identifier needs the cio_id [track26]   sent to the cio_id
    conflict      accept and drop: two people's identifiers                   invalid
    double_email  keep one of them                                            invalid
    suppressed    accept and drop                                             invalid
    nobody        accept and drop: no person or object of that identifier     invalid, checked again next time

The warehouse may be behind, so people and addresses that pushes have sent since the last sync count too.
Without the table of people nothing is checked, and the plan says so.
"""

from collections.abc import Callable, Mapping

import duckdb

from pipelines.push.journal.database import SCHEMA, PushId
from pipelines.push.plan.diff import MAPPED
from pipelines.push.plan.query import warehouse_tables
from pipelines.push.spec.kinds import IdentityCheck, names_creating
from pipelines.push.spec.spec import PushSpec
from pipelines.warehouse.pipeline import DATASET

_KNOWN, _OBJECTS, _VERDICTS = "push_known", "push_objects", "push_verdicts"
# The verdict as plans print and count it.
_NO_MATCH = "'nobody'"


def check_identity(connection: duckdb.DuckDBPyConnection, spec: PushSpec, push_id: PushId) -> int | None:
    """Give every mapped row its verdict, and reject the rows that Customer.io would drop.

    Returns the number of people in the warehouse; None if rows have no person, or it has no table of people.
    """
    if spec.person is None:
        return None
    tables = warehouse_tables(connection)
    if "people" not in tables:
        return None
    people = _load_known_people(connection, push_id, tables)
    for check in spec.kind.identity_checks:
        needed, judge = _CHECKS[check]
        if needed in tables:
            judge(connection, spec, push_id)
    return people


def _load_known_people(connection: duckdb.DuckDBPyConnection, push_id: PushId, tables: frozenset[str]) -> int:
    synced = (
        f"(SELECT coalesce(max(noted_at), 0) FROM {DATASET}.sync_runs "
        "WHERE resource = 'people' AND error IS NULL)"
        if "sync_runs" in tables
        else "0"
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_KNOWN} AS
        SELECT cio_id, nullif(identifiers->>'$.id', '') AS id,
               lower(nullif(identifiers->>'$.email', '')) AS email
        FROM {DATASET}.people WHERE deleted_at IS NULL
        """
    )
    created = names_creating("person")
    _take_over_addresses(connection, push_id, f"object IN {created} AND accepted_at >= {synced}")
    # People created by pushes since then.
    connection.execute(
        f"""
        INSERT INTO {_KNOWN}
        SELECT NULL, id, email FROM (
            SELECT coalesce(payload->>'$.identifiers.id', payload->>'$.attributes.id') AS id,
                   lower(coalesce(payload->>'$.identifiers.email', payload->>'$.attributes.email')) AS email
            FROM journal.{SCHEMA}.snapshot
            WHERE workspace = '{push_id.workspace}' AND object IN {created} AND accepted_at >= {synced}
              AND payload NOT LIKE '%"_update":true%' AND payload NOT LIKE '%"identifiers":{{"cio_id"%'
        ) AS pushed
        WHERE NOT EXISTS (SELECT 1 FROM {_KNOWN} AS k WHERE k.id = pushed.id)
          AND NOT EXISTS (SELECT 1 FROM {_KNOWN} AS k WHERE k.email = pushed.email)
        """
    )
    ((people,),) = connection.execute(
        f"SELECT count(*) FROM {DATASET}.people WHERE deleted_at IS NULL"
    ).fetchall()
    return int(people)


def _take_over_addresses(connection: duckdb.DuckDBPyConnection, push_id: PushId, since: str) -> None:
    """Give known people the addresses that pushes have given them since the last sync."""
    for identifier in ("id", "cio_id"):
        connection.execute(
            f"""
            UPDATE {_KNOWN} SET email = given.email FROM (
                SELECT payload->>'$.identifiers.{identifier}' AS person,
                       max_by(lower(payload->>'$.attributes.email'), accepted_at) AS email
                FROM journal.{SCHEMA}.snapshot
                WHERE workspace = '{push_id.workspace}' AND {since} AND digest IS NOT NULL AND NOT assumed
                  AND contains(payload, '"email":"') AND payload->>'$.attributes.email' <> ''
                GROUP BY person) AS given
            WHERE given.person = {_KNOWN}.{identifier}
            """
        )


def _judge_profiles(connection: duckdb.DuckDBPyConnection, spec: PushSpec, push_id: PushId) -> None:
    """Verdicts of rows that are profiles: they may create, rename or collide with people."""
    identifier = spec.identifier
    given = {
        name: f"nullif(m.payload->>'$.attributes.{name}', '')"
        if name in spec.fields and name != identifier
        else "NULL"
        for name in ("id", "email")
    }
    also = "email" if given["email"] != "NULL" else "id"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_VERDICTS} AS
        SELECT m.key, me.cio_id AS me, other.cio_id AS other,
            CASE
                WHEN m.entity IN ({_suppressed(push_id, identifier)}) THEN 'suppressed'
                WHEN g.email IS NOT NULL AND count(*) OVER (PARTITION BY g.email) > 1 THEN 'double_email'
                WHEN other.found AND (me.found OR other.{identifier} IS NOT NULL)
                     AND other.{identifier} IS DISTINCT FROM me.{identifier} THEN 'conflict'
                WHEN other.found AND me.found IS NOT TRUE AND '{spec.mode}' <> 'update_only'
                    THEN 're_id'
                WHEN me.found IS NOT TRUE THEN {_unknown(spec)}
                WHEN me.cio_id IS NOT NULL AND {_renames(identifier)} THEN 'rename'
                ELSE 'update'
            END AS verdict
        FROM {MAPPED} AS m
        CROSS JOIN LATERAL (SELECT {given["id"]} AS id, lower({given["email"]}) AS email) AS g
        LEFT JOIN (SELECT true AS found, * FROM {_KNOWN}) AS me ON me.{identifier} = m.key
        LEFT JOIN (SELECT true AS found, * FROM {_KNOWN}) AS other
               ON other.{also} = g.{also} AND other.{identifier} IS DISTINCT FROM m.key
        WHERE m.rejection IS NULL
        QUALIFY row_number() OVER (PARTITION BY m.key ORDER BY other.found DESC NULLS LAST) = 1
        """
    )
    _apply(connection, spec)
    _store_prior(connection)


def _store_prior(connection: duckdb.DuckDBPyConnection) -> None:
    """Store the present values of the attributes that are sent, as the warehouse has them, for undo."""
    connection.execute(
        f"""
        UPDATE {MAPPED} SET prior = '{{"attributes":{{' || array_to_string(list_transform(
                list_filter(json_keys({MAPPED}.payload, '$.attributes'), lambda name: name <> '_update'),
                lambda name: to_json(name)::VARCHAR || ':' || coalesce(
                    to_json(p.attributes->>('/' || replace(replace(name, '~', '~0'), '/', '~1')))::VARCHAR,
                    '""')), ',') || '}}}}'
        FROM {_VERDICTS} AS v JOIN {DATASET}.people AS p ON p.cio_id = coalesce(v.me, v.other)
        WHERE v.key = {MAPPED}.key AND {MAPPED}.rejection IS NULL
          AND v.verdict IN ('update', 'rename', 're_id')
        """
    )


def _renames(identifier: str) -> str:
    names = [name for name in ("id", "email") if name != identifier]
    changed = (
        f"(g.{name} IS NOT NULL AND me.{name} IS NOT NULL AND g.{name} <> me.{name})" for name in names
    )
    return f"({' OR '.join(changed)})" if identifier != "cio_id" else "false"


def _unknown(spec: PushSpec) -> str:
    creates = spec.mode != "update_only" and spec.identifier != "cio_id"
    return "'create'" if creates else _NO_MATCH


def _suppressed(push_id: PushId, identifier: str) -> str:
    """SQL of the identifiers that pushes have suppressed."""
    suppressions = names_creating("suppression")
    return (
        f"SELECT key FROM journal.{SCHEMA}.snapshot "
        f"WHERE workspace = '{push_id.workspace}' AND object IN {suppressions} AND NOT assumed "
        f"AND json_exists(payload, '$.identifiers.{identifier}')"
    )


def _judge_persons(connection: duckdb.DuckDBPyConnection, spec: PushSpec, push_id: PushId) -> None:
    """Verdicts of rows that need a person who exists: events, devices, relationships, members."""
    identifier = spec.identifier
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_VERDICTS} AS
        SELECT m.key, NULL AS me, NULL AS other,
               CASE WHEN m.entity IN ({_suppressed(push_id, identifier)}) THEN 'suppressed'
                    ELSE {_NO_MATCH} END AS verdict
        FROM {MAPPED} AS m
        WHERE m.rejection IS NULL AND (
            m.entity NOT IN (SELECT {identifier} FROM {_KNOWN} WHERE {identifier} IS NOT NULL)
            OR m.entity IN ({_suppressed(push_id, identifier)})
        )
        """
    )
    _apply(connection, spec)


def _judge_objects(connection: duckdb.DuckDBPyConnection, spec: PushSpec, push_id: PushId) -> None:
    """Verdicts of rows that need an object that exists: relationships."""
    objects = names_creating("object")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_OBJECTS} AS
        SELECT object_id AS id FROM {DATASET}.objects
        WHERE deleted_at IS NULL AND object_type_id = '{spec.object_type_id}'
        UNION
        SELECT payload->>'$.identifiers.object_id' FROM journal.{SCHEMA}.snapshot
        WHERE workspace = '{push_id.workspace}' AND object IN {objects}
          AND payload->>'$.identifiers.object_type_id' = '{spec.object_type_id}'
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_VERDICTS} AS
        SELECT m.key, NULL AS me, NULL AS other, {_NO_MATCH} AS verdict FROM {MAPPED} AS m
        ANTI JOIN {_OBJECTS} AS o ON o.id = m.payload->>'$.cio_relationships[0].identifiers.object_id'
        WHERE m.rejection IS NULL
        """
    )
    _apply(connection, spec, unknown="no object of that id is known yet: push or sync objects first")


def _apply(connection: duckdb.DuckDBPyConnection, spec: PushSpec, unknown: str | None = None) -> None:
    unknown = unknown or f"no person with that {spec.identifier} is known: push or sync people first"
    connection.execute(
        f"""
        UPDATE {MAPPED} SET verdict = v.verdict, rejection = CASE v.verdict
            WHEN 'conflict' THEN 'an identifier belongs to another person'
                || coalesce(' (cio_id ' || v.other || coalesce(', not ' || v.me, '') || ')', '')
            WHEN 'double_email' THEN 'its email is that of another row, too'
            WHEN 'suppressed' THEN 'the person is suppressed'
            WHEN {_NO_MATCH} THEN $unknown
            END,
            item = CASE WHEN v.verdict = 'rename' THEN
                '{{"type":"person","action":"identify","identifiers":{{"cio_id":"' || v.me
                || '"}},"attributes":' || json_extract({MAPPED}.payload, '$.attributes')::VARCHAR || '}}' END
        FROM {_VERDICTS} AS v WHERE v.key = {MAPPED}.key AND {MAPPED}.rejection IS NULL
        """,
        {"unknown": unknown},
    )


_Judge = Callable[[duckdb.DuckDBPyConnection, PushSpec, PushId], None]
_CHECKS: Mapping[IdentityCheck, tuple[str, _Judge]] = {
    "profile": ("people", _judge_profiles),
    "person": ("people", _judge_persons),
    "object": ("objects", _judge_objects),
}
"""The table that a check needs in the warehouse, and the check."""
