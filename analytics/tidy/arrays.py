"""From numpy to Arrow: coded words, numbers and moments with their gaps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int32]
Floats: TypeAlias = NDArray[np.float64]

WORD = pa.dictionary(pa.int32(), pa.string())
MOMENT = pa.timestamp("ms", tz="UTC")
NO_MOMENT = np.iinfo(np.int64).min


def coded(indices: NDArray[Any], words: Sequence[str] | pa.Array) -> pa.DictionaryArray:
    """Words by their place in a short list; a negative place is a gap."""
    places = indices.astype(np.int32, copy=False)
    gaps = places < 0
    held = pa.array(places, mask=gaps) if gaps.any() else pa.array(places)
    listed = words if isinstance(words, pa.Array) else pa.array(words, pa.string())
    return pa.DictionaryArray.from_arrays(held, listed)


def words_of(texts: Iterable[str | None]) -> pa.DictionaryArray:
    """Words as they come; an empty one is a gap."""
    return pa.array([text or None for text in texts], pa.string()).dictionary_encode().cast(WORD)


def numbers(values: Floats) -> pa.Array:
    """Numbers; NaN is a gap."""
    return pa.array(values, pa.float64(), from_pandas=True)


def whole(values: NDArray[Any], gaps: NDArray[np.bool_] | None = None) -> pa.Array:
    """Whole numbers with a mask of gaps."""
    return pa.array(values.astype(np.int32, copy=False), mask=gaps)


def moments(millis: NDArray[np.int64]) -> pa.Array:
    """Milliseconds since 1970 as UTC instants; NO_MOMENT is a gap."""
    return pa.array(millis, pa.int64(), mask=millis == NO_MOMENT).cast(MOMENT)
