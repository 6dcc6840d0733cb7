"""Numbers as keyboards of several scripts type them, in plain ASCII. Pure."""

from __future__ import annotations

_PLAIN = str.maketrans(
    {chr(first + n): str(n) for first in (0x0660, 0x06F0) for n in range(10)}  # Arabic, Persian
    | {"\u066b": ".", "\u2212": "-"}  # the Arabic decimal sign, the typographic minus
)


def plain(text: str) -> str:
    """The text with its digits, decimal sign and minus in ASCII; all else stays as it is."""
    return text.translate(_PLAIN)
