from __future__ import annotations

import pytest

from ingest.site import Site
from ingest.store import Store
from tests.twin.ground import TAILINGS, day, row, weigh
from tests.twin.test_backfill import fill_at
from twin.plan import Plan
from twin.reconciliation import RECENT
from twin.state import SurveyState

#: Volume in the dump of a tonne of tailings [m3/t].
FACTOR = 1 / (2.15 * 1.1)


def survey(
    site: Site, store: Store, at: float, volume: float, spread: float | None, delay_d: float = 0
) -> None:
    values = {"surveyed_volume": volume}
    if spread is not None:
        values["surveyed_uncertainty"] = spread
    store.append([row(site, "survey-01", day(at), values, received=day(at + delay_d))])


@pytest.fixture
def weighed(abaza: Site, store: Store) -> Store:
    """Return a store with 3 000 t of tailings a day, 200 days long."""
    weigh(abaza, store, [(d + 0.5, TAILINGS, 3000.0) for d in range(200)])
    return store


def newest(site: Site, plan: Plan, store: Store, days: float, known: float | None = None):
    found = fill_at(site, plan, store, days, known).surveys
    assert found
    return found[0]


def test_a_survey_that_agrees(abaza: Site, plan: Plan, weighed: Store) -> None:
    volume = 100 * 3 * FACTOR
    survey(abaza, weighed, 100, volume + 1, 2.0)
    found: SurveyState = newest(abaza, plan, weighed, 120)
    assert found.weighed.value == pytest.approx(volume)
    assert found.difference.value == pytest.approx(1)
    # 1.96 * hypot(2.0, 1 % of the weighed volume)
    half = 1.96 * (2.0**2 + (0.01 * volume) ** 2) ** 0.5
    assert found.difference.high - found.difference.value == pytest.approx(half)
    assert not found.exceeds
    assert str(found.finding).startswith("Agrees with the weighbridge")
    assert found.density.value == pytest.approx(300 / (volume + 1))
    assert found.density.low < 2.15 * 1.1 < found.density.high
    assert found.compaction.value == pytest.approx(1.1, rel=0.02)
    assert str(found.density_since.reason) == "There is no survey before this one"
    assert found.volume.quality == "measured"


def test_a_denser_fill_shows_in_density_and_compaction(
    abaza: Site, plan: Plan, weighed: Store
) -> None:
    survey(abaza, weighed, 50, 50 * 3 * FACTOR, 0.5)
    survey(abaza, weighed, 150, 50 * 3 * FACTOR + 100 * 3 * FACTOR / 1.2, 0.5)
    found = newest(abaza, plan, weighed, 160)
    assert found.exceeds
    assert "less than the weighbridge gives, limit 5%" in str(found.finding)
    assert found.density_since.value == pytest.approx(2.15 * 1.1 * 1.2, rel=1e-3)
    assert found.density_since.low > 2.15 * 1.1
    assert found.density.value < found.density_since.value
    assert len(fill_at(abaza, plan, weighed, 160).surveys) == 2


def test_a_difference_within_a_wide_interval_is_not_reported(
    abaza: Site, plan: Plan, weighed: Store
) -> None:
    volume = 100 * 3 * FACTOR
    survey(abaza, weighed, 100, volume * 1.2, 0.2 * volume)
    assert not newest(abaza, plan, weighed, 101).exceeds
    survey(abaza, weighed, 100.5, volume * 1.2, None)
    found = newest(abaza, plan, weighed, 101)
    assert found.difference.low is None
    assert found.exceeds
    assert "more than the weighbridge gives" in str(found.finding)


def test_a_survey_that_says_nothing_gives_no_density(
    abaza: Site, plan: Plan, weighed: Store
) -> None:
    survey(abaza, weighed, 1, 0.5, 20.0)
    survey(abaza, weighed, 2, 1.0, 20.0)
    found = newest(abaza, plan, weighed, 3)
    assert found.density.value is None
    assert "not larger than its uncertainty" in str(found.density.reason)
    assert "differ by no more than their uncertainty" in str(found.density_since.reason)


def test_known_at_leaves_out_a_survey_that_came_later(
    abaza: Site, plan: Plan, weighed: Store
) -> None:
    survey(abaza, weighed, 50, 60.0, 1.0)
    survey(abaza, weighed, 90, 110.0, 1.0, delay_d=30)
    assert newest(abaza, plan, weighed, 100).time == day(50)
    assert newest(abaza, plan, weighed, 100, known=130).time == day(90)


def test_without_surveys_the_state_says_why(abaza: Site, plan: Plan, weighed: Store) -> None:
    state = fill_at(abaza, plan, weighed, 100)
    assert state.surveys == []
    assert str(state.no_surveys) == "No survey yet"


def test_a_survey_is_compared_with_the_one_before_however_old(
    abaza: Site, plan: Plan, weighed: Store
) -> None:
    survey(abaza, weighed, 10, 10 * 3 * FACTOR, 0.5)
    survey(abaza, weighed, 10 + 2 * RECENT, 200 * 3 * FACTOR, 0.5)
    found = newest(abaza, plan, weighed, 11 + 2 * RECENT)
    assert found.density_since.value == pytest.approx(2.15 * 1.1, rel=1e-3)


def test_many_surveys_cost_no_more_than_those_that_are_told(
    abaza: Site, plan: Plan, weighed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weekly surveys of five years: the newest are told, and few others are read."""
    for week in range(260):
        survey(abaza, weighed, 3 + 7 * week, 100.0 + week, 0.1)
    read: list[int] = []
    real = weighed.readings

    def counted(*args: object, **options: object) -> object:
        found = real(*args, **options)  # type: ignore[arg-type]
        read.append(len(found))
        return found

    monkeypatch.setattr(weighed, "readings", counted)
    found = fill_at(abaza, plan, weighed, 4 + 7 * 259).surveys
    assert [each.time for each in found] == [day(3 + 7 * week) for week in range(259, 235, -1)]
    # Each rose by a thousand cubic metres on the one before, the oldest that is told as well.
    assert all(each.volume.value == 100.0 + 259 - n for n, each in enumerate(found))
    assert str(found[-1].density_since.reason) != "There is no survey before this one"
    assert read == [RECENT // 7] * 2
