"""One row written as part of a statement that is planned once; what `lib.reading` is to a query.

Saving a model instance builds and compiles its statement anew each time, and sends it alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.models import Field, Model

from surveys.lib.sql import Change


@dataclass(frozen=True)
class Writing:
    """How a row of one model is written: inserted, or updated where it was read before."""

    model: type[Model]

    def of(self, row: Model) -> Change:
        """What writes this instance. A key that the database gives stays unknown here."""
        own = connections[DEFAULT_DB_ALIAS]  # `connection` would look it up for each field
        values = {
            field.attname: field.get_db_prep_save(getattr(row, field.attname), own)
            for field in self._fields
        }
        if row._state.adding:
            return Change(self._insert, values)
        return Change(self._update, values, otherwise=DatabaseError("the row read before is gone"))

    @cached_property
    def _fields(self) -> list[Field[Any, Any]]:
        given = self.model._meta.auto_field
        fields = self.model._meta.concrete_fields
        return [field for field in fields if field is not given and not field.generated]

    @cached_property
    def _insert(self) -> str:
        columns = ", ".join(f'"{field.column}"' for field in self._fields)
        values = ", ".join(f"%({field.attname})s" for field in self._fields)
        return f'INSERT INTO "{self.model._meta.db_table}" ({columns}) VALUES ({values})'  # noqa: S608 -- names only

    @cached_property
    def _update(self) -> str:
        rest = [field for field in self._fields if not field.primary_key]
        changed = ", ".join(f'"{field.column}" = %({field.attname})s' for field in rest)
        return f'UPDATE "{self.model._meta.db_table}" SET {changed} WHERE id = %(id)s'  # noqa: S608 -- names only
