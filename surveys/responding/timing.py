"""Times of answers in the form the export reads, kept by the database beside the paradata.

Turning JSONB numbers into text is the dearest step of a large export (measured: 1.9 of 2.6 s for
5.2 million answers), so it happens once, when a page is saved. The column is generated: it cannot
differ from the paradata, and nothing but `analytics.source` reads it.
"""

from __future__ import annotations

from django.db.models import Func, TextField

_TIMED = '@.last.type() == "number" && @.changes.type() == "number"'
_KEYS = "$.items.keyvalue() ? ({}).key".format(_TIMED.replace("@.", "@.value."))
_LAST = f"$.items.* ? ({_TIMED}).last"
_CHANGES = f"$.items.* ? ({_TIMED}).changes"
_PAGES = '$.pages[*].seconds ? (@.type() == "number")'


def _listed(path: str) -> str:
    """What a path finds, separated by commas; nothing where the shape is another."""
    found = f"jsonb_path_query_array(%(expressions)s, '{path}', '{{}}', true)"
    return f"translate({found}::text, '[]\" ', '')"


class Timing(Func):
    """`codes;last;changes;page seconds`, the first three in the same order."""

    template = "(" + " || ';' || ".join(map(_listed, (_KEYS, _LAST, _CHANGES, _PAGES))) + ")"
    output_field = TextField()
