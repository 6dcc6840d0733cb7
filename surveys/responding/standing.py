"""Where one occasion's questionnaire stands, read from its rows; for saving and for showing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from surveys.design import registry as protocols
from surveys.design.asking import asked
from surveys.design.protocol import Protocol
from surveys.instruments.definition import Instrument
from surveys.instruments.models import InstrumentVersion
from surveys.instruments.ordering import drawn
from surveys.instruments.registry import instrument_of
from surveys.lib.reading import Part, Reading
from surveys.responding.branching import Asking
from surveys.responding.models import Submission
from surveys.responding.places import Filled, Place, is_reached, next_place
from surveys.scheduling.models import Occasion

_ASKED = Reading(
    (
        Part(InstrumentVersion, "i", unread=("document",)),
        Part(Submission, "s", unread=("flat",)),
    ),
    """
    FROM unnest(%(codes)s::text[], %(versions)s::int[]) AS asked(code, version)
    JOIN surveys_instrumentversion i USING (code, version)
    LEFT JOIN surveys_submission s ON s.instrument_id = i.id AND s.occasion_id = %(occasion)s
    """,
)


class NoSuchPage(ValueError):
    """Not a page of this occasion, or one that has not been reached yet."""


@dataclass(frozen=True)
class Standing:
    """The instruments as this person is shown them now, and the submissions by `code@version`."""

    occasion: Occasion
    instruments: Sequence[Instrument]
    submissions: Mapping[str, Submission]
    asking: Asking
    versions: Mapping[str, InstrumentVersion]
    protocol: Protocol

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

    def with_saved(self, submission: Submission) -> Standing:
        """How it stands now that this submission is as it is."""
        submissions = {**self.submissions, submission.instrument.ref: submission}
        asking = Asking(self.occasion, self.asking.instruments, submissions)
        return replace(self, instruments=asking.shown(), submissions=submissions, asking=asking)

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
    wave, form = protocol.by_code[occasion.wave], protocol.form(occasion.local.get("form", ""))
    versions: dict[str, InstrumentVersion] = {}
    submissions: dict[str, Submission] = {}
    refs = [ref.split("@") for ref in form.asked(wave)]
    for version, submission in _ASKED.rows(
        occasion=occasion.pk,
        codes=[code for code, _ in refs],
        versions=[int(number) for _, number in refs],
    ):
        versions[version.ref] = version
        if submission:
            submission.occasion, submission.instrument = occasion, version
            submissions[version.ref] = submission
    definitions = {ref: instrument_of(version) for ref, version in versions.items()}
    person = f"{occasion.participant.study.seed}|{occasion.participant.code}"
    instruments = [
        drawn(instrument, person, f"{occasion.wave}|{occasion.nth}")
        for instrument in asked(wave, form, definitions)
    ]
    asking = Asking(occasion, instruments, submissions)
    return Standing(occasion, asking.shown(), submissions, asking, versions, protocol)
