"""Suppressions: addresses that the email provider does not deliver to, by category."""

from sources.customerio.sandbox.state.store.people import Record

# Suppression type to category. The documentation has two categories; the other two are unverified.
CATEGORIES = {
    "bounces": "bounces",
    "blocks": "blocks",
    "spam_reports": "spam",
    "invalid_emails": "invalid_emails",
}


def suppression(kind: str, email: str, domain: str, created: int, reason: str) -> Record:
    """The record of a suppressed address; `kind` is one of `CATEGORIES`."""
    return {
        "suppression_type": kind,
        "domain": domain,
        "created": created,
        "email": email.lower(),
        "reason": reason,
        "status": "550",
    }
