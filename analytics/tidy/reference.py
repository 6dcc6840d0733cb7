"""`docs/reference/export-columns.md`, made from the columns and rules themselves.

`python -m analytics.tidy.reference` writes it; a test says when it is out of date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from analytics.tidy.columns import WIDE_AT_MOST, tables
from analytics.tidy.design import Design, Form, Measure, Plan, Question, Slot
from analytics.tidy.fixed import Column
from analytics.tidy.reasons import ITEM_RULES, RULES, Reason

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "export-columns.md"
_TYPES = {"word": "string", "text": "string", "whole": "integer", "number": "number",
          "moment": "datetime, UTC", "yes_no": "boolean"}  # fmt: skip
_EXAMPLE = Design(
    study="example",
    title={},
    languages=("en",),
    plans=(Plan(1, "", (Slot("baseline", {}, (0,)), Slot("diary", {}, (0,), 14))),),
    forms=(
        Form(
            code="calm-form",
            version=1,
            title={"en": "Calm form"},
            status="none",
            citation="",
            licence="",
            content_hash="",
            questions=(Question("calm1", "single", {"en": "Calm?"}),),
            measures=(
                Measure("calm", {"en": "Calm"}, {"en": "calmer"}, "mean of 1 items", "", ()),
            ),
        ),
    ),
    strata=("age_group",),
)
_HEAD = """# Export columns

Made by `python -m analytics.tidy.reference` from `columns.py`, `fixed.py` and `reasons.py` in `analytics/tidy/`; do not edit.

A bundle has nine tables. Each has the same columns in every export of a study, also when it has no
rows. Rows are ordered by participant code, then by wave in the protocol's order, occasion number,
instrument and item. No table names anybody: names, addresses, panel pseudonyms and signatures stay on
the platform. Times are UTC; in CSV they read `2027-03-01T09:00:00.000Z`, a gap is an empty
cell, and words that a spreadsheet could run as a formula start with an apostrophe.

"""
_NAMES = f"""## Names of item and score columns

In `person_waves` and `wide` an item or score has its own code as its name where the code is unique
in the study, else `<instrument>_<code>`. Hyphens become underscores. Versions of an instrument share
their columns; `<instrument>_version` says which one was asked. Beside every such column stands
`<column>_reason`.

`wide` names its columns `<score>_<wave>`, and `<score>_<wave>_<nth>` in waves that are asked more than
once. Waves that people start themselves, and waves with more than {WIDE_AT_MOST} occasions, are in
`person_waves` alone.

In `person_waves` a cell is planned when the wave asks the instrument in any version of the protocol;
in other waves value and reason are both empty. In `wide` every cell is planned.

The tables above show a study with one instrument `calm-form` (one item, one scale), the waves
`baseline` and `diary` (14 occasions, of which `wide` shows the first here) and the stratum
`age_group`.

An item of which several options can be chosen has a column, or a row of `answers`, for each of them:
`<item>_<code>` is 1 where the option was chosen and 0 where another was. A ranking has the same, with
the place of the option. In these names a minus is an `m`. Dates and times are texts. What is shown
without a question has no column.

Coded answers such as "prefer not to say" keep their code and label and are values; scores count
them as unanswered, and `datapackage.json` lists them as labelled missing values.

"""


def markdown() -> str:
    """The page."""
    return "".join([_HEAD, *_tables(), _NAMES, *_reasons()])


def _tables() -> Iterator[str]:
    for table in tables(_EXAMPLE).values():
        yield f"## {table.name}\n\n{table.title} Key: {_codes(table.key)}.\n\n"
        yield "| column | type | meaning |\n|---|---|---|\n"
        yield from (_row(column) for column in table.columns if column.nth <= 1)
        yield "\n"


def _row(column: Column) -> str:
    sentences = [column.label, column.description, column.unit and f"Unit: {column.unit}"]
    if column.choices and column.choices[0][0] not in {"completed", Reason.NOT_DUE}:
        sentences.append("One of " + ", ".join(f"`{value}`" for value, _ in column.choices))
    meaning = " ".join(s if s[-1] in ".?" else f"{s}." for s in sentences if s)
    return f"| `{column.name}` | {_TYPES[column.kind]} | {meaning} |\n"


def _reasons() -> Iterator[str]:
    yield "## Reasons\n\nEvery planned cell has a value or one of these, never both.\n\n"
    yield "| reason | meaning |\n|---|---|\n"
    yield from (f"| `{reason}` | {reason.meaning} |\n" for reason in Reason)
    yield "\nThe first line that holds gives the reason of a cell without a value:\n\n"
    yield "| when | reason |\n|---|---|\n"
    for reason, when in ITEM_RULES:
        yield f"| {when} | `{reason}` |\n"
    for rule in RULES:
        yield f"| {rule.when} | {f'`{rule.reason}`' if rule.reason else 'the stored cause'} |\n"
    yield (
        "\nThe rules read stored state only and never a clock: the same rows give the same reasons."
        " The\ncause of a cancelled or excluded occasion, and of one that expired for want of consent, is stored with it.\n"
    )


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(markdown(), encoding="utf-8", newline="\n")
