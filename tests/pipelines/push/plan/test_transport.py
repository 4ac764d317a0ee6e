"""The cheaper transport is chosen, and an impossible one is refused."""

import pytest

from pipelines.errors import InvalidSpec
from pipelines.push.plan.transport import choose_transport
from sources.customerio.client import ConfigError
from tests.pipelines.push.conftest import BY_IMPORT, Pushing, import_rows


def test_the_cheaper_transport_is_chosen(pushing: Pushing) -> None:
    """Many new people go by import where files can be staged; few, and everything else, in batches."""
    auto = {**BY_IMPORT, "deliver": {"staging": "s3://bucket/x", "requests_per_second": 0.5}}
    spec = pushing.declare("users", import_rows(1), **auto)
    assert ["batch", "import"] == [
        choose_transport(spec, adds=n, requests=n // 1_000 + 1).name for n in (10_000, 1_000_000)
    ]
    nowhere = pushing.declare("users", import_rows(1), **{**BY_IMPORT, "deliver": {}})
    assert "batch" == choose_transport(nowhere, adds=1_000_000, requests=1_000).name
    forced = pushing.declare("users", import_rows(1), **{**BY_IMPORT, "deliver": {"lane": "import"}})
    with pytest.raises(InvalidSpec, match="needs deliver"):
        pushing.plan(forced)


def test_files_of_this_machine_are_for_sandboxes(pushing: Pushing) -> None:
    """Local staging is refused for the real Customer.io, which cannot fetch the files."""
    spec = pushing.declare("users", import_rows(1), **BY_IMPORT)
    real = pushing.settings.model_copy(update={"customerio_app_url": None})
    from pipelines.push import push

    with pytest.raises(ConfigError, match="cannot fetch files from this machine"):
        push(real, spec, folder=pushing.folder)
