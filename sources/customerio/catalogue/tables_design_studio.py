"""The tables of Design Studio and of assets: emails, components, files, and the folders in which they lie.

Some regions or plans may lack these calls, so a sync goes on without them.
"""

from sources.customerio.catalogue.resource import ColumnType, Resource

_STUDIO: dict[str, ColumnType] = {
    "id": "text",
    "name": "text",
    "parent_folder_id": "text",
    "created": "bigint",
    "updated": "bigint",
}
_ASSET: dict[str, ColumnType] = {**_STUDIO, "id": "bigint", "parent_folder_id": "bigint"}

DESIGN_STUDIO: tuple[Resource, ...] = (
    Resource(
        table="design_studio_folders",
        description="A folder of Design Studio, in which emails, components and folders lie.",
        operation="listFolders",
        key=("id",),
        family="config",
        reader="folder_lists",
        cursor="updated",
        folders="design_studio_folders",
        may_be_missing=True,
        columns=_STUDIO,
    ),
    Resource(
        table="design_studio_emails",
        description="An email of Design Studio, without its content.",
        operation="listEmails",
        key=("id",),
        family="config",
        reader="folder_lists",
        cursor="updated",
        folders="design_studio_folders",
        may_be_missing=True,
        columns={**_STUDIO, "is_template": "bool", "is_linked": "bool", "has_translations": "bool"},
    ),
    Resource(
        table="design_studio_components",
        description="A component of Design Studio: a piece of an email that emails use by its tag.",
        operation="listComponents",
        key=("id",),
        family="config",
        reader="folder_lists",
        cursor="updated",
        folders="design_studio_folders",
        may_be_missing=True,
        columns={**_STUDIO, "tag": "text"},
    ),
    Resource(
        table="asset_folders",
        description="A folder of assets.",
        operation="listAssetFolders",
        key=("id",),
        family="config",
        reader="folder_lists",
        cursor="updated",
        folders="asset_folders",
        may_be_missing=True,
        columns=_ASSET,
    ),
    Resource(
        table="assets",
        description="An asset: a file, such as an image, that messages show or link to.",
        operation="listAssets",
        key=("id",),
        family="config",
        reader="folder_lists",
        cursor="updated",
        folders="asset_folders",
        may_be_missing=True,
        columns={**_ASSET, "path": "text", "size": "bigint"},
    ),
)
