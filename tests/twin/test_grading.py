"""When the surface may be graded, and what that takes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ConfigurationError
from ingest.figure import Figure, unknown
from ingest.site import Site, load_site
from ingest.text import Text
from twin.fleet.inputs import load_fleet
from twin.grading import graded_volume, load_grading, site_grading, true_area
from twin.grading_readiness import grading_state
from twin.plan import Plan, load_plan
from twin.state import FillState, GradingState, GradingZone, SettlementState, TierState

SITE = load_site("abaza")
_plan = load_plan(SITE)
assert _plan is not None
PLAN: Plan = _plan
FLEETS = load_fleet(SITE, PLAN)
SAID = load_grading(SITE, PLAN, FLEETS)
LIMIT = PLAN.file.grading.rate
AT = datetime(2040, 1, 1, tzinfo=UTC)
NONE = unknown("date", Text("Every settlement model refuses a forecast"))


def fill(completion: str | None, tiers: dict[str, Figure] | None = None) -> FillState:
    """Return a fill of which the completion alone is known and tiers' last loads, or less."""
    fields = dict.fromkeys(FillState.__struct_fields__, unknown("1", Text("Nothing to show")))
    known = (
        unknown("date", Text("Only {count} whole months", {"count": 1}))
        if completion is None
        else Figure(value=completion, unit="date", low=completion, high=completion, confidence=0.8)
    )
    nothing = unknown("1", Text("Nothing to show"))
    states = [
        TierState(
            tier=name,
            title={},
            base_m=0,
            crest_m=1,
            capacity=nothing,
            filled=nothing,
            fraction=nothing,
            last_load=last,
        )
        for name, last in (tiers or {}).items()
    ]
    return FillState(**{**fields, "completion": known, "tiers": states})  # type: ignore[arg-type]


def point(rate: float | None, grading: Figure = NONE, most: float | None = None) -> SettlementState:
    nothing = unknown("mm", Text("Nothing to show"))
    return SettlementState(
        point="sp-650-01",
        zone="tier_650",
        settlement=nothing,
        rate=unknown("mm/d", Text("No reading yet"))
        if rate is None
        else Figure(value=rate, unit="mm/d", high=most),
        ultimate=nothing,
        remaining=nothing,
        consolidation=nothing,
        grading=grading,
        model="",
    )


def state(
    completion: str | None,
    *points: SettlementState,
    at: datetime = AT,
    tiers: dict[str, Figure] | None = None,
) -> GradingState:
    found = grading_state(SAID, FLEETS, PLAN, fill(completion, tiers), list(points), at)
    assert found is not None
    return found


def first(
    completion: str | None,
    *points: SettlementState,
    at: datetime = AT,
    tiers: dict[str, Figure] | None = None,
) -> GradingZone:
    return state(completion, *points, at=at, tiers=tiers).zones[0]


def test_it_is_ready_when_the_wait_is_over_and_every_point_is_slow() -> None:
    zone = first("2036-12-31", point(LIMIT * 0.9), point(0.0))
    assert (zone.verdict, zone.slow, zone.points, zone.reason) == ("ready", 2, 2, None)
    assert zone.date.value == "2037-12-31"


def test_one_fast_point_is_enough_to_wait() -> None:
    zone = first("2036-12-31", point(LIMIT * 1.1), point(0.0))
    assert zone.verdict == "unknown"
    assert "settle faster" in str(zone.reason)
    later = Figure(value="2041-05-01", unit="date")
    zone = first("2036-12-31", point(LIMIT * 1.1, later), point(0.0, later))
    assert (zone.verdict, zone.date.value) == ("not_before", "2041-05-01")


def test_before_the_wait_is_over_no_rate_makes_it_ready() -> None:
    zone = first("2036-12-31", point(0.0), at=datetime(2037, 6, 1, tzinfo=UTC))
    assert (zone.verdict, zone.date.value) == ("not_before", "2037-12-31")
    assert zone.date.high == "2038-07-01"


def test_the_wait_counts_from_the_last_load_on_the_tier_itself() -> None:
    """The plan goes on upwards for years after a tier has had its last load."""
    weighed = Figure(value="2029-06-30", unit="date")
    zones = state("2050-01-01", point(0.0), tiers={"tier_650": weighed}).zones
    assert (zones[0].verdict, zones[0].date.value) == ("ready", "2030-06-30")
    assert {zone.verdict for zone in zones[1:]} == {"not_before"}
    assert zones[1].date.value == "2051-01-01"


def test_a_tier_on_which_nothing_is_planned_says_so() -> None:
    never = unknown("date", Text("Nothing is planned for this tier, and nothing lies in it"))
    zone = first("2036-12-31", point(0.0), tiers={"tier_650": never})
    assert zone.verdict == "unknown"
    assert "Nothing is planned" in str(zone.date.reason)


def test_a_rate_that_may_be_too_fast_is_too_fast() -> None:
    zone = first("2036-12-31", point(LIMIT * 0.9, most=LIMIT * 1.2), point(0.0, most=LIMIT * 0.5))
    assert (zone.verdict, zone.slow) == ("unknown", 1)
    assert "interval of the rate" in str(zone.reason)
    zone = first("2036-12-31", point(LIMIT * 0.9, most=LIMIT * 0.99), point(0.0))
    assert (zone.verdict, zone.slow) == ("ready", 2)


