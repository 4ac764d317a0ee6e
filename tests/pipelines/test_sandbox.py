"""`sandbox`: prints its URLs and keys when it is ready, and ends with 0."""

import json
import signal
import time

import httpx
import pytest

from pipelines.sandbox import serve
from tests.pipelines.conftest import Shell, ended

KEYS = {
    "app_url",
    "track_url",
    "control_url",
    "app_api_key",
    "track_site_id",
    "track_api_key",
    "region",
}


@pytest.mark.proof
def test_it_serves_until_it_is_ended(shell: Shell) -> None:
    """One JSON line has all URLs and keys; SIGTERM ends it with 0 and without output."""
    process = shell.start(("sandbox", "--scale", "tiny", "--json"))
    assert process.stdout is not None
    document = json.loads(process.stdout.readline())

    assert KEYS == set(document)
    answer = httpx.get(
        f"{document['app_url']}/v1/workspaces",
        headers={"Authorization": f"Bearer {document['app_api_key']}"},
    )
    assert 200 == answer.status_code
    region = httpx.get(
        f"{document['track_url']}/api/v1/accounts/region",
        auth=(document["track_site_id"], document["track_api_key"]),
    )
    assert document["region"] == region.json()["region"]
    assert 200 == httpx.get(f"{document['control_url']}/_sandbox/clock").status_code

    process.send_signal(signal.SIGTERM)
    ran = ended(process, time.monotonic())
    assert (0, "", "") == (ran.code, ran.out, ran.err)


def test_people_get_lines_to_paste(shell: Shell) -> None:
    """Without --json it prints the variables as a shell takes them; Ctrl-C ends it with 0."""
    process = shell.start(("sandbox", "--scale", "tiny"))
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(7)]
    process.send_signal(signal.SIGINT)
    ran = ended(process, time.monotonic())

    assert (0, "", "") == (ran.code, ran.out, ran.err)
    assert any(line.startswith("  export CUSTOMERIO_APP_API_KEY=") for line in lines)
    assert lines[-1].endswith("/_sandbox/\n")


@pytest.mark.proof
def test_a_port_in_use_is_an_error(shell: Shell) -> None:
    """If the port is in use, the message names the option."""
    port = shell.served.app_url.rpartition(":")[2]
    ran = shell.run("sandbox", "--scale", "tiny", "--port", port, "--json")

    shell.refused(ran, 2, f"127.0.0.1:{port}", "--port")


@pytest.mark.proof
def test_an_account_has_several_workspaces(shell: Shell) -> None:
    """With --workspaces the line lists the keys of each, the first of which are those beside the URLs."""
    process = shell.start(("sandbox", "--scale", "tiny", "--workspaces", "2", "--json"))
    assert process.stdout is not None
    document = json.loads(process.stdout.readline())
    found = [
        httpx.get(
            f"{document['app_url']}/v1/workspaces",
            headers={"Authorization": f"Bearer {workspace['app_api_key']}"},
        ).json()["workspaces"]
        for workspace in document["workspaces"]
    ]
    process.send_signal(signal.SIGTERM)
    ended(process, time.monotonic())

    assert {*KEYS, "workspaces"} == set(document)
    assert [row["id"] for row in found[0][:2]] == [workspace["id"] for workspace in document["workspaces"]]
    assert found[0] == found[1]
    assert document["app_api_key"] == document["workspaces"][0]["app_api_key"]


@pytest.mark.proof
def test_knobs_are_listed(shell: Shell) -> None:
    """--knobs lists every knob with default, meaning and basis, and the assumptions without one."""
    document = shell.run("sandbox", "--knobs", "--json").document
    table = shell.run("sandbox", "--knobs")

    knobs = {row["name"]: row for row in document["knobs"]}
    assert {"name", "default", "meaning", "basis"} == set(knobs["event_ids"])
    assert ("accept", "[seg26], unverified") == (knobs["event_ids"]["default"], knobs["event_ids"]["basis"])
    assert any(row["module"] == "wire/storage.py" for row in document["assumptions"])
    assert 0 == table.code
    assert "event_ids" in table.out
    assert " [seg26], unverified" in table.out


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])  # noqa: S104 it is refused
def test_an_address_for_other_machines_is_refused(shell: Shell, host: str) -> None:
    """Only with --allow-remote may others reach the sandbox; the message says so."""
    shell.refused(shell.run("sandbox", "--scale", "tiny", "--host", host), 2, "--allow-remote")


@pytest.mark.proof
def test_control_routes_for_other_machines_need_their_key() -> None:
    """With --allow-remote the control routes answer 401 without the generated key, and the API as ever."""
    with serve(scale="tiny", host="0.0.0.0", allow_remote=True) as served:  # noqa: S104 it is the matter
        document = served.document
        root = document["control_url"].replace("0.0.0.0", "127.0.0.1")  # noqa: S104 as above
        key = {"Authorization": f"Bearer {document['control_key']}"}
        with httpx.Client(base_url=root, trust_env=False) as calls:
            refused = [
                calls.get("/_sandbox/clock"),
                calls.get("/_sandbox/"),
                calls.get("//_sandbox/clock"),
                calls.get("/%5Fsandbox/clock"),
                calls.post("/_sandbox/rotate", json={"api": "app"}),
                calls.get("/_sandbox/clock", headers={"Authorization": "Bearer guess"}),
            ]
            allowed = calls.get("/_sandbox/clock", headers=key)
            api = calls.get("/v1/workspaces", headers={"Authorization": f"Bearer {document['app_api_key']}"})

    assert {401} <= {answer.status_code for answer in refused} <= {401, 404}
    assert "control key" in refused[0].json()["error"]
    assert (200, 200) == (allowed.status_code, api.status_code)
