"""Looks up rows that a list lacks, before they count as deleted.

Lists whose pages go by position shift when a row above leaves them: the row behind a page moves onto it after
it was read, and stands on no later one. Its own call tells if it is gone.
"""

from collections.abc import Collection

from sources.customerio.catalogue import Resource, operation
from sources.customerio.client import NotFound
from sources.customerio.extract.diff import Key
from sources.customerio.extract.run_context import RunContext


def existing(run: RunContext, resource: Resource, keys: Collection[Key]) -> Collection[Key]:
    """The keys among these whose rows are there still; none for a table whose rows have no call of their own.

    Raises:
        CustomerioError: a row could not be looked up.
    """
    if resource.lookup is None:
        return ()
    call = operation(resource.lookup)
    client = run.client_for(resource.table)
    names = [parameter.name for parameter in call.path_parameters]
    run.summary_of(resource.table).expect(len(keys))

    def asked(key: Key) -> list[Key]:
        values = key if isinstance(key, tuple) else (key,)
        try:
            client.call(call.id, path=dict(zip(names, values, strict=True)))
        except NotFound:
            return []
        return [key]

    return [key for found in run.map(asked, keys) for key in found]
