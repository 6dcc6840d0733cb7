"""The kind pages: a link that leads nowhere, a window that has closed, answers that are safe."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from surveys.portal.access import Access
from surveys.portal.frame import Frame, bare_frame
from surveys.portal.passes import read_pass
from surveys.portal.responses import render


class Notice(Enum):
    """Each page that says one thing: its status, its heading and its words."""

    NO_SUCH_LINK = (
        404,
        _("This link does not lead anywhere"),
        _(
            "Perhaps it was cut off on the way. Please open the link in the e-mail again, or copy"
            " all of it into the address bar. If that does not help, write to the people who sent"
            " it to you."
        ),
    )
    NOT_YET = (
        200,
        _("It is a little early"),
        _("This questionnaire is not open yet. We will write to you when it is."),
    )
    CLOSED = (
        410,
        _("This questionnaire is closed"),
        _(
            "The time for answering it is over. What you saved until then is kept. If another"
            " questionnaire follows, you will get an e-mail with a new link."
        ),
    )
    COMPLETED = (
        200,
        _("You have already answered this questionnaire"),
        _("Thank you. Your answers arrived, and there is nothing left to do here."),
    )
    NOT_NEEDED = (
        410,
        _("This questionnaire is no longer needed"),
        _("There is nothing to do for you here. If you have questions, please write to us."),
    )
    LEFT = (
        200,
        _("There is nothing to do here"),
        _("If you have questions about the study, please write to us."),
    )
    NO_VISIT = (
        403,
        _("Please open your link again"),
        _(
            "This page belongs to a personal link. Please open the link in your e-mail and press"
            " the button there; you go on where you stopped."
        ),
    )
    HANDED_IN = (
        409,
        _("These answers were handed in before"),
        _("The first version is kept and cannot be changed any more."),
    )
    LINK_SENT = (
        200,
        _("A copy of your data"),
        _("We have sent you an e-mail. Its link is good for one day."),
    )
    NO_MAIL = (
        422,
        _("A copy of your data"),
        _("We cannot send you an e-mail. Please write to us."),
    )
    ODD = (
        400,
        _("Something in this page was not right"),
        _("Nothing was saved. Please go back and try again, or open your link anew."),
    )
    NOT_JOINABLE = (
        404,
        _("Nobody can sign up here"),
        _("Perhaps the address is not complete, or the time for signing up is over."),
    )
    NOT_ELIGIBLE = (
        200,
        _("This study is not the right one for you"),
        _(
            "Thank you for your interest. The study looks for people in another situation. Your"
            " answers were not kept."
        ),
    )
    FULL = (
        200,
        _("All places are taken"),
        _("Thank you for your interest. There is no free place in this study any more."),
    )
    PANEL_KNOWN = (
        409,
        _("You cannot sign up a second time"),
        _("Somebody has signed up by this link before. If that was not you, please write to us."),
    )
    TOO_OFTEN = (
        429,
        _("Please wait a little"),
        _("Many people are signing up from your network. Please try again in some minutes."),
    )
    SIGNED_UP = (
        200,
        _("Please look into your mailbox"),
        _(
            "We have sent you an e-mail. Open the link in it and press the button there; only then"
            " do you take part. If nothing comes within some minutes, look among the unwanted"
            " mails, or sign up again."
        ),
    )
    WELCOME = (
        200,
        _("Thank you for signing up"),
        _("We have sent you a copy of your consent. You get an e-mail for each questionnaire."),
    )
    TEXT_CHANGED = (
        409,
        _("The consent has changed"),
        _(
            "Since you signed up, the text that you agreed to has changed. Please sign up once more"
            " and read the new one."
        ),
    )
    CANNOT_JOIN = (
        409,
        _("You cannot sign up with this address"),
        _("If you would like to take part, please write to us."),
    )


NOT_HELD = {"csrfmiddlewaretoken", "reopen"}
OF_ACCESS = {
    Access.NOT_YET: Notice.NOT_YET,
    Access.CLOSED: Notice.CLOSED,
    Access.COMPLETED: Notice.COMPLETED,
    Access.NOT_NEEDED: Notice.NOT_NEEDED,
}


def show(request: HttpRequest, notice: Notice, frame: Frame | None = None) -> HttpResponse:
    """One kind page; without a frame it names no study."""
    status, title, text = notice.value
    return render(
        request,
        "notice.html",
        frame or bare_frame(request),
        status=status,
        title=title,
        text=text,
        goes_on=notice is Notice.HANDED_IN,
    )


def hold(
    request: HttpRequest, frame: Frame, posted: Mapping[str, str], *, consent: str = ""
) -> HttpResponse:
    """A page that keeps what was typed, with one button that saves it where it belongs.

    This browser has meanwhile opened another questionnaire, or has none open any more; or a new
    consent text, which `consent` leads to, waits for an answer.
    """
    fields = {name: value for name, value in posted.items() if name not in NOT_HELD}
    has_other = read_pass(request) is not None
    return render(
        request, "hold.html", frame, status=409, fields=fields, has_other=has_other, consent=consent
    )
