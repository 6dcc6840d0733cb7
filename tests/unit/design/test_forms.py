"""Planned-missing forms: what a form leaves out, and what no form may leave out."""

from __future__ import annotations

import pytest

from surveys.design.checks import problems
from surveys.design.forms import EVERYTHING
from surveys.design.protocol import Protocol
from surveys.instruments.definition import Instrument
from surveys.lib.yamlfile import DocumentError
from tests.unit.design.studies import CALM, changed, read_study
from tests.world import instrument_document

MOOD = {"mood@1": Instrument.model_validate(instrument_document("mood"))}
INSTRUMENTS = CALM | MOOD


def with_forms(forms: str) -> str:
    """The study file whose baseline asks two instruments, with these forms."""
    text = changed(
        "instruments: [calm@1]\n    schedule: {anchor: enrollment}",
        "instruments: [calm@1, mood@1]\n    schedule: {anchor: enrollment}",
    )
    return text.replace("quiet_hours:", f"forms: [{forms}]\nquiet_hours:", 1)


def read(forms: str) -> Protocol:
    return read_study(with_forms(forms)).protocol


def complaints(forms: str) -> list[str]:
    try:
        study = read_study(with_forms(forms))
        study.checked(INSTRUMENTS)
    except DocumentError as error:
        return [f"{problem.path}: {problem.message}" for problem in error.problems]
    return []


FORMS = """
  {code: A, ratio: 2},
  {code: B, without: {waves: [m3]}},
  {code: C, without: {instruments: {baseline: [mood@1]}, items: {calm@1: [calm2, calm3]}}}"""


def test_a_form_asks_what_it_does_not_leave_out() -> None:
    protocol = read(FORMS)
    baseline, m3 = protocol.by_code["baseline"], protocol.by_code["m3"]
    a, b, c = (protocol.form(code) for code in "ABC")
    assert [form.asked(baseline) for form in (a, b, c)] == [
        ("calm@1", "mood@1"), ("calm@1", "mood@1"), ("calm@1",),
    ]  # fmt: skip
    assert [form.asked(m3) for form in (a, b, c)] == [("calm@1",), (), ("calm@1",)]
    assert (c.items_left_out("calm@1"), c.items_left_out("mood@1")) == (("calm2", "calm3"), ())
    assert protocol.form("") is protocol.form("gone") is EVERYTHING
    assert EVERYTHING.asked(baseline) == baseline.instruments
    assert [form.in_words() for form in (a, b, c)] == [
        "everything is asked",
        "without wave m3",
        "without mood@1 in baseline; without calm2, calm3 of calm@1",
    ]
    assert problems(protocol, INSTRUMENTS) == ()


@pytest.mark.parametrize(
    ("forms", "problem"),
    [
        ("{code: A}", "forms: one form is no design"),
        ("{code: A}, {code: A}", "forms[1].code: form 'A' stands twice"),
        ("{code: A}, {code: 1B}", "forms[1].code: expected text that should match"),
        ("{code: A}, {code: B, ratio: 0}", "forms[1].ratio: expected greater than or equal"),
        ("{code: A}, {code: B, without: {waves: [m6]}}", "forms[1].without.waves[0]: there is no wave 'm6'; known are baseline, m3, diary"),
        ("{code: A}, {code: B, without: {waves: [m3, m3]}}", "forms[1].without.waves[1]: wave 'm3' stands twice"),
        ("{code: A}, {code: B, without: {waves: [baseline, m3, diary]}}", "forms[1].without.waves: form 'B' leaves out every wave"),
        ("{code: A}, {code: B, without: {instruments: {m6: [calm@1]}}}", "forms[1].without.instruments.m6: there is no wave 'm6'"),
        ("{code: A}, {code: B, without: {instruments: {m3: [mood@1]}}}", "forms[1].without.instruments.m3[0]: wave 'm3' does not ask 'mood@1'; it asks calm@1"),
        ("{code: A}, {code: B, without: {instruments: {m3: [calm@1]}}}", "forms[1].without.instruments.m3: form 'B' leaves the wave 'm3' without instruments; name it under 'waves'"),
        ("{code: A}, {code: B, without: {waves: [m3], instruments: {m3: [calm@1]}}}", "forms[1].without.instruments.m3: form 'B' leaves out the wave 'm3' as a whole already"),
        ("{code: A}, {code: B, without: {items: {mood@2: [calm1]}}}", "forms[1].without.items.mood@2: form 'B' asks 'mood@2' in no wave"),
        ("{code: A}, {code: B, without: {items: {mood@1: [calm1, calm1]}}}", "forms[1].without.items.mood@1[1]: item 'calm1' stands twice"),
        ("{code: A}, {code: B, without: {items: {mood@1: [calm4]}}}", "forms[1].without.items.mood@1[0]: 'mood@1' has no item 'calm4'; known are calm1, calm2, calm3"),
        ("{code: A}, {code: B, without: {items: {mood@1: [calm1, calm2, calm3]}}}", "forms[1].without.items.mood@1: form 'B' leaves nothing of 'mood@1'; name it under 'instruments'"),
        ("{code: A}, {code: B, without: {waves: [baseline]}}", "waves[1].only_if: form 'B' leaves out what this asks for, so nobody with it is asked"),
        ("{code: A}, {code: B, without: {wave: [m3]}}", "forms[1].without.wave: unknown key; did you mean 'waves'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_forms(forms: str, problem: str) -> None:
    found = complaints(forms)
    assert [line for line in found if line.startswith(problem)], found


def test_a_wave_that_counts_from_one_that_a_form_leaves_out() -> None:
    text = with_forms("{code: A}, {code: B, without: {waves: [baseline]}}")
    text = text.replace(
        '{anchor: enrollment, offset: P3M, at: "09:00"}',
        "{anchor: baseline.completed, offset: P3M}",
    )
    with pytest.raises(
        DocumentError, match="form 'B' leaves out 'baseline', from whose completion"
    ):
        read_study(text)


def test_more_prompts_a_day_than_the_study_allows() -> None:
    with pytest.raises(DocumentError, match="3 prompts a day are more than 'messages_per_day'"):
        read_study(changed("quiet_hours:", "messages_per_day: 2\nquiet_hours:"))


def test_an_instrument_without_some_items_is_shown_and_never_scored() -> None:
    (calm,) = CALM.values()
    trimmed = calm.without(["calm2"])
    assert [item.code for page in trimmed.pages for item in page] == ["calm1", "calm3"]
    assert (trimmed.ref, trimmed.scales, set(trimmed.by_code)) == (
        "calm@1", (), {"calm1", "calm3"},
    )  # fmt: skip
    assert len(calm.items) == 3
    assert calm.without(()) is calm
    scale = calm.scale_by_code["calm"]
    assert calm.is_scorable_without(scale, ["calm1"])
    assert not calm.is_scorable_without(scale, ["calm1", "calm3"])
