"""How long a questionnaire is said to take."""

from __future__ import annotations

import pytest

from surveys.instruments.definition import Instrument
from surveys.instruments.duration import minutes
from tests.world import instrument_document

CALM = Instrument.model_validate(instrument_document())


@pytest.mark.parametrize(("n_instruments", "expected"), [(0, 1), (2, 1), (3, 2), (5, 2), (6, 3)])
def test_a_begun_minute_counts(n_instruments: int, expected: int) -> None:
    assert minutes([CALM] * n_instruments) == expected
