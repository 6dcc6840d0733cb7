"""`codebook.html`: one page to read or print, without a request to anywhere.

Every table and column, every question in every language, every scoring key with its rule, the
validation status of each instrument, and what each reason means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from html import escape
from typing import TypeAlias

from analytics.formats.datapackage import TYPES
from analytics.tidy.columns import expected
from analytics.tidy.design import Design, Form, Measure, Option, Question, Text
from analytics.tidy.fixed import Column, Table
from analytics.tidy.names import REASON
from analytics.tidy.reasons import ITEM_RULES, RULES, Reason

Attended: TypeAlias = tuple[str, str, bool]  # instrument, item, whether it was passed

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:68rem;margin:0 auto;padding:1rem;color:#1b1f24;
background:#fff}h1,h2,h3{line-height:1.2}h2{border-bottom:2px solid #1b1f24;margin-top:2.5rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{border:1px solid #8c959f;
padding:.25rem .5rem;text-align:left;vertical-align:top}th{background:#eaeef2}
code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}
.warning{border:2px solid #9a3412;padding:.5rem 1rem}.scroll{overflow-x:auto}
@media print{body{max-width:none;font-size:10pt}h2{break-before:page}tr,h3{break-inside:avoid}}
"""
_STATUS = {
    "none": "Validation status: none. Nobody has shown yet that these scores measure what the "
    "title says. Do not compare people or cut-offs with published instruments.",
    "pilot": "Validation status: pilot. There are first results only.",
    "published": "Validation status: published; see the citation.",
}


