"""Why a message was not sent, beyond what the plan decides, and each reason in words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from surveys.scheduling.states import WhyNot


class Hurdle(StrEnum):
    """What stood in the way of a message that the plan wanted."""

    STARTED = "started"  # an invitation found the questionnaire begun
    CANNOT_RENDER = "cannot_render"
    NO_ADDRESS = "no_address"
    REFUSED = "refused"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    RESTORED = "restored"


IN_WORDS: Mapping[str, str] = {
    WhyNot.WINDOW_CLOSED: "the time to answer was over before it could be sent",
    WhyNot.COMPLETED: "the questionnaire was already completed",
    WhyNot.WITHDRAWN: "the participant has withdrawn",
    WhyNot.UNSUBSCRIBED: "the participant wants no more mails",
    WhyNot.FEWER_REMINDERS: "the participant asked for fewer reminders",
    WhyNot.SUPPRESSED: "mail to this address came back, or its owner called it unwanted",
    WhyNot.PAUSED: "the study or the participant paused",
    WhyNot.SNOOZED: "the participant wanted to be asked again later than the questionnaire closes",
    WhyNot.CONDITION: "the condition of this wave is not met",
    WhyNot.REPLANNED: "the plan changed and no longer asks for it",
    Hurdle.STARTED: "the questionnaire was already begun",
    Hurdle.CANNOT_RENDER: "the texts and this participant's details do not make a mail",
    Hurdle.NO_ADDRESS: "there is no mail address for this participant",
    Hurdle.REFUSED: "the mail server refused it for good",
    Hurdle.RESTORED: "it was due before a backup was restored, and may have been sent",
    Hurdle.TOO_MANY_ATTEMPTS: "the mail server could not take it in any of the attempts",
}
