"""What one caller may send, ask and be shown at a time."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

import redis
from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle

if TYPE_CHECKING:  # the views read their settings, which name this module
    from rest_framework.views import APIView

MAX_BODY_BYTES = 100_000
logger = logging.getLogger(__name__)


class SmallJSONParser(JSONParser):
    """JSON of a sane size: Django's own limits do not cover a body that is read as a stream."""

    strict = True

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
            data = super().parse(stream, media_type, parser_context)
            json.dumps(data, ensure_ascii=False).encode()  # could we say it back?
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
        except UnicodeEncodeError as error:
            raise ParseError("The body holds half of a character.") from error
        return data


class _FailingOpen(SimpleRateThrottle):
    """Counts in the cache; without the cache nobody is locked out, since the cache holds no truth."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether the caller has requests left."""
        try:
            return super().allow_request(request, view)
        except redis.RedisError:
            logger.warning("the cache cannot be reached, so the API does not count requests")
            return True


class CallerThrottle(_FailingOpen, UserRateThrottle):
    """Requests of one signed-in caller."""


class StrangerThrottle(_FailingOpen, AnonRateThrottle):
    """Requests of one address without a login."""


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
