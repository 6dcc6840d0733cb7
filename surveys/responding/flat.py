"""A submission as one line of numbers: the form the export reads, kept by the database.

Turning JSONB into text and text into numbers is the dearest part of a large export (measured: 2.7 s
in PostgreSQL and 3 s in Python for 5.2 million answers with their times), so PostgreSQL does the
first half once, when a page is saved. The column is generated: it cannot differ from `answers` and
`paradata`, and nothing but `analytics.source` reads it.
"""

from __future__ import annotations

from django.db.models import Func, TextField

_COUNTED = '{0}.type() == "number" || {0}.type() == "null"'
_TIMED = '{0}.last.type() == "number" && {0}.changes.type() == "number"'

# (0: answers, 1: paradata), path. Paths with the same filter list the same items in one order.
_PARTS = (
    (0, f"$.keyvalue() ? ({_COUNTED.format('@.value')}).key"),
    (0, f"strict $.* ? ({_COUNTED.format('@')})"),  # lax would look into lists
    (1, f"$.items.keyvalue() ? ({_TIMED.format('@.value')}).key"),
    (1, f"$.items.* ? ({_TIMED.format('@')}).last"),
    (1, f"$.items.* ? ({_TIMED.format('@')}).changes"),
    (1, '$.pages[*].seconds ? (@.type() == "number")'),
)
PARTS = ("codes", "numbers", "timed", "last", "changes", "pages")


class Flat(Func):
    """`codes;numbers;timed codes;last;changes;page seconds`, each a list with commas.

    `Flat("answers", "paradata")`; a skipped item has the number `null`; words and lists are left out.
    """

    arity = 2
    output_field = TextField()

    def as_sql(self, compiler, connection, **_extra):  # type: ignore[no-untyped-def, override]  # Django's own signature is untyped
        """The six lists with semicolons between them."""
        columns = [compiler.compile(source)[0] for source in self.get_source_expressions()]
        lists = (_listed(columns[which], path) for which, path in _PARTS)
        return "(" + " || ';' || ".join(lists) + ")", []


def _listed(column: str, path: str) -> str:
    """What a path finds, separated by commas; nothing where the shape is another."""
    found = f"jsonb_path_query_array({column}, '{path}', '{{}}', true)"
    return f"translate({found}::text, '[]\" ', '')"
