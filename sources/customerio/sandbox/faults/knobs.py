"""Where Customer.io's behaviour is unknown, or differs between workspaces: settings, each with a default."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sources.customerio.sandbox.state.orders import ExportRules
from sources.customerio.sandbox.state.snapshots import DELIVERY_COLUMNS


@dataclass(kw_only=True)
class Knobs:
    """Settings that can be changed while the sandbox runs.

    - `forbidden`: operations that the key's scope does not allow (403);
    - `wrong_region`: this is the other region's host, so no App API key is known here (401);
    - `export_takes_s`: seconds of the clock until an export's file is there;
    - `export_fails`: exports ordered from now on fail;
    - `export_keeps`: the share of its bytes that the store keeps of a file: 0.9 makes truncated files;
    - `export_miscounts`: what `total` says beyond the rows of the file;
    - `export_gzip`: files are gzipped, without a Content-Encoding;
    - `export_pending_status`: the status of a download that is asked for too early (unverified);
    - `link_valid_s`: how long a download link works;
    - `delivery_columns`: (header, field) of deliveries exports, whose real headers nobody has published.
    """

    forbidden: set[str] = field(default_factory=set)
    wrong_region: bool = False
    export_takes_s: int = 30
    export_fails: bool = False
    export_keeps: float = 1.0
    export_miscounts: int = 0
    export_gzip: bool = False
    export_pending_status: int = 422
    link_valid_s: int = 900
    delivery_columns: Sequence[tuple[str, str]] = DELIVERY_COLUMNS

    def set(self, values: dict[str, Any]) -> None:
        """Change some settings; ValueError naming the knobs if one is unknown."""
        known = {knob.name for knob in fields(self)}
        unknown = sorted(set(values) - known)
        if unknown:
            msg = f"There is no knob {', '.join(unknown)}; there are {', '.join(sorted(known))}."
            raise ValueError(msg)
        for name, value in values.items():
            setattr(self, name, _shaped(name, value))

    def export_rules(self) -> ExportRules:
        """How exports are made at present."""
        return ExportRules(
            takes_s=self.export_takes_s,
            gzipped=self.export_gzip,
            fails=self.export_fails,
            keeps=self.export_keeps,
            miscounts=self.export_miscounts,
            delivery_columns=tuple(self.delivery_columns),
        )


def _shaped(name: str, value: Any) -> Any:
    """A knob's value from JSON, which has no sets and no tuples."""
    if name == "forbidden":
        return set(value)
    if name == "delivery_columns":
        return tuple((str(header), str(path)) for header, path in value)
    return value
