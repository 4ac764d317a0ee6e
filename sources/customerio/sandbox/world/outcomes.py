"""The outcomes of deliveries: the time of each metric, drawn from one row of odds for each channel.

All metrics of a delivery are drawn when it is created. Most messages are delivered at once and opened within
hours. A few are delivered eight hours late (seen live), and some are opened months later, because Customer.io
records opens for half a year and conversions for 90 days.
"""

from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.clock import DAY, HOUR
from sources.customerio.sandbox.state.store.deliveries import FAILURES, METRIC, METRICS

Times = NDArray[np.int64]
Flags = NDArray[np.bool_]
Draws = NDArray[np.float64]

_LATE_S = 8 * HOUR
_OPEN_SPAN_S = 180 * DAY
_CONVERT_SPAN_S = 90 * DAY
# How many random numbers of each distribution one delivery needs.
UNIFORMS, NORMALS = 23, 12


@dataclass(frozen=True, kw_only=True)
class Odds:
    """Chances of one channel. Clicks are of human openers (of the delivered, where nothing is opened)."""

    attempted: float = 0.0
    dropped: float = 0.0
    failed: float = 0.0
    undeliverable: float = 0.0
    bounced: float = 0.0
    deferred: float = 0.0
    delivered: float = 0.0
    late: float = 0.0
    human_open: float = 0.0
    prefetch_open: float = 0.0
    human_click: float = 0.0
    prefetch_click: float = 0.0
    converted: float = 0.0
    replied: float = 0.0
    unsubscribed: float = 0.0
    topic_unsubscribed: float = 0.0
    spammed: float = 0.0
    secondary: float = 0.0


CHANNELS = ("email", "push", "twilio", "in_app", "whatsapp", "webhook", "slack")
_ODDS = {
    "email": Odds(
        dropped=0.01,
        failed=0.005,
        undeliverable=0.003,
        bounced=0.02,
        deferred=0.02,
        delivered=1.0,
        late=0.05,
        human_open=0.36,
        prefetch_open=0.18,
        human_click=0.2,
        prefetch_click=0.03,
        converted=0.08,
        unsubscribed=0.008,
        topic_unsubscribed=0.004,
        spammed=0.002,
    ),
    "push": Odds(
        bounced=0.03, delivered=0.8, human_open=0.12, human_click=0.3, converted=0.02, secondary=0.1
    ),
    "twilio": Odds(
        undeliverable=0.02, failed=0.01, delivered=0.97, late=0.02, human_click=0.08, replied=0.03
    ),
    "in_app": Odds(human_open=0.6, human_click=0.2, converted=0.05),
    "whatsapp": Odds(undeliverable=0.02, failed=0.01, delivered=0.98, human_open=0.7, human_click=0.1),
    "webhook": Odds(attempted=1.0, failed=0.03),
    "slack": Odds(attempted=1.0, failed=0.02),
}
_TABLE = np.array([astuple(_ODDS[channel]) for channel in CHANNELS])
_COLUMN = {name: index for index, name in enumerate(Odds.__dataclass_fields__)}
_OPENABLE = np.array([_ODDS[channel].human_open > 0 for channel in CHANNELS])
_BOUNCE_REASONS = np.array([1, 2, 1, 1], dtype=np.uint8)
_PUSH_REASON = FAILURES.index("NotRegistered: the device token is no longer valid")
_FAIL_REASON = {
    "dropped": FAILURES.index("Recipient is suppressed"),
    "failed": FAILURES.index("Missing required Liquid variable: customer.first_name"),
    "undeliverable": FAILURES.index("No recipient address"),
}
_WEBHOOK_REASON = FAILURES.index("Webhook endpoint answered 500 Internal Server Error")
_NEVER = np.iinfo(np.int64).max


