"""Planned-missing designs on the console: forms, coverage, warnings, and a person's form."""

from __future__ import annotations

import pytest

from surveys.access.roles import Role
from surveys.design import actions
from surveys.design.models import Study
from surveys.design.protocol import Protocol
from tests.functional.console.cast import client_of, make_staff
from tests.integration.api.callers import client, user
from tests.integration.participants.studies import BY, NOW
from tests.world import make_participant, make_study, protocol_document, wave_document

pytestmark = pytest.mark.django_db
WAVES = [wave_document("baseline", "P0D"), wave_document("m3", "P3M"), wave_document("m6", "P6M")]
FORMS = [
    {"code": "A", "without": {"waves": ["m3"]}},
    {"code": "B", "ratio": 2, "without": {"waves": ["m6"], "items": {"calm@1": ["calm1"]}}},
]
WARNING = "nobody has both m3 and m6 by design, so nothing can be estimated between them"


def a_study() -> Study:
    return make_study(waves=WAVES, forms=FORMS, messages_per_day=2)


def page(study: Study, path: str) -> str:
    staff = client_of(make_staff(Role.RESEARCHER, study))
    answer = staff.get(f"/console/studies/{study.code}/{path}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_design_page_tells_forms_and_coverage() -> None:
    html = page(a_study(), "design/")
    assert "without wave m6; without calm1 of calm@1" in html
    assert "Nobody gets more than 2 messages within 24 hours." in html
    assert '<th scope="row">2. M3</th><td class="number">66.7%</td>' in html
    assert '<td class="number none">none</td>' in html
    assert "<td>everybody but form A</td>" in html
    assert "Items in Baseline" in html
    assert "Scores in Baseline" in html


def test_without_forms_and_shares_there_is_nothing_to_see() -> None:
    assert "Planned missing" not in page(make_study(), "design/")


def test_a_draft_is_warned_about_before_it_is_published() -> None:
    study = make_study(waves=WAVES)
    document = protocol_document(waves=WAVES, forms=FORMS)
    actions.load(protocol=Protocol.model_validate(document), by=BY, now=NOW)
    said = f"{WARNING[0].upper()}{WARNING[1:]}."
    assert said in page(study, "design/")


def test_a_persons_page_says_their_form() -> None:
    study = a_study()
    make_participant(study, "P-1", form="A")
    make_participant(study, "P-2")
    assert '<span class="mono">A</span>: without wave m3' in page(study, "people/P-1/")


def test_the_api_tells_forms_and_coverage() -> None:
    study = a_study()
    make_participant(study, "P-1", form="B")
    program = client(user(study))
    url = f"/api/v1/studies/{study.code}/"
    assert program.get(f"{url}participants/P-1/").json()["form"] == "B"
    assert program.get(url).json()["protocol"]["forms"] == ["A", "B"]
    seen = program.get(f"{url}coverage/").json()
    assert seen["version"] == 1
    assert [unit["wave"] for unit in seen["waves"]["units"]] == ["baseline", "m3", "m6"]
    assert seen["waves"]["shares"][1] == [pytest.approx(2 / 3), pytest.approx(2 / 3), 0.0]
    assert seen["warnings"] == [WARNING, "nobody has calm1 of calm@1 in m3 by design"]
    assert len(seen["items"]) == len(seen["scales"]) == 3


def test_a_study_without_a_version_has_no_coverage() -> None:
    draft = Study.objects.create(code="draft", title={"en": "x"}, seed="s", created_at=NOW)
    assert client(user(draft)).get("/api/v1/studies/draft/coverage/").status_code == 404
