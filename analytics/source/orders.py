"""The drawn orders in which items and options were shown, as a form's n x k matrix and words."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.source.listed import located
from analytics.tidy.arrays import Ints
from analytics.tidy.design import Form
from surveys.instruments.definition import Instrument


def positions(form: Form, table: pa.Table) -> Ints | None:
    """n x k: at which place each item was shown, from 1; 0 where it was not.

    `table` has the form's submissions in order, or none when nothing of the form is shuffled.
    """
    if not table.num_rows:
        return None
    codes = table["order"].combine_chunks()
    n_commas = pc.count_substring(codes, ",").to_numpy()
    lengths = np.where(pc.equal(codes, "").to_numpy(zero_copy_only=False), 0, n_commas + 1)
    starts = np.cumsum(lengths) - lengths
    listed = located(form, codes)
    source = np.arange(listed.n)[listed.source]
    found = np.zeros(table.num_rows * len(form.questions), dtype=np.int32)
    found[listed.cells] = source - starts[listed.cells // len(form.questions)] + 1
    return found.reshape(table.num_rows, len(form.questions))


def option_orders(form: Form, instrument: Instrument, table: pa.Table) -> dict[int, pa.Array]:
    """By place of an item with shuffled options: their codes in the order shown, in words."""
    if not table.num_rows or not instrument.shuffle.options:
        return {}
    encoded = table["options"].combine_chunks().dictionary_encode()
    distinct = [json.loads(text or "{}") for text in encoded.dictionary.to_pylist()]
    return {
        at: _told(distinct, item.options).take(encoded.indices)
        for item in instrument.items
        if item.options in instrument.shuffle.options
        for at in form.places_of[item.code]
    }


def _told(shown: list[Mapping[str, list[int]]], name: str | None) -> pa.Array:
    """One text for each of these, empty where the set was not shown."""
    lists = (each.get(name or "") for each in shown)
    return pa.array([" ".join(map(str, codes)) if codes else None for codes in lists], pa.string())
