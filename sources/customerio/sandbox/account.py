"""An account: several workspaces behind one address, each with keys of its own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sources.customerio.sandbox.sandbox import Sandbox
from sources.customerio.sandbox.serve import Served, serving


class Account:
    """Sandboxes that are the workspaces of one account.

        clock = Clock(DEFAULT_START)
        account = Account([Sandbox(seed=seed, clock=clock) for seed in (1, 2, 3)])
        with account.serve() as served:
            ...  # served.app_url, account.workspaces[1].app_api_key

    A request goes to the workspace of its key. Small ids overlap: each workspace has a campaign 1, created at
    another time. Faults, knobs, rate limits and the request log are a workspace's own; the clock, a reset and
    the list of workspaces are the account's.
    """

    def __init__(self, workspaces: Sequence[Sandbox]) -> None:
        """Join the sandboxes, before any of them is served.

        Raises:
            ValueError: there is none, two have the same seed, or they have several clocks or regions.
        """
        if not workspaces:
            msg = "An account has at least one workspace; give it a sandbox."
            raise ValueError(msg)
        if len({sandbox.workspace_id for sandbox in workspaces}) < len(workspaces):
            msg = "Two workspaces of an account have the same seed, so the same keys; give each its own."
            raise ValueError(msg)
        if any(sandbox.clock is not workspaces[0].clock for sandbox in workspaces):
            msg = "The workspaces of an account have one clock; give the same Clock to each sandbox."
            raise ValueError(msg)
        if any(sandbox.region != workspaces[0].region for sandbox in workspaces):
            msg = "The workspaces of an account are in one region; give the same region to each sandbox."
            raise ValueError(msg)
        self.workspaces = tuple(workspaces)
        engines = [sandbox._engine for sandbox in workspaces]
        for engine in engines:
            engine.join(engines)

    @contextmanager
    def serve(
        self, host: str = "127.0.0.1", port: int = 0, *, control_key: str | None = None
    ) -> Iterator[Served]:
        """Serve all workspaces over HTTP until the block ends; port 0 takes a free one.

        With a `control_key`, the control routes need it.
        """
        engines = [sandbox._engine for sandbox in self.workspaces]
        with serving(engines, host, port, control_key) as served:
            yield served
