"""The server that is found or started."""

import socket

from click.testing import CliRunner
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.__main__ import main
from flows.server import pages


def test_setup_starts_no_server_without_a_yes() -> None:
    """In a pipe no one can answer its question, so it names the address and the ways to go on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/api"
    with temporary_settings({PREFECT_API_URL: url}):
        result = CliRunner().invoke(main, ["setup"])

    assert 2 == result.exit_code
    assert f"No Prefect server answers at {url} (PREFECT_API_URL), and none was started." in result.output
    assert "--yes" in result.output


def test_the_pages_are_those_of_the_api() -> None:
    """Prefect serves both from one address, unless a setting names another one."""
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:4300/api"}):
        assert "http://127.0.0.1:4300" == pages("http://127.0.0.1:4300/api")
