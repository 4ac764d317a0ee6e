"""Files are staged in stores that sign links, and deleted afterwards."""

import pytest

from pipelines.push.deliver.staging import staged
from sources.customerio.client import ConfigError


def test_a_store_that_signs_no_links_is_refused() -> None:
    """The message names stores that sign links, and the file is deleted."""
    import fsspec

    with pytest.raises(ConfigError, match="signs no links"), staged("memory://folder", "x.csv", b"a"):
        pass
    assert [] == fsspec.filesystem("memory").glob("/folder/*")
    with pytest.raises(ConfigError, match="cannot be staged"), staged("nothing://folder", "x.csv", b"a"):
        pass
