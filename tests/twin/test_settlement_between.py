"""Between the points and beside the plan: tilt, map, expected band, collapse on wetting."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ConfigurationError
from ingest.figure import Figure, unknown
from ingest.site import Site
from ingest.store import Store
from ingest.text import Text
from tests.twin.ground import day, measure
from twin.current import Current
from twin.history import History
from twin.plan import Plan
from twin.settlement import load_rules, settlements, tilts
from twin.settlement.collapse_on_wetting import collapse, collapse_settlement, collapse_strain
from twin.settlement.configuration import Expected
from twin.settlement.expected import expected_band, planned_stress
from twin.settlement.surface import settlement_surface
from twin.settlement.tilt import neighbours
from twin.state import SettlementState

DAYS = 90


def state(point: str, settled: float | None, quality: str = "measured") -> SettlementState:
    known = Figure(value=settled, unit="mm", time=day(1), source=point, quality=quality)
    if settled is None:
        known = unknown("mm", Text("silent"), source=point)
    nothing = unknown("mm", Text("silent"))
    return SettlementState(
        point=point, zone="tier_650", settlement=known, rate=nothing, ultimate=nothing,
        remaining=nothing, consolidation=nothing, grading=nothing, model="",
    )  # fmt: skip


def points(site: Site) -> list[str]:
    return [point.name for point in site.with_quantity("settlement")]


# Tilt


def test_tilt_is_the_difference_over_the_distance(abaza: Site) -> None:
    found = tilts(abaza, [state(name, 100.0) for name in points(abaza)[:1]])
    assert found == []
    settled = dict.fromkeys(points(abaza), 100.0) | {"sp-650-03": 400.0}
    pairs = tilts(abaza, [state(name, value) for name, value in settled.items()])
    steepest = pairs[0]
    assert {steepest.first, steepest.second} >= {"sp-650-03"}
    # sp-650-03 at (240, 160), sp-650-01 at (222, 196): 40.25 m.
    one = next(each for each in pairs if (each.first, each.second) == ("sp-650-01", "sp-650-03"))
    assert one.distance_m == pytest.approx(40.2, abs=0.05)
    assert one.difference.value == pytest.approx(300)
    assert one.tilt.value == pytest.approx(300 / 40.25, rel=1e-3)
    assert one.over is True
    assert [each.tilt.value for each in pairs] == sorted(
        (each.tilt.value for each in pairs), reverse=True
    )
    assert all(each.over is (each.tilt.value > 5) for each in pairs)


def test_neighbours_are_near_and_no_pair_is_told_twice(abaza: Site) -> None:
    pairs = neighbours(abaza, points(abaza), 80.0)
    assert len({frozenset(pair[:2]) for pair in pairs}) == len(pairs) > 10
    assert max(pair[2] for pair in pairs) <= 80
    assert {name for pair in pairs for name in pair[:2]} == set(points(abaza))
    assert len(neighbours(abaza, points(abaza)[:2], 80.0)) == 1


def test_a_silent_neighbour_has_no_tilt_and_a_stale_one_says_so(abaza: Site) -> None:
    settled = [state(name, 100.0) for name in points(abaza)]
    settled[0] = state("sp-650-01", None)
    settled[4] = state("sp-650-05", 90.0, "stale")
    pairs = tilts(abaza, settled)
    silent = [each for each in pairs if "sp-650-01" in (each.first, each.second)]
    assert silent
    assert all(each.over is None and str(each.tilt.reason) == "silent" for each in silent)
    assert pairs[-len(silent) :] == silent
    stale = [each for each in pairs if "sp-650-05" in (each.first, each.second)]
    assert {each.tilt.quality for each in stale} == {"stale"}


def test_a_site_without_rules_compares_nothing(small_site: Site) -> None:
    assert load_rules(small_site) is None
    assert tilts(small_site, []) == []


# Map


def test_the_map_follows_the_points_within_its_deviation(abaza: Site) -> None:
    names = points(abaza)
    settled = [100 + 0.2 * abaza.instruments[name].x_m for name in names]
    found = settlement_surface(
        abaza, [state(name, value) for name, value in zip(names, settled, strict=True)]
    )
    assert found.reason is None
    assert len(found.mean) == len(found.y_m) <= 20
    assert max(len(row) for row in found.mean) == len(found.x_m) <= 20
    known = [
        (mean - (100 + 0.2 * x), deviation)
        for row, spread in zip(found.mean, found.deviation, strict=True)
        for x, mean, deviation in zip(found.x_m, row, spread, strict=True)
        if mean is not None
    ]
    missed, deviations = np.array(known).T
    assert np.abs(missed).max() < 12
    assert np.mean(np.abs(missed) <= 2 * deviations) > 0.9


def test_between_points_that_do_not_resemble_each_other_nothing_is_known(abaza: Site) -> None:
    """The mean of 100 and 140 as a map would say 120 everywhere, and be measured nowhere."""
    rough = [state(name, 100.0 + 40 * (i % 2)) for i, name in enumerate(points(abaza))]
    found = settlement_surface(abaza, rough)
    assert str(found.reason) == (
        "Neighbouring points do not resemble each other: what lies between them is not known"
    )
    assert found.explained is not None
    assert found.explained < 0.25
    assert found.mean == found.deviation == []
    assert found.values == [each.settlement.value for each in rough]


def test_an_even_surface_is_known_between_its_points(abaza: Site) -> None:
    even = [state(name, 100.0 + 0.2 * abaza.instruments[name].x_m) for name in points(abaza)]
    smooth = settlement_surface(abaza, even)
    assert smooth.explained is not None
    assert smooth.explained > 0.9
    assert max(each for row in smooth.deviation for each in row if each is not None) < 12


def test_nothing_is_told_outside_the_hull(abaza: Site) -> None:
    found = settlement_surface(
        abaza, [state(name, 100.0 + i) for i, name in enumerate(points(abaza))]
    )
    cells = [mean for row in found.mean for mean in row]
    assert None in cells
    assert sum(each is not None for each in cells) > 20
    # The first row lies along the southern edge, of which the hull holds one point alone.
    assert sum(each is not None for each in found.mean[0]) < len(found.x_m) / 2


def test_a_map_needs_five_points(abaza: Site) -> None:
    names = points(abaza)
    settled = [state(name, 100.0 if i < 4 else None) for i, name in enumerate(names)]
    found = settlement_surface(abaza, settled)
    assert str(found.reason) == "A map needs 5 points with a value; there are 4"
    assert found.mean == []


def test_the_same_points_give_the_same_map(abaza: Site) -> None:
    settled = [state(name, 100.0 + i**2) for i, name in enumerate(points(abaza))]
    assert settlement_surface(abaza, settled) == settlement_surface(abaza, settled)


# Plan against measured


@pytest.fixture
def asked(abaza: Site) -> Expected:
    rules = load_rules(abaza)
    assert rules is not None
    assert rules.expected is not None
    return rules.expected


def test_the_expected_band_by_hand(abaza: Site, plan: Plan, asked: Expected) -> None:
    """Without creep it is H * stress / M of the load that is planned."""
    still = asked.model_copy(update={"creep_per_decade": (1e-12, 1e-12)})
    at = [day(200)]
    stress = float(planned_stress(abaza, plan, asked.tier, at)[0])
    # Table 4: 1181.0 thousand t (140 + 1000 + 2.6 + 38.4) in 512.3 thousand m3 of the dump.
    area = 70_056.5  # shoelace of the tier's outline in site.yaml
    placed = 512.28e3 * 200 / 365
    assert stress == pytest.approx(placed * 1181.0 / 512.28 * 9.81 / area, rel=1e-4)
    low, middle, high = expected_band(abaza, plan, still, at)[:, 0]
    assert low == pytest.approx(
        1000 * asked.thickness_m[0] * stress / asked.modulus_kPa[1], rel=1e-6
    )
    assert high == pytest.approx(
        1000 * asked.thickness_m[1] * stress / asked.modulus_kPa[0], rel=1e-6
    )
    assert low < middle < high


def test_a_revision_that_was_not_known_changes_no_expected_band(
    abaza: Site, plan: Plan, asked: Expected
) -> None:
    first = plan.calendars[0]
    volumes = tuple(2 * volume for volume in first.volumes)
    doubled = replace(
        first,
        since=day(100),
        volumes=volumes,
        years={
            year: {tier: 2 * cell for tier, cell in cells.items()}
            for year, cells in first.years.items()
        },
    )
    revised = replace(plan, calendars=(first, doubled))
    before = expected_band(abaza, plan, asked, [day(200)])
    known = expected_band(abaza, revised, asked, [day(200)], known_at=day(90))
    assert (known == before).all()
    assert (expected_band(abaza, revised, asked, [day(200)]) > 1.5 * before).all()


def test_the_expected_band_only_grows(abaza: Site, plan: Plan, asked: Expected) -> None:
    band = expected_band(abaza, plan, asked, [day(float(d)) for d in range(0, 6000, 100)])
    assert (np.diff(band, axis=1) >= 0).all()
    assert (np.diff(band, axis=0) >= 0).all()
    assert (band[:, 0] == 0).all()


# Collapse on wetting


@given(
    surface=st.floats(0, 100), before=st.floats(-50, 100), rise=st.floats(0, 50),
    more=st.floats(0, 20),
)  # fmt: skip
def test_more_water_never_collapses_less(surface, before, rise, more) -> None:
    less = collapse_settlement(surface, before, before + rise, 20.0)
    assert 0 <= less <= 1000 * 0.13 * rise + 1e-6
    assert collapse_settlement(surface, before, before + rise + more, 20.0) >= less * (1 - 1e-2)
    assert collapse_settlement(surface, before, before - 1, 20.0) == 0


def test_the_published_fills_are_of_this_size() -> None:
    """63 m of fill, water up by 34 m: 13 % of it at most, and like the 4 m of the Bowen Basin."""
    assert 3000 <= collapse_settlement(63.0, 0.0, 34.0, 20.0) <= 1000 * 0.13 * 34
    assert collapse_strain(np.array([0.0, 40, 370, 700, 2000])).tolist() == pytest.approx(
        [0, 0, 0.065, 0.13, 0.13]
    )


def wet(site: Site, store: Store, kPa: list[float]) -> tuple[History, Figure | None]:
    # No instrument says exactly the same for weeks: one that does is stuck.
    said = [(d + 0.5, pressure + 0.01 * (d % 3)) for d, pressure in enumerate(kPa)]
    measure(site, store, "pz-650-01", "pore_pressure", said)
    at = day(len(kPa) + 0.25)
    history = History(site, store, at=at, known_at=at)
    return history, collapse(history, site.instruments["sp-650-01"], history.days_since_first(5000))


def test_a_rise_of_the_water_may_collapse_the_fill(abaza: Site, store: Store) -> None:
    _, figure = wet(abaza, store, [50.0] * DAYS + [50.0 + 3 * 9.81] * 20)
    assert figure is not None
    assert figure.value == pytest.approx(figure.high / 2, abs=0.06)
    assert figure.low == 0
    # From +589.10 to +592.10 m under fill of 22.6 kN/m3 up to +595 m: 65.5 to 133.3 kPa.
    middle = 0.13 * (99.4 - 40) / 660
    assert figure.high == pytest.approx(3000 * middle, rel=0.02)
    assert figure.quality == "assumed"
    assert "disputed" in str(figure.validity)
    assert "rose 3.0 m" in str(figure.validity)


def test_water_that_was_as_high_before_collapses_nothing(abaza: Site, store: Store) -> None:
    _, figure = wet(abaza, store, [80.0] * 5 + [50.0] * DAYS + [79.0] * 20)
    assert figure is not None
    assert figure.value == 0
    assert "not higher than it was before" in str(figure.validity)


def test_without_water_data_collapse_is_not_known(abaza: Site, store: Store) -> None:
    _, figure = wet(abaza, store, [50.0] * 20)
    assert figure is not None
    assert figure.value is None
    assert "has not been measured for 60 days yet" in str(figure.reason)
    measure(abaza, store, "sp-650-01", "settlement", [(1.0, 3.0)])


def test_a_state_holds_what_the_rules_ask_for(abaza: Site, plan: Plan, store: Store) -> None:
    days = np.arange(120.0)
    measure(
        abaza, store, "sp-650-01", "settlement",
        [(float(d) + 0.5, 40 * np.log10(1 + d / 2)) for d in days],
    )  # fmt: skip
    at = day(120.25)
    history = History(abaza, store, at=at, known_at=at)
    found = settlements(Current(abaza, store, at=at, known_at=at), history, plan, None)[0]
    assert found.expected is not None
    assert found.expected.quality == "planned"
    assert found.expected.low < found.expected.value < found.expected.high
    assert found.collapse is not None
    assert found.collapse.value is None
    assert 0 <= found.error < 0.5


# Configuration


@pytest.mark.parametrize(
    ("was", "wrong", "says"),
    [
        ("within_m: 80", "within_m: -1", "within_m"),
        ("tier: tier_650", "tier: tier_999", "tier_999"),
        ("modulus_kPa: [8000, 16000]", "modulus_kPa: [16000, 8000]", "the lower one first"),
        ("rise_m: 0.5", "rise: 0.5", "rise"),
    ],
)
def test_a_wrong_file_names_the_key(
    abaza: Site, tmp_path: Path, was: str, wrong: str, says: str
) -> None:
    text = (abaza.folder / "settlement.yaml").read_text(encoding="utf-8")
    assert was in text
    (tmp_path / "settlement.yaml").write_text(text.replace(was, wrong), encoding="utf-8")
    site = abaza.model_copy(update={"folder": tmp_path})
    with pytest.raises(ConfigurationError, match=says):
        load_rules(site)
