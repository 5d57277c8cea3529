"""What a fleet can do: published tables, laws, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import ConfigurationError
from ingest.site import Site, load_site
from twin.fleet.capacity import MEETS, ImpossibleFleet, whole
from twin.fleet.inputs import Fleet, load_fleet, site_fleet, yearly_volumes
from twin.fleet.loading import buckets_taken
from twin.fleet.tables import fleet_tables
from twin.fleet.what_if import FleetChanges, changed, fleet_capacity
from twin.plan import Plan, load_plan
from twin.verifications import fleet as published

AT = datetime(2022, 7, 1, tzinfo=UTC)
ROCK, TAILINGS = "waste_rock", "dry_magnetic_separation_tailings"
BELAZ, KAMAZ = "belaz_75404", "kamaz_6520"

_site = load_site("abaza")
_plan = load_plan(_site)
assert _plan is not None
PLAN: Plan = _plan
_fleets = load_fleet(_site, PLAN)
assert _fleets is not None
FLEET: Fleet = _fleets.at(AT)

counts = st.integers(0, 12)
distances = st.floats(0.2, 40)


def share(**changes: Any) -> float:
    return fleet_capacity(FLEET, PLAN, AT, FleetChanges(**changes)).share


@pytest.mark.parametrize("pinned", published.verifications(), ids=lambda pinned: pinned.name)
def test_every_printed_number_of_the_tables_is_met(pinned) -> None:
    assert pinned.computed == pytest.approx(pinned.published, abs=pinned.tolerance)


def test_the_tables_give_the_fleet_that_the_project_has() -> None:
    tables = published.abaza_tables()
    assert whole(tables.loaders_needed) == FLEET.loader.count == 1
    assert whole(tables.trucks_needed) == sum(truck.count for truck in FLEET.trucks) == 6
    assert whole(tables.bulldozers_needed) == FLEET.bulldozer.count == 1


def test_the_printed_formula_of_listed_trucks_would_not_give_the_printed_numbers() -> None:
    for load in published.abaza_tables().loads:
        assert load.listed > load.working
        assert round(load.working * 0.85, 1) != round(load.listed, 1)


def test_no_part_of_the_haul_is_lost_when_it_is_split_among_the_trucks() -> None:
    volumes = yearly_volumes(FLEET, PLAN, AT)
    tables = fleet_tables(FLEET, volumes)
    for material, volume in volumes.items():
        hauled = [each.yearly_thousand_m3 for each in tables.loads if each.material == material]
        assert sum(hauled) == pytest.approx(volume)


def test_the_projects_fleet_just_meets_its_plan_and_the_bulldozer_limits_it() -> None:
    found = fleet_capacity(FLEET, PLAN, AT)
    assert found.planned == pytest.approx(514.2, abs=0.1)
    assert found.meets
    assert found.share == pytest.approx(0.99964, abs=1e-5)
    assert found.bottleneck == "bulldozer"
    assert {kind.role: kind.least for kind in found.kinds} == {
        "loader": 1,
        "trucks": 6,
        "bulldozer": 1,
    }
    # Five large trucks do what three of each kind do.
    assert found.least == {"sdlg_l975f": 1, BELAZ: 5, KAMAZ: 0, "t_170": 1}
    assert found.overload == pytest.approx(30.492 / 30 - 1)


def test_two_shifts_move_twice_as_much() -> None:
    assert share(shifts_per_day=2) == pytest.approx(2 * share())


def test_a_little_denser_and_a_whole_bucket_less_fits_on_the_truck() -> None:
    assert (
        changed(FLEET, FleetChanges(densities={TAILINGS: 2.3})).buckets(TAILINGS, FLEET.trucks[1])
        == 1
    )
    assert buckets_taken(1.97, 2.9, 0.02) == 2
    assert buckets_taken(1.97, 2.9, 0.0) == 1
    assert buckets_taken(9.0, 2.9, 0.02) == 2


@settings(max_examples=25)
@given(belaz=counts, kamaz=counts, loaders=st.integers(0, 3), distance=distances)
def test_a_truck_more_never_moves_less(belaz, kamaz, loaders, distance) -> None:
    now = share(trucks={BELAZ: belaz, KAMAZ: kamaz}, loaders=loaders, distance_km=distance)
    for more in ({BELAZ: belaz + 1, KAMAZ: kamaz}, {BELAZ: belaz, KAMAZ: kamaz + 1}):
        assert share(trucks=more, loaders=loaders, distance_km=distance) >= now - 1e-9


@settings(max_examples=25)
@given(belaz=counts, kamaz=counts, distances=st.tuples(distances, distances))
def test_a_longer_haul_never_moves_more(belaz, kamaz, distances) -> None:
    near, far = sorted(distances)
    trucks = {BELAZ: belaz, KAMAZ: kamaz}
    assert share(trucks=trucks, distance_km=far) <= share(trucks=trucks, distance_km=near) + 1e-9


@settings(max_examples=20)
@given(
    distance=st.floats(0.2, 8),
    rock=st.floats(0, 400),
    tailings=st.floats(1, 3000),
    readiness=st.floats(0.3, 1),
)
def test_the_least_fleet_meets_the_plan_and_one_less_of_any_kind_does_not(
    distance, rock, tailings, readiness
) -> None:
    asked: dict[str, Any] = {
        "distance_km": distance,
        "masses": {ROCK: rock, TAILINGS: tailings},
        "readiness": readiness,
    }
    least = fleet_capacity(FLEET, PLAN, AT, FleetChanges(**asked)).least

    def meets(bought: dict[str, int]) -> float:
        return share(
            trucks={BELAZ: bought[BELAZ], KAMAZ: bought[KAMAZ]},
            loaders=bought["sdlg_l975f"],
            bulldozers=bought["t_170"],
            **asked,
        )

    assert meets(least) >= MEETS - 1e-5
    for name, count in least.items():
        if count:
            assert meets({**least, name: count - 1}) < MEETS + 1e-5


def test_the_more_a_plan_asks_the_smaller_the_share() -> None:
    assert share(masses={TAILINGS: 2000.0}) < share() < share(masses={TAILINGS: 500.0})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"readiness": 1.2}, "readiness of 1.2"),
        ({"readiness": 0.0}, "readiness of 0"),
        ({"distance_km": -2.0}, "haul of -2"),
        ({"speed_km_h": 0.0}, "speed of 0"),
        ({"shift_h": 1.0}, "over before its pauses"),
        ({"shift_h": 13.0, "shifts_per_day": 2}, "do not fit into a day"),
        ({"working_days": 400.0}, "400 working days"),
        ({"trucks": {BELAZ: -1}}, "cannot be -1 machines"),
        ({"trucks": {"belaz_1": 1}}, "has no belaz_1"),
        ({"loaders": -1}, "cannot be -1 machines"),
        ({"masses": {TAILINGS: -5.0}}, "are impossible"),
        ({"masses": {TAILINGS: 0.0, ROCK: 0.0}}, "nothing to move"),
        ({"densities": {TAILINGS: 0.0}}, "density of 0"),
        ({"densities": {TAILINGS: 9.0}}, "more than BelAZ-75404 may carry"),
        ({"bucket_m3": 20.0}, "larger than the body of"),
        ({"bucket_m3": 0.0}, "bucket of 0"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ImpossibleFleet, match=words):
        fleet_capacity(FLEET, PLAN, AT, FleetChanges(**changes))


def test_nobody_looks_for_a_fleet_of_hundreds() -> None:
    found = fleet_capacity(FLEET, PLAN, AT, FleetChanges(distance_km=80, masses={TAILINGS: 5000.0}))
    assert found.least == {}


def test_a_fleet_without_trucks_moves_nothing_and_is_told_what_it_needs() -> None:
    found = fleet_capacity(FLEET, PLAN, AT, FleetChanges(trucks={BELAZ: 0, KAMAZ: 0}))
    assert (found.share, found.bottleneck, found.meets) == (0.0, "trucks", False)
    assert found.least[BELAZ] == 5


# The files


def copied(folder: Path, change: Any) -> Site:
    """Return the bundled site with a changed fleet.yaml."""
    for path in _site.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    path = folder / "fleet.yaml"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return load_site(str(folder))


def test_a_revision_holds_from_its_day_on(tmp_path: Path) -> None:
    def add(text: str) -> str:
        head, tail = text.split("revisions:\n")
        block, edge = tail.split("\nedge:")
        later = block.replace("2022-01-01", "2024-01-01").replace(
            "distance_km: 2.0", "distance_km: 3.0"
        )
        return f"{head}revisions:\n{block}{later}\nedge:{edge}"

    fleets = load_fleet(copied(tmp_path, add), PLAN)
    assert fleets is not None
    assert fleets.at(datetime(2023, 12, 31, tzinfo=UTC)).hauling.distance_km == 2.0
    assert fleets.at(datetime(2024, 1, 1, tzinfo=UTC)).hauling.distance_km == 3.0
    assert fleets.at(datetime(2020, 1, 1, tzinfo=UTC)).hauling.distance_km == 2.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("readiness: 0.85", "readiness: 1.85"), "readiness of 1.85"),
        (("heap: 1.1", "heap: 0.9"), "heap"),
        (("waste_rock:", "gold:"), "gold"),
        (("stable_deg: 37.3333", "stable_deg: 20"), "stable_deg"),
        (("machines: fleet.csv", "machines: none.csv"), "none.csv"),
        (("cycle_s: 45", "cycle: 45"), "cycle"),
    ],
)
def test_a_wrong_file_stops_the_start_and_says_where(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    site = copied(tmp_path, lambda text: text.replace(*change))
    with pytest.raises(ConfigurationError, match=words):
        load_fleet(site, PLAN)


def test_a_site_without_the_file_has_no_fleet() -> None:
    assert site_fleet(load_site("brabant")) is None
    assert load_fleet(load_site("brabant"), None) is None


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    site = copied(tmp_path, str)
    before = site_fleet(site)
    assert site_fleet(site) is before
    path = tmp_path / "fleet.csv"
    path.write_text(path.read_text().replace("truck,3,30,15", "truck,4,30,15"))
    after = site_fleet(site)
    assert after is not None
    assert after.revisions[0].trucks[0].count == 4
