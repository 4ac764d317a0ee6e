"""The licences that a package of the lock may have.

A package may be used if its licence is permissive, or copyleft that ends at the package's own files. A choice
(`OR`) needs one such licence, a sum (`AND`) needs all to be such.
"""

from typing import Any

from license_expression import ExpressionError, get_spdx_licensing

ACCEPTED = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python", "ISC", "MIT", "MIT-0",
        "MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
        # Without a version of the text, as old packages state it.
        "License :: OSI Approved :: Apache Software License",
        "License :: OSI Approved :: BSD License",
        "License :: OSI Approved :: MIT License",
        "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)",
    }
)  # fmt: skip

_LGPL = "a library that is imported as it is, and can be exchanged: the LGPL ends there"
REVIEWED: dict[str, tuple[str, str]] = {
    "async-timeout": ("Apache-2.0", "for Python 3.11.2 and older"),
    "docutils": (
        "BSD-2-Clause AND BSD-3-Clause",
        "the other files are in the public domain; its mode of Emacs, which is GPL, is in no wheel",
    ),
    "protobuf": ("BSD-3-Clause", "its metadata say `3-Clause BSD License`, which is no SPDX name"),
    "psycopg": ("LGPL-3.0-only", _LGPL),
    "psycopg-binary": ("LGPL-3.0-only", _LGPL),
    "psycopg-pool": ("LGPL-3.0-only", _LGPL),
    "psycopg2-binary": ("LGPL-3.0-or-later", _LGPL),
    "pyte": ("LGPL-3.0-only", "for tests alone; " + _LGPL),
    "pywin32": ("PSF-2.0", "for Windows"),
    "text-unidecode": ("Artistic-1.0-Perl OR GPL-2.0-or-later", "the Artistic License is chosen"),
    "whenever": ("MIT", "for Python 3.13 and newer"),
    "win-precise-time": ("MIT", "for Windows"),
}
"""Packages by name whose licence was read: the SPDX expression, and why it is no hindrance."""

_SPDX = get_spdx_licensing()


def unaccepted(component: dict[str, Any]) -> str | None:
    """A sentence about a component of a bill of materials whose licence is not accepted; None if it is."""
    stated = stated_licences(component)
    if component["name"] in REVIEWED and stated == [REVIEWED[component["name"]][0]]:
        return None
    if stated and all(map(_is_accepted, stated)):
        return None
    return (
        f"{component['name']} {component['version']} has the licence {' and '.join(stated) or 'unknown'}, "
        "which is not accepted. Replace the package, or read its licence and add a row to REVIEWED."
    )


def stated_licences(component: dict[str, Any]) -> list[str]:
    """The licences of a component: SPDX expressions, or the words of its metadata."""
    return [
        row.get("expression") or row["license"].get("id") or row["license"]["name"]
        for row in component.get("licenses", [])
    ]


def _is_accepted(stated: str) -> bool:
    if stated in ACCEPTED:
        return True
    try:
        return _holds(_SPDX.parse(stated, validate=True))
    except ExpressionError:
        return False


def _holds(tree: Any) -> bool:
    if isinstance(tree, _SPDX.OR):
        return any(map(_holds, tree.args))
    if isinstance(tree, _SPDX.AND):
        return all(map(_holds, tree.args))
    return str(tree) in ACCEPTED
