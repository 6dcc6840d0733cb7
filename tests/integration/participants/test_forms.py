"""Forms of a planned-missing design: one for everybody, balanced, for good, also through amendments."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design import actions as design
from surveys.design.models import Study
from surveys.design.protocol import Protocol
from surveys.participants import forms
from surveys.participants.models import Participant
from surveys.scheduling import previewing
from surveys.scheduling.models import Occasion
from tests.integration.participants.studies import BY, NOW, entry
from tests.world import make_study, wave_document

pytestmark = pytest.mark.django_db
FORMS = [
    {"code": "A"},
    {"code": "B", "without": {"waves": ["m3"]}},
    {"code": "C", "ratio": 2, "without": {"items": {"calm@1": ["calm1"]}}},
]
WAVES = [wave_document("baseline", "P0D"), wave_document("m3", "P3M")]


ARMS: dict[str, Any] = {
    "arms": [{"code": code, "label": {"en": code, "de": code}} for code in ("care", "wait")],
    "allocation": {"method": "permuted-blocks", "block_sizes": [2, 4]},
}


def a_study(code: str = "calm-year", **changes: Any) -> Study:
    return make_study(code, **{"waves": WAVES, "forms": FORMS} | changes)


def enrol(study: Study, n: int, first: int = 0) -> list[Participant]:
    entries = [entry(k, consent_version=1) for k in range(first, first + n)]
    return pipeline.enrol(study=study, entries=entries, source="csv", by=BY, now=NOW).created


def forms_of(study: Study) -> dict[str, str]:
    return dict(study.participants.values_list("code", "form"))


def test_shares_are_exact_after_every_block_and_near_within_one() -> None:
    study = a_study()
    people = enrol(study, 42)
    assert Counter(p.form for p in people[:40]) == {"A": 10, "B": 10, "C": 20}
    for start in range(0, 40, 4):
        assert Counter(p.form for p in people[start : start + 4]) == {"A": 1, "B": 1, "C": 2}
    assert len({tuple(p.form for p in people[s : s + 4]) for s in range(0, 40, 4)}) > 1


def test_forms_are_balanced_within_each_arm() -> None:
    people = enrol(a_study(**ARMS), 48)
    arms = {p.arm for p in people}
    assert len(arms) == 2
    for arm in arms:
        counts = Counter(p.form for p in people if p.arm == arm)
        n = sum(counts.values())
        assert all(
            abs(counts[code] - n * part / 4) < 2 for code, part in (("A", 1), ("B", 1), ("C", 2))
        )


def test_the_lists_go_on_where_they_stopped_and_hang_on_the_seed() -> None:
    study = a_study()
    together = [p.form for p in enrol(study, 16)]
    other = a_study(code="other")
    assert other.seed == study.seed
    apart = [p.form for n in range(16) for p in enrol(other, 1, n)]
    assert apart == together
    third = a_study(code="third")
    third.seed = "another"
    third.save()
    assert [p.form for p in enrol(third, 16)] != together


def test_a_study_without_forms_gives_none() -> None:
    (person,) = enrol(a_study(forms=[]), 1)
    assert person.form == ""
    assert not Occasion.objects.filter(local__has_key="form").exists()


def test_each_occasion_keeps_the_form_it_was_planned_with() -> None:
    people = enrol(a_study(), 8)
    for person in people:
        occasions = {o.wave: o for o in person.occasions.all()}
        assert {o.local["form"] for o in occasions.values()} == {person.form}
        is_left_out = person.form == "B"
        assert occasions["m3"].cause == ("planned_missing" if is_left_out else "")
        assert occasions["m3"].messages.exists() != is_left_out


def amend(study: Study, **changes: Any) -> previewing.Preview:
    """Publish an amendment a week later; return what was said before."""
    later = NOW + timedelta(days=7)
    version = study.protocols.order_by("-version").first()
    assert version is not None
    design.load(protocol=Protocol.model_validate(version.document | changes), by=BY, now=later)
    study.refresh_from_db()
    found = previewing.amendment(study)
    assert found is not None
    told = previewing.preview(found, now=later)
    pipeline.publish(study=study, reason="amended", by=BY, now=later)
    return told


def excluded(study: Study) -> int:
    return Occasion.objects.filter(participant__study=study, state="excluded").count()


def test_an_amendment_that_brings_forms_gives_one_to_everybody_as_it_was_told() -> None:
    study = a_study(forms=[])
    people = enrol(study, 12)
    told = amend(study, forms=FORMS)
    assert Counter(forms_of(study).values()) == {"A": 3, "B": 3, "C": 6}
    assert told.counts.excluded == excluded(study) == 3
    given = Event.objects.filter(event="form.given")
    assert {(e.subject, e.data["after"]) for e in given} == set(forms_of(study).items())
    assert len(people) == given.count()


def test_an_amendment_leaves_everybody_the_form_they_have() -> None:
    study = a_study()
    enrol(study, 8)
    before = forms_of(study)
    amend(study, messages_per_day=3)
    assert forms_of(study) == before
    assert not Event.objects.filter(event="form.given").exists()


def test_only_those_whose_form_is_gone_get_another() -> None:
    study = a_study()
    enrol(study, 16)
    before = forms_of(study)
    amend(study, forms=[FORMS[0], FORMS[2], {"code": "D", "without": {"waves": ["m3"]}}])
    after = forms_of(study)
    kept = {code for code, form in before.items() if form != "B"}
    assert {code for code in after if after[code] == before[code]} == kept
    assert {after[code] for code in before if before[code] == "B"} <= {"A", "C", "D"}


def test_giving_twice_is_giving_once() -> None:
    study = a_study(forms=[])
    people = enrol(study, 5)
    protocol = Protocol.model_validate(a_study(code="with-forms").protocols.get().document)
    wanted = forms.to_be_given(study, protocol)
    given = [
        forms.give(study=study, people=people, protocol=protocol, by=Actor.system("t"), now=NOW)
        for _ in range(2)
    ]
    assert given == [5, 0]
    assert dict(study.participants.values_list("pk", "form")) == wanted
