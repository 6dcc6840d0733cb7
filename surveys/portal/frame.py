"""What stands around every participant page: the study's title, the language, and whom to ask."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString

from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.lib.dates import own_name
from surveys.lib.languages import direction, isolated, pick
from surveys.participants.models import Participant
from surveys.portal.passes import Pass
from surveys.safety import queries as safety
from surveys.scheduling.models import Occasion


@dataclass(frozen=True)
class Frame:
    """The study around a page, in the participant's language."""

    language: str
    languages: tuple[tuple[str, str], ...] = ()  # code and own name, when there is a choice
    title: str = ""
    contact_name: str = ""
    contact_email: str = ""
    crisis: str = ""
    care: str = ""  # help that the answers of this occasion ask to show
    is_care_new: bool = False  # shown at once; later it stays within reach

    @property
    def direction(self) -> str:
        """The `dir` attribute that belongs to the language."""
        return direction(self.language)

    @property
    def contact_in_words(self) -> SafeString:
        """Whom to ask, as it may stand in a sentence of either direction."""
        return format_html("<bdi>{}</bdi>", self.contact_name)

    @property
    def is_mixed(self) -> bool:
        """Whether the platform's own words run the other way than the study's."""
        return direction(self.spoken) != self.direction

    @property
    def spoken(self) -> str:
        """The language of the platform's own words: English around a study in one we lack."""
        base = self.language.split("-")[0]
        return base if base in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def frame_of(occasion: Occasion, visit: Pass | None = None) -> Frame:
    """The frame for one occasion, in the language chosen on this visit, else the person's own."""
    protocol = protocol_of(occasion.protocol)
    frame = _framed(protocol, _language(occasion, protocol, visit))
    care = safety.help_for(occasion, frame.language)
    words = isolated(care.words, frame.language)
    return replace(frame, care=words, is_care_new=care.is_new)


def frame_of_person(participant: Participant) -> Frame:
    """The frame for what is about a participant altogether, in their own language."""
    protocol = protocol_of(participant.protocol)
    frame = _framed(protocol, protocol.spoken(participant.language))
    return replace(frame, languages=())


def frame_of_study(protocol: Protocol, *wanted: str) -> Frame:
    """The frame before anybody takes part, in the first language of the study that is wanted."""
    return _framed(protocol, protocol.spoken(*wanted))


def _framed(protocol: Protocol, language: str) -> Frame:
    choice = tuple((code, own_name(code)) for code in protocol.languages)
    return Frame(
        language=language,
        languages=choice if len(choice) > 1 else (),
        title=pick(protocol.title, language, protocol.languages),
        contact_name=protocol.contact.name,
        contact_email=protocol.contact.email,
        crisis=isolated(pick(protocol.contact.crisis, language, protocol.languages), language),
    )


def bare_frame(request: HttpRequest) -> Frame:
    """The frame when no study is known: the browser's language, if we speak it."""
    return Frame(translation.get_language_from_request(request))


def _language(occasion: Occasion, protocol: Protocol, visit: Pass | None) -> str:
    wanted = [visit.language] if visit and visit.occasion == occasion.id else []
    return protocol.spoken(*wanted, occasion.participant.language)
