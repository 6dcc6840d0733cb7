"""Every address of the platform, as its URL map has them: a new route is found by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize


@dataclass(frozen=True)
class Route:
    """One route; `template` is its path with `%(name)s` for each of its `names`."""

    template: str
    names: tuple[str, ...]


def routes(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[Route]:
    """All routes, also those of Django's and other people's apps."""
    for pattern in (resolver or get_resolver()).url_patterns:
        (template, names), *_ = normalize(pattern.pattern.regex.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, prefix + template)
        elif isinstance(pattern, URLPattern):
            yield Route(prefix + template, tuple(names))
