"""Errors as `application/problem+json` (RFC 9457): what went wrong and, field by field, where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler

from surveys.participants.entries import EntryProblems

MEDIA_TYPE = "application/problem+json"


class Refused(APIException):
    """The request cannot be carried out as asked; `fields` says what is wrong with which field."""

    def __init__(self, detail: str, fields: Mapping[str, list[str]], status: int = 400) -> None:
        super().__init__(detail)
        self.status_code = status
        self.fields = fields

    @classmethod
    def for_entry(cls, error: EntryProblems, status: int = 400) -> Refused:
        """The problems of somebody to be enrolled."""
        fields: dict[str, list[str]] = {}
        for problem in error.problems:
            fields.setdefault(problem.column, []).append(problem.what)
        return cls("This person cannot be enrolled.", fields, status)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler; errors of ours that it does not know go to Django."""
    response = exception_handler(error, context)
    if response is None or _is_page(context):
        return response
    fields = list(_fields(error.fields if isinstance(error, Refused) else response.data))
    response.data = {
        "type": "about:blank",
        "title": HTTPStatus(response.status_code).phrase,
        "status": response.status_code,
        "detail": _detail(response.data),
        **({"errors": fields} if fields else {}),
    }
    response.content_type = MEDIA_TYPE
    return response


def _is_page(context: Mapping[str, Any]) -> bool:
    """Whether the answer is not for a program: the API's own page and its description."""
    renderer = getattr(context.get("request"), "accepted_renderer", None)
    return renderer is not None and renderer.format != "json"


def _detail(data: Any) -> str:
    said = data.get("detail") if isinstance(data, Mapping) else data
    if isinstance(said, list) and said:
        said = said[0]
    return str(said) if isinstance(said, str) else "Some fields are not as expected; see errors."


def _fields(data: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Every message with the path of its field, such as `strata.site`."""
    if isinstance(data, Mapping):
        for name, inner in data.items():
            if path or name != "detail":
                yield from _fields(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(data, list):
        for inner in data:
            yield from _fields(inner, path)
    elif path:
        yield {"field": path, "detail": str(data)}
