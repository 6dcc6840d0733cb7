"""A study with forms and conditions on scores, from enrolment over the portal to its dataset."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from analytics import actions, reports
from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.design.forms import Form
from surveys.design.models import Study
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.instruments.definition import Instrument
from surveys.lib import clock
from surveys.participants.models import Participant
from surveys.scheduling.models import Occasion
from tests.answering import link
from tests.integration.analytics.study import add_instrument
from tests.integration.participants.studies import entry
from tests.world import instrument_document, make_study, wave_document

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
BOTH = ["calm@1", "mood@1"]
WAVES = [
    wave_document("baseline", "P0D", schedule={"anchor": "enrollment"}, instruments=BOTH),
    wave_document("m3", "P3M", instruments=BOTH, only_if="baseline.completed"),
    wave_document(
        "m6", "P6M", instruments=["mood@1"], only_if='baseline.scores["mood"].calm >= 1.5'
    ),
]
FORMS = [
    {"code": "A", "without": {"waves": ["m3"]}},
    {
        "code": "B",
        "without": {"instruments": {"m3": ["mood@1"]}, "items": {"calm@1": ["calm1"]}},
    },
    {"code": "C", "without": {"items": {"calm@1": ["calm2", "calm3"]}}},
]
HIGH, LOW = {"calm1": "2", "calm2": "2", "calm3": "0"}, {"calm1": "0", "calm2": "0", "calm3": "2"}
N_PAGES = {("A", "baseline"): 4, ("B", "baseline"): 3, ("C", "baseline"): 3,
           ("B", "m3"): 1, ("C", "m3"): 3, ("A", "m6"): 2, ("B", "m6"): 2, ("C", "m6"): 2}  # fmt: skip


def a_study() -> Study:
    for code in ("mood", "calm"):
        add_instrument(instrument_document(code) | {"items_per_page": 2})
    return make_study(waves=WAVES, forms=FORMS)


def enrol(study: Study, n: int) -> list[Participant]:
    now = clock.now()
    entries = [entry(k, code=f"P-{k:02}", consent_version=1) for k in range(n)]
    return pipeline.enrol(study=study, entries=entries, source="csv", by=BY, now=now).created


def later(**passed: int) -> None:
    """Some time passes, and a sweep finds what opened and closed."""
    clock.move_to(clock.now() + timedelta(**passed))
    pipeline.sweep(now=clock.now())


def fill_in(occasion: Occasion, answers: dict[str, str], most: int = 99) -> list[str]:
    """Answer page by page from the personal link, at most so many pages; return their headings."""
    visitor = Client()
    seen: list[str] = []
    landing = visitor.get(link(occasion)).content.decode()
    assert "1 minute" in landing
    visitor.post(link(occasion), {"start": "1"})
    for _ in range(most):
        page = visitor.get("/survey/")
        if page.status_code == 303:
            assert page["Location"] == "/survey/thanks/"
            return seen
        html = page.content.decode()
        seen += re.findall(r'<h1 id="page-title">(.+?)</h1>', html)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))
        asked = set(re.findall(r'type="radio"[^>]* name="(calm\d)"', html))
        assert visitor.post(
            "/survey/", hidden | {code: answers[code] for code in asked}
        ).status_code == 303  # fmt: skip
    return seen


def answer_wave(wave: str, *, started: int = -1, absent: int = -1) -> None:
    """Everybody answers what is open: odd numbers low; one only begins, one stays away."""
    rows = Occasion.objects.filter(wave=wave, state="open").select_related("participant")
    for occasion in rows:
        number = int(occasion.participant.code[2:])
        if number == absent:
            continue
        most = 1 if number == started else 99
        seen = fill_in(occasion, LOW if number % 2 else HIGH, most)
        n = N_PAGES[occasion.participant.form, wave]
        assert seen == [f"Page {k} of {n}" for k in range(1, min(n, most) + 1)]
        occasion.refresh_from_db()
        assert occasion.state == ("started" if most == 1 else "completed")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Half a year of twelve people, exported."""
    study = a_study()
    people = enrol(study, 12)
    assert Counter(person.form for person in people) == {"A": 4, "B": 4, "C": 4}
    later(minutes=1)
    answer_wave("baseline", started=10, absent=11)
    for wave in ("m3", "m6"):
        later(days=17)
        later(days=76)  # three months and a day, whatever the hour: waves open in the morning
        answer_wave(wave)
    later(days=17)
    folder = tmp_path / "bundle"
    folder.mkdir()
    actions.write_bundle(study, ["csv", "parquet"], folder)
    return folder


