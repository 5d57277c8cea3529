"""What if: tiers of other heights and in another order, and a site that measures no pace yet."""

from __future__ import annotations

import dataclasses
from datetime import date
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.completion import Paths, added, months_as_planned
from twin.geometry import StageVolume
from twin.what_if.changes import BadChange, Changes, read_changes
from twin.what_if.ends import last_moment
from twin.what_if.placement import place
from twin.what_if.results import VariantResult
from twin.what_if.run import run
from twin.what_if.start import Start, ahead_of
from twin.what_if.tiers import Tiers, tiers_of

NAMES = [f"tier_{crest}" for crest in (650, 680, 710, 740, 770, 800, 830, 850)]
TAILS = "streams.dry_magnetic_separation_tailings.factor"


@pytest.fixture(scope="module")
def start(fourteen_months: Start) -> Start:
    return fourteen_months


@pytest.fixture(scope="module")
def early(start: Start) -> Start:
    """The same site when only two whole months were over."""
    assert start.past is not None
    return dataclasses.replace(
        start, past=dataclasses.replace(start.past, ratios=start.past.ratios[:2])
    )


def ran(start: Start, document: dict[str, Any]) -> VariantResult:
    return run(start, read_changes(document, start.inputs))


def value(found: VariantResult, name: str) -> Any:
    return found.measure(name).figure.value


def tiers(start: Start, document: dict[str, Any]) -> Tiers:
    return tiers_of(start, read_changes(document, start.inputs))


# Heights


def test_a_higher_tier_takes_what_lies_between_its_levels(start: Start) -> None:
    found = tiers(start, {"tiers.height.tier_680": 40, "tiers.height.tier_710": 20})
    assert found.levels["tier_680"] == (650, 690)
    assert found.levels["tier_740"] == (710, 740)
    # A third of the 30 m of the tier +710 m, 3 408.6 thousand m3, comes to the tier +680 m.
    assert found.capacity["tier_680"] == pytest.approx(3845.0 + 3408.6 / 3)
    assert found.capacity["tier_710"] == pytest.approx(3408.6 * 2 / 3)
    assert found.total == pytest.approx(27_000, abs=0.5)


def test_a_higher_tier_stands_worse_and_a_lower_one_better(start: Start) -> None:
    base = ran(start, {})
    found = ran(start, {"tiers.height.tier_680": 40, "tiers.height.tier_710": 20})
    factors = {
        (slide.section, slide.slide): (old.factor_of_safety.value, slide.factor_of_safety.value)
        for old, slide in zip(base.slopes, found.slopes, strict=True)
        if slide.section in ("tier_680", "tier_710", "tier_740")
    }
    before, after = factors["tier_680", "face"]
    assert isinstance(before, float)
    assert isinstance(after, float)
    assert 0.9 * before < after < 0.97 * before
    before, after = factors["tier_710", "face"]
    assert isinstance(before, float)
    assert isinstance(after, float)
    assert 1.03 * before < after < 1.2 * before
    assert factors["tier_740", "face"][0] == factors["tier_740", "face"][1]
    least = found.measure("factor_of_safety").difference
    assert least is not None
    assert isinstance(least.value, float)
    assert least.value < 0


def test_a_lower_dump_is_full_earlier_and_says_what_it_takes(start: Start) -> None:
    found = ran(start, {"tiers.height.tier_850": 10})
    assert date.fromisoformat(value(found, "full")) < date.fromisoformat(
        value(ran(start, {}), "full")
    )
    assert value(found, "completion") == value(ran(start, {}), "completion")
    (note,) = found.notes
    assert "10.0 m below the plan's top" in str(note)
    assert found.tiers[-1].capacity.value == pytest.approx(2272.5 / 2)


def test_tiers_that_take_less_than_the_plan_never_reach_it(start: Start) -> None:
    low = {f"tiers.height.{name}": 12 for name in NAMES}
    low["tiers.height.tier_650"] = 20
    found = ran(start, low)
    completion = found.measure("completion").figure
    assert completion.value is not None  # 20 + 7 x 12 m still take more than the plan's 15 years
    shallow = {**low, **{f"tiers.height.{name}": 8 for name in NAMES[1:]}}
    figure = ran(start, shallow).measure("completion").figure
    assert figure.value is None
    assert "less than the 768" in str(figure.reason)
    held = value(ran(start, shallow), "deadline_volume")
    assert held == pytest.approx(tiers(start, shallow).total)


