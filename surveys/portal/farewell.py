"""What leaving means in plain words, and the receipt as a mail."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from surveys.messaging.notifying import Words
from surveys.participants.actions import Scope
from surveys.portal.frame import Frame
from surveys.portal.letters import letter

_END = _(
    "We ask you nothing more and send you nothing more. The links in e-mails that you have stop"
    " working."
)
_CONTACT_GOES = _("Your name and e-mail address are deleted at once and for good.")

MEANING: Mapping[str, tuple[Promise, ...]] = {
    Scope.KEEP_DATA: (
        _END,
        _("The answers that you gave stay in the study, under a code that says nothing about you."),
        _(
            "Your name and e-mail address stay stored apart from them, until the study deletes"
            " them as it told you when you joined."
        ),
    ),
    Scope.ERASE_CONTACT: (
        _END,
        _CONTACT_GOES,
        _(
            "The answers that you gave stay in the study, under a code that says nothing about"
            " you. You agreed to this when you joined."
        ),
    ),
    Scope.ERASE_DATA: (
        _END,
        _CONTACT_GOES,
        _(
            "All answers that you gave are deleted at once and for good. What stays is that"
            " somebody with your code took part and left."
        ),
        _(
            "Datasets that researchers made before today are not changed by this. No later one has"
            " your answers."
        ),
    ),
}


def receipt_mail(frame: Frame, scope: str, *, day: str, reference: str, link: str) -> Words:
    """The receipt in the participant's language; its link is the receipt's page."""
    with translation.override(frame.spoken):
        title = gettext("You have left the study")
        left_on, named = gettext("Left on"), gettext("Reference")
        page = gettext("This receipt as a page:")
        paragraphs = [
            f"{frame.title}\n{left_on}: {day}\n{named}: {reference}",
            "\n".join(f"- {line}" for line in MEANING[scope]),
            f"{page}\n{link}",
            f"{frame.contact_name}: {frame.contact_email}",
        ]
    return letter(frame, title, *paragraphs)
