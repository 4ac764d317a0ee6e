"""Writes the bill of materials, dist/sbom.cdx.json, in CycloneDX: `python -m tests.dependencies.materials`.

CycloneDX's own tool reads requirements.lock for names, versions and hashes, and the installed packages for
licences, which the lock has not. The same lock makes the same bytes.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from tests.dependencies import LOCK, ROOT
from tests.dependencies.licences import REVIEWED

FILE = ROOT / "dist" / "sbom.cdx.json"


def write_materials(file: Path = FILE) -> None:
    """Write the bill of materials of the lock."""
    materials, installed = _told("requirements", str(LOCK)), _told("environment", sys.executable)
    licences = {canonicalize_name(one["name"]): one.get("licenses", []) for one in installed["components"]}
    for component in materials["components"]:
        name = component["name"]
        component["licenses"] = (
            [{"expression": REVIEWED[name][0]}] if name in REVIEWED else licences[canonicalize_name(name)]
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(materials, indent=1, sort_keys=True) + "\n", "utf-8")


def _told(*source: str) -> dict[str, Any]:
    """The bill that the tool makes of the lock, or of the installed packages."""
    command = [
        *(sys.executable, "-W", "ignore", "-m", "cyclonedx_py", *source),
        *("--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", "--no-validate"),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


if __name__ == "__main__":
    write_materials()
    sys.stdout.write(f"{FILE.relative_to(ROOT)} has every package of {LOCK.name}.\n")
