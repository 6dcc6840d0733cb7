"""Stored protocols and instruments as the plain values that tables are made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics.source.questions import questions_of
from analytics.tidy.design import Design, Form, Measure, Plan, Slot
from surveys.design.forms import Form as PlannedForm
from surveys.design.models import ProtocolVersion, Study
from surveys.design.protocol import Protocol, Wave
from surveys.design.registry import protocol_of
from surveys.instruments.calculating import inputs
from surveys.instruments.calculating import value as value_of
from surveys.instruments.definition import Calculated, Instrument, Scale
from surveys.instruments.key_versions import key_version
from surveys.instruments.keys import FACT_WORDS, STATUS_WORDS, Origin
from surveys.instruments.kinds import UNASKED
from surveys.instruments.logic import is_branched
from surveys.instruments.models import InstrumentVersion
from surveys.instruments.ordering import in_words, is_shuffled
from surveys.instruments.registry import instrument_of
from surveys.lib.documents import canonical, content_hash


@dataclass(frozen=True)
class Definitions:
    """The plain design, and what finds its places: row ids of protocols and instruments."""

    design: Design
    published: datetime | None  # when the newest protocol was
    instruments: tuple[Instrument, ...]  # in the order of `design.forms`
    plan_of: dict[int, int]  # ProtocolVersion id -> place
    form_of: dict[int, int]  # InstrumentVersion id -> place
    documents: dict[str, bytes]  # canonical JSON by file name; its SHA-256 is the content hash

    @property
    def with_texts(self) -> list[int]:
        """InstrumentVersion ids of the instruments whose answers are not all numbers."""
        forms = self.design.forms
        return [i for i, at in self.form_of.items() if forms[at].text_places or forms[at].listed]

    @property
    def with_branches(self) -> list[int]:
        """InstrumentVersion ids of the instruments that ask something of some people only."""
        return [i for i, at in self.form_of.items() if is_branched(self.instruments[at])]

    @property
    def with_values(self) -> list[int]:
        """InstrumentVersion ids of the instruments with calculated values."""
        return [i for i, at in self.form_of.items() if self.instruments[at].values]

    @property
    def with_orders(self) -> list[int]:
        """InstrumentVersion ids of the instruments of which something is shuffled."""
        return [i for i, at in self.form_of.items() if is_shuffled(self.instruments[at])]


def definitions(study: Study) -> Definitions:
    """Every protocol version of the study and every instrument version that one of them asks."""
    protocols = list(study.protocols.order_by("version"))
    documents = [protocol_of(row) for row in protocols]
    rows = _instrument_rows(documents)
    instruments = tuple(instrument_of(row) for row in rows)
    place = {row.ref: at for at, row in enumerate(rows)}
    newest = documents[-1] if documents else None
    design = Design(
        study=study.code,
        title=study.title,
        languages=newest.languages if newest else (),
        plans=tuple(
            _plan(row, document, place, instruments)
            for row, document in zip(protocols, documents, strict=True)
        ),
        forms=tuple(map(_form, rows, instruments)),
        strata=_strata(documents),
        arms={arm.code: arm.label for document in documents for arm in document.arms},
        planned_forms={form.code: form.in_words() for d in documents for form in d.forms},
    )
    return Definitions(
        design=design,
        published=max((row.published_at for row in protocols), default=None),
        instruments=instruments,
        plan_of={row.pk: at for at, row in enumerate(protocols)},
        form_of={row.pk: at for at, row in enumerate(rows)},
        documents={
            **{f"protocol-{row.version}.json": canonical(row.document) for row in protocols},
            **{f"{row.code}-{row.version}.json": canonical(row.document) for row in rows},
        },
    )


def _instrument_rows(documents: Iterable[Protocol]) -> list[InstrumentVersion]:
    asked = {ref for document in documents for wave in document.waves for ref in wave.instruments}
    rows = InstrumentVersion.objects.filter(code__in={ref.split("@")[0] for ref in asked})
    return [row for row in rows.order_by("code", "version") if row.ref in asked]


def _strata(documents: Iterable[Protocol]) -> tuple[str, ...]:
    found = (s for d in documents if d.allocation for s in d.allocation.strata)
    return tuple(dict.fromkeys(s for s in found if s != "site"))


def _plan(
    row: ProtocolVersion,
    document: Protocol,
    place: dict[str, int],
    instruments: Sequence[Instrument],
) -> Plan:
    left_out = {
        (form.code, wave.code, place[ref]): places
        for form in document.forms
        for wave in document.waves
        for ref in wave.instruments
        if (places := _left_out(form, wave, instruments[place[ref]]))
    }
    return Plan(
        version=row.version,
        content_hash=row.content_hash,
        slots=tuple(_slot(wave, place) for wave in document.waves),
        left_out=left_out,
    )


def _left_out(form: PlannedForm, wave: Wave, instrument: Instrument) -> tuple[int, ...]:
    """The places of the columns that the form leaves out: all of them where it leaves out the whole."""
    whole = instrument.ref not in form.asked(wave)
    gone = form.items_left_out(instrument.ref)
    columns = enumerate(questions_of(instrument))
    return tuple(at for at, column in columns if whole or (column.item or column.code) in gone)


def _slot(wave: Wave, place: dict[str, int]) -> Slot:
    return Slot(
        wave=wave.code,
        title=wave.title or {},
        forms=tuple(place[ref] for ref in wave.instruments),
        n_occasions=None if wave.schedule.event else wave.schedule.n_occasions,
    )


def _form(row: InstrumentVersion, document: Instrument) -> Form:
    return Form(
        code=document.instrument,
        version=document.version,
        title=document.title,
        status=document.validation_status,
        citation=document.citation,
        licence=f"{document.licence.name}: {document.licence.statement}",
        content_hash=row.content_hash,
        questions=questions_of(document),
        measures=(
            *(_measure(document, scale) for scale in document.scales),
            *(_calculated(document, value) for value in document.values),
        ),
        abbreviation=document.abbreviation or "",
        unasked=tuple(item.code for item in document.items if item.kind in UNASKED),
        shuffled=in_words(document),
        key_status=_key_status(document.origin) if document.origin else "",
        key_facts=tuple(
            (FACT_WORDS[fact.of], f"{fact.status}: {STATUS_WORDS[fact.status]}", fact.source)
            for fact in (document.origin.facts if document.origin else ())
        ),
    )


def _key_status(origin: Origin) -> str:
    return (
        f"Key of {origin.name}, item order '{origin.order}' ({origin.order_says}). "
        f"Status of the key: {origin.status}, {STATUS_WORDS[origin.status]}."
    )


def _measure(document: Instrument, scale: Scale) -> Measure:
    return Measure(
        code=scale.code,
        title=scale.title,
        high=scale.high,
        rule=rule_in_words(document, scale),
        key_version=key_version(document, scale.code),
        key=tuple((k.item, k.sign, k.weight) for k in document.scored_keys_of(scale)),
        is_reported=scale.reported,
        least=scale.rule.min_answered,
        parts=tuple(_part(document.scale_by_code[part.scale]) for part in scale.parts),
        cutoffs=tuple(
            f"{c.at:g} {c.side}: {c.says} ({c.status}; {c.source})" for c in scale.cutoffs
        ),
    )


def _calculated(document: Instrument, value: Calculated) -> Measure:
    """A calculated value beside the scales; its key are the items that it comes from."""
    asked = inputs(document, value_of(value.code))
    return Measure(
        code=value.code,
        title=value.title,
        high={},
        rule=f"calculated: {value.formula}",
        key_version=content_hash({"formula": value.formula})[:12],
        key=tuple((item.code, 1, 1.0) for item in document.items if item.code in asked),
        unit=value.unit,
    )


def _part(scale: Scale) -> tuple[frozenset[str], int]:
    return frozenset(key.item for key in scale.scored_keys), scale.rule.min_answered


def rule_in_words(document: Instrument, scale: Scale) -> str:
    """Such as `sum of 8 items, prorated from 7 answers on`."""
    times = f", times {scale.rule.times:g}" if scale.rule.times != 1 else ""
    return (_rule_of_parts(scale) if scale.parts else _rule_of_items(scale)) + times


def _rule_of_parts(scale: Scale) -> str:
    how = {"as is": "", "reversed": " (reversed within its range)", "subtracted": " (subtracted)"}
    listed = ", ".join(
        f"{p.scale}{how[p.enters]}" + (f" x {p.weight:g}" if p.weight != 1 else "")
        for p in scale.parts
    )
    n, least = len(scale.parts), scale.rule.min_answered
    needs = "all of them needed" if least == n else f"from {least} of them on"
    return f"{scale.rule.method} of {n} scores: {listed}; {needs}"


def _rule_of_items(scale: Scale) -> str:
    n, rule = len(scale.scored_keys), scale.rule
    least = f"from {rule.min_answered} answers on"
    if rule.min_answered == n:
        least = "all of them answered"
    prorated = (
        "prorated " if rule.method == "sum" and rule.prorate and rule.min_answered < n else ""
    )
    return f"{rule.method} of {n} items, {prorated}{least}"
