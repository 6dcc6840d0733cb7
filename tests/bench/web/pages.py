"""People with an open questionnaire of two pages, and the requests that fill these in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpResponse

from surveys.instruments.definition import Instrument
from surveys.lib import clock
from surveys.participants.models import Participant
from surveys.portal.passes import Pass, cookie_name, give_pass, seal
from surveys.scheduling.models import Occasion
from tests.answering import make_answerable, window_around
from tests.questionnaires import document
from tests.world import make_participant

N_ITEMS = 13  # on a page
CSRF = "a" * 32
STATEMENTS = [
    {
        "code": f"s{n}",
        "kind": "single",
        "options": "seven",
        "text": {"en": f"Statement {n}", "de": f"Aussage {n}"},
    }
    for n in range(1, 2 * N_ITEMS + 1)
]
LONG = Instrument.model_validate(document("long", STATEMENTS, items_per_page=N_ITEMS))


@dataclass(frozen=True)
class Post:
    """One page as a browser sends it."""

    body: bytes
    cookie: str


def make_posts(n_people: int) -> tuple[list[Post], list[Post]]:
    """The first pages of so many people, which are kept as drafts, and the last, which are final."""
    occasions, now = make_people(n_people), clock.now()
    return [_post(each, 1, now) for each in occasions], [_post(each, 2, now) for each in occasions]


def make_people(n_people: int) -> list[Occasion]:
    """So many people, each with one open questionnaire."""
    first = make_answerable([LONG], study="submit")
    model = first.participant
    codes = [f"BENCH-{n:06d}" for n in range(1, n_people)]
    people: list[Participant] = [make_participant(model.study, code) for code in codes]
    rows = [
        Occasion(
            participant=person,
            protocol=first.protocol,
            wave=first.wave,
            nth=1,
            state=first.state,
            link_opened_at=clock.now(),
            **window_around(clock.now()),
        )
        for person in people
    ]
    Occasion.objects.bulk_create(rows, batch_size=1000)
    Occasion.objects.filter(pk=first.pk).update(link_opened_at=clock.now())
    return [first, *rows]


def _post(occasion: Occasion, page: int, now: datetime) -> Post:
    codes = [f"s{n}" for n in range((page - 1) * N_ITEMS + 1, page * N_ITEMS + 1)]
    fields = {
        "csrfmiddlewaretoken": CSRF,
        "occasion": seal(occasion, now),
        "instrument": LONG.ref,
        "page": str(page),
        "seconds": "40",
        "touched": " ".join(f"{code}:{n}.5" for n, code in enumerate(codes, start=1)),
        "device": "phone",
        "layout": "items",
        "action": "next",
        **{code: str(n % 7 + 1) for n, code in enumerate(codes)},
    }
    carrier = HttpResponse()
    give_pass(carrier, Pass(occasion.pk, occasion.link_generation, "en"))
    visit = f"{cookie_name()}={carrier.cookies[cookie_name()].value}"
    return Post(urlencode(fields).encode(), f"{visit}; csrf={CSRF}")
