"""What must be right before a protocol is published, beyond its shape. Pure.

Called by the study command for a file and by `design.actions.publish` for a draft.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from surveys.design import conditions, safety, trials
from surveys.design.forms import Form
from surveys.design.joining import condition_problems
from surveys.design.placeholders import unknown_in
from surveys.design.protocol import MessageTexts, Protocol, Wave
from surveys.design.schedule import after, window
from surveys.design.texts import is_file_name, texts_of
from surveys.design.timing import Found
from surveys.instruments.definition import Instrument
from surveys.instruments.formulas import try_formula
from surveys.instruments.logic import HERE, branches
from surveys.instruments.piping import pipes
from surveys.lib.expressions import ANSWERS, VALUES
from surveys.lib.trying import try_all

SIGN_UP = ("screener",)  # what the sign-up asks before anybody is enrolled
# Months differ in length: a reminder must lie inside its window whichever month it opens in.
OPENINGS = tuple(dt.datetime(2027, month, 28, 12, tzinfo=dt.UTC) for month in range(1, 13))

NO_WORDING = (
    "'{ref}' is a key without wording and cannot be asked yet; add the wording that you hold the "
    "rights to, under Instruments in the console or with 'manage.py instrument wording {ref} SHEET', "
    "and name the version that this makes"
)


def problems(protocol: Protocol, instruments: Mapping[str, Instrument]) -> tuple[Found, ...]:
    """Everything that keeps a protocol from being published; `instruments` maps refs to them."""
    found = [*_texts(protocol), *_messages(protocol), *_eligibility(protocol)]
    found += _left_out_items(protocol, instruments)
    found += safety.problems(protocol, instruments)
    planned: dict[str, list[Instrument]] = {}
    for i, wave in enumerate(protocol.waves):
        here = [
            *_instruments(wave, protocol, instruments),
            *_reminders(wave),
            *_condition(wave, planned, protocol),
            *_branches(wave, planned, instruments),
        ]
        found += [(("waves", i, *where), what) for where, what in here]
        if wave.is_planned:
            planned[wave.code] = [instruments[r] for r in wave.instruments if r in instruments]
    return tuple(found)


def _texts(protocol: Protocol) -> Iterator[Found]:
    for where, text in texts_of(protocol):
        for language in protocol.languages:
            if not text.get(language, "").strip():
                yield where, f"lacks the language '{language}'"
        for language, words in text.items():
            if language not in protocol.languages:
                yield (*where, language), f"'{language}' is none of the study's languages"
            if is_file_name(words):
                yield (*where, language), f"'{words}' is the name of a file, not a text"


def _messages(protocol: Protocol) -> Iterator[Found]:
    for kind in ("invitation", "reminder"):
        texts: MessageTexts | None = getattr(protocol.messages, kind)
        if texts is not None:
            yield from ((("messages", kind, *where), what) for where, what in _message(texts))


def _message(texts: MessageTexts) -> Iterator[Found]:
    for part in ("subject", "body"):
        for language, words in getattr(texts, part).items():
            yield from (((part, language), what) for what in unknown_in(words))
    for language, words in texts.subject.items():
        if "\n" in words or "\r" in words:
            yield ("subject", language), "a subject is one line"
    for language, words in texts.body.items():
        if "{link}" not in words:
            yield ("body", language), "lacks '{link}', without which nobody can answer"


def _eligibility(protocol: Protocol) -> Iterator[Found]:
    if protocol.eligibility is None:
        return
    if protocol.joining is not None:
        found = condition_problems(protocol.eligibility, protocol.joining)
        yield from ((("eligibility",), what) for what in found)
        return
    try:
        names = conditions.names_in(protocol.eligibility)
    except conditions.BadCondition as error:
        yield ("eligibility",), str(error)
        return
    for name in names:
        if name not in SIGN_UP:
            yield ("eligibility",), f"'{name}' is not known; use 'screener.<item>'"


def _instruments(
    wave: Wave, protocol: Protocol, instruments: Mapping[str, Instrument]
) -> Iterator[Found]:
    for i, ref in enumerate(wave.instruments):
        if ref not in instruments:
            can_be_asked = (r for r, found in instruments.items() if found.wording != "none")
            known = ", ".join(sorted(can_be_asked)) or "none"
            yield ("instruments", i), f"there is no instrument '{ref}'; known are {known}"
            continue
        if instruments[ref].wording == "none":
            yield ("instruments", i), NO_WORDING.format(ref=ref)
            continue
        for language in protocol.languages:
            if language not in instruments[ref].languages:
                yield ("instruments", i), f"'{ref}' is not translated into '{language}'"


def _reminders(wave: Wave) -> Iterator[Found]:
    previous = OPENINGS
    for i, period in enumerate(wave.reminders):
        due = tuple(after(opens, period, "UTC") for opens in OPENINGS)
        closes = (window(opens, wave.window, "UTC") for opens in OPENINGS)
        if any(a <= b for a, b in zip(due, previous, strict=True)):
            yield ("reminders", i), "must come after the opening and the reminder before it"
        elif any(a >= b for a, b in zip(due, closes, strict=True)):
            within = wave.window.start_within
            yield ("reminders", i), f"{period} comes when the window of {within} has closed"
        previous = due


def _condition(wave: Wave, earlier: trials.Earlier, protocol: Protocol) -> Iterator[Found]:
    if wave.only_if is None:
        return
    found = list(trials.problems(wave.only_if, earlier))
    yield from ((("only_if",), what) for what in found)
    for form in () if found else protocol.forms:
        if form.asks_wave(wave.code) and trials.never_met(wave.only_if, earlier, form):
            yield (
                ("only_if",),
                f"form '{form.code}' leaves out what this asks for, so nobody with it is asked",
            )


def _branches(
    wave: Wave, earlier: trials.Earlier, instruments: Mapping[str, Instrument]
) -> Iterator[Found]:
    """What an instrument asks of others and this place in the protocol does not know."""
    before: list[Instrument] = []
    for i, ref in enumerate(wave.instruments):
        if ref not in instruments:
            continue
        asked = instruments[ref]
        known = {**earlier, HERE: before, ANSWERS: [asked], VALUES: [asked]}
        for of, expression, trying in _expressions(asked):
            for what in trials.problems(expression, known, trying):
                yield ("instruments", i), f"{of} of '{ref}': {what}"
        before = [*before, asked]


def _expressions(asked: Instrument) -> Iterator[tuple[str, str, trials.Trying]]:
    """Whose each expression is, and how it is tried; a name in a text needs only to be there."""
    for branch in branches(asked):
        yield f"'show_if' of {branch.of}", branch.expression, try_all
    for value in asked.values:
        yield f"the value '{value.code}'", value.formula, try_formula
    for pipe in pipes(asked):
        yield f"the text '{pipe.of}'", pipe.expression, lambda _name, _choices: None


def _left_out_items(protocol: Protocol, instruments: Mapping[str, Instrument]) -> Iterator[Found]:
    for i, form in enumerate(protocol.forms):
        here = [found for ref in form.without.items for found in _items(form, ref, instruments)]
        yield from ((("forms", i, "without", "items", *where), what) for where, what in here)


def _items(form: Form, ref: str, instruments: Mapping[str, Instrument]) -> Iterator[Found]:
    if ref not in instruments:
        return  # said where a wave asks it
    known, gone = instruments[ref].by_code, form.items_left_out(ref)
    for i, item in enumerate(gone):
        if item not in known:
            yield (ref, i), f"'{ref}' has no item '{item}'; known are {', '.join(known)}"
    if known.keys() <= set(gone):
        yield (ref,), f"form '{form.code}' leaves nothing of '{ref}'; name it under 'instruments'"
