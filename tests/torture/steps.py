"""Runs the steps of a schedule: a command in this process, killed, on a full disk, or beside another."""

import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import stamina
from click.testing import CliRunner

from pipelines.cli.main import main
from sources.customerio.sandbox import Sandbox
from sources.customerio.sandbox.faults.knobs import Knobs
from tests.conftest import Warehouse, following
from tests.pipelines.conftest import PATIENCE_S, Ran, Shell, ended, shell_for
from tests.torture import judge
from tests.torture.events import happen
from tests.torture.judge import Judge, Violation
from tests.torture.schedule import DAYS_AGO, SCALE, Schedule, Step, draw
from tests.torture.truth import Truth

_DAY = 86_400
# Three troubles that pass may hit a call one after the other, each three times.
_TRIES = 10
_AGING = ("messages", "activities")
_FULL_EVERY = 4
_TOLD = frozenset({"Prefect", "runs", "lock", "memory", "disk", "settings", "dead letters", "push health"})
"""Findings of the doctor that faults leave rightly, or that are the machine's."""
_ON_A_FULL_DISK = """
import resource, sys
from pipelines.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes}, -1))
main()
"""


@dataclass(frozen=True)
class Torture:
    """One schedule under way."""

    schedule: Schedule
    shell: Shell
    warehouse: Warehouse
    truth: Truth
    judge: Judge
    log: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Run every step and judge it, then clean syncs; Violation at the first thing that is not true."""
        for step in self.schedule.steps:
            self._begin(step)
            synced = self._is_synced()
            self._judge(step, _HOWS[step.how](self, step), synced=synced)
        self._end()

    def _is_synced(self) -> bool:
        """Checks if a sync was published."""
        if not self.warehouse.settings.published_file.exists():
            return False
        runs = "SELECT 1 FROM information_schema.tables WHERE table_name = 'sync_runs'"
        return bool(self.warehouse.query(runs))

    def _end_troubles(self) -> None:
        sandbox = self.warehouse.sandbox
        sandbox.faults.clear()
        for name, value in vars(usual_knobs()).items():
            setattr(sandbox.knobs, name, value)

    def _begin(self, step: Step) -> None:
        self._end_troubles()
        sandbox = self.warehouse.sandbox
        for event in step.events:
            happen(event, sandbox, self.warehouse.served)
        sandbox.clock.advance(step.pause_s)
        for trouble in step.troubles:
            for name, value in trouble.knobs.items():
                setattr(sandbox.knobs, name, value)
            sandbox.faults.add(*trouble.faults)
        self.log.append(f"{step.how}: {' '.join(step.command)} {[each.name for each in step.troubles]}")
        self.truth.begin()

    def _judge(self, step: Step, runs: list[tuple[tuple[str, ...], Ran]], *, synced: bool) -> None:
        self.truth.note()
        self.judge.sound()
        for command, ran in runs:
            self.log.append(f"    {ran.code} after {ran.seconds:.1f} s")
            self.judge.message(ran)
            self.judge.code(ran, self._explained(step, command, synced=synced))
            tables = {row.table: row for row in self.schedule.tables}
            if ran.code == 0 and command[0] == "sync" and not any(each.lies for each in step.troubles):
                asked = [tables[name] for name in command if name in tables]
                altered = any(each.alters for each in step.troubles)
                self.judge.landed(
                    [row for row in asked if row.table not in judge.skipped(ran)], altered=altered
                )

    def _explained(self, step: Step, command: tuple[str, ...], *, synced: bool) -> set[int]:
        """The exit codes beside 0 that the step explains."""
        codes = {code for trouble in step.troubles for code in trouble.codes}
        if step.how == "killed":
            codes.add(judge.KILLED)
        if step.how == "on a full disk":
            codes |= {judge.FAILED, judge.MISUSED, judge.PARTLY}
        if command[0] in ("export", "transform") or (command[0] != "sync" and not synced):
            # There is no such campaign, there are too few tables for the marts, or no warehouse yet; or one
            # of exports alone, which does not tell that the workspace's clock is not this machine's.
            codes |= {judge.MISUSED, judge.FAILED}
        return codes

    def _end(self) -> None:
        """Faults off, and syncs as a user would run them: the warehouse equals the workspace."""
        self._end_troubles()
        names = [row.table for row in self.schedule.tables]
        ran = self._clean("sync", *names)
        if tables := judge.held(ran):
            accepted = [word for table in tables for word in ("--accept-deletions", table)]
            ran = self._clean("sync", *names, *accepted)
        if ran.code != 0:
            msg = f"a clean sync ends with {ran.code}: {ran.out} {ran.err}"
            raise Violation(msg)
        self.judge.equal(aged=False)
        if self.schedule.seed % _FULL_EVERY == 0 or set(_AGING).intersection(names):
            # Deliveries and activities of earlier days are read again by a full sync.
            if (ran := self._clean("sync", "--full", *names)).code != 0:
                msg = f"a clean full sync ends with {ran.code}: {ran.out} {ran.err}"
                raise Violation(msg)
            self.judge.equal(aged=True)
        if (ran := self._here(("status", "--fail-on-gap", "--json"))).code != 0:
            msg = f"status ends with {ran.code}: {ran.out} {ran.err}"
            raise Violation(msg)
        # A run of another command that was killed is told; nothing waits, and nothing is damaged.
        ran = self._here(("doctor", "--json"))
        found = [row for row in ran.document["findings"] if row["state"] != "ok" and row["name"] not in _TOLD]
        if found:
            msg = f"doctor finds {found}"
            raise Violation(msg)

    def _clean(self, *command: str) -> Ran:
        self.warehouse.sandbox.clock.advance(60)
        self.truth.begin()
        ran = self._here((*command, "--json"))
        self.log.append(f"clean {' '.join(command)}: {ran.code} after {ran.seconds:.1f} s")
        self.truth.note()
        self.judge.sound()
        self.judge.message(ran)
        self.judge.code(ran, ())
        return ran

    def alone(self, step: Step) -> list[tuple[tuple[str, ...], Ran]]:
        """Run the command in this process."""
        with self._meanwhile(step):
            return [(step.command, self._here(self._filled(step.command)))]

    def killed(self, step: Step) -> list[tuple[tuple[str, ...], Ran]]:
        """Run the command in a process of its own, and kill it after some requests."""
        before = self.warehouse.sandbox.stats.total
        process, began = self.shell.start(self._filled(step.command)), time.monotonic()
        while process.poll() is None and time.monotonic() - began < PATIENCE_S:
            if self.warehouse.sandbox.stats.total - before >= step.at:
                time.sleep(step.at / 50)
                process.kill()
                break
            time.sleep(0.005)
            if time.monotonic() - began > 2 + step.at / 10:
                process.kill()
        return [(step.command, ended(process, began))]

    def on_a_full_disk(self, step: Step) -> list[tuple[tuple[str, ...], Ran]]:
        """Run the command in a process that can write no file beyond a size."""
        code = _ON_A_FULL_DISK.format(bytes=step.at * 1_024)
        program = (sys.executable, "-c", code)
        process, began = self.shell.start(self._filled(step.command), program=program), time.monotonic()
        return [(step.command, ended(process, began))]

    def with_another(self, step: Step) -> list[tuple[tuple[str, ...], Ran]]:
        """Run two commands at once, each in a process of its own, on the same warehouse."""
        commands, began = (step.command, step.other), time.monotonic()
        with self._meanwhile(step):
            processes = [self.shell.start(self._filled(command)) for command in commands]
            return [
                (command, ended(process, began)) for command, process in zip(commands, processes, strict=True)
            ]

    def _here(self, command: tuple[str, ...]) -> Ran:
        began = time.monotonic()
        with stamina.set_testing(True, attempts=_TRIES):
            result = CliRunner().invoke(main, list(command), env=self.shell.env)
        err = result.stderr
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            err += "".join(traceback.format_exception(result.exception))
        return Ran(code=result.exit_code, out=result.stdout, err=err, seconds=time.monotonic() - began)

    def _filled(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """The command with moments in place of numbers of days."""
        now = self.warehouse.sandbox.clock.now()
        return tuple(
            str(now - int(word.removesuffix(DAYS_AGO)) * _DAY) if word.endswith(DAYS_AGO) else word
            for word in command
        )

    @contextmanager
    def _meanwhile(self, step: Step) -> Iterator[None]:
        """Let the step's events happen while the block runs, each after its number of requests."""
        over, stats = threading.Event(), self.warehouse.sandbox.stats
        before = stats.total

        def watch() -> None:
            for number, event in sorted(step.meanwhile, key=lambda each: each[0]):
                while stats.total - before < number:
                    if over.wait(0.002):
                        return
                self.truth.note()
                happen(event, self.warehouse.sandbox, self.warehouse.served)
                self.truth.note()

        watcher = threading.Thread(target=watch, name="meanwhile")
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


