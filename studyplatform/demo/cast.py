"""Brings the demo's people into the platform, and keeps the truth about them beside the data."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from studyplatform.demo.behaviour import Measure, Respondent
from studyplatform.demo.people import Character
from studyplatform.demo.truth import CONSTRUCTS, ROUNDS, Truth
from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.design.models import Study
from surveys.design.protocol import Protocol
from surveys.instruments import registry
from surveys.participants import csvfile
from surveys.participants.models import Participant

MEASURED_BY = {  # scale of a shipped instrument -> the construct it measures
    ("attachment-orientation", "anxiety"): "anxiety",
    ("attachment-orientation", "avoidance"): "avoidance",
    ("self-response", "total"): "compassion",
    ("mood-worry", "total"): "distress",
    ("state-check", "total"): "compassion",
}
STAFF = Actor.system("demo")


def enrol(path: Path, protocol: Protocol, *, now: datetime) -> int:
    """Enrol everybody in the file at `path` as a coordinator's upload would; return how many."""
    entries = csvfile.read(path.read_bytes(), protocol=protocol, now=now)
    study = Study.objects.get(code=protocol.study)
    result = pipeline.enrol(study=study, entries=entries, source="csv", by=STAFF, now=now)
    return len(result.created)


def respondents(
    people: list[Character], protocol: Protocol, truth: Truth, seed: int
) -> dict[str, Respondent]:
    """The cast with their lives, by address; the arm is what allocation gave them."""
    arms = dict(Participant.objects.filter(study__code=protocol.study).values_list("code", "arm"))
    first_arm = protocol.arms[0].code
    measures = _measures(protocol, truth)
    return {
        person.email: Respondent(truth, seed, person, arms[person.code] == first_arm, measures)
        for person in people
    }


def write_truth(folder: Path, cast: Mapping[str, Respondent], truth: Truth, seed: int) -> None:
    """Keep the parameters and everybody's true scores beside the simulated data."""
    parameters = {"seed": seed, "constructs": CONSTRUCTS, "rounds": ROUNDS, **truth.as_document()}
    (folder / "truth.json").write_text(json.dumps(parameters, indent=2) + "\n")
    with (folder / "true-scores.csv").open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("participant", "wave", *CONSTRUCTS))
        for person in cast.values():
            for wave, scores in zip(ROUNDS, person.latent, strict=True):
                values = (f"{score:.6f}" for score in scores)
                writer.writerow((person.character.code, wave, *values))


def _measures(protocol: Protocol, truth: Truth) -> dict[str, Measure]:
    measures = {}
    for ref in sorted({ref for wave in protocol.waves for ref in wave.instruments}):
        instrument = registry.instrument(ref)
        for scale in instrument.scales:
            construct = MEASURED_BY.get((instrument.instrument, scale.code))
            for key in scale.scored_keys if construct else ():
                measures[key.item] = Measure(construct or "", key.sign, truth.loading)
    return measures
