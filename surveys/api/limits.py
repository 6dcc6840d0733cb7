"""What one caller may send, ask and be shown at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.utils import json

MAX_BODY_BYTES = 100_000


class SmallJSONParser(JSONParser):
    """JSON of a sane size, each key once.

    Django's own limits do not cover a body that is read as a stream.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The parsed body; raises ParseError when it is too large or no JSON."""
        length = (parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0
        if int(length) > MAX_BODY_BYTES:
            raise ParseError(f"The body is larger than {MAX_BODY_BYTES} bytes.")
        try:
            data: dict[str, Any] = json.loads(stream.read().decode(), object_pairs_hook=_each_once)
            json.dumps(data, ensure_ascii=False).encode()  # could we say it back?
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
        except UnicodeEncodeError as error:
            raise ParseError("The body holds half of a character.") from error
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from error
        return data


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object; raises ValueError for a key that is there twice, since either could be meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


class Pages(CursorPagination):
    """Pages in the order of creation that stay right while rows are added."""

    ordering = "pk"
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        """One page; raises NotFound for a cursor that we never gave out."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError) as error:
            raise NotFound(self.invalid_cursor_message) from error
