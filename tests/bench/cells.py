"""A figure as text: the cells of its row, and the sentence about a bound that it misses."""

from tests.bench.measure import Figure

COLUMNS = ("figure", "value", "spread", "bound", "kept")
"""The names of the cells."""


def cells(figure: Figure) -> tuple[str, ...]:
    """The row of the figure; a figure with one run has no spread, and one without bounds none to keep."""
    low, high = min(figure.runs), max(figure.runs)
    spread = f"{number(low)}..{number(high)}" if len(figure.runs) > 1 else ""
    limits = bound(figure)
    kept = ("yes" if figure.kept else "**no**") if limits else ""
    return figure.what, _with_unit(figure.median, figure.unit), spread, limits, kept


def bound(figure: Figure) -> str:
    """The bounds of the figure; empty if it has none."""
    both = (("at most", figure.most), ("at least", figure.least))
    return ", ".join(f"{word} {_with_unit(value, figure.unit)}" for word, value in both if value is not None)


def missed(part: str, figure: Figure) -> str:
    """The line about a figure that misses its bound."""
    return f"{part}: {figure.what}: {_with_unit(figure.median, figure.unit)}; {bound(figure)}"


def number(value: float) -> str:
    """The number with three digits, or all those before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _with_unit(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".rstrip()
