"""Errors said outside the API's views, in the API's own form: for outages and refused requests."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, JsonResponse

from surveys.api.problems import MEDIA_TYPE


def is_for_api(request: HttpRequest) -> bool:
    """Whether a program asks for the API."""
    return request.path.startswith("/api/")


def problem(status: int, detail: str) -> JsonResponse:
    """What happened as `application/problem+json`."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return JsonResponse(body, status=status, content_type=MEDIA_TYPE)
