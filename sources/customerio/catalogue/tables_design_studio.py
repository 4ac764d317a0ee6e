"""The tables of Design Studio and of assets: emails, components, files, and the folders in which they lie.

Some regions or plans may lack these calls, so a sync goes on without them.
"""

from functools import partial

from sources.customerio.catalogue.resource import ColumnType, Resource

_STUDIO: dict[str, ColumnType] = {
    "id": "text",
    "name": "text",
    "parent_folder_id": "text",
    "created": "bigint",
    "updated": "bigint",
}
_ASSET: dict[str, ColumnType] = {**_STUDIO, "id": "bigint", "parent_folder_id": "bigint"}

_in_folders = partial(
    Resource, key=("id",), family="config", reader="folder_lists", cursor="updated", may_be_missing=True
)

DESIGN_STUDIO: tuple[Resource, ...] = (
    _in_folders(
        table="design_studio_folders",
        description="A folder of Design Studio, in which emails, components and folders lie.",
        operation="listFolders",
        folders="design_studio_folders",
        columns=_STUDIO,
    ),
    _in_folders(
        table="design_studio_emails",
        description="An email of Design Studio, without its content.",
        operation="listEmails",
        folders="design_studio_folders",
        columns={**_STUDIO, "is_template": "bool", "is_linked": "bool", "has_translations": "bool"},
    ),
    _in_folders(
        table="design_studio_components",
        description="A component of Design Studio: a piece of an email that emails use by its tag.",
        operation="listComponents",
        folders="design_studio_folders",
        columns={**_STUDIO, "tag": "text"},
    ),
    _in_folders(
        table="asset_folders",
        description="A folder of assets.",
        operation="listAssetFolders",
        folders="asset_folders",
        columns=_ASSET,
    ),
    _in_folders(
        table="assets",
        description="An asset: a file, such as an image, that messages show or link to.",
        operation="listAssets",
        folders="asset_folders",
        columns={**_ASSET, "path": "text", "size": "bigint"},
    ),
)
