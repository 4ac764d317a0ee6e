"""The wheel, in a project of its own that has packages `sources`, `pipelines` and `flows` too."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest

import customerio_elt
import sources.customerio
from hatch_build import renamed
from sources.customerio.sandbox import Sandbox
from tests.flows.stage import Stage, until

_CLONE = Path(__file__).parents[1]
_OWN = ("sources", "pipelines", "flows")
_LOAD = """
import dlt
from customerio_elt import customerio_source
import flows, pipelines, sources

assert [flows.OWN, pipelines.OWN, sources.OWN] == [True] * 3
pipeline = dlt.pipeline("own", destination="duckdb", pipelines_dir="dlt")
pipeline.run(customerio_source(["workspaces", "segments", "campaigns"]))
with pipeline.sql_client() as client:
    print(client.execute_sql("SELECT count(*) FROM segments")[0][0])
"""

_IMPORT_ALL = """
import importlib, pkgutil, sys
import customerio_elt

for module in pkgutil.walk_packages(customerio_elt.__path__, "customerio_elt."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"sources", "pipelines", "flows"}))
"""


def _run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """The output of a command, which must succeed."""
    ran = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env)
    assert 0 == ran.returncode, ran.stdout + ran.stderr
    return ran.stdout


@dataclass
class Own:
    """A project's folder, its virtual environment with the wheel, and the sandbox that it reads."""

    folder: Path
    bin: Path
    sandbox: Sandbox
    env: dict[str, str]

    def run(self, program: str, *arguments: str) -> str:
        """The output of a program of the environment, run in the project's folder."""
        return _run(self.bin / program, *arguments, cwd=self.folder, env=self.env)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with the files as they are now, committed or not."""
    folder = tmp_path_factory.mktemp("clone")
    listed = _run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=_CLONE)
    for name in filter(None, listed.split("\0")):
        if (_CLONE / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(_CLONE / name, folder / name)
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com")
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "All.")):
        _run(*git, *command, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built in the clone without a network, with a bytecode cache and a data folder in it."""
    (clone / "warehouse" / "data").mkdir()
    (clone / "warehouse" / "data" / "private.yml").write_text("secret: true\n")
    _run(sys.executable, "-m", "compileall", "-q", clone / "flows")
    folder = tmp_path_factory.mktemp("wheel")
    _run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps"),
        *("--no-build-isolation", "--disable-pip-version-check", "--wheel-dir", folder, clone),
    )
    (file,) = folder.iterdir()
    return file


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new virtual environment with the wheel; other packages are those of the tests' own.

    Their folder is named by a `.pth` file, in which `.pth` files have no effect: the clone is not installed.
    """
    folder = tmp_path_factory.mktemp("venv")
    _run(sys.executable, "-m", "venv", "--without-pip", folder)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (site / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    _run(
        *(sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet"),
        *("--no-index", "--no-deps", "--disable-pip-version-check", "--ignore-installed", wheel),
    )
    return folder / "bin"


@pytest.fixture(scope="module")
def own(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    """A project with packages of the clone's names, and a tiny workspace for it."""
    folder = tmp_path_factory.mktemp("own")
    for name in _OWN:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("OWN = True\n")
    (folder / "load.py").write_text(_LOAD)
    sandbox = Sandbox(scale="tiny")
    with sandbox.serve() as served:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "CUSTOMERIO_APP_API_KEY": sandbox.app_api_key,
            "CUSTOMERIO_APP_URL": served.app_url,
            "SOURCES__CUSTOMERIO__CUSTOMERIO_APP_URL": served.app_url,
            "CIO_ELT_SPEED": "inf",
            "CIO_ELT_LIMITS": str(folder / "limits"),
        }
        yield Own(folder, environment, sandbox, env)


def test_the_clone_has_the_same_name() -> None:
    """In a clone, `customerio_elt` hands over the very function of `sources.customerio`."""
    assert sources.customerio.customerio_source is customerio_elt.customerio_source
    assert ["customerio_source", "main"] == customerio_elt.__all__
    with pytest.raises(AttributeError, match="no attribute 'customer_source'"):
        customerio_elt.customer_source  # noqa: B018


def test_imports_are_renamed_and_nothing_else() -> None:
    """Import statements name the package of the wheel; text, attributes and other packages stay."""
    text = """
from sources.customerio import (
    a,
)
import flows.runs as sources
def f():
    '''from sources.x'''
    from pipelines import x
    from sourcesx import y
    return sources.customerio, "flows"
"""

    assert renamed(text) == text.replace(
        "from sources.customerio", "from customerio_elt.sources.customerio"
    ).replace("import flows.runs", "import customerio_elt.flows.runs").replace(
        "from pipelines", "from customerio_elt.pipelines"
    )


@pytest.mark.parametrize("text", ["import sources.customerio\n", "import os, flows as f\n"])
def test_an_import_that_binds_another_name_is_refused(text: str) -> None:
    """The build ends with the statement, and with what to write instead."""
    with pytest.raises(ValueError, match=re.escape(f"`{text.strip()}` cannot be renamed. Write `from")):
        renamed(text)


