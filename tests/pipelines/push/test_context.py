"""A push says within seconds that the Track API does not answer."""

import pytest

from pipelines.push import PushOptions, push
from sources.customerio.client import Unreachable
from tests.pipelines.push.conftest import Pushing, user_rows


@pytest.mark.proof
def test_a_track_host_that_cannot_be_reached_is_told_soon(pushing: Pushing, closed_port: int) -> None:
    """Keys that were proven need no answer, but the push says that there is none, and gives up soon.

    The App API answers all the time; only the host that rows are sent to counts.
    """
    pushing.proves_keys()
    away = pushing.settings.model_copy(update={"customerio_track_url": f"http://127.0.0.1:{closed_port}"})
    spec = pushing.users(user_rows(3))
    notes: list[str] = []
    with pytest.raises(Unreachable, match=r"Given up after .* tries in"):
        push(away, spec, folder=pushing.folder, options=PushOptions(notify=notes.append))
    assert "users: the Track API does not answer; the push goes on trying." in notes[0]
    assert 3 == pushing.push(spec).plan.sends
