"""Lists of item codes as cells of the n x k matrices of a form.

One stored answer fills one cell, or, where several options can be chosen, one for each of them;
what is shown only fills none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.tidy.design import Form

Places = NDArray[np.int64]


class StrangeItem(ValueError):
    """Answers to an item that the instrument version does not have."""


@dataclass(frozen=True)
class Listed:
    """Where the `n` listed values go: cell `cells[i]` holds value `source[i]`."""

    n: int
    cells: Places
    source: Places | slice


def located(form: Form, codes: pa.Array) -> Listed:
    """The cells of every listed code; the same few lists come again and again.

    Raises StrangeItem for a code that the form does not have, rather than leaving it out.
    """
    encoded = codes.dictionary_encode()
    distinct, rows = encoded.dictionary, encoded.indices.to_numpy()
    lists = pc.split_pattern(pc.if_else(pc.equal(distinct, ""), None, distinct), ",")
    known = pa.array(form.places_of, pa.string())
    items = pc.index_in(lists.values, value_set=known)
    if items.null_count:
        raise StrangeItem(f"there are answers to items that {form.ref} does not have")
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    n_of_row = lengths[rows]
    n = int(n_of_row.sum())
    if form.is_plain:
        return Listed(n, _cells(form, items, lengths, rows), slice(None))
    places, within, n_wide = _widened(form, items.to_numpy(), lengths)
    starts = np.cumsum(n_of_row) - n_of_row
    source = _taken(within, n_wide, rows) + np.repeat(starts, n_wide[rows])
    return Listed(n, _cells(form, places, n_wide, rows), source)


def _widened(form: Form, items: Places, lengths: Places) -> tuple[Places, Places, Places]:
    """The places of each distinct list, which of its codes each belongs to, and how many it has."""
    width = np.array([len(places) for places in form.places_of.values()], dtype=np.int64)
    columns = np.array([at for places in form.places_of.values() for at in places], np.int64)
    n_of_code = width[items]
    of_code = np.repeat(np.arange(len(items)), n_of_code)
    first = (np.cumsum(width) - width)[items]
    nth = np.arange(len(of_code)) - (np.cumsum(n_of_code) - n_of_code)[of_code]
    of_list = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(items)) - (np.cumsum(lengths) - lengths)[of_list]
    n_wide = np.bincount(of_list, weights=n_of_code, minlength=len(lengths)).astype(np.int64)
    return columns[first[of_code] + nth], within[of_code], n_wide


def _cells(form: Form, places: pa.Array | Places, lengths: Places, rows: Places) -> Places:
    first = np.repeat(np.arange(len(rows)) * len(form.questions), lengths[rows])
    cells: Places = first + _taken(places, lengths, rows)
    return cells


def _taken(values: pa.Array | Places, lengths: Places, rows: Places) -> Places:
    """The lists of these lengths, one a row, in one line."""
    ends = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    lists = pa.ListArray.from_arrays(ends, pa.array(values)).take(pa.array(rows))
    taken: Places = lists.flatten().to_numpy()
    return taken
