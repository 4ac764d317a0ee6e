"""The parts of a Design Studio email, each as it is when nothing is set."""

from sources.customerio.sandbox.state.store.people import Record

TEXTS = ("subject", "preheader_text", "html", "amp", "text")
"""The texts of an email's content [sdk node]."""
CONTENT: Record = dict.fromkeys(TEXTS, "")
"""The content of an email, empty."""
ENVELOPE: Record = {
    "from_id": None,
    "reply_to_id": None,
    "recipient": "{{customer.email}}",
    "bcc": "",
    "fake_bcc": False,
    "headers": [],
}
"""The envelope of an email, with its defaults."""
