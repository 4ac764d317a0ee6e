"""A real terminal of a given size for a command, and the screen that its reader sees."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyte

_LINES = 2_000
_PATIENCE_S = 180.0
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])")


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A terminal at the end of a command: its text, with the lines that have left at the top.

    `too_long` has the lines that the command wrote longer than the terminal, which breaks them anywhere. A
    line that is one word, such as a path, is none of them.
    """

    code: int
    text: str
    too_long: tuple[str, ...]


def screen_of(
    command: Sequence[str | Path], size: tuple[int, int], *, cwd: Path, env: Mapping[str, str]
) -> Screen:
    """Run the command on a terminal with `size` columns and lines; stdout and stderr are the terminal."""
    columns, lines = size
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
        cwd=cwd,
        env={**env, "TERM": "xterm-256color"},
    )
    os.close(follower)
    written = _all(leader)
    screen = pyte.HistoryScreen(columns, lines, history=_LINES)
    pyte.ByteStream(screen).feed(written)
    gone = ["".join(line[column].data for column in range(columns)) for line in screen.history.top]
    plain = _ESCAPE.sub("", written.decode()).replace("\r", "\n").splitlines()
    return Screen(
        code=process.wait(),
        text="\n".join(line.rstrip() for line in (*gone, *screen.display)).rstrip() + "\n",
        too_long=tuple(line for line in plain if len(line) > columns and " " in line.strip()),
    )


def answered(
    command: Sequence[str | Path],
    answers: Iterable[tuple[str, str]],
    *,
    cwd: Path,
    env: Mapping[str, str],
) -> tuple[int, str]:
    """Run the command on a terminal of its own, answer each question once it is asked.

    Returns:
        The exit code, and all that the terminal showed.
    """
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=cwd,
        env={**env, "TERM": "xterm"},
        start_new_session=True,
    )
    os.close(follower)
    shown = ""
    for question, answer in answers:
        begun = len(shown)
        while question not in shown[begun:]:
            part = _next(leader)
            assert part, shown
            shown += part
        os.write(leader, f"{answer}\n".encode())
    while part := _next(leader):
        shown += part
    os.close(leader)
    return process.wait(), shown


def _next(terminal: int) -> str:
    """The next output of the terminal; empty at its end."""
    ready, _, _ = select.select([terminal], [], [], _PATIENCE_S)
    assert ready, "the command asks nothing, and does not end"
    try:
        return os.read(terminal, 65_536).decode(errors="replace")
    except OSError:
        return ""


def _all(leader: int) -> bytes:
    parts = []
    with open(leader, "rb", buffering=0) as terminal, suppress(OSError):
        while part := terminal.read(65_536):
            parts.append(part)
    return b"".join(parts)
