"""Permuted-block allocation: the concealed list as a function of seed and stratum. Pure.

The draws are HMAC-SHA-256 of the seed and a Fisher-Yates shuffle written out, so the list never
depends on a Python version. Nothing is stored: whoever has the seed can recompute every place,
and whoever has not can predict none.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

DRAW_BITS = 64


@dataclass(frozen=True)
class Blocks:
    """What one stratum's list is drawn from: `arms` are (code, ratio)."""

    arms: Sequence[tuple[str, int]]
    sizes: Sequence[int]
    seed: str
    stratum: str

    def __post_init__(self) -> None:
        total = sum(ratio for _, ratio in self.arms)
        if not self.arms or any(ratio < 1 for _, ratio in self.arms):
            raise ValueError("allocation needs arms, each with a ratio of at least 1")
        if not self.sizes or any(size < 1 or size % total for size in self.sizes):
            raise ValueError(f"each block size must be a multiple of {total}, the sum of ratios")

    def from_place(self, position: int) -> Iterator[str]:
        """The arms of the list from `position` (counted from 0) on, without end."""
        if position < 0:
            raise ValueError("positions count from 0")
        begin = 0
        for block in count():
            size = self.sizes[self._draw(block, 0, len(self.sizes))]
            if begin + size > position:
                yield from self._block(block, size)[max(position - begin, 0) :]
            begin += size

    def _block(self, block: int, size: int) -> list[str]:
        times = size // sum(ratio for _, ratio in self.arms)
        arms = [code for code, ratio in self.arms for _ in range(ratio * times)]
        for last in range(size - 1, 0, -1):
            other = self._draw(block, last, last + 1)
            arms[last], arms[other] = arms[other], arms[last]
        return arms

    def _draw(self, block: int, step: int, n: int) -> int:
        """A uniform draw from range(n); step 0 draws the block's size, the others its order."""
        fair = (1 << DRAW_BITS) - (1 << DRAW_BITS) % n  # above it, draw again: no arm is favoured
        draws = (self._number(block, step, attempt) for attempt in count())
        return next(drawn % n for drawn in draws if drawn < fair)

    def _number(self, block: int, step: int, attempt: int) -> int:
        message = f"{self.stratum}\0{block}\0{step}\0{attempt}".encode()
        digest = hmac.digest(self.seed.encode(), message, hashlib.sha256)
        return int.from_bytes(digest[: DRAW_BITS // 8], "big")
