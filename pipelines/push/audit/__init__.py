"""Audits: what Customer.io has beside the rows that the model wants.

run        the order of work; `--repair` plans the differences as any run
wanted     the rows of the model that Customer.io should have
source     by a people export or by reads: the one that takes fewer requests
exported, members, reads       find the rows that are other there, each in its way
absent     tells people who were deleted from those who were suppressed
difference one difference, and its kinds
"""
