"""A participant's browser: follows the link, presses Start, and posts the page as often as told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import httpx

from studyplatform.demo.forms import Form, forms_of
from surveys.design.models import Study
from surveys.scheduling.models import Occasion
from tests.answering import link, make_answerable
from tests.questionnaires import SHORT

THANKS = "/survey/thanks/"


@dataclass
class Visitor:
    """One browser on the one page of a short questionnaire."""

    occasion: Occasion
    client: httpx.Client
    typed: dict[str, str]

    @classmethod
    @contextmanager
    def on_the_page(cls, origin: str) -> Iterator[Self]:
        """A new person, on the page, with an answer typed in."""
        occasion = make_answerable([SHORT], study=f"calm-{Study.objects.count()}")
        with httpx.Client(base_url=origin, timeout=30) as client:
            welcome = client.get(link(occasion))
            start = client.post(link(occasion), data={**form_of(welcome).hidden, "start": "1"})
            assert start.status_code == 303, start.text
            page = client.get("/survey/")
            typed = {**form_of(page).hidden, "mood": "3", "action": "next"}
            yield cls(occasion, client, typed)

    def press(self, **changes: str) -> httpx.Response:
        """Send the page."""
        return self.client.post("/survey/", data={**self.typed, **changes})

    def press_at_once(self, n: int) -> list[httpx.Response]:
        """Send it in `n` requests at the same time."""
        with ThreadPoolExecutor(n) as threads:
            return list(threads.map(lambda _: self.press(), range(n)))


def has_thanks(reply: httpx.Response) -> bool:
    """Whether the answers were taken."""
    return (reply.status_code, reply.headers.get("Location")) == (303, THANKS)


def form_of(page: httpx.Response) -> Form:
    """The page's first form that posts."""
    form = next((form for form in forms_of(page.text) if form.method == "post"), None)
    assert form is not None, f"status {page.status_code}, no form to post: {page.text}"
    return form
