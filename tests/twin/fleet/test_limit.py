"""What a fleet can move at most: all corners of the programme against a solver of scipy."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.site import Site
from twin.fleet import capacity
from twin.fleet.inputs import site_fleet
from twin.fleet.what_if import FleetChanges, changed
from twin.plan import Plan

VOLUMES = {"waste_rock": 49.1, "dry_magnetic_separation_tailings": 465.1}


@settings(max_examples=60)
@given(
    st.tuples(st.integers(0, 7), st.integers(0, 7)),
    st.integers(0, 3),
    st.floats(0.2, 20),
    st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)),
)
def test_the_best_corner_is_what_a_solver_finds(
    abaza: Site,
    plan: Plan,
    trucks: tuple[int, int],
    loaders: int,
    distance: float,
    times: tuple[float, float],
) -> None:
    fleets = site_fleet(abaza)
    assert fleets is not None
    counts = dict(zip(("belaz_75404", "kamaz_6520"), trucks, strict=True))
    fleet = changed(
        fleets.at(datetime(2023, 1, 1, tzinfo=UTC)),
        FleetChanges(trucks=counts, loaders=loaders, distance_km=distance),
    )
    volumes = {
        name: volume * factor for (name, volume), factor in zip(VOLUMES.items(), times, strict=True)
    }
    share, bottleneck = capacity.limit(fleet, volumes)
    quick = capacity.capacity(fleet, volumes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(capacity, "MOST_CORNERS", 0)
        solved = capacity.capacity(fleet, volumes)
    assert share == pytest.approx(solved.share, rel=1e-9, abs=1e-9)
    assert quick.share == pytest.approx(solved.share, rel=1e-9, abs=1e-9)
    for one, other in zip(quick.kinds, solved.kinds, strict=True):
        assert one.share == pytest.approx(other.share, rel=1e-9, abs=1e-9)
    alone = {kind.role: kind.share for kind in solved.kinds}
    assert alone[bottleneck] == pytest.approx(min(alone.values()), rel=1e-9, abs=1e-9)
