"""From a planned message to its words: which text, which values. Delivery and outbox call this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from surveys.design.asking import asked
from surveys.design.forms import Form
from surveys.design.models import ProtocolVersion
from surveys.design.protocol import Protocol, Wave
from surveys.design.registry import protocol_of
from surveys.instruments import registry
from surveys.instruments.definition import Instrument
from surveys.instruments.duration import minutes
from surveys.lib import dates, languages
from surveys.messaging.links import Links
from surveys.messaging.rendering import SETTINGS_LINK, Prepared, Rendered, prepare
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageKind

SHORT_WINDOW = timedelta(days=2)  # within it the hour of the close matters


@dataclass(frozen=True, slots=True)
class Letter:
    """What is known about one message, apart from who it goes to."""

    id: UUID
    kind: str
    n_attempts: int
    occasion_id: UUID
    link_generation: int
    participant_id: int
    participant_key: UUID
    protocol_id: int
    wave: str
    language: str
    timezone: str
    opens_at: datetime
    closes_at: datetime
    form: str = ""  # of a planned-missing design
    has_slot: bool = False  # it waited for its turn at its domain's pace, and this is it

    @classmethod
    def of(cls, message: Message) -> Letter:
        """From rows; the window must be known."""
        occasion, participant = message.occasion, message.occasion.participant
        opens_at = occasion.opens_at or message.due_at
        return cls(
            id=message.id,
            kind=message.kind,
            n_attempts=message.n_attempts,
            occasion_id=occasion.id,
            link_generation=occasion.link_generation,
            participant_id=participant.id,
            participant_key=participant.key,
            protocol_id=occasion.protocol_id,
            wave=occasion.wave,
            language=message.language or participant.language,
            timezone=participant.timezone,
            opens_at=opens_at,
            closes_at=occasion.closes_at or opens_at,
            form=occasion.local.get("form", ""),
        )


@dataclass(frozen=True)
class _Draft:
    """What all messages of one wave, form, kind and language share."""

    prepared: Prepared
    values: Mapping[str, str]
    reply_to: str


class Composer:
    """Renders one batch; each text is parsed once."""

    def __init__(self) -> None:
        self._drafts: dict[tuple[int, str, str, str, str], _Draft] = {}
        self._protocols: dict[int, Protocol] = {}

    def compose(self, letter: Letter, *, name: str, links: Links) -> Rendered:
        """The words for one person; raises CannotRender, or LookupError for an unknown wave."""
        draft = self._draft(letter)
        own = {
            "name": name,
            "link": links.questionnaire,
            SETTINGS_LINK: links.settings,
            "due_date": dates.day(letter.opens_at, letter.timezone, letter.language),
            "closes_date": _until(letter),
        }
        return draft.prepared.fill({**draft.values, **own})

    def reply_to(self, letter: Letter) -> str:
        """The study's own address, where answers to the mail go."""
        return self._draft(letter).reply_to

    def _draft(self, letter: Letter) -> _Draft:
        key = (letter.protocol_id, letter.wave, letter.form, letter.kind, letter.language)
        if key not in self._drafts:
            self._drafts[key] = _drafted(self._protocol(letter.protocol_id), letter)
        return self._drafts[key]

    def _protocol(self, pk: int) -> Protocol:
        if pk not in self._protocols:
            self._protocols[pk] = protocol_of(ProtocolVersion.objects.get(pk=pk))
        return self._protocols[pk]


def _drafted(protocol: Protocol, letter: Letter) -> _Draft:
    wave = protocol.by_code[letter.wave]
    texts = protocol.messages.invitation
    if letter.kind == MessageKind.REMINDER and protocol.messages.reminder is not None:
        texts = protocol.messages.reminder
    said = (letter.language, protocol.languages)
    return _Draft(
        prepared=prepare(
            texts, contact=protocol.contact, language=letter.language, fallback=protocol.languages
        ),
        values={
            "study": languages.pick(protocol.title, *said),
            "wave": languages.pick(wave.title, *said) if wave.title else wave.code,
            "minutes": str(minutes(_asked(wave, protocol.form(letter.form)))),
            "contact_name": protocol.contact.name,
            "contact_email": protocol.contact.email,
        },
        reply_to=protocol.contact.email,
    )


def _asked(wave: Wave, form: Form) -> list[Instrument]:
    refs = form.asked(wave)
    return asked(wave, form, dict(zip(refs, registry.instruments(refs), strict=True)))


def _until(letter: Letter) -> str:
    """The last day to answer; in a short window the time of day as well."""
    day, time = dates.closing(letter.closes_at, letter.timezone, letter.language)
    is_short = letter.closes_at - letter.opens_at <= SHORT_WINDOW
    return dates.joined(day, time, letter.language) if is_short else day
