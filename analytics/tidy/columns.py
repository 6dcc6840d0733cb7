"""Every export column, in one list: headers, types, codebook and docs are made from it. Pure.

The columns of most tables are fixed. Those of `person_waves` and `wide` follow from the study's
protocols and instruments; `participants` has one more column for each stratum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from analytics.tidy.arrays import MOMENT, WORD
from analytics.tidy.design import Design, Form, Measure, Question
from analytics.tidy.names import REASON, free_name, item_names, plain, score_names, version_names
from analytics.tidy.reasons import Reason

KINDS: Mapping[str, pa.DataType] = {
    "word": WORD,
    "text": pa.string(),
    "whole": pa.int32(),
    "number": pa.float64(),
    "moment": MOMENT,
    "yes_no": pa.bool_(),
}
WIDE_AT_MOST = 100  # a wave that is asked more often than this stands in person_waves alone

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Column:
    """One column of one table."""

    table: str
    name: str
    kind: str
    label: str
    description: str = ""
    unit: str = ""
    is_key: bool = False
    choices: Choices = ()  # (value, label)
    missing: Choices = ()  # values that are answers and no measurement
    low: float | None = None
    high: float | None = None
    instrument: str = ""
    item: str = ""
    scale: str = ""
    wave: str = ""
    nth: int = 0


@dataclass(frozen=True)
class Table:
    """One table: what a row is, and its columns in order."""

    name: str
    title: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return tuple(column.name for column in self.columns if column.is_key)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema; the same for every chunk, and for no rows at all."""
        return pa.schema(
            [pa.field(c.name, KINDS[c.kind], nullable=not c.is_key) for c in self.columns]
        )


REASONS: Choices = tuple((reason.value, reason.meaning) for reason in Reason)

DISPOSITIONS: Choices = (
    ("completed", "Every instrument was handed in."),
    ("partial", "Something was saved, and the occasion ended before all was handed in."),
    ("in_progress", "Something was saved, and the window still runs."),
    *REASONS,
)


def _c(name: str, kind: str, label: str, description: str = "", **more: object) -> Column:
    return replace(Column("", name, kind, label, description), **more)  # type: ignore[arg-type]  # names are checked by replace itself


PARTICIPANT = _c("participant", "word", "Participant", "Pseudonymous code.", is_key=True)
OCCASION_KEY = (
    PARTICIPANT,
    _c("wave", "word", "Wave", "The protocol's slot.", is_key=True),
    _c("nth", "whole", "Occasion number", "Counts from 1 within the wave.", is_key=True),
)
INSTRUMENT_KEY = (
    *OCCASION_KEY,
    _c("instrument", "word", "Instrument", "Code of the questionnaire.", is_key=True),
)
VERSION = _c("instrument_version", "whole", "Instrument version", "The version that was asked.")

