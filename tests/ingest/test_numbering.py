"""Numbers of messages tell what is missing, whatever comes twice or out of order."""

from __future__ import annotations

import random
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clock import to_ns
from ingest.numbering import Numbering, follow
from ingest.site import Site
from ingest.store import Row
from ingest.store.embedded import EmbeddedStore


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


@pytest.mark.parametrize(("number", "missing"), [(2, 0), (4, 1)])
def test_a_message_that_is_sent_again_keeps_its_number(
    tmp_path: Path, small_site: Site, number: int, missing: int
) -> None:
    """The contract: under a new number the same readings tell nothing of what that number was."""
    start = datetime(2024, 1, 1, tzinfo=UTC)

    def sent(hour: int, sequence: int) -> Row:
        time = to_ns(start + timedelta(hours=hour))
        return Row("test_piezometer", "pz-1", 0, time, time, sequence, {"pore_pressure": 1.0})

    with closing(EmbeddedStore(tmp_path, small_site)) as store:
        store.append([sent(1, 1), sent(2, 2), sent(3, 3)])
        assert store.append([sent(2, number)]).duplicates == 1
        store.append([sent(5, 4 + missing)])
        found = store.delivery("pz-1", start=start, end=start + timedelta(days=1))
    assert follow(found.numbers) == Numbering(missing, 0)
