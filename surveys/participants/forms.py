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


def lacking(people: Sequence[Participant], protocol: Protocol) -> list[Participant]:
    """Who of them has no form of this protocol, in the order of their enrolment."""
    codes = {form.code for form in protocol.forms}
    without = [person for person in people if codes and person.form not in codes]
    return sorted(without, key=lambda person: (person.enrolled_at, person.pk))


@transaction.atomic
def give(
    *, study: Study, people: Sequence[Participant], protocol: Protocol, by: Actor, now: datetime
) -> int:
    """Give a form to everybody who has none of this protocol, which holds for them from now on.

    Whoever has one keeps it. Takes the study's row before the participants'; returns how many
    forms were given, and leaves an event for each.
    """
    Study.objects.select_for_update(no_key=True).only("pk").get(pk=study.pk)
    wanted = [person.pk for person in lacking(people, protocol)]
    held = Participant.objects.filter(pk__in=wanted).select_for_update(no_key=True).order_by("pk")
    fresh = lacking(list(held), protocol)
    forms = next_forms(study=study, protocol=protocol, arms=[person.arm for person in fresh])
    for person, form in zip(fresh, forms, strict=True):
        before, person.form = person.form, form
        log.record(
            "form.given", by=by, at=now, study=study.code, subject=person.code, before=before,
            after=form,
        )  # fmt: skip
    Participant.objects.bulk_update(fresh, ["form"], batch_size=2000)
    given = {person.pk: person.form for person in fresh}
    for person in people:
        person.form = given.get(person.pk, person.form)
    return len(fresh)


def _list(study: Study, protocol: Protocol, arm: str) -> Blocks:
    forms = [(form.code, form.ratio) for form in protocol.forms]
    size = sum(ratio for _, ratio in forms)
    # Another set of rules begins another list, as with arms.
    return Blocks(forms, [size], study.seed, f"forms {content_hash(forms)[:8]} {arm}")
