"""Who is meant: rows beside the people whom the warehouse knows, before anything is sent.

    verdict       what Customer.io would do                                   what is done here
    create        make a person                                               sent, counted, braked
    update        change the person of that identifier                        sent
    re_id         give the person of that email the new id [track26]          sent, counted
    rename        refuse: changing an identifier needs the cio_id [track26]   sent to the cio_id
    conflict      accept and drop: two people's identifiers                   invalid
    double_email  keep one of them                                            invalid
    suppressed    accept and drop                                             invalid
    nobody        accept and drop: nobody, or no object, of that identifier   invalid, tried again next time

The warehouse may be behind; what pushes made since people were synced counts too. Without the table of people
nothing is checked, and the plan says so.
"""

import duckdb

from pipelines.push.journal.database import SCHEMA, Sync
from pipelines.push.plan.diff import MAPPED
from pipelines.push.spec.spec import PushSpec
from pipelines.warehouse.pipeline import DATASET

_KNOWN, _OBJECTS, _VERDICTS = "push_known", "push_objects", "push_verdicts"


def check_identity(connection: duckdb.DuckDBPyConnection, declaration: PushSpec, sync: Sync) -> int | None:
    """Give every mapped row its verdict, and make those invalid that would come to nothing.

    Answers against how many people rows were checked; None if there are none to check against.
    """
    if declaration.person is None:
        return None
    there = _tables(connection)
    if "people" not in there:
        return None
    people = _know(connection, sync, there)
    if declaration.object == "person":
        _judge_people(connection, declaration, sync)
    elif declaration.object != "suppression":
        _judge_others(connection, declaration, sync)
    if declaration.object == "relationship" and "objects" in there:
        _judge_objects(connection, declaration, sync)
    return people


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'warehouse' AND schema_name = ?",
        [DATASET],
    )
    return {name for (name,) in found.fetchall()}


