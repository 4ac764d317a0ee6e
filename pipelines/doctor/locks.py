"""The process that holds a file's lock, as Linux lists it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process that holds a lock: its id, and its command line."""

    pid: int
    command: str

    @property
    def text(self) -> str:
        """The process in the words of a message."""
        return f"process {self.pid} ({self.command})" if self.command else f"process {self.pid}"


def holder(file: Path) -> Holder | None:
    """The process that holds a lock of the file; None if no process does, or the system does not tell."""
    try:
        found = file.stat()
        rows = Path("/proc/locks").read_text("ascii").splitlines()
    except OSError:
        return None
    for row in rows:
        # 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF; a waiting process has an arrow in its second field.
        fields = row.split()
        if "->" not in fields and fields[5].rpartition(":")[2] == str(found.st_ino) and int(fields[4]) > 0:
            return Holder(pid=int(fields[4]), command=_command(int(fields[4])))
    return None


def _command(pid: int) -> str:
    """The program and its first words; the rest may name files and people."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    return " ".join(Path(word).name for word in words[:3] if word)
