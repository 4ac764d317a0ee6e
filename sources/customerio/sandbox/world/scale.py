"""The sizes of worlds."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The size of a world at its start; later days have the same daily numbers.

    `people` and `deliveries` are totals over the `history_days` before the start. `events` is the number of
    activities a month, without those of deliveries. `burst` is the number of messages of a newsletter that
    are sent within one second. `actions` is the number of the smallest campaigns' actions.
    """

    name: str
    people: int
    campaigns: int
    newsletter_every_days: int
    broadcasts: int
    segments: int
    deliveries: int
    events: int
    burst: int
    history_days: int = 365
    actions: int = 2


SCALES = {
    scale.name: scale
    for scale in (
        Scale(
            name="tiny",
            people=60,
            campaigns=5,
            newsletter_every_days=30,
            broadcasts=2,
            segments=8,
            deliveries=460,
            events=250,
            burst=20,
            history_days=305,
        ),
        Scale(
            name="demo",
            people=2_000,
            campaigns=20,
            newsletter_every_days=7,
            broadcasts=4,
            segments=12,
            deliveries=60_000,
            events=27_000,
            burst=250,
        ),
        Scale(
            name="large",
            people=50_000,
            campaigns=40,
            newsletter_every_days=7,
            broadcasts=6,
            segments=16,
            deliveries=1_000_000,
            events=250_000,
            burst=1_500,
        ),
    )
}
