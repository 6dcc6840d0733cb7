"""Giving people their form of a planned-missing design, once and for good.

Forms come from permuted blocks, one list for each arm: so their shares are kept exactly block by
block, also in a small study and within each arm, which independent draws would only do on average.
A block has as many places as the ratios add up to. The list follows from the study's seed; the
place is how many people of the arm have a form already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design.models import Study
from surveys.design.protocol import Protocol
from surveys.lib.documents import content_hash
from surveys.participants.models import Participant
from surveys.participants.randomisation import Blocks


def next_forms(*, study: Study, protocol: Protocol, arms: Sequence[str]) -> list[str]:
    """A form for each of these arms' next people, in their order; "" where there are no forms.

    The caller holds the study's row, so that nobody else takes the same places.
    """
    if not protocol.forms:
        return [""] * len(arms)
    placed = study.participants.filter(form__in=[form.code for form in protocol.forms])
    taken = Counter(placed.values_list("arm", flat=True))
    lists: dict[str, Iterator[str]] = {}
    forms = []
    for arm in arms:
        if arm not in lists:
            lists[arm] = _list(study, protocol, arm).from_place(taken[arm])
        forms.append(next(lists[arm]))
    return forms


def to_be_given(study: Study, protocol: Protocol) -> dict[int, str]:
    """Which form `give` would give to whom, were this protocol everybody's; by participant."""
    if not protocol.forms:
        return {}
    people = Participant.objects.filter(study=study, status=Participant.Status.ENROLLED)
    return _drawn(study, protocol, list(people.only("pk", "form", "arm").order_by("pk")))


@transaction.atomic
def give(
    *, study: Study, people: Sequence[Participant], protocol: Protocol, by: Actor, now: datetime
) -> int:
    """Give a form to everybody of them who has none of this protocol; the others keep theirs.

    The caller holds the study's row (see `hold_study`) and then the participants', and plans them
    afterwards. Returns how many forms were given, and leaves an event for each.
    """
    rows = Participant.objects.filter(pk__in=[person.pk for person in people]).order_by("pk")
    fresh = {row.pk: row for row in rows.only("pk", "code", "form", "arm")}
    drawn = _drawn(study, protocol, list(fresh.values()))
    for pk, form in drawn.items():
        row = fresh[pk]
        data = {"before": row.form, "after": form}
        log.record("form.given", by=by, at=now, study=study.code, subject=row.code, **data)
        row.form = form
    Participant.objects.bulk_update([fresh[pk] for pk in drawn], ["form"], batch_size=2000)
    return len(drawn)


def hold_study(study: Study, protocol: Protocol) -> None:
    """Before participants are held who may be given forms: nobody else takes places meanwhile."""
    if protocol.forms:
        Study.objects.select_for_update(no_key=True).only("pk").get(pk=study.pk)


def _drawn(study: Study, protocol: Protocol, people: Sequence[Participant]) -> dict[int, str]:
    codes = {form.code for form in protocol.forms}
    lacking = [person for person in people if codes and person.form not in codes]
    forms = next_forms(study=study, protocol=protocol, arms=[person.arm for person in lacking])
    return {person.pk: form for person, form in zip(lacking, forms, strict=True)}


def _list(study: Study, protocol: Protocol, arm: str) -> Blocks:
    forms = [(form.code, form.ratio) for form in protocol.forms]
    size = sum(ratio for _, ratio in forms)
    # Another set of rules begins another list, as with arms.
    return Blocks(forms, [size], study.seed, f"forms {content_hash(forms)[:8]} {arm}")
