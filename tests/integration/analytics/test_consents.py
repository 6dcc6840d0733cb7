"""The dataset on consents and on how people came: by version and by day, and naming nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.messaging.notifying import Words
from surveys.participants import sign_up_counts
from surveys.participants.identity.models import SignUp
from surveys.participants.models import JoiningCount, Participant
from surveys.scheduling.actions import close_due
from tests.integration.analytics.test_dataset import export, table
from tests.integration.participants.joining_world import application, open_study
from tests.integration.participants.renewal_world import agreed, amend
from tests.world import DAY, NOW, make_occasion, make_participant, make_study

pytestmark = pytest.mark.django_db


def test_consents_and_how_people_came_without_who_they_are(tmp_path: Path) -> None:
    study = open_study()
    for n, panel in enumerate(["panel_5f3a", "panel_6b4c"]):
        asked = application(study, n, panel_id=panel, group="class-7")
        pipeline.ask_to_join(study=study, application=asked, now=NOW)
    sign_up_counts.count(study, JoiningCount.Kind.STARTED, at=NOW, n=3)
    row = SignUp.objects.get(panel_id="panel_5f3a")
    pipeline.join(sign_up=row.pk, now=NOW)
    amend(study, now=NOW + DAY)
    pipeline.sweep(now=NOW + 4 * DAY)
    person = Participant.objects.get()
    pipeline.renew_consent(
        participant=person, version=2, language="de", ticked={0},
        words=lambda signed: Words("Copy", signed), by=Actor.participant(person.code),
        now=NOW + 5 * DAY,
    )  # fmt: skip
    folder = export(study, tmp_path / "bundle", ("csv",))
    people, consents, days = (table(folder, t) for t in ("participants", "consents", "sign_ups"))
    assert people[["joined_by", "group"]].to_numpy().tolist() == [["sign-up", "class-7"]]
    found = consents[["version", "language", "given_at", "source"]].to_numpy().tolist()
    assert found == [
        [1, "en", "2027-03-01T09:00:00.000Z", "sign-up"],
        [2, "de", "2027-03-06T09:00:00.000Z", "renewal"],
    ]
    assert consents["text_sha256"].nunique() == 2
    assert days.to_numpy().tolist() == [["2027-03-01", 3, 0, 0, 1, 1]]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    everything = "".join(path.read_text("utf-8") for path in files)
    for secret in ("panel_", "person0", "[x]"):
        assert secret not in everything


def test_what_closed_for_want_of_consent_says_so(tmp_path: Path) -> None:
    study = make_study()
    person = make_participant(study, enrolled_at=NOW - DAY)
    agreed(person)
    make_occasion(person)
    amend(study)
    close_due(now=NOW + 30 * DAY)
    folder = export(study, tmp_path / "bundle", ("csv",))
    occasions, answers = table(folder, "occasions"), table(folder, "answers")
    assert set(occasions.loc[occasions["wave"] == "baseline", "disposition"]) == {"consent_pending"}
    assert set(answers.loc[answers["wave"] == "baseline", "reason"]) == {"consent_pending"}
