"""Numbers of messages tell what is missing, whatever comes twice or out of order."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.numbering import Numbering, follow


@pytest.mark.parametrize(
    ("numbers", "missing", "restarts"),
    [
        ([], 0, 0),
        ([7], 0, 0),
        ([5, 6, 7], 0, 0),
        ([5, 6, 9], 2, 0),
        ([5, 4, 6], 0, 0),
        ([5, 6, 6, 8, 5], 1, 0),
        ([40, 41, 42, 0, 1, 3], 1, 1),
        ([65_534, 65_535, 0, 1], 0, 1),  # the end of what the sender can count to
        ([500, 501, 300, 301], 0, 1),
        ([90, 91, 1, 2, 3, 50, 1, 2], 46, 2),
    ],
)
def test_gaps_and_beginnings(numbers: list[int], missing: int, restarts: int) -> None:
    assert follow(numbers) == Numbering(missing, restarts)


@given(
    lost=st.sets(st.integers(101, 398), max_size=40),
    twice=st.sets(st.integers(100, 399), max_size=20),
    seed=st.integers(0, 2**16),
)
def test_what_comes_twice_or_shortly_late_is_no_gap(
    lost: set[int], twice: set[int], seed: int
) -> None:
    chance = random.Random(seed)
    numbers = [each for each in range(100, 400) if each not in lost]
    numbers += [each for each in twice if each not in lost]
    numbers.sort(key=lambda each: each + chance.uniform(0, 9))
    assert follow(numbers) == Numbering(len(lost), 0)
