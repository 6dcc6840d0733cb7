"""Every statement that reaches PostgreSQL while something runs, also those past Django's cursors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

_SPACES = re.compile(r"\s+")


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements, in order; BEGIN and COMMIT, which the driver sends by itself, are not told."""
    found: list[str] = []
    execute = psycopg.Cursor.execute

    def note(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        text = query if isinstance(query, str | bytes) else query.as_string(self)
        found.append(_SPACES.sub(" ", text if isinstance(text, str) else text.decode()).strip())
        return execute(self, query, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", note)
        yield found
