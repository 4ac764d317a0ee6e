"""The command `ui`: its address, its end, and the ports that it cannot have."""

import json
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from pipelines.errors import ConfigError
from pipelines.settings import read_settings
from pipelines.ui import listening
from tests.pipelines.conftest import PATIENCE_S, Shell, ended


def test_an_interrupt_ends_it_in_order(shell: Shell) -> None:
    """While a connection is open, Ctrl-C ends the command with 0; it made no file in the data folder."""
    process = shell.start(("ui", "--port", "0", "--json"))
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    with httpx.Client(base_url=url, timeout=PATIENCE_S, trust_env=False) as client:
        assert "There is no warehouse in" in client.get("/").text
        process.send_signal(signal.SIGINT)
        ran = ended(process, time.monotonic())

    assert (0, "", "") == (ran.code, ran.out, ran.err)
    assert url.startswith("http://127.0.0.1:")
    assert not shell.data.exists()


def test_a_port_that_is_in_use_is_named(tmp_path: Path) -> None:
    """The message says what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigError, match=rf"^Port {port} of this machine .*in use.*--port 0"),
            listening(read_settings(cio_elt_data=tmp_path), port),
        ):
            pass
