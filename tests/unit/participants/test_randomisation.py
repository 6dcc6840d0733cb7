"""Permuted blocks: balanced, concealed, and the same wherever and whenever computed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.participants.randomisation import Blocks

TWO = [("abct", 1), ("waitlist", 1)]
THREE = [("a", 2), ("b", 1), ("c", 1)]
FIXED = "caababcabcaaaaabccabbacb"


@st.composite
def designs(draw: st.DrawFn) -> Blocks:
    ratios = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    return Blocks(
        [(f"arm{i}", ratio) for i, ratio in enumerate(ratios)],
        [times * sum(ratios) for times in sizes],
        draw(st.text(max_size=8)),
        draw(st.text(max_size=8)),
    )


def _list(blocks: Blocks, n: int) -> list[str]:
    return list(islice(blocks.from_place(0), n))


@given(designs())
def test_every_complete_block_has_the_arms_in_exact_ratio(design: Blocks) -> None:
    total = sum(ratio for _, ratio in design.arms)
    size = design.sizes[0]
    fixed = Blocks(design.arms, [size], design.seed, design.stratum)
    arms = _list(fixed, 5 * size)
    for begin in range(0, 5 * size, size):
        counted = Counter(arms[begin : begin + size])
        assert counted == {code: ratio * size // total for code, ratio in design.arms}


@given(designs(), st.integers(0, 120))
def test_imbalance_never_exceeds_one_block(design: Blocks, n: int) -> None:
    total = sum(ratio for _, ratio in design.arms)
    counted = Counter(_list(design, n))
    for code, ratio in design.arms:
        assert abs(counted[code] - n * ratio / total) <= max(design.sizes) * ratio / total


@given(designs(), st.integers(0, 80))
def test_one_place_is_the_place_of_the_whole_list(design: Blocks, position: int) -> None:
    assert next(design.from_place(position)) == _list(design, position + 1)[-1]


def test_mixed_blocks_are_balanced_where_they_end() -> None:
    arms = _list(Blocks(TWO, [4, 6], "seed", ""), 400)
    balanced = [n for n in range(401) if 2 * arms[:n].count("abct") == n]
    steps = {b - a for a, b in pairwise(balanced)}
    assert max(steps) <= 6
    assert len(balanced) >= 400 / 6


def test_both_block_sizes_are_drawn() -> None:
    blocks = Blocks(TWO, [4, 40], "seed", "")
    sizes = [blocks.sizes[blocks._draw(block, 0, 2)] for block in range(100)]
    assert 30 < sizes.count(4) < 70


def test_seeds_and_strata_have_lists_of_their_own() -> None:
    lists = {
        tuple(_list(Blocks(TWO, [4, 6], seed, stratum), 60))
        for seed in ("one", "two")
        for stratum in ("", "north", "south")
    }
    assert len(lists) == 6


def test_all_orders_of_a_block_are_equally_likely() -> None:
    counted = Counter(tuple(_list(Blocks(TWO, [4], "seed", str(i)), 4)) for i in range(3000))
    assert len(counted) == 6
    assert all(400 < n < 600 for n in counted.values())  # 500 each, five standard errors


def test_the_list_is_fixed_for_all_time() -> None:
    """A study runs for years: no upgrade may ever change who would go where."""
    arms = "".join(code[0] for code in _list(Blocks(THREE, [4, 8], "seed", "north"), 24))
    assert arms == FIXED


@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_the_list_does_not_depend_on_the_hash_seed(hash_seed: str) -> None:
    code = (
        "from itertools import islice; from surveys.participants.randomisation import Blocks;"
        f"print(''.join(islice(Blocks({THREE!r}, [4, 8], 'seed', 'north').from_place(0), 24)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
        text=True,
    )
    assert printed.stdout.strip() == FIXED


def test_a_late_place_is_cheap() -> None:
    blocks = Blocks(TWO, [4, 6], "seed", "")
    calls = 0
    number = Blocks._number

    def counting(self: Blocks, block: int, step: int, attempt: int) -> int:
        nonlocal calls
        calls += 1
        return number(self, block, step, attempt)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Blocks, "_number", counting)
        next(blocks.from_place(20_000))
    assert calls < 20_000 / 4 + 20  # one draw a block, and the order of one block only


@pytest.mark.parametrize(
    ("arms", "sizes"),
    [([], [4]), (TWO, []), (TWO, [3]), (TWO, [0]), (TWO, [-2]), ([("a", 0)], [1])],
)
def test_a_design_that_cannot_be_balanced_is_refused(
    arms: list[tuple[str, int]], sizes: list[int]
) -> None:
    with pytest.raises(ValueError, match=r"allocation needs arms|block size"):
        Blocks(arms, sizes, "s", "")


@settings(max_examples=20)
@given(st.integers(max_value=-1))
def test_there_is_no_place_before_the_first(position: int) -> None:
    with pytest.raises(ValueError, match="from 0"):
        next(Blocks(TWO, [4], "s", "").from_place(position))
