"""Compares the warehouse with Customer.io's own numbers.

    days -> both numbers by parent, day and metric -> deliveries of days that differ -> verdicts -> table

Customer.io's numbers of past days keep changing: an open counts for the day on which its message was created,
and may come after the last sync. So a difference is resolved delivery by delivery, by the time of the metric:
one that is later than the warehouse's last read is explained, an earlier one is a mismatch.
"""

from pipelines.reconcile.cells import TABLE, Cell, Verdict
from pipelines.reconcile.run import Reconciliation, reconcile

__all__ = ["TABLE", "Cell", "Reconciliation", "Verdict", "reconcile"]