@pytest.mark.parametrize(
    ("document", "key", "said"),
    [
        ({"tiers.height.tier_680": 40}, "tiers.height", "above the plan's top of +850.0 m"),
        ({"tiers.height.tier_680": 56}, "tiers.height.tier_680", "from 5.0 to 55.0"),
        ({"tiers.height.tier_680": 4.9}, "tiers.height.tier_680", "from 5.0 to 55.0"),
        ({"tiers.height.tier_650": 8}, "tiers.height.tier_650", "stands at +60"),
        ({f"tiers.height.{name}": 5 for name in NAMES[1:]}, "tiers.height", "6 benches need"),
        ({"tiers.height.tier_900": 10}, "tiers.height.tier_900", "tiers.height.tier_850"),
    ],
)
def test_heights_that_cannot_be_are_refused_with_the_reason(
    start: Start, document: dict[str, Any], key: str, said: str
) -> None:
    with pytest.raises(BadChange) as error:
        ran(start, document)
    assert error.value.key == key
    assert said in str(error.value.legal)


def test_a_full_tier_keeps_its_height(start: Start) -> None:
    fill = start.state.fill
    assert fill is not None
    state = msgspec.structs.replace(
        start.state,
        fill=msgspec.structs.replace(
            fill, volume_in_dump=msgspec.structs.replace(fill.volume_in_dump, value=4000.0)
        ),
    )
    later = dataclasses.replace(start, state=state)
    with pytest.raises(BadChange, match="this tier is full"):
        tiers(later, {"tiers.height.tier_650": 50})


@settings(max_examples=50)
@given(
    st.floats(12, 55),
    st.lists(st.floats(9, 28), min_size=7, max_size=7),
    st.floats(0, 27_000),
)
def test_tiers_of_legal_heights_hold_what_the_plan_holds_there(
    start: Start, lowest: float, upper: list[float], volume: float
) -> None:
    heights = zip(NAMES, [lowest, *upper], strict=True)
    found = tiers(start, {f"tiers.height.{name}": height for name, height in heights})
    assert start.plan is not None
    crest = found.levels[NAMES[-1]][1]
    assert found.total == pytest.approx(StageVolume(start.plan.tiers).volume(crest))
    held = sum(found.held.values())
    filled = found.filled(max(volume, held))
    assert sum(filled.values()) == pytest.approx(min(max(volume, held), found.total))
    assert all(filled[name] <= found.capacity[name] + 1e-6 for name in NAMES)


# Order


def test_a_tier_cannot_stand_on_what_is_not_there(start: Start) -> None:
    swapped = [NAMES[1], NAMES[0], *NAMES[2:]]
    with pytest.raises(BadChange) as error:
        read_changes({"tiers.order": swapped}, start.inputs)
    assert error.value.key == "tiers.order"
    assert "tier_680 filled to 100% stands on tier_650, which is filled to 0%" in str(error.value)


@pytest.mark.parametrize(
    "order",
    [
        NAMES[:-1],
        [*NAMES, "tier_850"],
        ["tier_650:0.4", "tier_680:0.5", *NAMES],
        ["tier_650:much", *NAMES],
        ["tier_650:0", *NAMES],
        ["tier_650:1.2", *NAMES],
        ["tier_650:nan", *NAMES],
        ["tier_650:0.6", "tier_650:0.5", *NAMES],
        ["tier_650:0.5", *NAMES[1:]],
    ],
)
def test_an_order_that_cannot_be_is_refused(start: Start, order: list[str]) -> None:
    with pytest.raises(BadChange) as error:
        read_changes({"tiers.order": order}, start.inputs)
    assert error.value.key == "tiers.order"


def test_the_upper_tier_begins_as_far_as_the_lower_one_has_come(start: Start) -> None:
    order = ["tier_650:0.6", "tier_680:0.5", *NAMES]
    found = tiers(start, {"tiers.order": order})
    lower, upper = found.capacity["tier_650"], found.capacity["tier_680"]
    at = 0.6 * lower + 0.25 * upper
    assert found.front(at) == "tier_680"
    assert found.filled(at)["tier_680"] == pytest.approx(0.25 * upper)
    assert found.front(0.6 * lower + 0.6 * upper) == "tier_650"
    changes = read_changes({"tiers.order": ", ".join(order)}, start.inputs)
    assert changes.document() == {"tiers.order": order}
    assert not read_changes({"tiers.order": NAMES}, start.inputs)


