"""The one mail of a sign-up: please confirm, or a welcome; with a copy of the consent.

The pipeline posts it together with the sign-up; `notifying` sends it.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from surveys.design.protocol import Protocol
from surveys.lib import languages, markdown, tokens
from surveys.messaging import notifying, suppressions
from surveys.messaging.notifying import Words
from surveys.participants import mailing
from surveys.participants.joining import PURPOSE, Application

CONFIRM = {
    "en": (
        "{study}: please confirm",
        "Somebody, probably you, asked with this address to take part in “{study}”.",
        "To take part, open this page and press the button there:",
        "If it was not you, do nothing: the address is then deleted by itself.",
    ),
    "de": (
        "{study}: bitte bestätigen",
        "Jemand, vermutlich Sie, möchte mit dieser Adresse an „{study}“ teilnehmen.",
        "Um teilzunehmen, öffnen Sie diese Seite und drücken Sie dort den Knopf:",
        "Wenn Sie das nicht waren, tun Sie nichts: Die Adresse wird dann von selbst gelöscht.",
    ),
    "ar": (
        "{study}: يُرجى التأكيد",
        "طلب أحدهم بهذا العنوان، ولعله أنت، المشاركة في «{study}».",
        "لتأكيد المشاركة يُرجى فتح هذه الصفحة والضغط على الزر فيها:",
        "إن لم يكن هذا طلبك، فلا حاجة إلى فعل شيء: يُحذف العنوان عندئذٍ تلقائيًا.",
    ),
}
WELCOME = {
    "en": (
        "{study}: your consent",
        "Somebody, probably you, signed up with this address for “{study}”.",
        "What was agreed to can be read and printed here for some days:",
        "If it was not you, write to the people below.",
    ),
    "de": (
        "{study}: Ihre Einwilligung",
        "Jemand, vermutlich Sie, hat sich mit dieser Adresse für „{study}“ angemeldet.",
        "Hier lässt sich die Einwilligung einige Tage lang lesen und drucken:",
        "Wenn Sie das nicht waren, schreiben Sie an die unten Genannten.",
    ),
    "ar": (
        "{study}: موافقتك",
        "سجّل أحدهم بهذا العنوان، ولعله أنت، في «{study}».",
        "يمكن هنا قراءة ما تمت الموافقة عليه وطباعته لبضعة أيام:",
        "إن لم يكن ذلك منك، فيُرجى الكتابة إلى العنوان المذكور أدناه.",
    ),
}
COPY = {
    "en": "A copy of your consent",
    "de": "Eine Kopie Ihrer Einwilligung",
    "ar": "نسخة من موافقتك",
}


def post(*, sign_up: UUID, protocol: Protocol, application: Application, has_joined: bool) -> bool:
    """Have the mail sent; False when nothing is sent to this address."""
    fingerprints = mailing.fingerprints_of(application.email)
    if suppressions.suppressed({sign_up: fingerprints}):
        return False
    link = f"{settings.PUBLIC_ORIGIN}/j/{tokens.make(PURPOSE, sign_up)}/"
    return notifying.post(
        key=f"sign-up:{sign_up}",
        to=application.email,
        words=words(protocol, application, link=link, has_joined=has_joined),
        reply_to=protocol.contact.email,
        about=protocol.study,
    )


def words(protocol: Protocol, application: Application, *, link: str, has_joined: bool) -> Words:
    """What the mail says, in the language that was chosen or else in English."""
    language, known = application.language, WELCOME if has_joined else CONFIRM
    spoken = language.split("-", maxsplit=1)[0]
    study = " ".join(languages.pick(protocol.title, language, protocol.languages).split())
    subject, who, how, otherwise = (
        each.replace("{study}", study) for each in known.get(spoken, known["en"])
    )
    contact = protocol.contact
    parts = [who, how, link, otherwise, f"{contact.name} <{contact.email}>"]
    crisis = languages.pick(contact.crisis, language, protocol.languages)
    parts += [markdown.to_text(languages.isolated(crisis, language))]
    parts += ["-----", languages.pick(COPY, language, ("en",))]
    parts += [markdown.to_text(application.signed_text)]
    return Words(subject, "\n\n".join(parts), spoken if spoken in known else "en")
