"""Safety at the edge: what to keep, in metres."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.figure import Figure, unknown
from ingest.site import load_site
from ingest.text import Text
from twin.edge import berm_width, edge_rules, edge_state
from twin.fleet.inputs import Edge, Fleets, load_fleet
from twin.plan import load_plan
from twin.state import FillState

AT = datetime(2022, 7, 1, tzinfo=UTC)
PLAN = load_plan(load_site("abaza"))
_fleets = load_fleet(load_site("abaza"), PLAN)
assert _fleets is not None
FLEETS: Fleets = _fleets
assert FLEETS.edge is not None
EDGE: Edge = FLEETS.edge


def front(tier: str | None) -> FillState:
    """Return a fill of which the front alone is known, or not even that."""
    none = unknown("1", Text("Nothing to show"))
    known = none if tier is None else Figure(value=tier, unit="name")
    fields = dict.fromkeys(FillState.__struct_fields__, none)
    return FillState(**{**fields, "tier": known})


def rules(tier: str | None) -> dict[str, float]:
    state = edge_state(FLEETS, PLAN, front(tier), AT)
    assert state is not None
    return {rule.name: rule.value.value for rule in state.rules}


def test_the_first_tier_is_the_one_of_the_project() -> None:
    found = rules("tier_650")
    assert found["sliding_prism"] == pytest.approx(1.3, abs=0.05)
    assert found["berm"] == 1.0
    assert found["wheel_without_berm"] == 5.0
    assert found["wheel_with_berm"] == pytest.approx(berm_width(1.0, EDGE.repose_deg))
    assert found["tilt"] == 3.0
    assert found["rise"] == pytest.approx(0.41, abs=0.005)  # 7.83 m of a KamAZ at 3 deg


def test_a_lower_tier_has_a_narrower_prism() -> None:
    assert rules("tier_680")["sliding_prism"] == pytest.approx(1.32 * 30 / 55, abs=0.005)


def test_where_the_front_is_not_known_the_tallest_tier_counts() -> None:
    assert rules(None) == rules("tier_650")
    state = edge_state(FLEETS, PLAN, front(None), AT)
    assert state is not None
    assert (state.tier, state.height.quality) == ("", "assumed")


@given(height=st.floats(1, 200))
def test_nobody_stands_within_the_prism(height: float) -> None:
    state = edge_rules(EDGE, FLEETS.at(AT), "tier_650", height, AT)
    found = {rule.name: rule.value.value for rule in state.rules}
    assert found["wheel_with_berm"] >= found["sliding_prism"]
    assert found["wheel_without_berm"] >= max(found["sliding_prism"], 5.0)
    assert ("tallest" in found) == (height > 55)


def test_a_site_without_a_plan_has_no_edge() -> None:
    assert edge_state(None, PLAN, front("tier_650"), AT) is None
    assert edge_state(FLEETS, None, None, AT) is None
