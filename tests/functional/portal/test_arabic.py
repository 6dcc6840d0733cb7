"""What the walk does not pass in Arabic: every kind of item, signing up, leaving, mails.

SHOTS names a folder for pictures.
"""

from __future__ import annotations

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from surveys.lib import tokens
from surveys.messaging.notifying import Words, as_html
from surveys.messaging.outbox import preview
from surveys.participants.identity.models import SignUp
from surveys.participants.models import Participant
from surveys.responding.models import Submission
from tests.answering import link, make_answerable
from tests.arabic import in_arabic, instrument_in_arabic, study_in_arabic
from tests.conftest import NewContext
from tests.functional.portal.test_journey import check
from tests.integration.participants.joining_world import CONSENT, joining, open_study
from tests.questionnaires import MORE_KINDS
from tests.world import make_message

pytestmark = pytest.mark.browser

SIZES = pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])


def opened(new_context: NewContext, width: int, scheme: str) -> Page:
    return new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, locale="ar-EG"
    ).new_page()


@SIZES
def test_every_kind_of_item(live: str, new_context: NewContext, width: int, scheme: str) -> None:
    occasion = make_answerable(
        [instrument_in_arabic(MORE_KINDS)], language="ar", protocol=study_in_arabic()
    )
    page, name = opened(new_context, width, scheme), f"ar-kinds-{width}"
    page.goto(live + link(occasion))
    forward = page.get_by_role("button", name="متابعة")
    page.get_by_role("button", name="بدء").click()
    forward.click()
    check(page, f"{name}-2")
    page.get_by_label("قرأت هذا.").check()
    page.get_by_label("الأسرة").check()
    for label, place in (("نادرًا", "2"), ("أحيانًا", "3"), ("غالبًا", "1")):
        page.get_by_label(label).select_option(place)
    page.get_by_label("متى وُلدت؟").first.fill("1980-02-29")
    page.get_by_label("متى تنام؟").fill("23:05")
    slider = page.get_by_role("slider")
    expect(slider).to_have_attribute("aria-valuetext", "لا توجد إجابة بعد")
    slider.press("ArrowLeft")  # towards "warm", which stands on the left here
    expect(page.locator("output")).to_have_text("51")
    check(page, f"{name}-2-full")
    forward.click()
    page.get_by_label("كم عدد الأطفال؟").first.fill("2")
    forward.click()
    page.get_by_label("أفضّل عدم الإجابة").check()
    forward.click()
    check(page, f"{name}-set")
    page.get_by_role("radio", name="غالبًا").first.check(force=True)
    forward.click()
    check(page, f"{name}-set-unanswered")
    forward.click()
    page.wait_for_url("**/survey/thanks/")
    answers = Submission.objects.get().answers
    assert (answers["warmth"], answers["children"], answers["near"]) == (51, 2, 3)


@SIZES
def test_signing_up(live: str, new_context: NewContext, width: int, scheme: str) -> None:
    cache.clear()
    block = in_arabic(joining(groups=[{"code": "a1"}]))
    open_study(block=block, **study_in_arabic() | {"consent": in_arabic(CONSENT)})
    page, name = opened(new_context, width, scheme), f"ar-join-{width}"
    page.goto(f"{live}/join/calm-year/")
    check(page, f"{name}-about")
    forward = page.get_by_role("button", name="متابعة")
    forward.click()
    page.get_by_label("كم عمرك؟").fill("٣٤")
    forward.click()
    check(page, f"{name}-screener-again")
    page.locator(".option").first.click()
    forward.click()
    check(page, f"{name}-consent")
    for option in page.locator(".option").all():
        option.click()
    page.get_by_role("button", name="أوافق").click()
    check(page, f"{name}-details")
    expect(page.get_by_label("لغة رسائلك واستبياناتك")).to_have_value("ar")
    page.get_by_label("عنوان البريد الإلكتروني").fill("ada")
    page.get_by_role("button", name="تسجيل").click()
    check(page, f"{name}-details-again")
    page.get_by_label("عنوان البريد الإلكتروني").fill("ada@mail.example")
    page.get_by_role("button", name="تسجيل").click()
    check(page, f"{name}-sent")
    page.goto(f"{live}/j/{tokens.make('joining', SignUp.objects.get().pk)}/")
    check(page, f"{name}-confirm")
    page.get_by_role("button", name="نعم، أشارك").click()
    check(page, f"{name}-joined")
    assert Participant.objects.get().language == "ar"


@SIZES
def test_leaving(live: str, new_context: NewContext, width: int, scheme: str) -> None:
    occasion = make_answerable(language="ar", protocol=study_in_arabic())
    page, name = opened(new_context, width, scheme), f"ar-leave-{width}"
    page.goto(f"{live}/me/{tokens.make('me', occasion.participant.key)}/leave/")
    check(page, f"{name}-choose")
    page.locator("button[value=keep_data]").click()
    check(page, f"{name}-confirm")
    page.get_by_role("button", name="نعم، أتوقف").click()
    expect(page.locator("dd bdi", has_text="AAAA-0001")).to_have_attribute("dir", "ltr")
    check(page, f"{name}-receipt")


@SIZES
def test_mails(live: str, new_context: NewContext, width: int, scheme: str) -> None:
    texts = {
        "subject": {"en": "Hello", "ar": "{study}: استبيانك"},
        "body": {
            "en": "{link}",
            "ar": "مرحبًا {name}،\n\nيُرجى الإجابة حتى {closes_date}. الهاتف: 030 123 456.\n\n{link}",
        },
    }
    occasion = make_answerable(
        language="ar", protocol={**study_in_arabic(), "messages": {"invitation": texts}}
    )
    page, name = opened(new_context, width, scheme), f"ar-mail-{width}"
    page.set_content(preview(make_message(occasion)).html)
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    check(page, f"{name}-invitation", has_scripts=False)  # axe is for pages
    told = Words("موافقتك", "أهلًا.\n\nافتح:\nhttps://host.example/j/\n\nStudy office", "ar")
    page.set_content(as_html(told))
    expect(page.locator("a")).to_have_attribute("dir", "ltr")
    check(page, f"{name}-notification", has_scripts=False)
