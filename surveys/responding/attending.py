"""Whether people attended, occasion by occasion; the console's participant page shows it."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from surveys.instruments.attention import outcomes
from surveys.instruments.registry import instrument_of
from surveys.participants.models import Participant
from surveys.responding.models import Submission


class Attention(NamedTuple):
    """How many attention items were passed at an occasion, of how many that were answered."""

    n_passed: int
    n_answered: int


def attention_of(participant: Participant) -> dict[UUID, Attention]:
    """By the id of the occasion; without those at which no attention item was answered."""
    rows = Submission.objects.filter(occasion__participant=participant)
    rows = rows.select_related("instrument")
    found: dict[UUID, Attention] = {}
    for row in rows.defer("instrument__document", "flat", "paradata"):
        if met := outcomes(instrument_of(row.instrument), row.answers).values():
            before = found.get(row.occasion_id, Attention(0, 0))
            found[row.occasion_id] = Attention(
                before.n_passed + sum(met), before.n_answered + len(met)
            )
    return found