PARTICIPANTS = (
    PARTICIPANT,
    _c("arm", "word", "Arm", "The group by allocation; empty before it and without arms."),
    _c("form", "word", "Form", "Of a planned-missing design, drawn once; empty without forms."),
    _c("site", "word", "Site"),
    _c("language", "word", "Language", "In which the person is written to."),
    _c("zone", "word", "Time zone", "Name in the IANA database."),
    _c("protocol_version", "whole", "Protocol version", "The version that holds for the person."),
    _c("enrolled_at", "moment", "Enrolled"),
    _c("status", "word", "Status", choices=(("enrolled", "Takes part"), ("withdrawn", "Withdrew"))),
    _c("withdrawn_at", "moment", "Withdrawn"),
    _c("withdrawal_scope", "word", "Withdrawal scope", "What was agreed about data so far."),
    _c(
        "reminders",
        "word",
        "Reminders wanted",
        "How many of each questionnaire the person wants by now; fewer may lower the response.",
        choices=(("all", "All of them"), ("one", "Only one"), ("none", "None")),
    ),
)
OCCASIONS = (
    *OCCASION_KEY,
    _c("protocol_version", "whole", "Protocol version", "The version the occasion follows."),
    _c("planned_at", "moment", "Planned opening", "Empty while the date is not known."),
    _c("planned_local", "word", "Planned opening, local", "Date and time on the person's clock."),
    _c("planned_zone", "word", "Zone of the local time"),
    _c("closes_at", "moment", "End of the window"),
    _c("opened_at", "moment", "Opened", "The planned opening, once it had come."),
    _c("invited_at", "moment", "Invited", "When the first message was sent."),
    _c("n_reminders", "whole", "Reminders sent"),
    _c("first_fetched_at", "moment", "Start pressed", "Behind the link of any message."),
    _c("started_at", "moment", "Started", "When the first page was saved."),
    _c("last_saved_at", "moment", "Last saved"),
    _c("finished_at", "moment", "Finished", "When the last instrument was handed in."),
    _c("closed_at", "moment", "Closed", "When it was completed, ran out or was cancelled."),
    _c("disposition", "word", "Disposition", "How it ended, or why not.", choices=DISPOSITIONS),
    _c(
        "minutes_active",
        "number",
        "Minutes active",
        "Time in which the pages were in sight, summed over all pages.",
        unit="min",
    ),
    _c(
        "attention_passed",
        "whole",
        "Attention items passed",
        "How many were answered as they expect; empty when none was answered.",
    ),
    _c("attention_failed", "whole", "Attention items failed", "How many were answered otherwise."),
)
ANSWERS = (
    *INSTRUMENT_KEY,
    _c("item", "word", "Item", "Code of the question.", is_key=True),
    _c("value", "number", "Value", "The code of the chosen option, or the number given."),
    _c("text", "text", "Text", "What was written; a date as YYYY-MM-DD, a time as HH:MM."),
    _c("label", "word", "Label", "The chosen option in the study's first language."),
    _c("reason", "word", "Reason", "Why there is neither value nor text.", choices=REASONS),
    _c(
        "seconds",
        "number",
        "Seconds",
        "From the start of the questionnaire to the last save of this answer.",
        unit="s",
    ),
    _c("changes", "whole", "Changes", "How often the answer was changed after the first save."),
    _c(
        "position",
        "whole",
        "Position",
        "At which place the item was shown, where an order was drawn; else empty.",
    ),
    _c(
        "option_order",
        "text",
        "Order of the options",
        "Their codes in the order shown, where it was drawn; else empty.",
    ),
    _c("passed", "yes_no", "Passed", "Whether an attention item was answered as it expects."),
    VERSION,
)
SCORES = (
    *INSTRUMENT_KEY,
    _c("scale", "word", "Scale", "Code of the scale.", is_key=True),
    _c("score", "number", "Score"),
    _c("n_answered", "whole", "Items answered", "Coded refusals do not count."),
    _c("n_items", "whole", "Items in the scale"),
    _c("prorated", "yes_no", "Prorated", "A sum scaled up from fewer answers than items."),
    _c("rule", "word", "Rule", "How answers become the score."),
    _c("key_version", "word", "Key version", "Changes whenever answers could score differently."),
    _c("reason", "word", "Reason", "Why there is no score.", choices=REASONS),
    VERSION,
)
MESSAGES = (
    *OCCASION_KEY,
    _c(
        "kind",
        "word",
        "Kind",
        is_key=True,
        choices=(("invitation", "First message"), ("reminder", "Reminder")),
    ),
    _c("n", "whole", "Number", "Counts from 1 within the kind.", is_key=True),
    _c("planned_at", "moment", "Planned"),
    _c("sent_at", "moment", "Sent", "When the mail server took it."),
    _c(
        "state",
        "word",
        "State",
        choices=(
            ("due", "Planned"),
            ("sending", "Being sent"),
            ("sent", "The mail server took it"),
            ("unknown", "Cut off after the text; it may have arrived"),
            ("failed", "Refused for good"),
            ("cancelled", "No longer wanted"),
            ("missed", "Found after the window had closed"),
        ),
    ),
    _c("why_not", "word", "Why not sent"),
    _c("n_attempts", "whole", "Attempts"),
    _c("language", "word", "Language", "In which it was sent."),
)
TITLES: Mapping[str, str] = {
    "participants": "One row a person.",
    "occasions": "One row a planned measurement of one person.",
    "answers": "One row an item that was planned for an occasion.",
    "scores": "One row a scale that was planned for an occasion.",
    "person_waves": "One row an occasion, every item and score as a column; for mixed models.",
    "wide": "One row a person, every score of every wave as a column; for cross-lagged models.",
    "messages": "One row a planned invitation or reminder.",
}


def tables(design: Design) -> Mapping[str, Table]:
    """All seven tables with their columns for one study."""
    columns: Mapping[str, tuple[Column, ...]] = {
        "participants": (*_participants(design), *_strata(design)),
        "occasions": OCCASIONS,
        "answers": ANSWERS,
        "scores": SCORES,
        "person_waves": (*_person_waves_head(), *_person_waves(design)),
        "wide": (PARTICIPANT, *wide_columns(design)),
        "messages": MESSAGES,
    }
    return {
        name: Table(name, TITLES[name], tuple(replace(c, table=name) for c in columns[name]))
        for name in TITLES
    }


def _participants(design: Design) -> Iterator[Column]:
    for column in PARTICIPANTS:
        is_form = column.name == "form"
        yield replace(column, choices=tuple(design.planned_forms.items())) if is_form else column


def _strata(design: Design) -> Iterator[Column]:
    for stratum in design.strata:
        yield _c(f"stratum_{stratum}", "word", f"Stratum: {stratum}", "Used in allocation.")


