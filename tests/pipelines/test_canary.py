"""Keys, links and people's data are planted; after every command, they are where they are meant to be alone.

Keys come from `.env`, and stand in no other file, output or process. A person's data stands in the databases,
in downloaded exports, in packages that wait, and on the stdout of commands whose result is people's data.
"""

import json
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path

import httpx
import pytest
from click import Group

from pipelines.cli.main import main
from pipelines.ui.pages import PAGES
from sources.customerio.sandbox import Fault, Sandbox
from tests.pipelines.conftest import PATIENCE_S, VIPS, Ran, Shell, ended, shell_for
from tests.pipelines.erase.conftest import traces_in

EMAIL, PHONE = "canary.oriole7@example.com", "+14155550173"
FOREIGN_KEY = "c0ffee0123456789c0ffee0123456789"
LINK = "https://files.example.com/report.pdf?Expires=1999999999&Signature=0badc0de0badc0de"
PERSONAL = (EMAIL, PHONE, FOREIGN_KEY, LINK)
"""The data of one person, as a workspace may have them in any field."""

SIGNED = ".csv?Expires="
"""A part of each link by which Customer.io hands out the file of an export."""

MEANT = (
    "data/load.duckdb",
    "data/customerio.duckdb",
    "data/push.duckdb",
    "data/transform.duckdb",
    "data/*.wal",
    "data/exports/*.csv",
    "data/exports/*.csv.part",
    # Packages of a run that was killed wait there until the next one loads them.
    "data/dlt/pipelines/customerio/*/*.parquet",
    # The sandbox of this test, which stands for Customer.io, keeps its files in the temporary folder.
    "customerio-sandbox-*/*.csv",
    # The demo's people are a sandbox's of its own.
    "data/demo/*",
)
"""The files in which people's data is meant to be."""
SHOWS_PEOPLE = ("api", "search")
"""The commands whose result, on stdout, is people's data."""


@dataclass
class Watch:
    """A look at all files, and at the processes of the commands."""

    shell: Shell
    secrets: tuple[str, ...]
    seen: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    processes: set[str] = field(default_factory=set)

    def run(self, *arguments: str, codes: Sequence[int] = (0,)) -> Ran:
        """Run a command that ends with one of those codes, and look."""
        began, process = time.monotonic(), self.shell.start(arguments)
        with self.watching():
            ran = ended(process, began)
        assert ran.code in codes, (arguments, ran.code, ran.err)
        self.look(" ".join(arguments), ran)
        return ran

    def kill(self, *arguments: str, at: str, number: int = signal.SIGKILL) -> None:
        """Kill a command once the sandbox has a request of that operation, which is delayed; and look."""
        self.shell.sandbox.faults.add(Fault(operation=at, delay_ms=5_000, times=None))
        before = self.shell.sandbox.stats.by_operation.get(at, 0)
        began, process = time.monotonic(), self.shell.start(arguments)
        with self.watching():
            while self.shell.sandbox.stats.by_operation.get(at, 0) == before:
                assert time.monotonic() - began < PATIENCE_S, arguments
                assert process.poll() is None, process.communicate()
                time.sleep(0.05)
            process.send_signal(number)
            ran = ended(process, began)
        assert ran.code in (-number, 130), ran.err
        plant(self.shell.sandbox)
        self.look(f"{' '.join(arguments)}, killed", ran)

    def look(self, command: str, ran: Ran) -> None:
        """Look at what a command has printed, and at the files that changed."""
        shown = PERSONAL if command.split()[0] not in SHOWS_PEOPLE else ()
        for name, text, wanted in (
            ("stdout", ran.out, (*self.secrets, *shown)),
            ("stderr", ran.err, (*self.secrets, *PERSONAL)),
        ):
            self.problems += [f"{command}: {name} has {each}" for each in wanted if each in text]
        for file in sorted(self.shell.folder.rglob("*")):
            name = str(file.relative_to(self.shell.folder))
            if not file.is_file() or name == ".env":
                continue
            state = (file.stat().st_mtime_ns, file.stat().st_size)
            if self.seen.get(file) == state:
                continue
            self.seen[file] = state
            meant = any(fnmatch(name, pattern) for pattern in MEANT)
            texts = self.secrets if meant else (*self.secrets, *PERSONAL)
            self.problems += [
                f"{command}: {name} {place} has {text}" for place, text in traces_in(file, texts)
            ]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at the arguments and the environments of this shell's processes while the block runs."""
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        home = f"HOME={self.shell.env['HOME']}".encode()
        while not over.wait(0.2):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    held = (process / "environ").read_bytes()
                    if home in held:
                        held += (process / "cmdline").read_bytes()
                        self.processes.add(process.name)
                        wanted = (*self.secrets, *PERSONAL)
                        self.problems += [f"a process has {text}" for text in wanted if text.encode() in held]


