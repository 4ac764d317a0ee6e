"""The cheaper transport is chosen, and an impossible one is refused."""

from typing import Any

import pytest

from pipelines.errors import InvalidSpec
from pipelines.push.plan.transport import choose_transport
from sources.customerio.client import ConfigError
from tests.pipelines.push.conftest import Pushing

_PERSON: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"},
    "fields": {"email": "text", "plan": "text", "active": "boolean", "tags": "list"},
    "deliver": {"lane": "import", "staging": "local"},
}  # fmt: skip


def _rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "user_id": f"i{number}",
            "email": f"i{number}@example.com",
            "plan": 'a "b", c\né',
            "active": True,
            "tags": ["x"],
        }
        for number in range(count)
    ]


def test_the_cheaper_transport_is_chosen(pushing: Pushing) -> None:
    """Many new people go by import where files can be staged; few, and everything else, in batches."""
    auto = {**_PERSON, "deliver": {"staging": "s3://bucket/x", "requests_per_second": 0.5}}
    spec = pushing.declare("users", _rows(1), **auto)
    assert ["batch", "import"] == [
        choose_transport(spec, adds=n, requests=n // 1_000 + 1).name for n in (10_000, 1_000_000)
    ]
    nowhere = pushing.declare("users", _rows(1), **{**_PERSON, "deliver": {}})
    assert "batch" == choose_transport(nowhere, adds=1_000_000, requests=1_000).name
    forced = pushing.declare("users", _rows(1), **{**_PERSON, "deliver": {"lane": "import"}})
    with pytest.raises(InvalidSpec, match="needs deliver"):
        pushing.plan(forced)


def test_files_of_this_machine_are_for_sandboxes(pushing: Pushing) -> None:
    """Local staging is refused for the real Customer.io, which cannot fetch the files."""
    spec = pushing.declare("users", _rows(1), **_PERSON)
    real = pushing.settings.model_copy(update={"customerio_app_url": None})
    from pipelines.push import push

    with pytest.raises(ConfigError, match="cannot fetch files from this machine"):
        push(real, spec, folder=pushing.folder)