def test_the_interval_of_the_date_holds_that_of_the_rates() -> None:
    done = "2039-06-01"
    later = Figure(value="2041-05-01", unit="date", low="2040-08-01", high="2047-01-01")
    sooner = Figure(value="2040-09-01", unit="date", low="2040-07-01", high="2041-01-01")
    date = first(done, point(LIMIT * 2, later), point(LIMIT * 2, sooner)).date
    assert (date.value, date.low, date.high) == ("2041-05-01", "2040-08-01", "2047-01-01")
    assert date.confidence == 0.8
    open_end = Figure(value="2041-05-01", unit="date", low="2040-08-01")
    date = first(done, point(LIMIT * 2, later), point(LIMIT * 2, open_end)).date
    assert (date.low, date.high) == ("2040-08-01", None)
    assert "no latest date" in str(date.validity)
    # Nobody foretells when they will be slow: the wait alone has no latest day either.
    date = first(done, point(LIMIT * 2), point(LIMIT * 2, sooner)).date
    assert (date.value, date.high) == ("2040-05-31", None)


def test_it_is_not_known_without_a_completion_and_says_why() -> None:
    zone = first(None, point(0.0))
    assert (zone.verdict, zone.date.value) == ("unknown", None)
    assert str(zone.date.reason) == "Only 1 whole months"


def test_a_zone_that_nobody_measures_is_never_ready() -> None:
    zones = state("2020-01-01", point(0.0)).zones
    assert zones[0].verdict == "ready"
    assert {zone.verdict for zone in zones[1:]} == {"unknown"}
    assert all("nobody measures" in str(zone.reason) for zone in zones[1:])
    assert "not known" in str(first("2020-01-01", point(0.0), point(None)).reason)


@given(
    days=st.integers(-2000, 2000),
    rates=st.lists(st.one_of(st.none(), st.floats(0, 3 * LIMIT)), max_size=4),
)
def test_ready_means_waited_and_measured(days: int, rates: list[float | None]) -> None:
    done = AT.date() - timedelta(days=days)
    zone = first(done.isoformat(), *(point(rate) for rate in rates))
    waited = done + timedelta(days=365.25 * PLAN.file.grading.wait_years[0]) <= AT.date()
    slow = bool(rates) and all(rate is not None and rate <= LIMIT for rate in rates)
    assert (zone.verdict == "ready") == (waited and slow)
    if zone.verdict == "not_before":
        assert date.fromisoformat(str(zone.date.value)) >= AT.date()
    assert (zone.date.value is None) == (zone.verdict == "unknown")


def test_grading_after_the_deadline_is_said() -> None:
    notes = [str(each) for each in state("2036-12-20", at=datetime(2030, 1, 1, tzinfo=UTC)).notes]
    assert any("after the deadline 2036-12-31" in note for note in notes)


# What it takes


def test_the_works_of_the_project() -> None:
    found = {name: each.value for name, each in state(None).works.items()}
    assert found["graded_volume"] == pytest.approx(16.6)
    assert found["cover_on_plan_area"] == pytest.approx(138.9)
    assert found["cover_on_true_area"] == pytest.approx(161.4, abs=0.1)
    assert found["cover_printed"] == 156
    assert found["soil_missing"] == found["cover_on_true_area"]


def test_trips_carry_all_the_soil_and_hours_are_those_of_the_trips() -> None:
    found = {name: each.value for name, each in state(None).works.items()}
    assert found["soil_trips"] * 9.24 == pytest.approx(found["soil_missing"] * 1000, rel=1e-3)
    assert found["soil_round_trip"] == pytest.approx(2 * 30 / 40 * 60 + 1.5 + 2.5)
    # 420 of 480 minutes of a shift are for trips.
    hauling = found["soil_trips"] * found["soil_round_trip"] / 60
    assert found["soil_truck_hours"] == pytest.approx(hauling * 480 / 420, rel=1e-3)
    assert found["soil_days"] == pytest.approx(found["soil_truck_hours"] / 8 / (3 * 0.85))


@given(plan_area=st.floats(1, 1000), level=st.floats(0, 1), slope=st.floats(0, 60))
def test_a_slope_is_larger_than_it_looks_on_the_plan(plan_area, level, slope) -> None:
    area = true_area(plan_area, level * plan_area, slope)
    assert area >= plan_area * (1 - 1e-12)
    assert area <= true_area(plan_area, level * plan_area, slope + 5)
    assert graded_volume(plan_area, 0.1) == pytest.approx(plan_area / 10)


# The file


def copied(folder: Path, old: str, new: str) -> Site:
    for path in SITE.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    path = folder / "grading.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return load_site(str(folder))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("area_thousand_m2: 166", "area_thousand_m2: 500", "area_thousand_m2"),
        ("[kamaz_6520]", "[kamaz_1]", "kamaz_1"),
        ("density_t_per_m3: 1.6", "density_t_per_m3: 16", "more than KamAZ-6520"),
        ("thickness_m: 0.3", "thickness_m: 0", "thickness_m"),
    ],
)
def test_a_wrong_file_stops_the_start(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        load_grading(copied(tmp_path, old, new), PLAN, FLEETS)


def test_a_site_without_the_file_says_when_and_not_what() -> None:
    assert site_grading(load_site("brabant")) is None
    found = grading_state(None, FLEETS, PLAN, fill("2036-12-31"), [], AT)
    assert found is not None
    assert (found.works, len(found.zones)) == ({}, len(PLAN.tiers))
    assert grading_state(None, None, None, None, [], AT) is None