def plant(sandbox: Sandbox) -> None:
    """Give every row of every list a field with all of it, and some rows that cannot be stored."""
    sandbox.faults.clear()
    sandbox.faults.add(
        Fault(give_fields={"planted": {"values": PERSONAL, **{text: text for text in PERSONAL}}}, times=None)
    )


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """A shell whose keys are in `.env` alone, and a workspace with the planted person."""
    # Another seed than the default: `cio-elt sandbox` shows the keys of its own, which follow from its seed.
    sandbox = Sandbox(scale="tiny", seed=3)
    sandbox.knobs.export_takes_s = 0
    attributes = {"phone": PHONE, "api_key": FOREIGN_KEY, "link": LINK}
    cio_id = sandbox.add("people", id="canary", email=EMAIL, **attributes)
    sandbox.join_segment(
        next(row["id"] for row in sandbox.rows("segments") if row["type"] == "manual"), cio_id
    )
    plant(sandbox)
    with sandbox.serve() as served:
        shell = shell_for(sandbox, served, tmp_path)
        keys = {
            "CUSTOMERIO_APP_API_KEY": shell.env.pop("CUSTOMERIO_APP_API_KEY"),
            "CUSTOMERIO_TRACK_SITE_ID": sandbox.track_site_id,
            "CUSTOMERIO_TRACK_API_KEY": sandbox.track_api_key,
        }
        (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in keys.items()))
        (tmp_path / "push").mkdir()
        (tmp_path / "push" / "vips.yml").write_text(VIPS)
        shell.env |= {"CIO_ELT_LOG": "debug", "CIO_ELT_PUSH": str(tmp_path / "push")}
        yield Watch(shell, (*keys.values(), sandbox.webhook_signing_key, SIGNED))


@pytest.mark.proof
def test_keys_links_and_people_are_where_they_are_meant_to_be(watch: Watch) -> None:
    """Every command of the command line, failing and killed ones too, with all that is logged shown."""
    shell, sandbox = watch.shell, watch.shell.sandbox
    private = shell.folder / "people.csv"

    watch.run("check", codes=(0, 4))
    watch.run("config")
    watch.run("plan")
    watch.kill("sync", at="listCampaigns")
    watch.run("sync", "--log-json")
    told = f"{EMAIL} {PHONE} {FOREIGN_KEY} {LINK}"
    sandbox.faults.add(Fault(operation="listSegments", status=400, detail=told, times=None))
    sandbox.faults.add(Fault(operation="listCampaigns", text=f"<html>{told}</html>", times=None))
    sandbox.faults.add(Fault(operation="listNewsletters", raw_records=(f'{{"id": null, "of": "{EMAIL}"}}',)))
    watch.run("sync", "segments", "campaigns", "newsletters", codes=(1, 4))
    plant(sandbox)
    watch.run("backfill", "messages", "--from", "2026-09-01", codes=(0, 4))
    watch.run("export", "people")
    watch.run("export", "deliveries", "--campaign", "1")
    sandbox.faults.add(Fault(operation="storage", status=403, text=told, times=None))
    watch.run("export", "people", "--deadline", "1m", codes=(1,))
    plant(sandbox)
    watch.kill("export", "people", at="getExport", number=signal.SIGTERM)
    watch.run("transform")
    watch.run("report", "--out", str(shell.folder / "report.html"))
    watch.run("push", "plan", "vips")
    watch.kill("push", "run", "vips", at="batch")
    watch.run("push", "run", "vips")
    sandbox.faults.add(Fault(operation="batch", status=400, detail=told, times=None))
    watch.run("push", "run", "vips", "--full", codes=(1, 4))
    plant(sandbox)
    watch.run("push", "run", "vips", codes=(0, 4))
    watch.run("push", "audit", "vips", codes=(0, 4))
    watch.run("push", "status")
    watch.run("reconcile", "--days", "7", codes=(0, 1, 4))
    watch.run("publish")
    watch.run("status")
    watch.run("privacy")
    watch.run("search", "people", "--json")
    watch.run("api", "call", "listCampaigns", "--json")
    watch.run("doctor", "--bundle", str(shell.folder / "support.zip"), codes=(0, 1, 4))
    private.write_text("id\nuser-1\n")
    watch.run("erase", "--file", str(private), codes=(3,))
    watch.run("erase", "--file", str(private), "--yes")
    (shell.folder / "key").write_text("0" * 32)
    watch.run("init", "--replace", "--key-from", "key", codes=(2,))
    watch.run("demo", "--scale", "tiny")
    _serve_and_stop(watch)
    _read_the_pages(watch)

    assert [] == sorted(set(watch.problems))
    assert len(watch.processes) > 30, "each command was seen while it ran"


def _serve_and_stop(watch: Watch) -> None:
    """The sandbox command, which ends when it is interrupted."""
    process, began = watch.shell.start(("sandbox", "--scale", "tiny")), time.monotonic()
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    watch.look("sandbox", ended(process, began))


def _read_the_pages(watch: Watch) -> None:
    """The local pages: what they show counts as the command's stdout."""
    process, began = watch.shell.start(("ui", "--port", "0", "--json")), time.monotonic()
    assert process.stdout is not None
    told = process.stdout.readline()
    url = json.loads(told)["url"]
    with watch.watching(), httpx.Client(base_url=url, timeout=PATIENCE_S, trust_env=False) as client:
        texts = [client.get(page.path).text for page in PAGES]
        process.send_signal(signal.SIGINT)
        ran = ended(process, began)
    assert all("</html>" in text for text in texts)
    watch.look("ui", replace(ran, out="".join([told, ran.out, *texts])))


def test_every_command_is_watched() -> None:
    """A new command of the command line is one of those that are run."""
    assert isinstance(main, Group)
    text = Path(__file__).read_text("utf-8")
    assert [] == [name for name in main.commands if f'("{name}"' not in text]
