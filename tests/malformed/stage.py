"""The study that is attacked: open to join, with people at every stage, and staff."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from django.db import transaction
from django.http import HttpResponse
from django.utils.http import int_to_base36
from knox.models import AuthToken

from analytics.models import Export
from surveys import pipeline
from surveys.access.models import User
from surveys.access.roles import Role
from surveys.audit.actors import Actor
from surveys.instruments.definition import Instrument
from surveys.instruments.models import InstrumentVersion
from surveys.lib import clock, tokens
from surveys.lib.documents import content_hash
from surveys.participants.actions import Scope
from surveys.participants.identity import changes
from surveys.participants.identity.models import SignUp
from surveys.participants.models import Participant
from surveys.portal.copying import SALT as COPY
from surveys.portal.joining_state import State
from surveys.portal.passes import Pass, cookie_name, give_pass, seal
from surveys.responding.actions import save_page
from surveys.responding.models import Submission
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState
from tests.answering import window_around
from tests.functional.console.cast import CALM_RULE, Stage, make_alert, make_staff
from tests.integration.participants.joining_world import SCREENER, application, open_study
from tests.malformed.routes import Route
from tests.questionnaires import MORE_KINDS_DOCUMENT, SHORT, SHUFFLED, document
from tests.world import make_message, make_occasion, make_person, wave_document

# No number of the catalogue, in any script, is a right answer.
LIMITS: dict[str, dict[str, Any]] = {"warmth": {"min": 35}, "children": {"min": 9}}
EVERY_KIND_AT_ONCE = Instrument.model_validate(
    document(
        "at-once",
        [
            {**item, **LIMITS.get(item["code"], {})}
            for item in MORE_KINDS_DOCUMENT["items"]
            if item["kind"] != "information"
        ]
        + [
            {
                "code": "deeper", "kind": "text", "text": {"en": "Say more", "de": "Mehr dazu"},
                "show_if": "answers.near >= 3",
            }
        ],
        response_sets=MORE_KINDS_DOCUMENT["response_sets"],
        sections=[
            {"items": [i["code"] for i in MORE_KINDS_DOCUMENT["items"] if i["code"] != "welcome"],
             "items_per_page": 50},
            {"items": ["deeper"]},
        ],
    )
)  # fmt: skip
"""One page with every kind of item, and a second one for some people; nothing answered is -0."""

ANSWERS = {"mood": 3}


@dataclass(frozen=True)
class Target:
    """What is attacked; the cookies let somebody in as the browser of each person would."""

    cast: Stage
    final: Occasion  # handed in
    under_way: Occasion  # opened, and nothing saved
    drawn: Occasion  # the same, with items in an order drawn by lot
    waiting: Occasion  # open, and nobody has pressed Start
    left: Participant
    renewing: Participant  # has to agree to a new consent text
    change: str
    sign_up: str
    owner: User
    bearer: str

    @property
    def study(self) -> str:
        """Its code."""
        return self.cast.study.code

    def address(self, route: Route) -> str:
        """The route's address for what is there; raises KeyError for a part it does not know."""
        start = next((s for s in OF_TOKEN if route.template.startswith(s)), "")
        known: dict[str, str] = {
            "study": self.study,
            "participant": self.cast.person.code,
            "message": str(self.cast.message.pk),
            "export": str(self.cast.export.pk),
            "alert": "A-TEST",
            "wave": self.final.wave,
            "nth": "1",
            "provider": "mailgun",
            "uidb36": int_to_base36(self.owner.pk),
            "key": "a1b2c3-0123456789abcdef",  # has the form of one
            "signed": signing.dumps(str(self.cast.person.key), salt=COPY),
            "token": self._token(OF_TOKEN[start]) if start else "",
            "code": self.study,
            "version": "1",
        }
        if route.template.startswith("/console/instruments/"):
            known["code"] = SHORT.instrument
        elif "study" in route.names:
            known["code"] = self.cast.person.code
        return route.template % {name: known[name] for name in route.names}

    def address_of(self, template: str) -> str:
        """The same, by its template."""
        return self.address(Route(template, tuple(re.findall(r"%\((\w+)\)s", template))))

    def _token(self, purpose: str) -> str:
        return {
            "occasion": tokens.make("occasion", self.waiting.pk, 0),
            "consent": tokens.make("me", self.renewing.key),
            "me": tokens.make("me", self.cast.person.key),
            "unsubscribe": tokens.make("unsubscribe", self.cast.person.key),
            "left": tokens.make("left", self.left.key),
            "address": self.change,
            "joining": self.sign_up,
        }[purpose]

    def link(self, occasion: Occasion) -> str:
        """What a mail about it leads to."""
        return f"/s/{tokens.make('occasion', occasion.pk, occasion.link_generation)}/"

    def page(self, occasion: Occasion, ref: str) -> dict[str, str]:
        """The hidden fields of the first page of an instrument."""
        shown = seal(occasion, clock.now() - timedelta(seconds=20))
        return {"occasion": shown, "instrument": ref, "page": "1", "action": "next"}

    def visit(self, occasion: Occasion) -> str:
        """The cookie of somebody who has pressed Start."""
        response = HttpResponse()
        give_pass(response, Pass(occasion.pk, occasion.link_generation, "en"))
        return f"{cookie_name()}={response.cookies[cookie_name()].value}"

    def session(self) -> str:
        """The cookie of the owner, logged in."""
        session = SessionStore()
        session[SESSION_KEY] = str(self.owner.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = self.owner.get_session_auth_hash()
        session.create()
        return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"

    def joining(self, at: str) -> str:
        """The state of a visitor who came as far as this page of the sign-up."""
        state = State(self.study, 1, "en", at=at, strata={"site": "north"})
        if at == "details":
            state = replace(state, ticked=(0, 1), consented_at=clock.now().isoformat())
        return state.sealed()


OF_TOKEN = {
    "/s/": "occasion", "/me/%(token)s/consent/": "consent", "/me/": "me", "/u/": "unsubscribe", "/left/": "left",
    "/address/": "address", "/j/": "joining",
}  # fmt: skip


@transaction.atomic
def make_target() -> Target:
    """All rows; everybody is real, so that a good request does store something."""
    now = clock.now()
    for instrument in (SHORT, EVERY_KIND_AT_ONCE, SHUFFLED):
        dumped = instrument.model_dump(mode="json")
        InstrumentVersion.objects.get_or_create(
            code=instrument.instrument,
            version=1,
            defaults={"content_hash": content_hash(dumped), "document": dumped, "added_at": now},
        )
    waves = [
        wave_document("baseline", "P0D", instruments=[SHORT.ref]),
        wave_document("m3", "P3M", instruments=[EVERY_KIND_AT_ONCE.ref]),
        wave_document("m6", "P6M", instruments=[SHUFFLED.ref]),
        wave_document("m9", "P9M", instruments=[SHORT.ref]),
    ]
    rule = CALM_RULE | {"instrument": "short", "when": "answers.mood >= 1"}
    screener = [{**SCREENER[0], "min": 35}, *SCREENER[1:]]  # or ages of the catalogue were right
    study = open_study(waves=waves, safety=[rule], block={"screener": screener})
    ada = make_person(study, name="Ada Secret", email="ada@secret.example")
    bea = make_person(study, "BBBB-0002", name="Bea Secret", email="bea@secret.example")
    final = make_occasion(ada, link_opened_at=now, **window_around(now))
    save_page(
        occasion=final.pk, instrument=SHORT.ref, page=1, posted={"mood": "3"}, forward=True, now=now
    )
    final.refresh_from_db()
    assert final.state == OccasionState.COMPLETED
    assert Submission.objects.get().answers == ANSWERS
    under_way = make_occasion(ada, "m3", link_opened_at=now, **window_around(now))
    drawn = make_occasion(ada, "m6", link_opened_at=now, **window_around(now))
    waiting = make_occasion(ada, "m9", **window_around(now))
    by = Actor.participant(bea.code)
    pipeline.withdraw(participant=bea, scope=Scope.KEEP_DATA, reason="", by=by, now=now)
    bea.refresh_from_db()
    cleo = make_person(study, "CCCC-0003", name="Cleo Secret", consent_pending_since=now)
    message = make_message(final, state="sent", due_at=now, sent_at=now)
    export = Export.objects.create(study=study, formats=["csv"], requested_at=now)
    cast = Stage(study, ada, message, export)
    make_alert(cast)
    pipeline.ask_to_join(study=study, application=application(study, consented_at=now), now=now)
    change = changes.propose(ada, "ada.new@secret.example", expires_at=now + timedelta(days=3))
    owner = make_staff(Role.OWNER, study)
    owner.is_staff = True
    owner.save()
    _, bearer = AuthToken.objects.create(owner)
    return Target(
        cast, final, under_way, drawn, waiting, bea, cleo,
        tokens.make("address", change),
        tokens.make("joining", SignUp.objects.get().pk),
        owner, bearer,
    )  # fmt: skip
