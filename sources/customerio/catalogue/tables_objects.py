"""The tables of objects: object types, objects, relationships.

Ids of types are integers as text. A relationship's own attributes can only be requested for each person, so
they are no column here.
"""

from sources.customerio.catalogue.resource import WEEK, ChangesWith, Resource

OBJECTS: tuple[Resource, ...] = (
    Resource(
        table="object_types",
        description="A type of object that people can be related to, such as accounts or courses.",
        operation="getObjectTypes",
        key=("id",),
        family="config",
        columns={
            "id": "text",
            "name": "text",
            "singular_name": "text",
            "slug": "text",
            "singular_slug": "text",
            "icon": "text",
            "enabled": "bool",
        },
    ),
    Resource(
        table="objects",
        description="An object, such as one account, with its attributes.",
        operation="getObjectsFilter",
        key=("object_type_id", "object_id"),
        family="volume",
        reader="objects",
        parent="object_types",
        changes_with=ChangesWith(sweep_s=WEEK),
        columns={
            "object_type_id": "text",
            "object_id": "text",
            "cio_object_id": "text",
            "attributes": "json",
            "timestamps": "json",
        },
    ),
    Resource(
        table="relationships",
        description="One person's relationship to an object.",
        operation="getObjectRelationships",
        key=("object_type_id", "object_id", "cio_id"),
        family="volume",
        reader="relationships",
        parent="objects",
        changes_with=ChangesWith(sweep_s=WEEK),
        person={"cio_id": "cio_id", "id": "id", "email": "email"},
        columns={
            "object_type_id": "text",
            "object_id": "text",
            "cio_id": "text",
            "id": "text",
            "email": "text",
            "object_type_disabled": "bool",
        },
    ),
)
