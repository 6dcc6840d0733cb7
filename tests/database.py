"""The test database as a URL, for tests that start processes of their own."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from django.db import connection


def url_of_tests() -> str:
    """Works for a server by name and for a socket folder alike."""
    told = connection.settings_dict
    user = quote(told["USER"], safe="")
    if told["PASSWORD"]:
        user += ":" + quote(told["PASSWORD"], safe="")
    place = urlencode({"host": told["HOST"], "port": told["PORT"] or "5432"})
    return f"postgresql://{user}@/{quote(told['NAME'])}?{place}"