def cells(protocol: Protocol) -> Iterator[tuple[str, str, str]]:
    """Every wave, instrument and item of the protocol."""
    instrument = Instrument.model_validate(instrument_document())
    for wave in protocol.waves:
        for ref in wave.instruments:
            for item in instrument.by_code:
                yield wave.code, ref, item


def expected(form: Form, protocol: Protocol, number: int, cell: tuple[str, str, str]) -> str:
    """The reason of a cell as it follows from the study's design and from what people did."""
    wave, ref, item = cell
    is_done, is_low = number not in {10, 11}, number % 2 == 1
    if not form.asks_wave(wave):
        return "planned_missing"
    if (wave == "m3" and not is_done) or (wave == "m6" and (not is_done or is_low)):
        return "branched_out"
    if ref not in form.asked(protocol.by_code[wave]) or item in form.items_left_out(ref):
        return "planned_missing"
    if wave != "baseline" or is_done:
        return ""
    if number == 11:
        return "expired"  # no worker sends mails here
    first_page = [i for i in ("calm1", "calm2", "calm3") if i not in form.items_left_out("calm@1")]
    return "" if ref == "calm@1" and item in first_page[:2] else "not_reached"


def test_the_dataset_of_a_planned_missing_study(bundle: Path) -> None:
    """The study is lived through once, and looked at from three sides."""
    every_planned_cell_has_its_value_or_the_right_reason(bundle)
    scores_keep_their_items_and_say_when_a_form_leaves_too_few(bundle)
    the_wide_table_has_a_value_or_a_reason_throughout(bundle)


def every_planned_cell_has_its_value_or_the_right_reason(bundle: Path) -> None:
    protocol = protocol_of(Study.objects.get().protocols.get())
    rows = table(bundle, "answers").set_index(["participant", "wave", "instrument", "item"])
    forms = table(bundle, "participants").set_index("participant")["form"]
    assert len(rows) == 12 * len(list(cells(protocol)))
    assert (rows["value"].notna() ^ rows["reason"].notna()).all()
    for code, form in forms.items():
        for cell in cells(protocol):
            wave, ref, item = cell
            reason = rows.loc[(code, wave, ref.split("@")[0], item), "reason"]
            wanted = expected(protocol.form(form), protocol, int(code[2:]), cell)
            assert ("" if reason != reason else reason) == wanted, (code, form, cell)


def scores_keep_their_items_and_say_when_a_form_leaves_too_few(bundle: Path) -> None:
    rows = table(bundle, "scores")
    forms = table(bundle, "participants").set_index("participant")["form"]
    assert (rows["score"].notna() ^ rows["reason"].notna()).all()
    assert set(rows["n_items"]) == {3}
    calm = rows[(rows["instrument"] == "calm") & (rows["wave"] == "baseline")]
    calm = calm.set_index("participant")
    for code in (f"P-{n:02}" for n in range(10)):
        row = calm.loc[code]
        if forms[code] == "C":
            assert (row["reason"], row["n_answered"]) == ("planned_missing", 1)
        else:
            assert row["n_answered"] == (2 if forms[code] == "B" else 3)
            assert row["score"] == (0.0 if int(code[2:]) % 2 else 2.0)


def the_wide_table_has_a_value_or_a_reason_throughout(bundle: Path) -> None:
    rows = table(bundle, "wide")
    for name in (name for name in rows.columns if f"{name}_reason" in rows.columns):
        assert (rows[name].notna() ^ rows[f"{name}_reason"].notna()).all(), name
    assert "without wave m3" in (bundle / "codebook.html").read_text()


def table(folder: Path, name: str) -> Any:
    """A table of the bundle; untyped, since its columns are the study's."""
    return reports.table(folder, name)
