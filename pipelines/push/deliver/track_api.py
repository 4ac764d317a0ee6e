"""Sends one batch to the Track API, and reads the states of its rows from the answer.

    200                       all accepted
    207, or errors in a 2xx   those that are listed are rejected, the others accepted
    400, 413 and the like     the whole request is refused: two halves are sent, until a bad row is alone
    401, 403, redirects       a person has to change something: the run stops, no row was accepted
    429, 5xx, timeouts        the client has repeated it for a while; the run stops, and if the request may
                              have arrived, its rows are unknown until they are sent again

Rows may be sent twice then, which does no harm: events carry an id by which Customer.io ignores a repeat
[track26], and all other items set a state instead of changing it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http.client import MULTI_STATUS
from typing import Any

from pipelines.errors import ConfigError, EltError
from pipelines.push.context import PushContext
from pipelines.push.deliver.batch import Batch
from pipelines.push.deliver.throttle import Throttle
from sources.customerio.catalogue import operation
from sources.customerio.client import (
    Answer,
    BadAnswer,
    BadRequest,
    NotFound,
    RetryLater,
    has_error,
    list_of,
    redacted,
    unexpected,
)

Rejection = tuple[int, str, str | None]
"""A rejected row: its number in the log, the rejection reason, and the field if it is known."""
REASON_LENGTH = 300
"""Characters of a rejection reason that are kept."""


@dataclass(frozen=True, kw_only=True)
class SendResult:
    """The outcome of a batch.

    `state` is accepted, halved, unknown or unsent; `rejected` are its rejected rows, `warned` its accepted
    rows with a warning, and `stop` the error for which no more batches may be sent.
    """

    state: str
    status: int | None = None
    rejected: tuple[Rejection, ...] = ()
    warned: tuple[Rejection, ...] = ()
    error: str | None = None
    stop: EltError | None = None


class TrackApi:
    """Sends the batches of one push.

    Args:
        context: The push.
        throttle: The rate of its requests.
    """

    def __init__(self, context: PushContext, throttle: Throttle) -> None:
        self._client = context.client.watching(throttle.record)
        self._throttle = throttle
        self._segment = context.segment or {}

    def send(self, batch: Batch) -> SendResult:
        """Send a batch, and read the answer."""
        self._throttle.wait()
        try:
            answer = self._client.call(batch.operation, **self._segment, body=batch.body)
            rejected = rejected_rows(batch, answer, self._client.redacted)
        except (ConfigError, NotFound) as error:
            return SendResult(state="unsent", status=error.status, error=str(error), stop=error)
        except BadRequest as error:
            return _refused(batch, error)
        except (RetryLater, BadAnswer) as error:
            unknown = error.ambiguous or isinstance(error, BadAnswer)
            state = "unknown" if unknown else "unsent"
            return SendResult(state=state, status=error.status, error=str(error), stop=error)
        return SendResult(state="accepted", status=answer.status, rejected=rejected)


def _refused(batch: Batch, error: BadRequest) -> SendResult:
    if len(batch.items) > 1:
        return SendResult(state="halved", status=error.status, error=str(error))
    (item,) = batch.items
    rejected = ((item.seq, str(error)[:REASON_LENGTH], error.pointer),)
    return SendResult(state="accepted", status=error.status, rejected=rejected)


def _errors(answer: Answer) -> list[Any]:
    """The rejected items of a 2xx.

    `{}` accepts all items, and `errors` lists those that are rejected [track26]; a 207 rejects some. Anything
    else accepts none: something between here and Customer.io may have answered in its place.
    """
    document = answer.json()
    if document == {} and answer.status != MULTI_STATUS:
        return []
    call = operation(answer.operation)
    errors = list_of(call, document, "errors")
    if not errors and (answer.status == MULTI_STATUS or has_error(document)):
        raise unexpected(call, "an error and no item that is rejected")
    return errors


def rejected_rows(
    batch: Batch, answer: Answer, redact: Callable[[str], str] = redacted
) -> tuple[Rejection, ...]:
    """The rows that an answer lists as rejected, with reasons that `redact` freed of keys and addresses.

    Raises:
        BadAnswer: it is none of Customer.io's, or lists a row that was not sent.
    """
    rejected: dict[int, Rejection] = {}
    for error in _errors(answer):
        index = error.get("batch_index") if isinstance(error, dict) else None
        if not isinstance(index, int) or not 0 <= index < len(batch.items):
            msg = (
                f"The answer to `{answer.operation}` (status {answer.status}) rejects an item that was not "
                "sent. The accepted rows are not known, so these rows are sent again by the next run."
            )
            raise BadAnswer(msg, operation=answer.operation, status=answer.status)
        # Any of the three may be missing [track26].
        reason = ": ".join(str(error[name]) for name in ("reason", "message") if error.get(name))
        field = error.get("field")
        # An item with two errors is listed twice.
        seq = batch.items[index].seq
        rejected.setdefault(seq, (seq, redact(reason) or "refused", field and redact(str(field))))
    return tuple(rejected.values())
