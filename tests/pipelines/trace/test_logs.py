"""The log says what a run did, and shows no key, no address and no link."""

import json
import logging
import os
import stat
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from pipelines.settings import Settings, read_settings
from pipelines.trace import recorded, set_up_logs
from pipelines.trace.logs import FILE, FOLDER, LOGGER

KEY = "c0ffee0123456789c0ffee0123456789"


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings with a data folder of its own; the logger is as before afterwards."""
    yield read_settings(cio_elt_data=tmp_path_factory.mktemp("data"), customerio_app_api_key=SecretStr(KEY))
    logger = logging.getLogger(LOGGER)
    for handler in logger.handlers[1:]:
        logger.removeHandler(handler)
        handler.close()
    logger.propagate = True


def _lines(settings: Settings) -> list[dict[str, str]]:
    file = settings.cio_elt_data / FOLDER / FILE
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_each_line_has_the_run(settings: Settings) -> None:
    """The lines of a run are JSON documents with its id and command, from its begin to its end."""
    set_up_logs(settings, as_json=False, to_file=True)
    with recorded(settings, "sync") as trace:
        trace.step("extract")
        logging.getLogger(LOGGER).info("A note.")
    lines = _lines(settings)

    assert {(trace.trace_id, "sync")} == {(line["trace_id"], line["command"]) for line in lines}
    assert ["Run of `sync` begins.", "Step: extract.", "A note.", "Run of `sync` ends: done."] == [
        line["message"] for line in lines
    ]


def test_nothing_private_is_logged(settings: Settings) -> None:
    """Keys, addresses and links are replaced, in a note and in the message of an error."""
    set_up_logs(settings, as_json=False, to_file=True)
    logging.getLogger(LOGGER).info("Key %s of ann@example.com at https://files.example/x?sig=1.", KEY)
    (line,) = _lines(settings)

    assert "Key <key> of <email> at <url>" == line["message"].rstrip(".")
    assert KEY not in (settings.cio_elt_data / FOLDER / FILE).read_text()


def test_the_file_is_private_and_rotates(settings: Settings) -> None:
    """With a umask of 0, the file and those before it are for their owner alone, and six at most."""
    before = os.umask(0)
    set_up_logs(settings, as_json=False, to_file=True)
    for number in range(4_500):
        logging.getLogger(LOGGER).info("%d %s", number, "word " * 380)
    os.umask(before)
    files = list((settings.cio_elt_data / FOLDER).iterdir())

    assert 6 == len(files)
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in files}


@pytest.mark.parametrize("level", ["json", "info"])
def test_lines_on_stderr_are_asked_for(
    settings: Settings, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`CIO_ELT_LOG` gives the level, or asks for JSON."""
    set_up_logs(settings.model_copy(update={"cio_elt_log": level}), as_json=False, to_file=False)
    logging.getLogger(LOGGER).debug("Not shown.")
    logging.getLogger(LOGGER).warning("Shown.")
    err = capsys.readouterr().err

    assert "Not shown." not in err
    assert ("Shown." == json.loads(err)["message"]) if level == "json" else err.endswith("warning  Shown.\n")


def test_a_folder_that_cannot_be_written_stops_no_run(settings: Settings) -> None:
    """With a file in the place of the folder, the run goes on without a log."""
    (settings.cio_elt_data / FOLDER).write_text("a file")
    set_up_logs(settings, as_json=False, to_file=True)
    with recorded(settings, "sync") as trace:
        trace.step("extract")

    assert "a file" == (settings.cio_elt_data / FOLDER).read_text()
