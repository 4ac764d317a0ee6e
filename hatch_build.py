"""Builds the content of the wheel: all packages below the one import name `customerio_elt`.

`sources`, `pipelines` and `flows` are names that other projects have too. So the wheel has them as
`customerio_elt.sources` and so on, and the import statements of its copies say so. Beside it, the source has
its name of the clone, `sources.customerio`, in projects without a package `sources`. An editable installation
is the clone as it is.
"""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "customerio_elt"
"""The import name of the wheel; in the clone, the module that becomes its `__init__`."""

CODE = ("sources", "pipelines", "flows")
"""Folders whose modules import each other by these names."""

PROJECT = ("warehouse/macros", "warehouse/models", "warehouse/seeds", "warehouse/tests")
"""Folders of the dbt project; the pushes and the data folder of a clone are its own."""

FILES = ("prefect.yaml", "warehouse/dbt_project.yml", "warehouse/profiles.yml")
"""Single files that the commands and the flows read."""

DATA = (".css", ".csv", ".j2", ".json", ".sql", ".yml")
"""Kinds of files that modules and dbt read; pages for readers stay in the clone."""

_ALIAS = f'''"""The source by its name in a clone; a project with a package `sources` has `{NAME}` alone."""

import sys

from {NAME}.sources import customerio

sys.modules[__name__] = customerio
'''

_ENTRYPOINT = re.compile(r"^(\s+entrypoint: )(?=flows\.)", re.MULTILINE)


class OneNameHook(BuildHookInterface[Any]):
    """Hands hatchling the folder `customerio_elt` and the alias, for all wheels but editable ones."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the package into a temporary folder, and include it; called before the wheel is packed."""
        if version == "editable":
            return
        self._folder = TemporaryDirectory()
        package, alias = Path(self._folder.name) / NAME, Path(self._folder.name) / "alias.py"
        write_package(Path(self.root), package)
        alias.write_text(_ALIAS, "utf-8")
        build_data["force_include"].update({str(package): NAME, str(alias): "sources/customerio.py"})

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Delete the temporary folder; called after the wheel is packed."""
        if version != "editable":
            self._folder.cleanup()


def write_package(clone: Path, package: Path) -> None:
    """Write the content of the package `customerio_elt` into the folder `package`.

    Raises:
        ValueError: an import statement that cannot be renamed.
    """
    _write(clone / f"{NAME}.py", package / "__init__.py")
    (package / "py.typed").touch()
    for file in _files(clone):
        _write(file, package / file.relative_to(clone))


def renamed(text: str) -> str:
    """The Python source with imports of `CODE` from below `NAME`; everything else stays, strings too.

    Raises:
        ValueError: `import sources.x` without `as`: it would bind another name.
    """
    # As Python counts them; `splitlines` breaks at some characters within a text, too.
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and not node.level:
            _rename(lines, node, "from ", str(node.module))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in CODE and (not alias.asname or len(node.names) > 1):
                    msg = f"`{ast.unparse(node)}` cannot be renamed. Write `from ... import ...`."
                    raise ValueError(msg)
                _rename(lines, node, "import ", alias.name)
    return "\n".join(lines)


def _rename(lines: list[str], node: ast.Import | ast.ImportFrom, keyword: str, module: str) -> None:
    if module.partition(".")[0] not in CODE:
        return
    # ast counts columns in bytes; before an import statement there is nothing but spaces.
    line, begin = lines[node.lineno - 1], node.col_offset
    if not line.startswith(f"{keyword}{module}", begin):
        msg = f"`{line.strip()}` cannot be renamed. Write one import statement, on a line of its own."
        raise ValueError(msg)
    lines[node.lineno - 1] = line.replace(f"{keyword}{module}", f"{keyword}{NAME}.{module}", 1)


def _files(clone: Path) -> Iterator[Path]:
    for folder in (*CODE, *PROJECT):
        for file in sorted((clone / folder).rglob("*")):
            if file.suffix in (".py", ".pyi", *DATA) and file.is_file():
                yield file
    yield from (clone / name for name in FILES)


def _write(file: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix in (".py", ".pyi"):
        copy.write_text(renamed(file.read_text("utf-8")), "utf-8")
    elif file.name == "prefect.yaml":
        copy.write_text(_ENTRYPOINT.sub(rf"\g<1>{NAME}.", file.read_text("utf-8")), "utf-8")
    else:
        shutil.copyfile(file, copy)
