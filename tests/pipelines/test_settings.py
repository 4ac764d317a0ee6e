"""Settings: where they come from, what becomes of what is pasted, and what is refused."""

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipelines.settings import Settings, read_settings, settings_with_origins, write_env_file
from sources.customerio.client import ConfigError

KEY = "a1b2c3d4e5"


def test_defaults_need_nothing(tmp_path: Path) -> None:
    """Without any variable there are settings, and no keys; folders have absolute paths."""
    settings = read_settings()

    assert settings.customerio_app_api_key is None
    assert "us" == settings.customerio_region
    assert settings.customerio_start is None
    assert tmp_path / "warehouse/data/load.duckdb" == settings.load_file
    assert tmp_path / "warehouse/data/customerio.duckdb" == settings.published_file
    assert settings.publishes
    assert 1.0 == settings.cio_elt_speed


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("CUSTOMERIO_REGION", "eu", "eu"),
        ("CUSTOMERIO_REGION", " EU\n", "eu"),
        ("CUSTOMERIO_REGION", "", "us"),
        ("CUSTOMERIO_APP_URL", " http://127.0.0.1:1 ", "http://127.0.0.1:1"),
        ("CUSTOMERIO_TRACK_URL", "", None),
        ("CUSTOMERIO_START", "2025-01-31", int(datetime(2025, 1, 31, tzinfo=UTC).timestamp())),
        ("CUSTOMERIO_START", "2025-01-31T02:00:00+02:00", int(datetime(2025, 1, 31, tzinfo=UTC).timestamp())),
        ("CUSTOMERIO_START", "1738281600", 1738281600),
        ("CUSTOMERIO_START", "", None),
        ("CIO_ELT_DATA", "/some/where", Path("/some/where")),
        ("CIO_ELT_LIMITS", "/some/where", Path("/some/where")),
        ("CIO_ELT_DESTINATION", "postgres", "postgres"),
        ("CIO_ELT_SPEED", "0.5", 0.5),
        ("CIO_ELT_SPEED", "inf", math.inf),
    ],
)
def test_each_variable_is_read(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: object
) -> None:
    """Every setting has its variable; an empty one counts as not set."""
    monkeypatch.setenv(variable, value)
    assert expected == getattr(read_settings(), variable.lower())


@pytest.mark.parametrize(
    "variable", ["CUSTOMERIO_APP_API_KEY", "CUSTOMERIO_TRACK_SITE_ID", "CUSTOMERIO_TRACK_API_KEY"]
)
@pytest.mark.parametrize("pasted", [KEY, f"  {KEY}\r\n", f'"{KEY}"', f"'{KEY}' "])
def test_pasted_keys_are_stripped_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, pasted: str
) -> None:
    """Spaces, line breaks and quotes around a key are removed, and no text of the settings shows a key."""
    monkeypatch.setenv(variable, pasted)
    settings = read_settings()

    assert KEY == getattr(settings, variable.lower()).get_secret_value()
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert KEY not in text


def test_the_environment_comes_before_the_file_and_arguments_before_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`.env` in the current folder is read; the environment overrides it, and arguments override both."""
    (tmp_path / ".env").write_text(
        f"CUSTOMERIO_REGION=eu\nCIO_ELT_SPEED=0.5\nCUSTOMERIO_APP_API_KEY='{KEY}'\n"
    )
    monkeypatch.setenv("CIO_ELT_SPEED", "0.25")
    settings = read_settings()

    assert ("eu", 0.25) == (settings.customerio_region, settings.cio_elt_speed)
    assert settings.customerio_app_api_key is not None
    assert KEY == settings.customerio_app_api_key.get_secret_value()
    assert 2.0 == read_settings(cio_elt_speed=2.0).cio_elt_speed


def test_unknown_variables_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Variables of other programs, and of other versions of this one, are no error."""
    (tmp_path / ".env").write_text("OTHER=1\nCUSTOMERIO_SOMETHING=2\n")
    monkeypatch.setenv("CIO_ELT_SOMETHING", "3")
    assert "us" == read_settings().customerio_region


