"""The items that an instrument's conditions did not ask, as cells of a form's n x k matrix."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analytics.tidy.arrays import Floats
from analytics.tidy.chunk import BRANCHED_OUT, NO_TARGET
from analytics.tidy.design import Form
from analytics.tidy.reasons import Codes


def mark_branched_out(form: Form, status: Codes, numbers: Floats, table: pa.Table) -> None:
    """Write BRANCHED_OUT into `status` (n x k) where a row of `table` lists the item's code.

    It is NO_TARGET where the answer in `numbers` (n x k) says that there is nobody to ask about.

    `table` has the rows of `status` in their order, or none when the form has no conditions. The
    same few lists come again and again.
    """
    if not table.num_rows:
        return
    encoded = table["codes"].combine_chunks().dictionary_encode()
    rows = encoded.indices.to_numpy()
    for at, listed in enumerate(encoded.dictionary.to_pylist()):
        if listed:
            places = np.array(
                [at for code in listed.split(",") for at in form.places_of[code]], dtype=np.int32
            )
            status[np.ix_(np.flatnonzero(rows == at), places)] = BRANCHED_OUT
    for place, question in enumerate(form.questions):
        if question.target:
            asked = form.place[question.target]
            none = [o.code for o in form.questions[asked].options if o.why == "not_applicable"]
            has_none = np.isin(numbers[:, asked], none) & (status[:, place] == BRANCHED_OUT)
            status[has_none, place] = NO_TARGET
