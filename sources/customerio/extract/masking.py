"""Masks the secrets of a URL that a workspace keeps: its user and password, and the values of its query.

A warehouse has more readers than a workspace has administrators. Host, path and the names in the query stay,
so that endpoints can be told apart and a change is seen.
"""

from urllib.parse import SplitResult, urlsplit

MASK = "***"


def masked_url(url: str) -> str:
    """The URL without secrets; only the mask if it cannot be parsed."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    query = "&".join(_masked_pair(pair) for pair in parts.query.split("&")) if parts.query else ""
    fragment = MASK if parts.fragment else ""
    return parts._replace(netloc=_masked_host(parts), query=query, fragment=fragment).geturl()


def _masked_host(parts: SplitResult) -> str:
    credentials, at, host = parts.netloc.rpartition("@")
    if not at:
        return parts.netloc
    return f"{MASK}:{MASK}@{host}" if ":" in credentials else f"{MASK}@{host}"


def _masked_pair(pair: str) -> str:
    """`name=***`; a part without `=` may be a token itself, and is masked whole."""
    name, equals, _ = pair.partition("=")
    return f"{name}={MASK}" if equals else MASK
