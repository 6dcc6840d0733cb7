"""Planned-missing forms: which waves, instruments and items a part of the people is not asked. Pure.

Each participant has one form for good, drawn at enrolment (`participants.forms`). A form only ever
leaves out; what it leaves out is missing by design, and never counts as skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from surveys.design.timing import Found
from surveys.instruments.definition import Code, Document

if TYPE_CHECKING:
    from surveys.design.protocol import Protocol, Wave

InstrumentRef = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}@[1-9][0-9]{0,5}$")]
FormCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")]


class Without(Document):
    """What a form leaves out: whole waves, instruments of a wave, items wherever they are asked."""

    waves: tuple[Code, ...] = ()
    instruments: dict[Code, tuple[InstrumentRef, ...]] = Field(default_factory=dict)  # by wave
    items: dict[InstrumentRef, tuple[Code, ...]] = Field(default_factory=dict)  # by instrument


class Form(Document):
    """One form of a planned-missing design; of `ratio` parts of the people, less what it lacks."""

    code: FormCode
    ratio: int = Field(default=1, ge=1, le=20)
    without: Without = Without()

    def asks_wave(self, wave: str) -> bool:
        """Whether anything of the wave is asked."""
        return wave not in self.without.waves

    def asked(self, wave: Wave) -> tuple[str, ...]:
        """The instruments of the wave that are asked, in its order."""
        if not self.asks_wave(wave.code):
            return ()
        gone = self.without.instruments.get(wave.code, ())
        return tuple(ref for ref in wave.instruments if ref not in gone)

    def items_left_out(self, ref: str) -> tuple[str, ...]:
        """The items of an instrument that are not asked where the instrument is."""
        return self.without.items.get(ref, ())

    def in_words(self) -> str:
        """What it leaves out, such as "without wave m6; without a3, a4 of calm@1"."""
        parts = [f"wave {wave}" for wave in self.without.waves]
        parts += [f"{', '.join(refs)} in {wave}" for wave, refs in self.without.instruments.items()]
        parts += [f"{', '.join(items)} of {ref}" for ref, items in self.without.items.items()]
        return "; ".join(f"without {part}" for part in parts) or "everything is asked"


EVERYTHING = Form(code="everything")  # for people without a form


def form_problems(protocol: Protocol) -> Iterator[Found]:
    """What does not fit together within the protocol; `checks` looks into the instruments."""
    if len(protocol.forms) == 1:
        yield ("forms",), "one form is no design; give two or more, or leave waves shorter for all"
    for i, form in enumerate(protocol.forms):
        yield from ((("forms", i, *where), what) for where, what in _problems(form, protocol))


def _problems(form: Form, protocol: Protocol) -> Iterator[Found]:
    waves = protocol.by_code
    without = form.without
    for i, wave in enumerate(without.waves):
        if wave not in waves:
            yield ("without", "waves", i), _no_wave(wave, waves)
        elif wave in without.waves[:i]:
            yield ("without", "waves", i), f"wave '{wave}' stands twice"
    if waves and not any(form.asks_wave(wave) for wave in waves):
        yield ("without", "waves"), f"form '{form.code}' leaves out every wave"
    for wave, refs in without.instruments.items():
        here = ("without", "instruments", wave)
        if wave not in waves:
            yield here, _no_wave(wave, waves)
        elif wave in without.waves:
            yield here, f"form '{form.code}' leaves out the wave '{wave}' as a whole already"
        else:
            yield from ((here + at, what) for at, what in _unasked(refs, waves[wave]))
            if not form.asked(waves[wave]):
                yield (
                    here,
                    f"form '{form.code}' leaves the wave '{wave}' without instruments; "
                    "name it under 'waves'",
                )
    yield from _items_of_nothing(form, protocol)
    yield from _lost_anchors(form, protocol)


def _no_wave(wave: str, waves: Mapping[str, Wave]) -> str:
    return f"there is no wave '{wave}'; known are {', '.join(waves)}"


def _unasked(refs: tuple[str, ...], wave: Wave) -> Iterator[Found]:
    for i, ref in enumerate(refs):
        if ref not in wave.instruments:
            known = ", ".join(wave.instruments)
            yield (i,), f"wave '{wave.code}' does not ask '{ref}'; it asks {known}"
        elif ref in refs[:i]:
            yield (i,), f"instrument '{ref}' stands twice"


def _items_of_nothing(form: Form, protocol: Protocol) -> Iterator[Found]:
    asked = {ref for wave in protocol.waves for ref in form.asked(wave)}
    for ref, items in form.without.items.items():
        where = ("without", "items", ref)
        if ref not in asked:
            yield where, f"form '{form.code}' asks '{ref}' in no wave"
        for i, item in enumerate(items):
            if item in items[:i]:
                yield (*where, i), f"item '{item}' stands twice"


def _lost_anchors(form: Form, protocol: Protocol) -> Iterator[Found]:
    for wave in protocol.waves:
        before, dot, _ = (wave.schedule.anchor or "").partition(".")
        if dot and form.asks_wave(wave.code) and not form.asks_wave(before):
            yield (
                ("without", "waves"),
                f"form '{form.code}' leaves out '{before}', from whose completion "
                f"'{wave.code}' counts",
            )
