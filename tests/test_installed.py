"""The package as `pip install` makes it, outside of the clone: its data files are installed too."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_CLONE = Path(__file__).parents[1]
_PARTS = ("sources", "pipelines", "flows", "warehouse", "pyproject.toml", "README.md", "LICENSE")


def _run(*command: str | Path, **env: str) -> str:
    """The output of a command, which must succeed."""
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env})
    assert 0 == ran.returncode, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the installed package; no network is used."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    source.mkdir()
    for part in _PARTS:
        if (_CLONE / part).is_dir():
            shutil.copytree(
                _CLONE / part, source / part, ignore=shutil.ignore_patterns("data", "__pycache__")
            )
        else:
            shutil.copy(_CLONE / part, source)
    _run(
        *(
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--no-build-isolation",
        ),
        *("--disable-pip-version-check", "--target", folder / "site", source),
    )
    return folder / "site"


@pytest.mark.proof
def test_it_syncs_transforms_and_reports(installed: Path, tmp_path: Path) -> None:
    """A sandbox workspace becomes tables, marts and a page, all below the current folder."""
    command = installed / "bin" / "cio-elt"
    env = {"PYTHONPATH": str(installed)}
    where = "import pipelines, sources; print(pipelines.__file__, sources.__file__)"
    for file in _run(sys.executable, "-c", where, **env).split():
        assert installed in Path(file).parents

    _run(command, "demo", "--scale", "tiny", **env)
    data = tmp_path / "warehouse" / "data" / "demo"
    transformed = _run(command, "transform", CIO_ELT_DATA=str(data), **env)
    _run(command, "report", CIO_ELT_DATA=str(data), **env)

    assert "models built anew" in transformed
    assert "<svg" in (data / "report.html").read_text() or "vega" in (data / "report.html").read_text()


@pytest.mark.proof
def test_calls_know_their_bodies(installed: Path) -> None:
    """The package contains the schemas of Customer.io's documents."""
    said = _run(installed / "bin" / "cio-elt", "api", "schema", "exportPeopleData", PYTHONPATH=str(installed))

    assert "Body (required), as JSON Schema" in said


@pytest.mark.proof
def test_deployments_are_served_from_a_clone(installed: Path) -> None:
    """An installed package has no `prefect.yaml`, and its message names the clone."""
    script = "from flows.deployments import declared; declared()"
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )

    assert 0 != ran.returncode
    assert "beside `flows/` in a clone" in ran.stderr