def _know(connection: duckdb.DuckDBPyConnection, sync: Sync, there: set[str]) -> int:
    synced = (
        f"(SELECT coalesce(max(noted_at), 0) FROM {DATASET}.sync_runs "
        "WHERE resource = 'people' AND error IS NULL)"
        if "sync_runs" in there
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
    # Whom a push has made since; what it has changed of others, the warehouse will know with the next sync.
    connection.execute(
        f"""
        INSERT INTO {_KNOWN}
        SELECT NULL, id, email FROM (
            SELECT coalesce(payload->>'$.identifiers.id', payload->>'$.attributes.id') AS id,
                   lower(coalesce(payload->>'$.identifiers.email', payload->>'$.attributes.email')) AS email
            FROM journal.{SCHEMA}.snapshot
            WHERE workspace = '{sync.workspace}' AND object = 'person' AND accepted_at >= {synced}
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


def _judge_people(connection: duckdb.DuckDBPyConnection, declaration: PushSpec, sync: Sync) -> None:
    kind = declaration.person.kind if declaration.person else "id"
    given = {
        name: f"nullif(m.payload->>'$.attributes.{name}', '')"
        if name in declaration.fields and name != kind
        else "NULL"
        for name in ("id", "email")
    }
    also = "email" if given["email"] != "NULL" else "id"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_VERDICTS} AS
        SELECT m.key, me.cio_id AS me, other.cio_id AS other,
            CASE
                WHEN m.entity IN ({_suppressed(sync, kind)}) THEN 'suppressed'
                WHEN g.email IS NOT NULL AND count(*) OVER (PARTITION BY g.email) > 1 THEN 'double_email'
                WHEN other.found AND (me.found OR other.{kind} IS NOT NULL)
                     AND other.{kind} IS DISTINCT FROM me.{kind} THEN 'conflict'
                WHEN other.found AND me.found IS NOT TRUE AND '{declaration.mode}' <> 'update_only'
                    THEN 're_id'
                WHEN me.found IS NOT TRUE THEN {_unknown(declaration, kind)}
                WHEN me.cio_id IS NOT NULL AND {_renames(kind)} THEN 'rename'
                ELSE 'update'
            END AS verdict
        FROM {MAPPED} AS m
        CROSS JOIN LATERAL (SELECT {given["id"]} AS id, lower({given["email"]}) AS email) AS g
        LEFT JOIN (SELECT true AS found, * FROM {_KNOWN}) AS me ON me.{kind} = m.key
        LEFT JOIN (SELECT true AS found, * FROM {_KNOWN}) AS other
               ON other.{also} = g.{also} AND other.{kind} IS DISTINCT FROM m.key
        WHERE m.fault IS NULL
        QUALIFY row_number() OVER (PARTITION BY m.key ORDER BY other.found DESC NULLS LAST) = 1
        """
    )
    _apply(connection, declaration)
    _remember(connection)


def _remember(connection: duckdb.DuckDBPyConnection) -> None:
    """What people have of the attributes that are sent, as the warehouse knows it, for undo."""
    connection.execute(
        f"""
        UPDATE {MAPPED} SET prior = '{{"attributes":{{' || array_to_string(list_transform(
                list_filter(json_keys({MAPPED}.payload, '$.attributes'), lambda name: name <> '_update'),
                lambda name: to_json(name)::VARCHAR || ':' || coalesce(
                    to_json(p.attributes->>('$."' || name || '"'))::VARCHAR, '""')), ',') || '}}}}'
        FROM {_VERDICTS} AS v JOIN {DATASET}.people AS p ON p.cio_id = coalesce(v.me, v.other)
        WHERE v.key = {MAPPED}.key AND {MAPPED}.fault IS NULL
          AND v.verdict IN ('update', 'rename', 're_id')
        """
    )


def _renames(kind: str) -> str:
    names = [name for name in ("id", "email") if name != kind]
    changed = (
        f"(g.{name} IS NOT NULL AND me.{name} IS NOT NULL AND g.{name} <> me.{name})" for name in names
    )
    return f"({' OR '.join(changed)})" if kind != "cio_id" else "false"


def _unknown(declaration: PushSpec, kind: str) -> str:
    return "'nobody'" if declaration.mode == "update_only" or kind == "cio_id" else "'create'"


def _suppressed(sync: Sync, kind: str) -> str:
    """SQL of those identifiers of a kind that pushes have suppressed."""
    return (
        f"SELECT key FROM journal.{SCHEMA}.snapshot "
        f"WHERE workspace = '{sync.workspace}' AND object = 'suppression' AND NOT assumed "
        f"AND json_exists(payload, '$.identifiers.{kind}')"
    )


def _judge_others(connection: duckdb.DuckDBPyConnection, declaration: PushSpec, sync: Sync) -> None:
    """Events, devices, relationships and members need somebody who is there."""
    kind = declaration.person.kind if declaration.person else "id"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_VERDICTS} AS
        SELECT m.key, NULL AS me, NULL AS other,
               CASE WHEN m.entity IN ({_suppressed(sync, kind)}) THEN 'suppressed'
                    ELSE 'nobody' END AS verdict
        FROM {MAPPED} AS m
        WHERE m.fault IS NULL AND (
            m.entity NOT IN (SELECT {kind} FROM {_KNOWN} WHERE {kind} IS NOT NULL)
            OR m.entity IN ({_suppressed(sync, kind)})
        )
        """
    )
    _apply(connection, declaration)


def _judge_objects(connection: duckdb.DuckDBPyConnection, declaration: PushSpec, sync: Sync) -> None:
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_OBJECTS} AS
        SELECT object_id AS id FROM {DATASET}.objects
        WHERE deleted_at IS NULL AND object_type_id = '{declaration.object_type_id}'
        UNION
        SELECT payload->>'$.identifiers.object_id' FROM journal.{SCHEMA}.snapshot
        WHERE workspace = '{sync.workspace}' AND object = 'object'
          AND payload->>'$.identifiers.object_type_id' = '{declaration.object_type_id}'
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_VERDICTS} AS
        SELECT m.key, NULL AS me, NULL AS other, 'nobody' AS verdict FROM {MAPPED} AS m
        ANTI JOIN {_OBJECTS} AS o ON o.id = m.payload->>'$.cio_relationships[0].identifiers.object_id'
        WHERE m.fault IS NULL
        """
    )
    _apply(connection, declaration, nobody="no object of that id is known yet: push or sync objects first")


def _apply(connection: duckdb.DuckDBPyConnection, declaration: PushSpec, nobody: str | None = None) -> None:
    kind = declaration.person.kind if declaration.person else "id"
    unknown = nobody or f"nobody with that {kind} is known: push or sync people first"
    connection.execute(
        f"""
        UPDATE {MAPPED} SET verdict = v.verdict, fault = CASE v.verdict
            WHEN 'conflict' THEN 'an identifier belongs to another person'
                || coalesce(' (cio_id ' || v.other || coalesce(', not ' || v.me, '') || ')', '')
            WHEN 'double_email' THEN 'its email is that of another row, too'
            WHEN 'suppressed' THEN 'the person is suppressed'
            WHEN 'nobody' THEN $unknown
            END,
            item = CASE WHEN v.verdict = 'rename' THEN
                '{{"type":"person","action":"identify","identifiers":{{"cio_id":"' || v.me
                || '"}},"attributes":' || json_extract({MAPPED}.payload, '$.attributes')::VARCHAR || '}}' END
        FROM {_VERDICTS} AS v WHERE v.key = {MAPPED}.key AND {MAPPED}.fault IS NULL
        """,
        {"unknown": unknown},
    )
