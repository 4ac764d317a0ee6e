"""Names and texts as SQL, for what cannot be a parameter."""


def quoted(name: str) -> str:
    """A name."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """A text, or what is one as text, such as a path."""
    return "'" + str(text).replace("'", "''") + "'"
