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

from analytics.source.definitions import Definitions
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


class StrangeItem(ValueError):
    """Answers to an item that the instrument version does not have."""


def filled_of(definitions: Definitions, numbers: Located, texts: Located) -> Iterator[Filled]:
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
            yield _filled(definitions, place, (table, occasion), words)


def _filled(definitions: Definitions, place: int, located: Located, words: pa.Table) -> Filled:
    table, occasion = located
    form = definitions.design.forms[place]
    numbers, status = read_numbers(form, table)
    written = read_texts(form, words["answers"].combine_chunks()) if form.text_places else {}
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
        score=partial(_score, definitions.instruments[place]),
    )


def _of_instrument(located: Located, row_id: int) -> Located:
    table, occasion = located
    rows = np.flatnonzero(table["instrument"].to_numpy() == row_id)
    rows = rows[np.argsort(occasion[rows], kind="stable")]
    return table.take(pa.array(rows)).combine_chunks(), occasion[rows]


def _score(instrument: Instrument, numbers: Floats) -> Scored:
    scores = score(instrument, numbers)
    return Scored(scores.value, scores.n_answered.astype(np.int32), scores.prorated)


def read_numbers(form: Form, table: pa.Table) -> tuple[Floats, Status]:
    """n x k numbers and n x k status; text items count as shown only where they were skipped."""
    shape = (table.num_rows, len(form.questions))
    at = _cells(form, table["codes"].combine_chunks())
    found = _listed_numbers(table["numbers"].combine_chunks(), len(at))
    numbers = np.full(shape[0] * shape[1], np.nan)
    status = np.full(len(numbers), NOT_SHOWN, dtype=np.int8)
    numbers[at] = found
    status[at] = np.where(np.isnan(found), np.int8(SKIPPED), np.int8(ANSWERED))
    return numbers.reshape(shape), status.reshape(shape)


def read_times(form: Form, table: pa.Table) -> tuple[Floats, Ints]:
    """n x k seconds and n x k changes, -1 where unknown."""
    shape = (table.num_rows, len(form.questions))
    at = _cells(form, table["timed"].combine_chunks())
    seconds = np.full(shape[0] * shape[1], np.nan)
    changes = np.full(len(seconds), -1, dtype=np.int32)
    seconds[at] = _listed_numbers(table["last"].combine_chunks(), len(at))
    changes[at] = _listed_numbers(table["changes"].combine_chunks(), len(at))
    return seconds.reshape(shape), changes.reshape(shape)


def read_texts(form: Form, answers: pa.Array) -> dict[int, pa.Array]:
    """The text answers by the place of their item."""
    codes = {form.questions[j].code: j for j in form.text_places}
    data = _joined(answers)
    table = pa.json.read_json(
        pa.BufferReader(data),
        pa.json.ReadOptions(use_threads=False, block_size=len(data) + 1),
        pa.json.ParseOptions(
            explicit_schema=pa.schema(dict.fromkeys(codes, pa.string())),
            unexpected_field_behavior="ignore",
        ),
    )
    return {j: table[code].combine_chunks() for code, j in codes.items()}


def _cells(form: Form, codes: pa.Array) -> NDArray[np.int64]:
    """For every listed code its cell in the n x k matrix; the same few lists come again and again.

    Raises StrangeItem for a code that the form does not have, rather than leaving it out.
    """
    encoded = codes.dictionary_encode()
    distinct = encoded.dictionary
    lists = pc.split_pattern(pc.if_else(pc.equal(distinct, ""), None, distinct), ",")
    known = pa.array([question.code for question in form.questions], pa.string())
    places = pc.index_in(lists.values, value_set=known)
    if places.null_count:
        raise StrangeItem(f"there are answers to items that {form.ref} does not have")
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    spread = pa.ListArray.from_arrays(_ends(lengths), places).take(encoded.indices)
    n_of_row = lengths.to_numpy()[encoded.indices.to_numpy()]
    first = np.repeat(np.arange(len(n_of_row)) * len(form.questions), n_of_row)
    cells: NDArray[np.int64] = first + spread.flatten().to_numpy()
    return cells


def _ends(lengths: pa.Array) -> pa.Array:
    """Where each list begins, and the last ends."""
    return pa.array(np.concatenate([[0], np.cumsum(lengths.to_numpy())]), pa.int32())


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
