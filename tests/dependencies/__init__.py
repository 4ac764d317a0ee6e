"""The packages of requirements.lock, of which the product is made.

audit      known vulnerabilities of them (`make check`)
materials  the bill of materials, with versions, hashes and licences (`make sbom`)
licences   the licences that are accepted
"""

from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