class Outcomes:
    """The planned metrics of a batch of deliveries, from given random numbers."""

    def __init__(self, created: Times, channel: NDArray[np.int64], uniform: Draws, normal: Draws) -> None:
        """Plan deliveries created at `created` through `CHANNELS[channel]`; one column of draws for each."""
        self._uniform = iter(uniform)
        self._normal = iter(normal)
        self._channel = channel
        self._odds = _TABLE.T[:, channel]
        self.metrics = np.zeros((len(created), len(METRICS)), dtype=np.uint32)
        self.failure = np.zeros(len(created), dtype=np.uint8)
        everyone = np.ones(len(created), dtype=bool)
        self._set("attempted", self._chance("attempted", everyone), created + 1)
        going = self._send(created, everyone)
        sent = self.metrics[:, METRIC["sent"]].astype(np.int64)
        arrived = self._deliver(sent, going)
        self._engage(arrived, going)

    def _chance(self, name: str, among: Flags) -> Flags:
        hit: Flags = (next(self._uniform) < self._odds[_COLUMN[name]]) & among
        return hit

    def _set(self, metric: str, rows: Flags, times: Times) -> None:
        self.metrics[rows, METRIC[metric]] = times[rows]

    def _delay(self, median_s: float, spread: float, cap_s: int) -> Times:
        drawn: Draws = np.exp(next(self._normal) * spread) * median_s
        return np.minimum(drawn, float(cap_s)).astype(np.int64)

    def _send(self, created: Times, everyone: Flags) -> Flags:
        """The messages that are sent, most within seconds; the others get the reason of their failure."""
        going = everyone.copy()
        by_url = self._channel >= CHANNELS.index("webhook")
        for metric, reason in _FAIL_REASON.items():
            lost = self._chance(metric, going)
            self._set(metric, lost, created + 2)
            self.failure[lost] = np.where(by_url, _WEBHOOK_REASON, reason)[lost]
            going &= ~lost
        queue = np.where(next(self._uniform) < 0.02, self._delay(1200, 0.8, 6 * HOUR), 0)
        self._set("sent", going, created + self._delay(3, 0.9, 300) + queue)
        return going

    def _deliver(self, sent_at: Times, going: Flags) -> Times:
        """The delivery time of each sent message; removes the bounced ones from `going`."""
        bounced = self._chance("bounced", going)
        self._set("bounced", bounced, sent_at + self._delay(20, 1.0, DAY))
        reasons = _BOUNCE_REASONS[(next(self._uniform) * len(_BOUNCE_REASONS)).astype(np.int64)]
        push = self._channel == CHANNELS.index("push")
        self.failure[bounced] = np.where(push, _PUSH_REASON, reasons)[bounced]
        going &= ~bounced
        deferred = self._chance("deferred", going)
        self._set("deferred", deferred, sent_at + 5)
        late = self._chance("late", going)
        wait = self._delay(4, 1.0, 600) + np.where(deferred, 2 * HOUR, 0)
        wait += np.where(late, _LATE_S + self._delay(300, 0.8, HOUR), 0)
        delivered = self._chance("delivered", going)
        self._set("delivered", delivered, sent_at + wait)
        self._set("secondary:delivered", self._chance("secondary", delivered), sent_at + wait + 60)
        return sent_at + wait

    def _engage(self, arrived: Times, going: Flags) -> None:
        """Opens, clicks, conversions and unsubscribes; machines open and click sooner than people."""
        human = self._chance("human_open", going)
        much_later = DAY + (next(self._uniform) * (_OPEN_SPAN_S - DAY)).astype(np.int64)
        delay = np.where(next(self._uniform) < 0.03, much_later, self._delay(3 * HOUR, 1.7, _OPEN_SPAN_S))
        human_at = arrived + 1 + delay
        machine = self._chance("prefetch_open", going)
        machine_at = arrived + 1 + self._delay(20, 1.0, HOUR)
        self._first("opened", ("human_opened", human, human_at), ("prefetch_opened", machine, machine_at))
        openable = _OPENABLE[self._channel]
        readers = np.where(openable, human, going)
        read_at = np.where(openable, human_at, arrived + delay // 20)
        clicker = self._chance("human_click", readers)
        click_at = read_at + 2 + self._delay(40, 1.2, 3 * DAY)
        crawler = self._chance("prefetch_click", machine)
        self._first(
            "clicked", ("human_clicked", clicker, click_at), ("prefetch_clicked", crawler, machine_at + 3)
        )
        span = (next(self._uniform) ** 4 * _CONVERT_SPAN_S).astype(np.int64)
        self._set("converted", self._chance("converted", readers), read_at + 60 + span)
        for metric in ("unsubscribed", "topic_unsubscribed", "spammed", "replied"):
            self._set(metric, self._chance(metric, readers), read_at + 5 + self._delay(30, 1.0, DAY))

    def _first(self, metric: str, *ways: tuple[str, Flags, Times]) -> None:
        """Set the metric of each way, and `metric` itself to the earliest of them."""
        first = np.full(len(self._channel), _NEVER)
        for name, rows, times in ways:
            self._set(name, rows, times)
            first = np.where(rows, np.minimum(first, times), first)
        self._set(metric, first < _NEVER, first)
