"""Every export column of a study: headers, types, codebook and docs are made from it. Pure.

The columns of most tables are fixed. Those of `person_waves` and `wide` follow from the study's
protocols and instruments; `participants` has one more column for each stratum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from analytics.tidy.design import Design, Form, Measure, Question
from analytics.tidy.fixed import (
    ANSWERS,
    CONSENTS,
    MESSAGES,
    OCCASIONS,
    PARTICIPANT,
    PARTICIPANTS,
    PERSON_WAVES,
    REASONS,
    SCORES,
    SIGN_UPS,
    TITLES,
    Column,
    Table,
    define,
)
from analytics.tidy.names import REASON, free_name, item_names, plain, score_names, version_names

WIDE_AT_MOST = 100  # a wave that is asked more often than this stands in person_waves alone


def tables(design: Design) -> Mapping[str, Table]:
    """All tables with their columns for one study."""
    columns: Mapping[str, tuple[Column, ...]] = {
        "participants": (*_participants(design), *_strata(design)),
        "occasions": OCCASIONS,
        "answers": ANSWERS,
        "scores": SCORES,
        "person_waves": (*PERSON_WAVES, *_person_waves(design)),
        "wide": (PARTICIPANT, *wide_columns(design)),
        "messages": MESSAGES,
        "consents": CONSENTS,
        "sign_ups": SIGN_UPS,
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
        yield define(f"stratum_{stratum}", "word", f"Stratum: {stratum}", "Used in allocation.")


def _person_waves(design: Design) -> Iterator[Column]:
    items, scores, versions = item_names(design), score_names(design), version_names(design)
    for instrument in design.instruments:
        yield define(
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
    return define(
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
    return define(
        name,
        "number",
        f"{design.say(form.title)}: {title}",
        f"Score {measure.code} of {form.code}: {measure.rule}."
        + (f" High values: {high}." if high else ""),
        unit=design.say(measure.unit or {}),
        instrument=form.code,
        scale=measure.code,
    )


def _reason_column(name: str) -> Column:
    return define(
        name + REASON, "word", f"Why {name} is missing", "Empty beside a value.", choices=REASONS
    )
