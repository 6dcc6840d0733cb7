"""Answers and their times: lists of numbers and JSON texts parsed in bulk, one form at a time.

Numbers come from the generated column `flat` (see `surveys.responding.flat`): per submission the
codes that have a number, the numbers, and the same for times. The stored null of a skipped item is
the number `null` there; an item that was never shown is in no list.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
from numpy.typing import NDArray

from analytics.source.branches import mark_branched_out
from analytics.source.definitions import Definitions
from analytics.source.listed import located
from analytics.source.orders import option_orders, positions
from analytics.source.streams import LINES, parsed
from analytics.tidy.arrays import Floats, Ints
from analytics.tidy.chunk import ANSWERED, NOT_SHOWN, SKIPPED, Filled, Scored
from analytics.tidy.design import Form
from surveys.instruments.definition import Instrument
from surveys.instruments.scoring import score

Located: TypeAlias = tuple[pa.Table, Ints]  # submissions, and the places of their occasions
Status: TypeAlias = NDArray[np.int8]

_DIGIT = np.full(256, np.nan)
_DIGIT[ord("0") : ord("9") + 1] = np.arange(10)
_IS_DIGIT = ~np.isnan(_DIGIT)
_IS_DIGIT[ord("n")] = True


class StrangeInstrument(ValueError):
    """Answers to an instrument that is in no protocol version of the study."""


def filled_of(
    definitions: Definitions,
    numbers: Located,
    texts: Located,
    branches: Located,
    orders: Located,
) -> Iterator[Filled]:
    """The submissions of each form, in the order of their occasions.

    Raises StrangeInstrument rather than leaving an answer out.
    """
    known = np.array(list(definitions.form_of), dtype=np.int64)
    if not np.isin(numbers[0]["instrument"].to_numpy(), known).all():
        raise StrangeInstrument("there are answers to an instrument that no protocol asks")
    for row_id, place in sorted(definitions.form_of.items(), key=lambda pair: pair[1]):
        table, occasion = _of_instrument(numbers, row_id)
        if len(occasion):
            words, _ = _of_instrument(texts, row_id)
            shown, _ = _of_instrument(orders, row_id)
            filled = _filled(definitions, place, (table, occasion), words, shown)
            form, hidden = definitions.design.forms[place], _of_instrument(branches, row_id)[0]
            mark_branched_out(form, filled.status, filled.numbers, hidden)
            yield filled


def _filled(
    definitions: Definitions, place: int, located: Located, words: pa.Table, shown: pa.Table
) -> Filled:
    table, occasion = located
    form, instrument = definitions.design.forms[place], definitions.instruments[place]
    numbers, status = read_numbers(form, table)
    written: dict[int, pa.Array] = {}
    if form.text_places or form.listed:
        found = read_words(form, words["answers"].combine_chunks())
        written = {at: found[form.questions[at].code].combine_chunks() for at in form.text_places}
        for code in form.listed:
            spread(form, code, found[code].combine_chunks(), numbers, status)
    for j, column in written.items():
        status[column.is_valid().to_numpy(zero_copy_only=False), j] = ANSWERED
    seconds, changes = read_times(form, table)
    return Filled(
        form=place,
        occasion=occasion,
        numbers=numbers,
        status=status,
        texts=written,
        seconds=seconds,
        changes=changes,
        in_sight=partial(_sums, table["pages"].combine_chunks()),
        score=partial(_score, instrument, form),
        positions=positions(form, shown),
        option_orders=option_orders(form, instrument, shown),
    )


def _of_instrument(located: Located, row_id: int) -> Located:
    table, occasion = located
    rows = np.flatnonzero(table["instrument"].to_numpy() == row_id)
    rows = rows[np.argsort(occasion[rows], kind="stable")]
    return table.take(pa.array(rows)).combine_chunks(), occasion[rows]


def _score(instrument: Instrument, form: Form, numbers: Floats) -> Scored:
    scores = score(instrument, numbers if form.is_plain else _of_items(instrument, form, numbers))
    return Scored(scores.value, scores.n_answered.astype(np.int32), scores.prorated)


def _of_items(instrument: Instrument, form: Form, numbers: Floats) -> Floats:
    """The columns that are items, in their order; NaN for lists and for what is shown only."""
    columns = np.full((len(numbers), len(instrument.items)), np.nan)
    for at, item in enumerate(instrument.items):
        if item.code in form.place:
            columns[:, at] = numbers[:, form.place[item.code]]
    return columns


def read_numbers(form: Form, table: pa.Table) -> tuple[Floats, Status]:
    """n x k numbers and n x k status; text items count as shown only where they were skipped."""
    shape = (table.num_rows, len(form.questions))
    listed = located(form, table["codes"].combine_chunks())
    at = listed.cells
    found = _listed_numbers(table["numbers"].combine_chunks(), listed.n)[listed.source]
    numbers = np.full(shape[0] * shape[1], np.nan)
    status = np.full(len(numbers), NOT_SHOWN, dtype=np.int8)
    numbers[at] = found
    status[at] = np.where(np.isnan(found), np.int8(SKIPPED), np.int8(ANSWERED))
    return numbers.reshape(shape), status.reshape(shape)


def read_times(form: Form, table: pa.Table) -> tuple[Floats, Ints]:
    """n x k seconds and n x k changes, -1 where unknown."""
    shape = (table.num_rows, len(form.questions))
    listed = located(form, table["timed"].combine_chunks())
    at, source = listed.cells, listed.source
    seconds = np.full(shape[0] * shape[1], np.nan)
    changes = np.full(len(seconds), -1, dtype=np.int32)
    seconds[at] = _listed_numbers(table["last"].combine_chunks(), listed.n)[source]
    changes[at] = _listed_numbers(table["changes"].combine_chunks(), listed.n)[source]
    return seconds.reshape(shape), changes.reshape(shape)


def read_words(form: Form, answers: pa.Array) -> pa.Table:
    """The answers that are no numbers, by the code of their item: texts, and lists of codes."""
    texts = dict.fromkeys((form.questions[j].code for j in form.text_places), pa.string())
    lists = dict.fromkeys(form.listed, pa.list_(pa.int32()))
    data = _joined(answers)
    return pa.json.read_json(
        pa.BufferReader(data),
        pa.json.ReadOptions(use_threads=False, block_size=len(data) + 1),
        pa.json.ParseOptions(
            explicit_schema=pa.schema(texts | lists), unexpected_field_behavior="ignore"
        ),
    )


def spread(form: Form, item: str, lists: pa.Array, numbers: Floats, status: Status) -> None:
    """Write the lists of one item into the columns of its options.

    Where several can be chosen these hold 1 and 0, or a code that is no measurement in all of
    them; of a ranking each holds the option's place, from 1.
    """
    places = np.array(form.places_of[item])
    rows = np.flatnonzero(lists.is_valid().to_numpy(zero_copy_only=False))
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy()
    of_row = np.repeat(np.arange(len(lists)), lengths)
    codes = lists.flatten().to_numpy()
    status[np.ix_(rows, places)] = ANSWERED
    first = form.questions[places[0]]
    if first.kind == "ranking":
        value = np.arange(len(of_row)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    else:
        value = np.ones(len(of_row))
        numbers[np.ix_(rows, places)] = 0
    for place in places:
        here = codes == form.questions[place].option
        numbers[of_row[here], place] = value[here]
    for code in first.missing_codes:
        numbers[np.ix_(of_row[codes == code], places)] = code


def _listed_numbers(lists: pa.Array, n: int) -> Floats:
    """All n numbers of comma-separated lists, one after the other; NaN for null."""
    data = _joined(lists).replace(b"null", b"n").replace(b",", b"\n")
    if len(data) == 2 * n:  # each of one character, the common case: no parser needed
        signs = np.frombuffer(data, dtype=np.uint8)[::2]
        if _IS_DIGIT[signs].all():
            return _DIGIT[signs]
    column = parsed(data, {"number": pa.float64()}, LINES, null=["n"])
    numbers: Floats = column["number"].to_numpy()
    return numbers


def _sums(lists: pa.Array) -> Floats:
    """The sum of each list; NaN for an empty one."""
    is_filled = pc.not_equal(lists, "").to_numpy(zero_copy_only=False)
    lengths = np.where(is_filled, pc.count_substring(lists, ",").to_numpy() + 1, 0)
    rows = np.repeat(np.arange(len(lists)), lengths)
    weights: NDArray[Any] = _listed_numbers(lists, len(rows))
    sums = np.bincount(rows, weights=weights, minlength=len(lists))
    return np.where(is_filled, sums, np.nan)


def _joined(texts: pa.Array) -> bytes:
    """The texts, each with a line end."""
    lined = pc.binary_join_element_wise(texts, "", "\n")
    ends = np.frombuffer(lined.buffers()[1], dtype=np.int32)
    data: bytes = lined.buffers()[2][: int(ends[len(lined)])].to_pybytes()
    return data
