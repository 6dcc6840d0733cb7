"""Simulated people at the web server: they follow a link, press Start, tick, and go on."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from studyplatform.demo.behaviour import Respondent
from studyplatform.demo.forms import Form, forms_of
from studyplatform.demo.patience import loaded

MAX_PAGES = 60


class LostOnTheWay(RuntimeError):
    """A page was not what a person would expect; the demo stops and says so."""


@dataclass(frozen=True)
class Visit:
    """One sitting: which occasion, and after how many saved pages it ends (None: at the end)."""

    link: str
    wave: str
    nth: int
    stop_after: int | None


async def visit(client: httpx.AsyncClient, respondent: Respondent, what: Visit) -> int:
    """Carry out one sitting; return how many pages were saved. A closed link ends it quietly."""
    page = await loaded(lambda: client.get(what.link))
    start = _form_with(page, button="start")
    if start is None:
        return 0
    page = await _post(client, page, start, dict([b for b in start.buttons if b[0]]))
    for saved in range(MAX_PAGES):
        form = _form_with(page, button="action")
        if form is None:
            return saved
        if what.stop_after is not None and saved >= what.stop_after:
            return saved
        page = await _answer(client, page, form, respondent, what)
    raise LostOnTheWay(f"{what.link}: more than {MAX_PAGES} pages")


async def _answer(
    client: httpx.AsyncClient, page: httpx.Response, form: Form, respondent: Respondent, what: Visit
) -> httpx.Response:
    ticked = {
        field.name: answer
        for field in form.questions
        if (
            answer := respondent.answers(
                what.wave, what.nth, field.name, field.offers, (field.low, field.high)
            )
        )
    }
    reply = await _post(client, page, form, {**ticked, "action": "next"})
    again = _form_with(reply, button="action")
    if again is not None and "confirmed_skips" in again.hidden:
        reply = await _post(client, reply, again, {**ticked, "action": "next"})
    return reply


async def _post(
    client: httpx.AsyncClient, page: httpx.Response, form: Form, data: dict[str, str]
) -> httpx.Response:
    url = urljoin(str(page.url), form.action)
    typed, came_from = {**form.hidden, **data}, {"Referer": str(page.url)}
    reply = await loaded(lambda: client.post(url, data=typed, headers=came_from))
    if reply.status_code >= 500 or reply.status_code in {400, 403, 404}:
        raise LostOnTheWay(f"{url} answered {reply.status_code}")
    return reply


def _form_with(page: httpx.Response, *, button: str) -> Form | None:
    for form in forms_of(page.text):
        if form.method == "post" and any(name == button for name, _ in form.buttons):
            return form
    return None
