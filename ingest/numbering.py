"""What the numbers of messages tell: which are missing, and where a sender began anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

#: A number that is so far behind the highest one is no straggler: the sender has begun anew.
FURTHEST_BEHIND = 100
#: So far behind it is no straggler where it stands before all others, or is one of the numbers
#: with which senders begin.
_SHORTLY_BEHIND, _BEGINNINGS = 10, (0, 1)


class Numbering(NamedTuple):
    """Numbers that never came, and how often the sender began to count anew."""

    missing: int
    restarts: int


def follow(numbers: Sequence[int]) -> Numbering:
    """Return what the numbers of messages tell, in the order in which they came.

    A number that came twice, or after a higher one, is no gap. A number behind all others of its
    count, or far behind the highest, or the one with which senders begin, is a new count.
    """
    if len(numbers) < 2:
        return Numbering(0, 0)
    if bool(np.all(np.diff(np.asarray(numbers)) == 1)):
        return Numbering(0, 0)
    counts = list(_counts(numbers))
    missing = sum(max(count) - min(count) + 1 - len(count) for count in counts)
    return Numbering(missing, len(counts) - 1)


def _counts(numbers: Iterable[int]) -> Iterable[set[int]]:
    """Yield the numbers of each count from its beginning to the next one's."""
    seen: set[int] = set()
    lowest = highest = 0
    for number in numbers:
        behind = highest - number
        begun = number < lowest or number in _BEGINNINGS
        if seen and behind > (_SHORTLY_BEHIND if begun else FURTHEST_BEHIND):
            yield seen
            seen = set()
        if not seen:
            lowest = highest = number
        seen.add(number)
        lowest, highest = min(lowest, number), max(highest, number)
    yield seen
