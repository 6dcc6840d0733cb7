"""A study with a safety rule, somebody who can answer, and staff who are told."""

from __future__ import annotations

from typing import Any

from surveys import pipeline
from surveys.access.models import Membership, User
from surveys.access.roles import Role
from surveys.design.models import Study
from surveys.responding.actions import PageSaved
from surveys.scheduling.models import Occasion
from tests.answering import make_questionnaire
from tests.questionnaires import EVERY_KIND
from tests.world import NOW

RULE: dict[str, Any] = {
    "code": "distant",
    "instrument": "every-kind",
    "when": "answers.closeness <= 2",
    "alert": ["coordinator"],
    "escalate_after": "PT1H",
    "escalate_to": ["owner"],
}


def make_concern(*rules: dict[str, Any], **changes: Any) -> Occasion:
    """An open occasion whose first page can raise an alert."""
    protocol = {"safety": list(rules) or [RULE]}
    return make_questionnaire([EVERY_KIND], protocol=protocol, **changes)


def make_member(study: Study, role: Role, name: str = "") -> User:
    """A staff member with an address that follows the role."""
    user = User.objects.create_user(f"{name or role}@uni.example", name=f"The {role}")
    Membership.objects.create(user=user, study=study, role=role, since=NOW)
    return user


def answer(occasion: Occasion, closeness: int | str, **more: Any) -> PageSaved:
    """Save the first page; the last two questions of it stay empty."""
    values = {"forward": True, "now": NOW, "page": 1, "instrument": "every-kind@1", **more}
    posted = {"closeness": str(closeness), "age": "44"}
    return pipeline.save_page(occasion=occasion.id, posted=posted, **values)
