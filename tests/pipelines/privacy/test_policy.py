"""The privacy file: what is wrong with it is told before any request, and no run goes on without it."""

from pathlib import Path

import pytest

from pipelines.errors import ConfigError
from pipelines.privacy import is_outdated, policy_of, privacy_of
from pipelines.settings import Settings, read_settings

_WRONG = [
    pytest.param("identifiers: {email: hash}", "version: Field required", id="no version"),
    pytest.param(
        "version: 1\nidentifiers: {cio_id: hash}", "line 2, column 15: identifiers.cio_id", id="cio_id"
    ),
    pytest.param("version: 1\nattributes: {phone: remove}", "'keep', 'hash' or 'drop'", id="action"),
    pytest.param("version: 1\nhash: [email]", "no such key here; privacy.schema.json lists", id="key"),
    pytest.param("version: 1\ntables: {person: {x: drop}}", "there is no table person; near it", id="table"),
    pytest.param(
        "version: 1\ntables:\n  people:\n    cio_id: hash",
        "line 4, column 5: people cannot hash cio_id: its rows are found by cio_id",
        id="rule",
    ),
    pytest.param("version: 1\nretention: {activities: 0}", "greater than or equal to 1", id="age"),
    pytest.param("version: [", "this is no YAML", id="no YAML"),
    pytest.param(
        "version: 1\nattributes: &a {x: drop}\n" + "b: [" + "*a, " * 9_999 + "1]", "aliases", id="large"
    ),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that name a privacy file, which is not there yet."""
    return read_settings(cio_elt_data=tmp_path / "data", cio_elt_privacy=tmp_path / "privacy.yml")


@pytest.mark.parametrize(("text", "said"), _WRONG)
def test_what_is_wrong_is_named_with_its_place(settings: Settings, text: str, said: str) -> None:
    """The message names the file, the line and what would be right."""
    settings.cio_elt_privacy.write_text(text)
    with pytest.raises(ConfigError) as caught:
        policy_of(settings)
    assert said in str(caught.value)
    assert "privacy.yml" in str(caught.value)


def test_without_a_file_all_data_are_kept(tmp_path: Path) -> None:
    """The default file may be missing; one that is named has to be there."""
    assert not privacy_of(read_settings(cio_elt_data=tmp_path))
    assert [] == list(tmp_path.iterdir())
    with pytest.raises(ConfigError, match="CIO_ELT_PRIVACY: there is no file"):
        policy_of(read_settings(cio_elt_data=tmp_path, cio_elt_privacy=tmp_path / "none.yml"))


def test_a_file_that_is_gone_stops_every_run(settings: Settings) -> None:
    """Its rules applied to stored rows: without it, plain data would come beside hashes."""
    settings.cio_elt_privacy.write_text("version: 1\nidentifiers: {email: hash}")
    assert privacy_of(settings)
    settings.cio_elt_privacy.unlink()
    with pytest.raises(ConfigError, match="is gone, and the warehouse was loaded with its rules"):
        privacy_of(settings)
    settings.cio_elt_privacy.write_text("version: 1")
    assert not privacy_of(settings)


def test_hashes_stay_the_same_and_a_lost_key_is_told(settings: Settings) -> None:
    """The key is made once, private, and no other is made in its place."""
    settings.cio_elt_privacy.write_text("version: 1\nidentifiers: {email: hash}")
    one = privacy_of(settings).hashed("jo@example.com")
    assert one == privacy_of(settings).hashed("jo@example.com")
    key = settings.cio_elt_data / "privacy.key"
    assert 0o600 == key.stat().st_mode & 0o777
    key.unlink()
    with pytest.raises(ConfigError, match=r"the key of the hashes of privacy\.yml\. Restore it from a copy"):
        privacy_of(settings)


def test_rules_that_have_changed_are_seen(settings: Settings) -> None:
    """Rows that were stored before lack the new rules; an empty warehouse lacks none."""
    settings.cio_elt_privacy.write_text("version: 1\nidentifiers: {email: hash}")
    privacy_of(settings)
    assert not is_outdated(settings)
    settings.load_file.touch()
    assert not is_outdated(settings)
    settings.cio_elt_privacy.write_text("version: 1\nidentifiers: {email: drop}")
    assert is_outdated(settings)
    settings.cio_elt_privacy.write_text("version: 1\nidentifiers: {email: hash}\nretention: {activities: 9}")
    assert not is_outdated(settings), "ages are no rules of stored values"
