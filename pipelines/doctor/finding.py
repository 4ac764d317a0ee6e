"""The row that a check of the doctor finds."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pipelines.settings import Settings

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A finding.

    Attributes:
        name: The matter, such as `disk`, the same in every version.
        found: A sentence about what was found.
        state: `ok`; `warn` if runs work and something needs a look; `fail` if a run would fail.
        cure: The command that puts it right, or a sentence where no command does; empty for `ok`.
    """

    name: str
    found: str
    state: State = "ok"
    cure: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def worst(findings: Iterable[Finding]) -> State:
    """The worst state of the findings; `ok` for none."""
    states = {finding.state for finding in findings}
    return "fail" if "fail" in states else "warn" if "warn" in states else "ok"
