"""Whether the warehouse agrees with Customer.io's own numbers.

    days -> ours and theirs, per parent, day and metric -> a closer look where they differ -> noted

Customer.io goes on changing: an open of today belongs to the day on which its message was made, and comes
after the last sync. So a difference is looked at delivery by delivery, and told apart by when Customer.io
says that it happened: later than our reading is explained, earlier is a mismatch.
"""

from pipelines.reconcile.cells import TABLE, Cell, Verdict
from pipelines.reconcile.run import Reconciliation, reconcile

__all__ = ["TABLE", "Cell", "Reconciliation", "Verdict", "reconcile"]
