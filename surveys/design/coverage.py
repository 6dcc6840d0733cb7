"""Which part of the people has both of two things by design: waves, instruments, items, scores. Pure.

Counted from the ratios of arms and forms, which are drawn independently, and from the waves'
shares. Conditions are left out: what people answer is not known by design. Waves that people start
themselves count as asked. Publishing warns about pairs that nobody has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement

from surveys.design.forms import EVERYTHING, Form
from surveys.design.protocol import Protocol, Wave
from surveys.instruments.definition import Instrument

MOST_WARNINGS = 20


@dataclass(frozen=True)
class Unit:
    """A wave, an instrument in it, or there some of its items or one of its scales."""

    wave: str
    instrument: str = ""
    items: tuple[str, ...] = ()
    scale: str = ""

    def __str__(self) -> str:
        if self.scale:
            return f"score {self.scale} of {self.instrument} in {self.wave}"
        if self.items:
            return f"{', '.join(self.items)} of {self.instrument} in {self.wave}"
        return f"{self.instrument} in {self.wave}" if self.instrument else self.wave


@dataclass(frozen=True)
class Matrix:
    """The share of the people who have both, for each pair of units; symmetric.

    On the diagonal is the share that has the unit at all. `apart` are the pairs that nobody has
    although some arm is asked both waves.
    """

    units: tuple[Unit, ...]
    shares: tuple[tuple[float, ...], ...]
    apart: tuple[tuple[Unit, Unit], ...]


@dataclass(frozen=True)
class Coverage:
    """All matrices; `items` and `scales` have one for each wave where forms leave items out."""

    waves: Matrix
    instruments: Matrix
    items: tuple[Matrix, ...] = ()
    scales: tuple[Matrix, ...] = ()

    @property
    def warnings(self) -> list[str]:
        """A sentence for each pair that nobody has, each reason once, the first ones."""
        found = [*self._warnings()]
        if len(found) > MOST_WARNINGS:
            n_more = len(found) - MOST_WARNINGS
            found[MOST_WARNINGS:] = [f"and {n_more} more pairs that nobody has"]
        return found

    def _warnings(self) -> Iterator[str]:
        waves = {frozenset({a.wave, b.wave}) for a, b in self.waves.apart}
        yield from map(_said, self.waves.apart)
        parts: set[frozenset[tuple[str, str]]] = set()
        for a, b in self.instruments.apart:
            if frozenset({a.wave, b.wave}) not in waves:
                parts.add(frozenset({(a.wave, a.instrument), (b.wave, b.instrument)}))
                yield _said((a, b))
        for matrix in (*self.items, *self.scales):
            for a, b in matrix.apart:
                pair = frozenset({(a.wave, a.instrument), (b.wave, b.instrument)})
                if pair not in parts:
                    yield _said((a, b))


Asks = Callable[[Form], bool]


def coverage(protocol: Protocol, instruments: Mapping[str, Instrument]) -> Coverage:
    """The coverage by design; instruments that are not known have neither items nor scales here."""
    people = _People(protocol)
    waves = [(Unit(w.code), _asks_wave(w)) for w in protocol.waves]
    asked = [
        (Unit(wave.code, ref), _asks_instrument(wave, ref))
        for wave in protocol.waves
        for ref in wave.instruments
    ]
    inside = [
        (wave, [instruments[ref] for ref in refs if ref in instruments])
        for wave in protocol.waves
        if (refs := [r for r in wave.instruments if _is_cut(r, protocol.forms)])
    ]
    return Coverage(
        waves=people.matrix(waves),
        instruments=people.matrix(asked),
        items=tuple(people.matrix(_item_sets(wave, cut, protocol.forms)) for wave, cut in inside),
        scales=tuple(
            people.matrix(scales) for wave, cut in inside if (scales := list(_scales(wave, cut)))
        ),
    )


def is_trivial(protocol: Protocol) -> bool:
    """Whether everybody in an arm is asked the same, so that there is nothing to look at."""
    return not protocol.forms and all(wave.share is None for wave in protocol.waves)


class _People:
    """Who there is by design: arms and forms with their parts, waves with their shares."""

    def __init__(self, protocol: Protocol) -> None:
        self._waves = protocol.by_code
        self._arms = _parts((arm.code, arm.ratio) for arm in protocol.arms) or [("", Fraction(1))]
        forms = protocol.forms or (EVERYTHING,)
        total = sum(form.ratio for form in forms)
        self._forms = [(form, Fraction(form.ratio, total)) for form in forms]

    def matrix(self, asked: Sequence[tuple[Unit, Asks]]) -> Matrix:
        """The matrix of these units; each comes with whether a form asks it."""
        size = range(len(asked))
        shares = [[0.0] * len(asked) for _ in size]
        units = tuple(unit for unit, _ in asked)
        for i, j in combinations_with_replacement(size, 2):
            one, other = asked[i][1], asked[j][1]
            share = self._by_arm(units[i].wave, units[j].wave) * self._by_form(one, other)
            shares[i][j] = shares[j][i] = float(share)
        apart = tuple(
            (units[i], units[j])
            for i, j in combinations_with_replacement(size, 2)
            if not shares[i][j]
            and (i == j or (shares[i][i] and shares[j][j]))  # what nobody has is said once
            and self._by_arm(units[i].wave, units[j].wave)
        )
        return Matrix(units, tuple(map(tuple, shares)), apart)

    def _by_arm(self, one: str, other: str) -> Fraction:
        """Who is in an arm that is asked both waves, and was not left out of either by its share."""
        pair = [self._waves[code] for code in {one, other}]
        share = Fraction(1)
        for wave in pair:
            share *= 1 if wave.share is None else Fraction(str(wave.share))
        both = (part for arm, part in self._arms if all(arm in w.arms or not w.arms for w in pair))
        return share * sum(both, Fraction(0))

    def _by_form(self, one: Asks, other: Asks) -> Fraction:
        both = (part for form, part in self._forms if one(form) and other(form))
        return sum(both, Fraction(0))


def _parts(ratios: Iterable[tuple[str, int]]) -> list[tuple[str, Fraction]]:
    listed = list(ratios)
    total = sum(ratio for _, ratio in listed)
    return [(code, Fraction(ratio, total)) for code, ratio in listed]


def _is_cut(ref: str, forms: Iterable[Form]) -> bool:
    return any(form.items_left_out(ref) for form in forms)


def _asks_wave(wave: Wave) -> Asks:
    return lambda form: form.asks_wave(wave.code)


def _asks_instrument(wave: Wave, ref: str) -> Asks:
    return lambda form: ref in form.asked(wave)


def _item_sets(
    wave: Wave, cut: Iterable[Instrument], forms: Sequence[Form]
) -> list[tuple[Unit, Asks]]:
    """The items of each instrument, put together where the same forms ask them."""
    found: list[tuple[Unit, Asks]] = []
    for instrument in cut:
        sets: dict[tuple[str, ...], list[str]] = {}
        for item in instrument.by_code:
            asking = (f.code for f in forms if item not in f.items_left_out(instrument.ref))
            sets.setdefault(tuple(asking), []).append(item)
        for items in sets.values():
            unit = Unit(wave.code, instrument.ref, tuple(items))
            found.append((unit, _asks_item(wave, instrument.ref, items[0])))
    return found


def _asks_item(wave: Wave, ref: str, item: str) -> Asks:
    return lambda form: ref in form.asked(wave) and item not in form.items_left_out(ref)


def _scales(wave: Wave, cut: Iterable[Instrument]) -> Iterator[tuple[Unit, Asks]]:
    for instrument in cut:
        for scale in instrument.scales:
            unit = Unit(wave.code, instrument.ref, scale=scale.code)
            yield unit, _asks_scale(wave, instrument, scale.code)


def _asks_scale(wave: Wave, instrument: Instrument, scale: str) -> Asks:
    ref, found = instrument.ref, instrument.scale_by_code[scale]
    return lambda form: (
        ref in form.asked(wave) and instrument.is_scorable_without(found, form.items_left_out(ref))
    )


def _said(pair: tuple[Unit, Unit]) -> str:
    one, other = pair
    if one == other:
        return f"nobody has {one} by design"
    return f"nobody has both {one} and {other} by design, so nothing can be estimated between them"