@pytest.mark.proof
def test_the_wheel_has_one_package_and_the_clone_stays_clean(wheel: Path, clone: Path) -> None:
    """All of the wheel is in it, without data, but for an alias; git ignores what builds leave."""
    with ZipFile(wheel) as packed:
        names = packed.namelist()
    own = {"customerio_elt", f"customerio_elt-{version('customerio-elt')}.dist-info", "sources"}
    assert own == {name.partition("/")[0] for name in names}
    assert ["sources/customerio.py"] == [name for name in names if name.startswith("sources/")]
    assert "customerio_elt/py.typed" in names
    assert [] == [name for name in names if "/data/" in name or "/push/examples" in name or ".pyc" in name]

    build = "from hatchling.build import build_sdist, build_wheel as w; build_sdist('dist'); w('dist')"
    _run(sys.executable, "-c", build, cwd=clone)

    assert {".whl", ".gz"} == {file.suffix for file in (clone / "dist").iterdir()}
    assert "" == _run("git", "status", "--porcelain", cwd=clone)


@pytest.mark.proof
def test_the_sdist_makes_the_same_wheel(clone: Path, wheel: Path, tmp_path: Path) -> None:
    """A wheel from the sdist has the files of that from the clone."""
    build = f"from hatchling.build import build_sdist; print(build_sdist({str(tmp_path)!r}))"
    sdist = _run(sys.executable, "-c", build, cwd=clone).strip()
    shutil.unpack_archive(tmp_path / sdist, tmp_path, filter="data")
    built = _run(
        sys.executable,
        "-c",
        f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))",
        cwd=tmp_path / sdist.removesuffix(".tar.gz"),
    ).strip()

    with ZipFile(wheel) as one, ZipFile(tmp_path / built) as other:
        assert one.namelist() == other.namelist()


@pytest.mark.proof
def test_the_source_has_its_name_of_the_clone_too(environment: Path, tmp_path: Path) -> None:
    """In a project without a package `sources`, both names are one function."""
    both = (
        "import customerio_elt as one, sources.customerio as other; "
        "print(one.customerio_source is other.customerio_source)"
    )

    assert "True" == _run(environment / "python", "-c", both, cwd=tmp_path).strip()


@pytest.mark.proof
def test_the_source_works_in_a_project_of_its_own(own: Own) -> None:
    """The project's own packages stay its own, and dlt has nothing to warn of."""
    ran = subprocess.run(
        [own.bin / "python", "load.py"], capture_output=True, text=True, cwd=own.folder, env=own.env
    )

    assert (0, "") == (ran.returncode, ran.stderr)
    assert str(len(list(own.sandbox.rows("segments")))) == ran.stdout.strip()


@pytest.mark.proof
def test_every_module_finds_the_others(own: Own) -> None:
    """All modules of the wheel can be imported, and none of them imports a package of the project."""
    assert "\n" == own.run("python", "-c", _IMPORT_ALL)


@pytest.mark.proof
def test_the_commands_work_in_a_project_of_its_own(own: Own) -> None:
    """A workspace becomes tables, marts and a page, all below the current folder."""
    assert "rows written" in own.run("cio-elt", "sync")
    assert "models built anew" in own.run("cio-elt", "transform")
    assert "none late, no gaps" in own.run("cio-elt", "status")
    own.run("cio-elt", "report")
    schema = own.run(
        "python", "-c", "from customerio_elt import main; main()", "api", "schema", "exportPeopleData"
    )

    assert "Body (required), as JSON Schema" in schema
    assert "<svg" in (own.folder / "warehouse" / "data" / "report.html").read_text()


@pytest.mark.proof
def test_the_flows_work_in_a_project_of_its_own(own: Own) -> None:
    """`python -m customerio_elt.flows` serves every deployment, and a run of one of them completes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        stage = Stage(folder=own.folder, port=probe.getsockname()[1])
    log = own.folder / "serving.log"
    with log.open("w") as out:
        serving = subprocess.Popen(
            [own.bin / "python", "-m", "customerio_elt.flows"],
            cwd=own.folder,
            env={**own.env, "PREFECT_API_URL": f"{stage.ui}/api", "PREFECT_RUNNER_POLL_FREQUENCY": "1"},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        until(lambda: "runs at once" in log.read_text() or serving.poll() is not None, 120.0)
        until(lambda: stage.call("GET", "/deployments/name/freshness/freshness").is_success, 60.0)
        ended = stage.ended(stage.start("sync", resources=["segments"]), within_s=120.0)
        entrypoint = stage.deployment("sync")["entrypoint"]
    finally:
        # An interrupt ends the server that it has started too, at any time.
        serving.send_signal(signal.SIGINT)
        serving.wait(60.0)

    assert "customerio_elt.flows.syncs.sync" == entrypoint
    assert "COMPLETED" == ended["state"]["type"], log.read_text()
