"""Identifiers and string literals for SQL, where a query parameter is not allowed."""


def quoted(name: str) -> str:
    """The name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """The text as an SQL string literal; other objects, such as a path, by their `str`."""
    return "'" + str(text).replace("'", "''") + "'"