def codebook(
    design: Design,
    tables: Mapping[str, Table],
    *,
    attention: Mapping[Attended, int],
    as_of: datetime | None,
    version: str,
) -> str:
    """The page; `attention` counts how often attention items were passed and failed."""
    title = design.say(design.title) or design.study
    language = design.languages[0] if design.languages else "en"
    date = f"{as_of:%Y-%m-%d %H:%M} UTC" if as_of else "no data yet"
    body = [
        f"<h1>{_h(title)}: codebook</h1>",
        f"<p>Study <code>{_h(design.study)}</code>, data as of {date}, exported by "
        f"studyplatform {_h(version)}. Protocol versions: "
        f"{', '.join(str(plan.version) for plan in design.plans) or 'none'}.</p>",
        _contents(design, tables),
        *_reasons(),
        *(part for table in tables.values() for part in _table(table)),
        *(part for form in design.forms for part in _form(form, attention)),
    ]
    return (
        f'<!doctype html>\n<html lang="{_h(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_h(title)}: codebook</title><style>{_STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _contents(design: Design, tables: Mapping[str, Table]) -> str:
    links = [("reasons", "Why a cell is empty")]
    links += [(f"table-{name}", f"Table {name}") for name in tables]
    links += [(f"instrument-{_id(form)}", f"Instrument {form.ref}") for form in design.forms]
    listed = "".join(f'<li><a href="#{_h(to)}">{_h(label)}</a></li>' for to, label in links)
    return f'<nav aria-label="Contents"><ul>{listed}</ul></nav>'


def _reasons() -> Iterator[str]:
    yield '<h2 id="reasons">Why a cell is empty</h2>'
    yield "<p>Every planned cell has a value or one of these reasons, never both.</p>"
    yield _grid(
        ("Reason", "Meaning"),
        ((f"<code>{reason}</code>", _h(reason.meaning)) for reason in Reason),
    )
    yield "<p>The first line that holds gives the reason of a cell without a value:</p>"
    lines = [(reason.value, when) for reason, when in ITEM_RULES]
    lines += [(r.reason.value if r.reason else "the stored cause", r.when) for r in RULES]
    yield _grid(
        ("When", "Reason"), ((_h(w).replace("`", ""), f"<code>{_h(r)}</code>") for r, w in lines)
    )


def _table(table: Table) -> Iterator[str]:
    yield f'<h2 id="table-{table.name}">Table {table.name}</h2><p>{_h(table.title)}</p>'
    values = [column for column in table.columns if not _is_companion(column, table)]
    if len(values) < len(table.columns):
        yield (
            f"<p>Each value column has a companion <code>&lt;column&gt;{REASON}</code> that says "
            "why a value is missing.</p>"
        )
    yield _grid(("Column", "Type", "Label", "Description", "Values"), map(_column, values))


def _is_companion(column: Column, table: Table) -> bool:
    value = column.name.removesuffix(REASON)
    return value != column.name and any(other.name == value for other in table.columns)


def _column(column: Column) -> tuple[str, ...]:
    described = _h(column.description) + (f" Unit: {_h(column.unit)}." if column.unit else "")
    return (
        f"<code>{_h(column.name)}</code>" + (" (key)" if column.is_key else ""),
        TYPES[column.kind],
        _h(column.label),
        described,
        _values(column),
    )


def _values(column: Column) -> str:
    if column.name == "reason":
        return '<a href="#reasons">one of the reasons</a>'
    missing = {value for value, _ in column.missing}
    return "<br>".join(
        f"{_h(value)} = {_h(label)}" + (" (missing)" if value in missing else "")
        for value, label in column.choices
    )


def _form(form: Form, attention: Mapping[Attended, int]) -> Iterator[str]:
    yield f'<h2 id="instrument-{_h(_id(form))}">Instrument {_h(form.ref)}</h2>'
    yield f"<p>{_texts(form.title)}</p>"
    kind = ' class="warning"' if form.status != "published" else ""
    yield f"<p{kind}><strong>{_h(_STATUS[form.status])}</strong></p>"
    yield f"<p>{_h(form.citation)}</p><p>Licence: {_h(form.licence)}</p>"
    if form.key_status:
        yield f"<p>{_h(form.key_status)}</p>"
        yield _grid(("Known about the key", "How", "Source"), (map(_h, f) for f in form.key_facts))
    yield f"<p>SHA-256 <code>{_h(form.content_hash)}</code></p><h3>Items</h3>"
    yield from (f"<p>Shuffled: {_h(what)}.</p>" for what in form.shuffled)
    rows = (_question(form, question, attention) for question in form.questions)
    yield _grid(("Item", "Wording", "Answers"), rows)
    if form.measures:
        yield "<h3>Scales</h3>"
        yield _grid(("Scale", "Title", "High values", "Rule", "Key"), map(_measure, form.measures))


def _question(form: Form, question: Question, attention: Mapping[Attended, int]) -> tuple[str, ...]:
    answers = [
        f"{option.code} = {_texts(option.label)}" + _missing(option) for option in question.options
    ]
    if all(option.is_missing for option in question.options):
        bounds = [f"{b:g}" for b in (question.low, question.high) if b is not None]
        unit = f" {_texts(question.unit)}" if question.unit else ""
        answers.insert(0, question.kind + (f", {' to '.join(bounds)}" if bounds else "") + unit)
    if question.expect:
        passed, failed = (attention.get((form.ref, question.code, met), 0) for met in (True, False))
        answers.append(_h(f"{expected(question)} {passed} passed, {failed} failed."))
    return f"<code>{_h(question.code)}</code>", _texts(question.text), "<br>".join(answers)


def _missing(option: Option) -> str:
    why = f": {option.why.replace('_', ' ')}" if option.why else ""
    return f" (missing{why})" if option.is_missing else ""


def _measure(measure: Measure) -> tuple[str, ...]:
    key = ", ".join(
        f"{'-' if sign < 0 else ''}{item}" + (f" x {weight:g}" if weight != 1 else "")
        for item, sign, weight in measure.key
    )
    note = "" if measure.is_reported else "<br>Exported, but not to be read on its own."
    note += "".join(f"<br>{_h(cutoff)}" for cutoff in measure.cutoffs)
    return (
        f"<code>{_h(measure.code)}</code>",
        _texts(measure.title) + note,
        _texts(measure.high),
        f"{_h(measure.rule)}<br>key version <code>{_h(measure.key_version)}</code>",
        f"{_h(key)}<br>(a minus reverses within the item's range)",
    )


def _texts(text: Text) -> str:
    return "<br>".join(
        f'<span lang="{_h(code)}">{_h(words)}</span>' for code, words in text.items()
    )


def _grid(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th scope="col">{_h(heading)}</th>' for heading in headings)
    body = "\n".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _id(form: Form) -> str:
    return form.ref.replace("@", "-")


def _h(text: str) -> str:
    return escape(text)
