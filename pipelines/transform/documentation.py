"""dbt's documentation of the project as one HTML file, which needs no network.

    run `dbt docs generate` on the published file, opened read-only -> put all into one page -> write it

The page is dbt's own, with two changes: it may load nothing from anywhere, and columns that only the database
describes (see `macros/descriptions.sql`) have their descriptions too.
"""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipelines.errors import ConfigError, WarehouseError
from pipelines.settings import Settings
from pipelines.transform.dbt import Dbt, Node
from pipelines.transform.run import has_marts
from pipelines.warehouse.queries import no_warehouse
from sources.permissions import replace_file

FILE = "dbt_docs.html"
"""The name of the page, in the data folder."""

_TARGET = "published"
# The page runs its own scripts. Those of dbt that would load others, such as a tracker, must not.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:"
)
_HEAD = "<head>"
# Of dbt's page: the path of an icon that is in no build of it, and icons whose name a browser would ask for
# before AngularJS has filled it in.
_CORRECTIONS = ((r'<link rel="shortcut icon"[^>]*>', ""), (r'xlink:href="(?=\{\{)', 'ng-attr-href="'))
_PLACES = ('"MANIFEST.JSON INLINE DATA"', '"CATALOG.JSON INLINE DATA"')


def write_documentation(settings: Settings) -> Path:
    """Write the page of the published warehouse; returns its file, which only its user can read.

    Raises:
        ConfigError: there is no warehouse, it has no marts, or the file cannot be written.
        WarehouseError: dbt could not make the documentation.
    """
    published = settings.published_file
    if not published.exists():
        raise no_warehouse(settings)
    if not has_marts(published):
        msg = (
            f"The warehouse in {settings.cio_elt_data} has no marts. Run "
            f"`CIO_ELT_DATA={settings.cio_elt_data} cio-elt transform`, which builds what is documented."
        )
        raise ConfigError(msg)
    with TemporaryDirectory() as folder:
        nodes = Dbt(file=published, folder=Path(folder)).run("docs", "generate", "--target", _TARGET)
        text = _page(Path(folder) / "target", nodes)
    file = settings.cio_elt_data / FILE
    try:
        replace_file(file, text.encode())
    except OSError as error:
        msg = f"The documentation cannot be written to {file} ({error.strerror}). Let this user write there."
        raise ConfigError(msg) from None
    return file


def _page(target: Path, nodes: list[Node]) -> str:
    """The page that dbt made, with its data inside."""
    files = {name: target / name for name in ("index.html", "manifest.json", "catalog.json")}
    broken = [f"{node.name}: {node.message}" for node in nodes if node.status == "error"]
    if broken or (missing := [name for name, file in files.items() if not file.exists()]):
        msg = f"dbt made no documentation: {'; '.join(broken or [f'{name} is missing' for name in missing])}."
        raise WarehouseError(msg)
    manifest, catalog = (json.loads(files[name].read_bytes()) for name in ("manifest.json", "catalog.json"))
    _describe(manifest, catalog)
    text = files["index.html"].read_text("utf-8")
    if lacking := [part for part in (_HEAD, *_PLACES) if part not in text]:
        msg = f"dbt's page has no {lacking[0]}: this dbt is newer than those that customerio-elt knows."
        raise WarehouseError(msg)
    for wrong, right in _CORRECTIONS:
        text = re.sub(wrong, right, text)
    text = text.replace(_HEAD, f'{_HEAD}<meta http-equiv="Content-Security-Policy" content="{_POLICY}">', 1)
    for place, document in zip(_PLACES, (manifest, catalog), strict=True):
        # No text of the data can end the script that holds it.
        text = text.replace(place, json.dumps(document).replace("</", "<\\/"))
    return text


def _describe(manifest: dict[str, Any], catalog: dict[str, Any]) -> None:
    """Give columns without a description the comment that the database has on them."""
    for name, table in catalog["nodes"].items():
        columns = manifest["nodes"][name]["columns"]
        for column in table["columns"].values():
            known = columns.setdefault(column["name"], {"name": column["name"], "tags": [], "meta": {}})
            known["description"] = known.get("description") or column["comment"] or ""
