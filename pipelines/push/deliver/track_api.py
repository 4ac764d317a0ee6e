"""One request, and what its answer means for the rows in it.

    200                   all accepted
    207, or errors in a 2xx   those that are listed are rejected, the others accepted
    400, 413 and the like     the whole request is refused: two halves go again, until a bad row is alone
    401, 403, redirects   a person has to change something: the run stops, nothing of it was taken
    429, 5xx, timeouts    the client has repeated it for a while; the run stops, and where the request may
                          have been taken all the same, its rows are unknown until they are sent again

Rows may be sent twice then, and that does no harm: events carry an id by which Customer.io knows them again
[track26], and everything else says what shall be, not what shall change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.errors import ConfigError, EltError
from pipelines.push.deliver.batch import Packed
from pipelines.push.deliver.throttle import Pace
from sources.customerio.client import (
    Answer,
    BadAnswer,
    BadRequest,
    Client,
    NotFound,
    RetryLater,
)

Rejected = tuple[int, str, str | None]
"""A row that was refused: its number in the log, the reason, and the field where it is known."""
_LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What became of a request.

    `warned` rows are accepted, and something was said about them.
    `state` is accepted, halved, unknown or unsent; `stop` is why nothing more may be sent.
    """

    state: str
    status: int | None = None
    rejected: tuple[Rejected, ...] = ()
    warned: tuple[Rejected, ...] = ()
    error: str | None = None
    stop: EltError | None = None


class Sender:
    """Sends requests of one sync.

    Args:
        client: The client of the Track API.
        pace: How fast.
        segment: Path and query of a segment's operations, for syncs of a segment.
    """

    def __init__(self, client: Client, pace: Pace, segment: Mapping[str, Any] | None = None) -> None:
        self._client = client.watching(pace.see)
        self._pace = pace
        self._segment = segment or {}

    def send(self, packed: Packed) -> Sent:
        """Send it, and read the answer."""
        self._pace.wait()
        try:
            answer = self._client.call(packed.operation, **self._segment, body=packed.body)
            rejected = rejected_of(packed, answer)
        except (ConfigError, NotFound) as error:
            return Sent(state="unsent", status=error.status, error=str(error), stop=error)
        except BadRequest as error:
            return _refused(packed, error)
        except (RetryLater, BadAnswer) as error:
            unknown = error.ambiguous or isinstance(error, BadAnswer)
            state = "unknown" if unknown else "unsent"
            return Sent(state=state, status=error.status, error=str(error), stop=error)
        return Sent(state="accepted", status=answer.status, rejected=rejected)


def _refused(packed: Packed, error: BadRequest) -> Sent:
    if len(packed.items) > 1:
        return Sent(state="halved", status=error.status, error=str(error))
    (item,) = packed.items
    rejected = ((item.seq, str(error)[:_LONGEST], error.pointer),)
    return Sent(state="accepted", status=error.status, rejected=rejected)


def rejected_of(packed: Packed, answer: Answer) -> tuple[Rejected, ...]:
    """The rows that an answer lists as refused.

    Raises:
        BadAnswer: it lists something that was not sent.
    """
    document = answer.json()
    errors = document.get("errors") if isinstance(document, dict) else None
    rejected: dict[int, Rejected] = {}
    for error in errors or ():
        index = error.get("batch_index") if isinstance(error, dict) else None
        if not isinstance(index, int) or not 0 <= index < len(packed.items):
            msg = (
                f"The answer to `{answer.operation}` (status {answer.status}) refuses an item that was not "
                "sent. What was accepted is not known, so these rows are sent again by the next run."
            )
            raise BadAnswer(msg, operation=answer.operation, status=answer.status)
        # Any of the three may be missing [track26].
        said = ": ".join(str(error[name]) for name in ("reason", "message") if error.get(name))
        field = error.get("field")
        # An item with two faults is listed twice.
        seq = packed.items[index].seq
        rejected.setdefault(seq, (seq, said[:_LONGEST] or "refused", field and str(field)))
    return tuple(rejected.values())
