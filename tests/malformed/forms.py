"""Every form of ours that asks for something, filled in wrong: one field at a time, and all.

What is a value that may be kept, and is no fault, is left out: a name may hold `<script>`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from surveys.instruments.definition import Instrument
from surveys.responding.answers import field_name
from surveys.responding.readers import parts_of
from tests.malformed.catalogue import VALUES
from tests.malformed.sending import FORM, Ask, form
from tests.malformed.stage import EVERY_KIND_AT_ONCE, Target
from tests.questionnaires import SHUFFLED

WORDS = "words"  # a field that takes any text of up to so many characters
STUDY = "/console/studies/calm-year/"
ADA = f"{STUDY}people/AAAA-0001/"


@dataclass(frozen=True)
class Attacked:
    """One form: where it goes, who sends it, what else stands in it, and the fields to spoil.

    `words` are fields in which every readable text is right; they are spoilt by what nobody can
    read. `replies` are what a spoilt form is answered with.
    """

    path: str
    fields: tuple[str, ...]
    rest: Mapping[str, str] = field(default_factory=dict)
    cookie: str = ""
    words: Collection[str] = ()
    replies: Collection[int] = (400, 422)
    one_by_one: bool = True
    at_most: int = 100  # values of each case

    def asks(self) -> Iterator[Ask]:
        """Each value of the catalogue in each field, else in all of them at once."""
        for case, values in VALUES.items():
            for value in values[: self.at_most]:
                spoilt = {
                    name: value
                    for name in self.fields
                    if name not in self.words or not is_readable(value)
                }
                if self.one_by_one:
                    yield from (self.ask(case, {name: value}) for name in spoilt)
                else:
                    yield self.ask(case, spoilt)

    def ask(self, case: str, spoilt: Mapping[str, str]) -> Ask:
        """The form with these values in it."""
        body = form({**self.rest, **spoilt}.items())
        return Ask(case, "POST", self.path, body, FORM, self.cookie)


def is_readable(text: str, longest: int = 500) -> bool:
    """Whether a field for words may keep it; half characters come as U+FFFD from every form."""
    sent = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    odd = any(unicodedata.category(c) == "Cc" and c not in "\r\n\t\x85" for c in sent)
    return 0 < len(sent.strip()) <= longest and not odd


def may_be_right(text: str) -> bool:
    """Whether it looks at all like an answer in digits, in whatever way they are written."""
    kept = re.sub("[\u202a-\u202e\u2066-\u2069]", "", text)
    return bool(re.fullmatch(r"[-+\u2212\u066b\d.,:T\s]*", kept))


def page_fields(of: Instrument = EVERY_KIND_AT_ONCE) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields of an instrument's first page, and those for words."""
    items = [item for item in of.items if item.code not in {"deeper", "welcome"}]
    names = [field_name(item.code) for item in items]
    parts = [f"{field_name(i.code)}.{part}" for i in items for part in parts_of(of, i)]
    return (*names, *parts), tuple(field_name(i.code) for i in items if i.kind == "text")


def participants(target: Target) -> Iterator[Attacked]:
    """The forms of people who take part."""
    names, words = page_fields()
    page = target.page(target.under_way, EVERY_KIND_AT_ONCE.ref)
    pass_ = target.visit(target.under_way)
    autosave = page | {"action": "autosave", "turn": "1", "touched": " ".join(f"{n}:1" for n in names)}  # fmt: skip
    back = page | {"action": "back"}
    yield Attacked("/survey/", names, page, pass_, words, one_by_one=False)
    yield Attacked("/survey/", names, back, pass_, words, one_by_one=False)
    yield Attacked("/survey/", names, autosave, pass_, words, replies={200})
    lots = target.page(target.drawn, SHUFFLED.ref)
    to_lots = target.visit(target.drawn)
    yield Attacked("/survey/", page_fields(SHUFFLED)[0], lots, to_lots, one_by_one=False)
    yield Attacked("/survey/", ("occasion",), page, pass_)
    yield Attacked("/survey/", ("instrument", "page"), page, pass_, replies={303})
    odd = ("seconds", "touched", "turn", "device", "layout", "confirmed_skips", "reopen", "shown", "nothing")  # fmt: skip
    yield Attacked("/survey/", odd, page, pass_, one_by_one=False)
    yield Attacked("/survey/", odd, autosave, pass_, replies={200})
    own = target.address_of("/me/%(token)s/")
    for action, name in OWN.items():
        yield Attacked(own, (name,), {"action": action})
    yield Attacked(own, ("action",))
    yield Attacked(f"{own}leave/", ("scope",))
    yield Attacked(target.address_of("/left/%(token)s/"), ("scope", "action"))
    yield Attacked(target.address_of("/u/%(token)s/"), ("List-Unsubscribe",))
    anew = target.address_of("/me/%(token)s/consent/")
    yield Attacked(anew, ("version",), {"statement.0": "1", "statement.1": "1"}, replies={409})
    yield Attacked(anew, ("statement.0",), {"version": "1", "statement.1": "1"})


OWN = {
    "pause": "until", "time": "at", "language": "language", "zone": "zone", "address": "email",
    "snooze": "occasion", "start": "wave", "reminders": "reminders",
}  # fmt: skip
"""What the own page can be asked for, and the field that says how."""


def visitors(target: Target) -> Iterator[Attacked]:
    """The forms of people who sign up."""
    join = f"/join/{target.study}/"
    good = {"email": "new@mail.example", "language": "en", "timezone": "Europe/Berlin"}
    at = {name: {"state": target.joining(name)} for name in ("screener", "consent", "details")}
    yield Attacked(join, ("state",))
    yield Attacked(join, ("screener.age",), at["screener"] | {"screener.site": "north"})
    yield Attacked(join, ("screener.site",), at["screener"] | {"screener.age": "40"})
    yield Attacked(join, ("statement.0",), at["consent"] | {"statement.1": "1"})
    for name in good:
        yield Attacked(join, (name,), at["details"] | good)


def staff(target: Target) -> Iterator[Attacked]:
    """The console's forms, sent by an owner."""
    session = target.session()
    for path, names in {
        f"{ADA}withdraw/": ("scope",),
        f"{ADA}move/": ("timezone",),
        f"{ADA}anchor/": ("name", "on"),
        f"{ADA}pause/": ("until",),
        f"{ADA}time/": ("at",),
        f"{ADA}address/": ("email",),
        f"{STUDY}exports/new/": ("formats",),
        f"{STUDY}outbox/resend/": ("messages",),
        f"{STUDY}design/publish/": ("read",),
        "/console/account/login/": ("login",),
        "/console/account/reauthenticate/": ("password",),
    }.items():
        yield Attacked(path, names, {}, session, replies=range(200, 500), at_most=3)
