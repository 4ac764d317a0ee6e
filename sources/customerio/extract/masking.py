"""Masks what is secret in a URL that a workspace keeps: its user and password, and the values of its query.

A warehouse has more readers than a workspace has administrators. What is left still tells one endpoint from
another, and that it changed: host, path, and the names in the query.
"""

from urllib.parse import SplitResult, urlsplit

MASK = "***"


def masked_url(url: str) -> str:
    """The URL without secrets; nothing but the mask where it cannot be taken apart."""
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
    """`name=***`; what has no `=` may be a token itself."""
    name, equals, _ = pair.partition("=")
    return f"{name}={MASK}" if equals else MASK
