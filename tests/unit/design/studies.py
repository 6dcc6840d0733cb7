"""A study file for tests, and what is needed to break one line of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from surveys.design.protocol import Protocol
from surveys.design.studyfile import StudyFile, read_text
from surveys.instruments.definition import Instrument
from tests.world import instrument_document

CALM = {"calm@1": Instrument.model_validate(instrument_document())}

STUDY = """\
study: calm-year
title: {en: A year of calm, de: Ein Jahr Ruhe}
languages: [en, de]
timezone: Europe/Berlin
retention: {contact: P1Y, data: P10Y}
contact:
  name: Study office
  email: office@study.example
  crisis: {en: Call your local emergency number., de: Wählen Sie den Notruf an Ihrem Ort.}
consent: {version: 1, text: {en: I take part., de: Ich nehme teil.}, withdrawal: keep-collected-data}
arms:
  - {code: course, label: {en: Course, de: Kurs}, sessions: {count: 8, every: P7D}}
  - {code: waitlist, label: {en: Waiting list, de: Warteliste}}
allocation: {method: permuted-blocks, block_sizes: [4], strata: [site]}
anchors: [course_start]
waves:
  - code: baseline
    instruments: [calm@1]
    schedule: {anchor: enrollment}
    window: {start_within: P14D}
    reminders: [P3D, P7D]
  - code: m3
    title: {en: After 3 months, de: Nach 3 Monaten}
    instruments: [calm@1]
    schedule: {anchor: enrollment, offset: P3M, at: "09:00"}
    reminders: [P3D]
    only_if: baseline.completed
  - code: diary
    instruments: [calm@1]
    schedule: {anchor: course_start, every: P1D, times: 14, random_between: ["10:00", "21:00"], per_day: 3, min_gap: PT2H}
    window: {start_within: PT90M}
    arms: [course]
    share: 0.5
quiet_hours: ["22:00", "08:00"]
messages:
  invitation:
    subject: {en: "{study}: your questionnaire", de: "{study}: Ihr Fragebogen"}
    body: {en: "Dear {name}, please answer: {link}", de: "Guten Tag {name}, bitte antworten Sie: {link}"}
"""


def changed(before: str, after: str) -> str:
    """The study file with one passage replaced, which must be there."""
    assert STUDY.count(before) == 1, f"{before!r} must stand in the study file once"
    return STUDY.replace(before, after)


def read_study(text: str = STUDY, folder: Path = Path("/nonexistent")) -> StudyFile:
    """The study file as it is read from disk."""
    return read_text(text, source="study.yaml", folder=folder)


def protocol(**changes: Any) -> Protocol:
    """The study's protocol, with whole keys replaced."""
    document = read_study().protocol.model_dump(mode="json", exclude_none=True)
    return Protocol.model_validate(document | changes)
