"""After a wave people of a panel see the code that counts there, and nobody else does."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from surveys.design.models import ProtocolVersion
from surveys.participants.models import Participant
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState
from tests.answering import link, make_answerable

pytestmark = pytest.mark.django_db

BLOCK = {
    "open": True,
    "panel": {"participant": "PROLIFIC_PID"},
    "completions": [{"wave": "baseline", "code": "C1A2B3", "url": "https://panel.example/c?cc=C1"}],
}


@pytest.mark.parametrize(("panel_id", "is_shown"), [("5f3a", True), ("", False)])
def test_the_code_is_for_people_of_the_panel(client: Client, panel_id: str, is_shown: bool) -> None:
    occasion = make_answerable()
    document: dict[str, Any] = {**occasion.protocol.document, "joining": BLOCK}
    newer = ProtocolVersion.objects.create(
        study=occasion.protocol.study,
        version=2,
        content_hash="with-joining",
        document=document,
        published_at=occasion.protocol.published_at,
    )
    Occasion.objects.update(protocol=newer)
    Participant.objects.update(protocol=newer, panel_id=panel_id)
    client.post(link(occasion), {"start": "1"})
    began = occasion.opens_at
    Occasion.objects.update(state=OccasionState.COMPLETED, started_at=began, ended_at=began)
    page = client.get("/survey/thanks/").content.decode()
    assert ("C1A2B3" in page) is is_shown
    assert ('href="https://panel.example/c?cc=C1"' in page) is is_shown
