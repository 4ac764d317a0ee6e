"""`make dbt-docs` takes the user's warehouse, or else the demo's, or says what makes one."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[3]


def _run(data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli.dbt_docs"],
        cwd=ROOT,
        env={**os.environ, "CIO_ELT_DATA": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_names_what_makes_a_warehouse(tmp_path: Path) -> None:
    """Without any warehouse it names the demo's commands; the demo's is taken before there is another."""
    nothing = _run(tmp_path)
    demo = tmp_path / "demo" / "customerio.duckdb"
    demo.parent.mkdir(mode=0o700)
    duckdb.connect(demo).close()
    of_demo = _run(tmp_path)
    duckdb.connect(tmp_path / demo.name).close()
    own = _run(tmp_path)

    assert (2, 2, 2) == (nothing.returncode, of_demo.returncode, own.returncode)
    assert f"Run `make demo`, then `CIO_ELT_DATA={demo.parent} .venv/bin/cio-elt transform`" in nothing.stderr
    assert f"The warehouse in {demo.parent} has no marts" in of_demo.stderr
    assert f"The warehouse in {tmp_path} has no marts" in own.stderr
