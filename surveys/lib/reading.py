"""A query that every page of a participant asks: written once, planned once, read as instances.

The ORM builds and compiles its queries anew each time. For a join of four tables that takes several
times as long as PostgreSQL needs to answer it, so what each posted page reads is plain SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model

from surveys.lib import sql

Convert: TypeAlias = Callable[[Any, None, Any], Any]


@dataclass(frozen=True)
class Part:
    """The columns of one model in a query, under an alias, but for those that stay `unread`."""

    model: type[Model]
    alias: str
    unread: tuple[str, ...] = ()

    @cached_property
    def names(self) -> list[str]:
        """The attributes that are read, in the order of the columns."""
        fields = self.model._meta.concrete_fields
        return [field.attname for field in fields if field.name not in self.unread]

    @property
    def columns(self) -> str:
        """What stands behind SELECT."""
        fields = map(self.model._meta.get_field, self.names)
        return ", ".join(f'{self.alias}."{field.column}"' for field in fields)  # type: ignore[union-attr]  # concrete ones have a column

    def instance(self, values: Sequence[Any]) -> Any:
        """The instance that these columns make, None when an outer join found none."""
        if values[0] is None:
            return None
        read = list(values)
        for at, convert in self._converted:
            read[at] = convert(read[at], None, connection)
        return self.model.from_db(DEFAULT_DB_ALIAS, self.names, read)

    @cached_property
    def _converted(self) -> list[tuple[int, Convert]]:
        fields = map(self.model._meta.get_field, self.names)
        found = ((at, getattr(field, "from_db_value", None)) for at, field in enumerate(fields))
        return [(at, convert) for at, convert in found if convert]


@dataclass(frozen=True)
class Reading:
    """SELECT the parts, and `rest` from FROM on; each row is one instance a part."""

    parts: tuple[Part, ...]
    rest: str

    def rows(self, **values: Any) -> list[list[Any]]:
        """Every row that the query finds for these named parameters."""
        return [self._instances(row) for row in sql.rows_prepared(self._query, values)]

    @cached_property
    def _query(self) -> str:
        return f"SELECT {', '.join(part.columns for part in self.parts)} {self.rest}"

    def _instances(self, row: Sequence[Any]) -> list[Any]:
        found, at = [], 0
        for part in self.parts:
            end = at + len(part.names)
            found.append(part.instance(row[at:end]))
            at = end
        return found
