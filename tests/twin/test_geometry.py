from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.site import load_site
from twin.geometry import StageVolume, sliding_prism_width
from twin.plan import load_plan

_plan = load_plan(load_site("abaza"))
assert _plan is not None
STAGE = StageVolume(_plan.tiers)


def test_tier_edges() -> None:
    assert STAGE.capacity == pytest.approx(27_000)
    assert STAGE.level(0) == 595
    assert STAGE.level(3839.5) == pytest.approx(650)
    assert STAGE.level(3839.5 + 3845.0) == pytest.approx(680)
    assert STAGE.level(27_000) == pytest.approx(850)
    assert (STAGE.tier(0), STAGE.tier(3839.4), STAGE.tier(3839.6)) == (
        "tier_650",
        "tier_650",
        "tier_680",
    )
    assert STAGE.tier(30_000) == "tier_850"


@given(st.floats(0, 27_000))
def test_level_and_volume_are_inverse(volume: float) -> None:
    assert STAGE.volume(STAGE.level(volume)) == pytest.approx(volume, abs=1e-6)


@given(st.floats(0, 27_000), st.floats(0, 27_000))
def test_a_larger_volume_never_stands_lower(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert STAGE.level(low) <= STAGE.level(high)


@given(st.floats(0, 27_000))
def test_tiers_hold_the_whole_volume_bottom_up(volume: float) -> None:
    parts = np.array(list(STAGE.filled(volume).values()))
    assert parts.sum() == pytest.approx(volume, abs=1e-6)
    begun = np.flatnonzero(parts > 0)
    assert list(begun) == list(range(len(begun)))


def test_no_sliding_prism_between_equal_angles() -> None:
    assert sliding_prism_width(37, 37, 55) == pytest.approx(0)
    assert sliding_prism_width(36, 38, 30) > 0
