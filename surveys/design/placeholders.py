"""The words in braces that messages may hold. Pure; checked at publishing, filled by messaging."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

PLACEHOLDERS: Mapping[str, str] = {
    "study": "the study's title",
    "name": "the participant's name",
    "wave": "the wave's title",
    "link": "the personal link",
    "due_date": "the day the questionnaire opened",
    "closes_date": "the last day to answer",
    "minutes": "about how many minutes it takes",
    "contact_name": "whom to ask",
    "contact_email": "the address to write to",
}
PATTERN = re.compile(r"\{([a-z_]+)\}")
_ANY = re.compile(r"\{([^{}\n]{0,40})\}")


def unknown_in(text: str) -> Iterator[str]:
    """A sentence for everything in braces that is no placeholder."""
    for name in dict.fromkeys(_ANY.findall(text)):
        if name not in PLACEHOLDERS:
            near = difflib.get_close_matches(name.strip().lower(), PLACEHOLDERS, n=1)
            known = ", ".join(PLACEHOLDERS)
            hint = f"did you mean '{{{near[0]}}}'?" if near else f"known are {known}"
            yield f"unknown placeholder '{{{name}}}'; {hint}"
