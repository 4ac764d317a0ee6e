"""Trees of classes that docstrings draw, read back."""

_LINES = " │├└─"


def drawn(docstring: str | None) -> dict[str, str]:
    """The parent of each class of a drawing whose lines are indented by four; the root's is ''."""
    parents: list[str] = []
    found = {}
    for line in (docstring or "").splitlines():
        words = line.lstrip(_LINES).split()
        if not line.startswith("    ") or not words:
            continue
        depth = (len(line) - len(line.lstrip(_LINES)) - 4) // 4
        parents[depth:] = [words[0]]
        found[words[0]] = parents[depth - 1] if depth else ""
    return found