def _person_waves_head() -> tuple[Column, ...]:
    wanted = (
        "protocol_version", "planned_at", "started_at", "finished_at", "disposition",
        "attention_passed", "attention_failed",
    )  # fmt: skip
    found = {column.name: column for column in OCCASIONS}
    return (*OCCASION_KEY, *(found[name] for name in wanted))


def _person_waves(design: Design) -> Iterator[Column]:
    items, scores, versions = item_names(design), score_names(design), version_names(design)
    for instrument in design.instruments:
        yield _c(
            versions[instrument],
            "whole",
            f"{instrument}: version asked",
            "Empty where the wave does not ask it.",
            instrument=instrument,
        )
        for question in _newest_questions(design, instrument):
            name = items[instrument, question.code]
            yield _item_column(design, name, instrument, question)
            yield _reason_column(name)
        for form, measure in _newest_measures(design, instrument):
            name = scores[instrument, measure.code]
            yield score_column(design, name, form, measure)
            yield _reason_column(name)


def wide_columns(design: Design) -> Iterator[Column]:
    """The columns of `wide`: `<scale>_<wave>`, in repeated waves `<scale>_<wave>_<nth>`."""
    names = score_names(design)
    used = {PARTICIPANT.name}
    for wave, form, measure in _scores_of_waves(design):
        n_most = most_occasions(design, wave)
        for nth in range(1, n_most + 1):
            base = f"{names[form.code, measure.code]}_{plain(wave)}"
            name = free_name(base if n_most == 1 else f"{base}_{nth}", used)
            used |= {name, name + REASON}
            column = score_column(design, name, form, measure)
            again = f", occasion {nth}" if n_most > 1 else ""
            yield replace(column, label=f"{column.label}, {wave}{again}", wave=wave, nth=nth)
            yield replace(_reason_column(name), wave=wave, nth=nth)


def _scores_of_waves(design: Design) -> Iterator[tuple[str, Form, Measure]]:
    for wave in design.waves:
        asked = {design.forms[f].code for f in design.forms_of(wave)}
        for instrument in (code for code in design.instruments if code in asked):
            for form, measure in _newest_measures(design, instrument):
                yield wave, form, measure


def most_occasions(design: Design, wave: str) -> int:
    """How many occasions of the wave `wide` has: none for event waves and very frequent ones."""
    counts = [slot.n_occasions or 0 for slot in design.slots_of(wave)]
    most = max(counts, default=0)
    return most if most <= WIDE_AT_MOST else 0


def _newest_questions(design: Design, instrument: str) -> Iterator[Question]:
    seen: set[str] = set()
    for at in design.versions_of(instrument):
        for question in design.forms[at].questions:
            if question.code not in seen:
                seen.add(question.code)
                yield question


def is_text(design: Design, instrument: str, item: str) -> bool:
    """Whether any version of the item is answered in words; its numbers are then words too."""
    return any(
        question.is_worded
        for at in design.versions_of(instrument)
        for question in design.forms[at].questions
        if question.code == item
    )


def _newest_measures(design: Design, instrument: str) -> Iterator[tuple[Form, Measure]]:
    seen: set[str] = set()
    for at in design.versions_of(instrument):
        for measure in design.forms[at].measures:
            if measure.code not in seen:
                seen.add(measure.code)
                yield design.forms[at], measure


def _item_column(design: Design, name: str, instrument: str, question: Question) -> Column:
    return _c(
        name,
        "text" if is_text(design, instrument, question.code) else "number",
        design.say(question.text),
        f"Item {question.code} of {instrument}. {expected(question)}".strip(),
        unit=design.say(question.unit or {}),
        choices=tuple((str(o.code), design.say(o.label)) for o in question.options),
        missing=tuple((str(o.code), design.say(o.label)) for o in question.options if o.is_missing),
        low=question.low,
        high=question.high,
        instrument=instrument,
        item=question.code,
    )


def expected(question: Question) -> str:
    """That it is an attention item, and what passes it; nothing for other items."""
    if not question.expect:
        return ""
    listed = ", ".join(f"{value:g}" for value in question.expect)
    return f"Attention item, never scored: passed with {listed}."


def score_column(design: Design, name: str, form: Form, measure: Measure) -> Column:
    """The column of one score."""
    title, high = design.say(measure.title), design.say(measure.high)
    return _c(
        name,
        "number",
        f"{design.say(form.title)}: {title}",
        f"Score {measure.code} of {form.code}: {measure.rule}. High values: {high}.",
        instrument=form.code,
        scale=measure.code,
    )


def _reason_column(name: str) -> Column:
    return _c(
        name + REASON, "word", f"Why {name} is missing", "Empty beside a value.", choices=REASONS
    )