@settings(max_examples=50)
@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=8), st.floats(0, 1))
def test_no_legal_order_fills_a_tier_further_than_the_one_below(
    start: Start, shares: list[float], share: float
) -> None:
    falling = zip(NAMES, sorted(shares, reverse=True), strict=False)
    order = [*(f"{name}:{part:.4f}" for name, part in falling), *NAMES]
    found = tiers(start, {"tiers.order": order})
    filled = found.filled(share * found.total)
    parts = [filled[name] / found.capacity[name] for name in NAMES]
    assert all(upper <= lower + 1e-9 for lower, upper in pairwise(parts))


# No pace yet


def test_without_a_measured_pace_it_runs_by_the_plans_rates_and_says_so(early: Start) -> None:
    found = ran(early, {})
    assert found.basis == "plan"
    assert "2 of 6 whole months" in str(found.rests_on)
    # 7 684.5 thousand m3 less what lies there, at 512.3 a year.
    fill = early.state.fill
    assert fill is not None
    assert isinstance(fill.volume_in_dump.value, float)
    years = (7684.5 - fill.volume_in_dump.value) / 512.3
    done = found.measure("completion").figure
    days = (date.fromisoformat(str(done.value)) - early.now.date()).days
    assert days / 365.25 == pytest.approx(years, abs=0.02)
    assert (done.quality, done.low, done.high, done.confidence) == ("planned", None, None, None)
    assert str(done.validity) == str(found.rests_on)
    chance = found.measure("probability").figure
    assert chance.value is None
    assert "not measured yet" in str(chance.reason)
    assert found.curve.time
    assert found.curve.low == found.curve.high == []
    assert all(year.volume.low is None for year in found.years)
    assert ran(early, {"dates.pauses": "2025-01-01..2025-12-31"}).basis == "plan"


def test_without_a_measured_pace_differences_have_no_interval(early: Start) -> None:
    found = ran(early, {"dates.pauses": "2025-01-01..2025-12-31"})
    difference = found.measure("completion").difference
    assert difference is not None
    assert difference.value == pytest.approx(365, abs=2)
    assert difference.low is None


def test_a_plan_without_loads_goes_on_as_planned(start: Start) -> None:
    ahead = months_as_planned(start.calendar, start.now)
    assert ahead.ratios.shape == (1, 1200)
    assert ahead.planned[10:22].sum() == pytest.approx(512.3, abs=1e-6)  # a year from January


# Paths


@settings(max_examples=20)
@given(st.floats(0.1, 3), st.integers(0, 6), st.integers(0, 3), st.booleans())
def test_paths_that_end_early_are_the_whole_ones(
    start: Start, factor: float, trucks: int, loaders: int, paused: bool
) -> None:
    document: dict[str, Any] = {
        TAILS: factor,
        "fleet.trucks.belaz_75404": trucks,
        "fleet.loaders": loaders,
    }
    if paused:
        document["dates.pauses"] = "2031-03-05..2032-07-28"
    changes: Changes = read_changes(document, start.inputs)
    assert start.plan is not None
    deadline = last_moment(start.plan.file.deadline.date)
    found = place(start, changes, deadline, 27_000.0).paths
    assert found is not None
    whole = _whole(start, changes)
    assert len(found.edges) <= len(whole.edges)
    np.testing.assert_allclose(
        found.added, whole.added[:, : found.added.shape[1]], rtol=1e-9, atol=1e-9
    )
    for volume in (7684.5, 27_000.0):
        np.testing.assert_allclose(
            found.reached_by_path(volume), whole.reached_by_path(volume), rtol=1e-9
        )


def _whole(start: Start, changes: Changes) -> Paths:
    """Return the paths over all hundred years, written down as the model reads."""
    segments = place(start, changes, last_moment(date(2036, 12, 31)), 27_000.0).segments
    ahead = ahead_of(start)
    assert ahead is not None
    begin = np.maximum(ahead.edges[:-1], start.now.timestamp())
    end = ahead.edges[1:]

    def mean(name: str) -> Any:
        found = np.zeros(len(end))
        for each in segments:
            over = np.minimum(end, each.end) - np.maximum(begin, each.begin)
            found += getattr(each, name) * np.maximum(over, 0) / (end - begin)
        return found

    wanted = ahead.ratios * ahead.planned * mean("multiple")
    able = mean("part") * np.maximum(ahead.ratios, mean("can"))
    short = np.maximum(ahead.ratios - able, 0) * ahead.planned * mean("hauled")
    volumes = np.maximum(wanted - short, 0)
    return Paths(ahead.edges, added(volumes), start.now.timestamp(), _placed(start))


def _placed(start: Start) -> float:
    assert start.state.fill is not None
    found = start.state.fill.volume_in_dump.value
    assert isinstance(found, float)
    return found
