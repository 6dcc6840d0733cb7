"""A researcher finds mails in doubt, reads what that means, and has them sent again."""

from __future__ import annotations

import pytest

from surveys.access.roles import Role
from surveys.audit.models import Event
from surveys.scheduling.models import Message, Occasion
from tests.functional.console.cast import Stage, client_of, make_staff, make_stage
from tests.world import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage() -> Stage:
    stage = make_stage()
    Message.objects.update(state="unknown", sent_at=None)
    return stage


def test_the_study_and_its_outbox_say_what_is_in_doubt(stage: Stage) -> None:
    owner = client_of(make_staff(Role.OWNER, stage.study))
    assert "1 message may or may not have arrived" in owner.get(stage.url()).content.decode()
    words = owner.get(stage.url("outbox/?state=unknown")).content.decode()
    assert "nobody knows whether it arrived" in words
    assert "it may have arrived" in words
    assert "The link was opened" not in words
    Occasion.objects.update(link_opened_at=NOW)
    words = owner.get(stage.url("outbox/?state=unknown")).content.decode()
    assert "The link was opened" in words


def test_one_message_is_sent_again(stage: Stage) -> None:
    owner = client_of(make_staff(Role.OWNER, stage.study))
    page = stage.url(f"outbox/{stage.message.pk}/")
    assert "Send again" in owner.get(page).content.decode()
    answer = owner.post(f"{page}resend/", follow=True)
    assert "sent again, with the same link" in answer.content.decode()
    assert Message.objects.get().state == "due"
    Message.objects.update(state="failed")
    answer = owner.post(f"{page}resend/", follow=True)
    assert "this one is failed." in answer.content.decode()
    assert Event.objects.filter(event="message.resent").count() == 1


def test_a_filtered_list_is_sent_again_after_a_look(stage: Stage) -> None:
    owner = client_of(make_staff(Role.RESEARCHER, stage.study))
    asked = owner.post(stage.url("outbox/resend/"), {"kind": "invitation"})
    assert asked.status_code == 422
    assert "Send 1 again" in asked.content.decode()
    assert Message.objects.get().state == "unknown"
    for kind, state in (("reminder", "unknown"), ("invitation", "due")):
        owner.post(stage.url("outbox/resend/"), {"kind": kind, "confirmed": "on"})
        assert Message.objects.get().state == state


def test_whoever_only_looks_has_no_button(stage: Stage) -> None:
    auditor = client_of(make_staff(Role.AUDITOR, stage.study))
    for path in ("outbox/?state=unknown", f"outbox/{stage.message.pk}/"):
        assert "Send again" not in auditor.get(stage.url(path)).content.decode()
