"""What people answered and scored in earlier waves, for the conditions of later ones.

Of a wave that repeats, the occasion that was completed last counts; what was saved without being
handed in counts nowhere. Scores are computed by the instrument's key each time and never stored.
The pipeline hands `results_of` to scheduling, which does not know this package.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from surveys.design.conditions import ANSWERS, SCORES, Fact
from surveys.instruments.definition import Instrument, Item
from surveys.instruments.logic import measured
from surveys.instruments.registry import instrument_of
from surveys.instruments.scoring import matrix, score
from surveys.responding.models import Submission
from surveys.scheduling.states import OccasionState

Reading: TypeAlias = Callable[[Instrument, Item, object], Any]  # None where it is missing
Found: TypeAlias = Iterator[tuple[int, Fact, Any]]  # participant, fact, what was read


def results_of(
    participants: Collection[int], needed: Collection[Fact], read: Reading = measured
) -> dict[int, dict[Fact, Any]]:
    """The needed answers and scores of each participant; what is missing is left out.

    A coded answer that is no measurement, such as "prefer not to say", is missing too. `read` makes
    of a stored answer what the caller wants: what expressions compute with, or what texts say.
    """
    wanted: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in needed:
        wanted[fact.wave, fact.instrument].append(fact)
    found: dict[int, dict[Fact, Any]] = defaultdict(dict)
    for (wave, instrument), rows in _by_version(_last(participants, wanted)):
        facts = wanted[wave, instrument.instrument]
        for participant, fact, value in (
            *_answers(instrument, facts, rows, read),
            *_scores(instrument, facts, rows),
        ):
            found[participant][fact] = value
    return found


def results_at(
    submissions: Mapping[str, Submission], needed: Collection[Fact], read: Reading = measured
) -> dict[Fact, Any]:
    """The same of one occasion, from what has been handed in; `needed` may ask for nothing else."""
    found: dict[Fact, Any] = {}
    for row in submissions.values():
        instrument = instrument_of(row.instrument)
        facts = [fact for fact in needed if fact.instrument == instrument.instrument]
        if row.state == Submission.State.FINAL:
            both = (*_answers(instrument, facts, [row], read), *_scores(instrument, facts, [row]))
            found |= {fact: value for _, fact, value in both}
    return found


def _last(
    participants: Collection[int], wanted: Mapping[tuple[str, str], object]
) -> Iterable[Submission]:
    """The submissions of the last completed occasion of each wave."""
    rows = Submission.objects.filter(
        occasion__participant__in=participants,
        occasion__state=OccasionState.COMPLETED,
        occasion__wave__in={wave for wave, _ in wanted},
        instrument__code__in={instrument for _, instrument in wanted},
    )
    person, code = ("occasion__participant", "occasion__wave"), "instrument__code"
    rows = rows.order_by(*person, code, "-occasion__ended_at", "-occasion__nth")
    rows = rows.distinct(*person, code).select_related("instrument", "occasion")
    return rows.defer("instrument__document", "flat", "paradata", "occasion__local")


def _by_version(
    rows: Iterable[Submission],
) -> Iterable[tuple[tuple[str, Instrument], list[Submission]]]:
    groups: dict[tuple[str, int], list[Submission]] = defaultdict(list)
    for row in rows:
        groups[row.occasion.wave, row.instrument_id].append(row)
    for (wave, _), same in groups.items():
        yield (wave, instrument_of(same[0].instrument)), same


def _answers(
    instrument: Instrument, facts: Sequence[Fact], rows: Sequence[Submission], read: Reading
) -> Found:
    for fact in facts:
        item = instrument.by_code.get(fact.name) if fact.kind == ANSWERS else None
        if item is None:
            continue
        for row in rows:
            value = read(instrument, item, row.answers.get(fact.name))
            if value is not None:
                yield row.occasion.participant_id, fact, value


def _scores(instrument: Instrument, facts: Sequence[Fact], rows: Sequence[Submission]) -> Found:
    scored = [f for f in facts if f.kind == SCORES and f.name in instrument.scale_by_code]
    if not scored:
        return
    scores = score(instrument, matrix(instrument, [row.answers for row in rows]))
    for fact in scored:
        values = scores.value[:, scores.scales.index(fact.name)]
        for row, value in zip(rows, values, strict=True):
            if not np.isnan(value):
                yield row.occasion.participant_id, fact, float(value)
