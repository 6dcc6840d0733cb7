"""What publishing a draft would do to whom, as lines; `manage.py study preview` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from surveys import pipeline
from surveys.scheduling.counting import PlanCounts
from surveys.scheduling.previewing import Amendment

PAGE = 500


def summary(found: Amendment, *, now: datetime) -> Iterator[str]:
    """The differences, then the counts of each wave and in all."""
    told = pipeline.preview(found, now=now)
    yield from (str(change) for change in found.changes)
    yield ""
    for wave, counts in told.waves.items():
        yield f"{wave:<24} {_counts(counts)}"
    yield f"{'in all':<24} {_counts(told.counts)}"
    yield ""
    yield f"{told.n_affected} of {told.n_people} who take part get another plan"
    for n, what in (
        (told.n_under_way, "have something open, which stays on its version"),
        (told.n_withdrawn, "withdrew, and nothing changes for them"),
        (told.n_older_consent, "agreed to older consent texts"),
        (told.n_consent_anew, "have to agree to the new consent text before they are asked more"),
        (len(told.unplannable), f"cannot be planned: {', '.join(told.unplannable[:20])}"),
    ):
        if n:
            yield f"{n} {what}"


def people(found: Amendment, *, now: datetime) -> Iterator[str]:
    """Whose plans would change, one participant a line, by code."""
    after = ""
    while page := pipeline.affected(found, now=now, after=after, limit=PAGE):
        for one in page:
            yield f"{one.code:<24} {_counts(one.counts)} ({', '.join(one.waves)})"
        after = page[-1].code


def _counts(counts: PlanCounts) -> str:
    told = ", ".join(f"{n} {what}" for what, n in counts.changes.items())
    return ", ".join(part for part in (told, f"{counts.kept} kept") if part)
