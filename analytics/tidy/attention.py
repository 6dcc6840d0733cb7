"""Attention items, which are passed or failed and never scored, in submissions to one form. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analytics.tidy.chunk import ANSWERED, Filled
from analytics.tidy.design import Form
from analytics.tidy.reasons import Flags


def outcomes(form: Form, filled: Filled) -> Iterator[tuple[int, Flags, Flags]]:
    """The place of each attention item, who passed it and who failed it.

    A coded answer that is no measurement counts as none: neither passed nor failed.
    """
    for at, question in enumerate(form.questions):
        if question.expect:
            value = filled.numbers[:, at]
            is_answered = filled.status[:, at] == ANSWERED
            is_answered &= ~np.isin(value, question.missing_codes)
            is_met = np.isin(value, question.expect)
            yield at, is_answered & is_met, is_answered & ~is_met