_HOWS: Mapping[str, Callable[[Torture, Step], list[tuple[tuple[str, ...], Ran]]]] = {
    "alone": Torture.alone,
    "killed": Torture.killed,
    "on a full disk": Torture.on_a_full_disk,
    "with another": Torture.with_another,
}


def run(schedule: Schedule) -> list[str]:
    """Run a schedule in a folder of its own; returns its log.

    Raises:
        Violation: something was not true; the message has the log too.
    """
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        sandbox = Sandbox(scale=SCALE, seed=schedule.seed % 50 + 1)
        with following(sandbox, Path(folder) / "data") as warehouse:
            shell = shell_for(sandbox, warehouse.served, Path(folder))
            if schedule.many:
                shell.env["CUSTOMERIO_PEOPLE_BY_SEARCH"] = "5"
            sandbox.knobs.export_takes_s = usual_knobs().export_takes_s
            # A sync that reads people by an export changes the list of exports after it has read that.
            partial = ("people", "exports") if schedule.many else ()
            truth = Truth(warehouse, schedule.tables)
            torture = Torture(schedule, shell, warehouse, truth, Judge(warehouse, truth, partial))
            try:
                torture.run()
            except Exception as error:
                text = "\n".join([f"seed {schedule.seed}: {error}", *torture.log])
                if isinstance(error, Violation):
                    raise Violation(text) from error
                error.add_note(text)
                raise
            return torture.log


def usual_knobs() -> Knobs:
    """The knobs between troubles: an export is ready at once, for the clock stands still."""
    return Knobs(export_takes_s=0)


def run_seed(seed: int) -> None:
    """Run the schedule of that seed."""
    run(draw(seed))
