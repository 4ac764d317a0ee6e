"""Looks for known vulnerabilities of the packages in requirements.lock: `python -m tests.dependencies.audit`.

pip-audit asks the OSV database about each package that the lock has for this platform and Python. Not every
network reaches that database.
"""

import os
import subprocess
import sys
from pathlib import Path

import httpx

from tests.dependencies import LOCK

OSV = "https://api.osv.dev/v1/query"
_QUESTION = {"package": {"name": "pip", "ecosystem": "PyPI"}, "version": "26.0"}
_WAIT_S = 10


def audit(lock: Path = LOCK, url: str = OSV) -> int:
    """Print the vulnerabilities; returns 1 if there are some, and 0 if the database cannot be reached."""
    try:
        httpx.post(url, json=_QUESTION, timeout=_WAIT_S).raise_for_status()
    except httpx.HTTPError as error:
        sys.stdout.write(
            f"{lock.name} was not compared with known vulnerabilities: {url} cannot be reached "
            f"({type(error).__name__}).\n"
        )
        return 0
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(lock)),
        *("--no-deps", "--disable-pip", "--require-hashes", "--progress-spinner", "off"),
        *("--vulnerability-service", "osv", "--osv-url", url, "--timeout", str(_WAIT_S)),
    ]
    # Its warnings repeat that --require-hashes implies --no-deps.
    return subprocess.run(command, env=os.environ | {"PIP_AUDIT_LOGLEVEL": "ERROR"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(audit())
