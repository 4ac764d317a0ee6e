"""Checks of servers: Customer.io with keys and clock, the rate limits, Prefect if it is configured."""

import os
from collections.abc import Iterator

import httpx

from pipelines.connect import check_access, client
from pipelines.doctor.finding import Finding, unset
from pipelines.errors import ConfigError, EltError, WrongWorkspace
from pipelines.ingest.check import check
from pipelines.settings import Settings, env_file
from sources.customerio.client import Unreachable, WrongClock

_SKEW_S = 60
_HEALTH_S = 5.0
_APP_KEY, _URL = "CUSTOMERIO_APP_API_KEY", "CUSTOMERIO_APP_URL"
_CLOCK = "sudo timedatectl set-ntp true"
_WAIT = "until cio-elt check; do sleep 10; done"


def limits(settings: Settings) -> Iterator[Finding]:
    """The store of the rate limits."""
    try:
        with client(settings):
            pass
    except ConfigError as error:
        yield Finding(
            name="rate limits",
            found=str(error),
            state="fail",
            cure="export CIO_ELT_LIMITS=$HOME/.cio-elt-limits",
        )
    else:
        yield Finding(name="rate limits", found="They can be kept.")


def customerio(settings: Settings) -> Iterator[Finding]:
    """Customer.io: that it answers, the clock, the workspace, and the reach of the key."""
    if settings.customerio_app_api_key is None:
        return
    try:
        access = check_access(settings)
        yield _clock(settings, access.ahead_s)
        yield from _reach(settings)
    except WrongClock as error:
        cure = _CLOCK if settings.customerio_app_url is None else "export CIO_ELT_ANY_CLOCK=true"
        yield Finding(name="clock", found=str(error), state="fail", cure=cure)
    except Unreachable as error:
        # A URL of the settings may be wrong; Customer.io's own hosts come back, and the network does.
        cure = _WAIT if settings.customerio_app_url is None else unset(_URL)
        yield Finding(name="Customer.io", found=str(error), state="fail", cure=cure)
    except WrongWorkspace as error:
        yield Finding(name="workspace", found=str(error), state="fail", cure=new_key())
    except EltError as error:
        yield Finding(name="key", found=str(error), state="fail", cure=new_key())


def new_key() -> str:
    """The command that asks for another key and writes it; one of the environment would come before it."""
    replace = " --replace" if env_file().exists() else ""
    return (
        f"{unset(_APP_KEY)} && cio-elt init{replace}"
        if os.environ.get(_APP_KEY)
        else f"cio-elt init{replace}"
    )


def _clock(settings: Settings, ahead_s: int) -> Finding:
    if abs(ahead_s) <= _SKEW_S or settings.customerio_app_url is not None:
        return Finding(name="clock", found="It agrees with Customer.io's, or the server is your own.")
    return Finding(
        name="clock",
        found=f"Customer.io's clock is {ahead_s:+,} s from this machine's.",
        state="warn",
        cure=_CLOCK,
    )


def _reach(settings: Settings) -> Iterator[Finding]:
    result = check(settings)
    unread = [reach for reach in result.reaches if reach.verdict in ("forbidden", "failed")]
    reached = sum(reach.verdict == "reachable" for reach in result.reaches)
    if unread:
        names = ", ".join(reach.resource for reach in unread)
        yield Finding(
            name="key",
            found=f"It cannot read {len(unread)} table(s): {names}. {unread[0].reason} Make a key with "
            "these scopes in Customer.io; `cio-elt check` shows the reason of each.",
            state="warn",
            cure=new_key(),
        )
    else:
        yield Finding(name="key", found=f"It reads all {reached} tables that were tried.")


def prefect(_: Settings) -> Iterator[Finding]:
    """The Prefect server that PREFECT_API_URL names, if it is set."""
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        return
    try:
        answers = httpx.get(f"{url}/health", timeout=_HEALTH_S).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        answers = False
    if answers:
        yield Finding(name="Prefect", found="Its server answers.")
    else:
        yield Finding(
            name="Prefect",
            found="No server answers at PREFECT_API_URL. Start that server; or let `make serve` start one "
            "here, as it does without this variable.",
            state="fail",
            cure="unset PREFECT_API_URL",
        )
