"""A state without what says nothing is the same state."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin.lean import lean, rounded
from twin.state import TierState

NOW = datetime(2022, 7, 12, 6, tzinfo=UTC)


def test_defaults_are_left_out_and_decoding_fills_them_in() -> None:
    tier = TierState(
        tier="650",
        title={"en": "Tier +650", "ru": "Ярус +650"},
        base_m=640.0,
        crest_m=650.0,
        capacity=Figure(value=1234.567891, unit="thousand m3", time=NOW, quality="planned"),
        filled=unknown("thousand m3", Text("{count} of 3", {"count": 2}), source="wb-1"),
        fraction=Figure(value=0.0, unit="1", low=0.1234567),
    )
    document = msgspec.json.encode(lean(tier))
    assert len(document) < len(msgspec.json.encode(tier)) * 0.6
    found = msgspec.json.decode(document, type=TierState)
    assert found.capacity.value == 1234.57
    assert found.fraction.low == 0.123457
    assert found.planned is None
    assert found.filled == tier.filled
    assert msgspec.json.encode(lean(found)) == document
    assert tier.capacity.value == 1234.567891


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_twice_is_rounding_once(number: float) -> None:
    once = rounded(number)
    assert rounded(once) == once
    assert once == pytest.approx(number, rel=5.1e-6)
