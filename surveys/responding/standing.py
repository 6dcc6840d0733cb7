"""Where one occasion's questionnaire stands, read from its rows; for saving and for showing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.design import registry as protocols
from surveys.design.asking import asked
from surveys.instruments.definition import Instrument
from surveys.instruments.ordering import drawn
from surveys.responding.branching import Asking
from surveys.responding.models import Submission
from surveys.responding.places import Filled, Place, is_reached, next_place
from surveys.scheduling.models import Occasion


class NoSuchPage(ValueError):
    """Not a page of this occasion, or one that has not been reached yet."""


@dataclass(frozen=True)
class Standing:
    """The instruments as this person is shown them now, and the submissions by `code@version`."""

    occasion: Occasion
    instruments: Sequence[Instrument]
    submissions: Mapping[str, Submission]
    asking: Asking

    @property
    def filled(self) -> dict[str, Filled]:
        """The submissions as plain values."""
        return {
            ref: Filled(row.answers, is_final=row.state == Submission.State.FINAL)
            for ref, row in self.submissions.items()
        }

    @property
    def place(self) -> Place | None:
        """The first page that is not yet saved; None when all is done."""
        return next_place(self.instruments, self.filled)

    def of(self, place: Place) -> Instrument:
        """The instrument of a page that has been reached; raises NoSuchPage."""
        for instrument in self.instruments:
            if instrument.ref == place.instrument:
                if is_reached(self.instruments, self.filled, place):
                    return instrument
                raise NoSuchPage(f"page {place.page} of '{place.instrument}' is not reached yet")
        raise NoSuchPage(f"'{place.instrument}' is not asked at this occasion")


def standing(occasion: Occasion) -> Standing:
    """Read it by the protocol version and the form that the occasion was planned with.

    What is branched out is not in the instruments, so that pages and progress pass it over. What
    is shuffled stands in the order that the study's seed gives this person.
    """
    protocol = protocols.protocol_of(occasion.protocol)
    wave, form = protocol.by_code[occasion.wave], occasion.local.get("form", "")
    rows = Submission.objects.filter(occasion=occasion).select_related("instrument")
    rows = rows.defer("instrument__document", "flat")
    submissions = {row.instrument.ref: row for row in rows}
    person = f"{occasion.participant.study.seed}|{occasion.participant.code}"
    instruments = [
        drawn(instrument, person, f"{occasion.wave}|{occasion.nth}")
        for instrument in asked(protocol, wave, form)
    ]
    asking = Asking(occasion, instruments, submissions)
    return Standing(occasion, asking.shown(), submissions, asking)