def test_the_home_folder_may_be_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A tilde in `.env`, which no shell expands, means the home folder."""
    monkeypatch.setenv("CIO_ELT_DATA", "~/warehouse")
    assert tmp_path / "home" / "warehouse" == read_settings().cio_elt_data


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("CUSTOMERIO_REGION", "de", "'us' or 'eu'"),
        ("CUSTOMERIO_START", "31.01.2025", "'31.01.2025' is not a date; write a day such as 2025-01-31"),
        ("CUSTOMERIO_START", "2025-02-30", "is not a date"),
        ("CUSTOMERIO_START", "2199-01-01", "is in the future"),
        ("CUSTOMERIO_START", "1965-01-01", "is before 1970-01-01"),
        ("CIO_ELT_SPEED", "0", "greater than 0"),
        ("CIO_ELT_SPEED", "nan", "greater than 0"),
        ("CIO_ELT_SPEED", "fast", "number"),
    ],
)
def test_an_invalid_value_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    """The message names the variable and a valid value."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=variable) as refused:
        read_settings()
    assert words in str(refused.value)


def test_all_invalid_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two invalid settings are named in one message."""
    monkeypatch.setenv("CUSTOMERIO_REGION", "de")
    monkeypatch.setenv("CIO_ELT_SPEED", "fast")
    with pytest.raises(ConfigError, match=r"CUSTOMERIO_REGION.*CIO_ELT_SPEED"):
        read_settings()


def test_an_unreadable_env_file_is_named(tmp_path: Path) -> None:
    """A `.env` saved as UTF-16 ends with a sentence."""
    (tmp_path / ".env").write_bytes("CUSTOMERIO_REGION=eu".encode("utf-16"))
    with pytest.raises(ConfigError, match=r"\.env .* UTF-8"):
        read_settings()


def test_settings_do_not_change() -> None:
    """A setting cannot be changed after it was read."""
    with pytest.raises(ValueError, match="frozen"):
        read_settings().customerio_region = "eu"


def test_every_setting_is_described() -> None:
    """Each setting has a description, with its default if it has one."""
    for name, setting in Settings.model_fields.items():
        assert setting.description, name


def test_each_setting_has_its_origin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment comes before the file, which comes before the default; an empty variable is not set."""
    (tmp_path / ".env").write_text(f"CUSTOMERIO_APP_API_KEY={KEY}\nCIO_ELT_SPEED=0.5\n")
    monkeypatch.setenv("CIO_ELT_SPEED", "0.25")
    monkeypatch.setenv("CUSTOMERIO_REGION", "")

    found = {row.variable: row for row in settings_with_origins()}

    assert [name.upper() for name in Settings.model_fields] == list(found)
    expected = {
        "CIO_ELT_SPEED": (0.25, "environment", None),
        "CUSTOMERIO_APP_API_KEY": ("********", ".env", tmp_path / ".env"),
        "CUSTOMERIO_REGION": ("us", "default", None),
        "CIO_ELT_DATA": (tmp_path / "warehouse/data", "default", None),
        "CUSTOMERIO_TRACK_API_KEY": (None, "default", None),
    }
    assert expected == {name: (found[name].value, found[name].origin, found[name].file) for name in expected}
    assert KEY not in repr(found)


@pytest.mark.parametrize("data", ["/data", "/some data/#1", "/it's", "/back\\slash", "/größe $HOME"])
def test_a_written_value_is_read_as_it_was(tmp_path: Path, data: str) -> None:
    """Any path is read back from the file; other lines stay, and only this user may read it."""
    file = tmp_path / ".env"
    file.write_text("# mine\nCIO_ELT_SPEED=0.5\nexport CIO_ELT_DATA=/old\n")

    assert file == write_env_file({"CIO_ELT_DATA": data, "CUSTOMERIO_APP_API_KEY": KEY})

    settings = read_settings()
    assert (Path(data), 0.5) == (settings.cio_elt_data, settings.cio_elt_speed)
    assert KEY == (settings.customerio_app_api_key or SecretStr("")).get_secret_value()
    assert ["# mine", "CIO_ELT_SPEED=0.5"] == file.read_text().splitlines()[:2]
    assert "/old" not in file.read_text()
    assert 0o600 == file.stat().st_mode & 0o777
    assert [".env"] == [path.name for path in tmp_path.iterdir() if path.name.startswith(".env")]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A `.env` that is a folder is named by the message."""
    (tmp_path / ".env").mkdir()
    with pytest.raises(ConfigError, match=str(tmp_path / ".env")):
        write_env_file({"CIO_ELT_DATA": "/data"})
