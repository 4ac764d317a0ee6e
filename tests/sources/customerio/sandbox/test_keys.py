"""The credentials of a sandbox."""

import base64

from sources.customerio.sandbox.keys import Keys


def test_keys_are_derived_from_the_seed() -> None:
    """A seed has its own credentials, which are the same after a restart."""
    assert Keys.of(1) == Keys.of(1)
    assert Keys.of(1).app_api_key != Keys.of(2).app_api_key
    assert Keys.of(1).sign(5, 100) != Keys.of(1).sign(5, 101)


def test_each_api_takes_its_own_credentials() -> None:
    """The App API takes a Bearer key, the Track API site id and key as Basic; neither the other's."""
    keys = Keys.of(1)
    app = {"authorization": f"Bearer {keys.app_api_key}"}
    pair = base64.b64encode(f"{keys.track_site_id}:{keys.track_api_key}".encode()).decode()
    track = {"authorization": f"Basic {pair}"}

    assert (keys.allows_app(app), keys.allows_track(app)) == (True, False)
    assert (keys.allows_app(track), keys.allows_track(track)) == (False, True)
    assert not keys.allows_app({})


def test_rotated_keys_replace_the_earlier_ones() -> None:
    """Keys of one API are replaced alone, and the earlier ones are no longer accepted."""
    before = Keys.of(1)
    after = before.rotated("track")
    assert before.app_api_key == after.app_api_key
    pair = base64.b64encode(f"{before.track_site_id}:{before.track_api_key}".encode()).decode()
    assert not after.allows_track({"authorization": f"Basic {pair}"})
    assert before.track_api_key == before.rotated("app").track_api_key
    assert not before.rotated("app").allows_app({"authorization": f"Bearer {before.app_api_key}"})
