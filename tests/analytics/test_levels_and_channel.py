from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from analytics.channel import Channel, judged
from analytics.levels import GRAVITY, gravest, in_force, level_of
from ingest.site import Threshold
from tests.analytics.states import T0, hours


def limit(level: str, *, above: float | None = None, below: float | None = None, since=None):
    return Threshold(
        quantity="ph",
        level=level,
        above=above,
        below=below,
        since=since or date(2022, 1, 1),
        source="test",
    )


LIMITS = [limit("advisory", above=10), limit("warning", above=20), limit("alarm", above=30)]


def run(values: list[float], limits=LIMITS, **rules) -> Channel:
    rules = {"raise_after": 3, "return_after": 3, "deadband": 0.1} | rules
    channel = Channel()
    for index, value in enumerate(values):
        time = T0 + hours(index)
        channel = judged(channel, value, time, in_force(limits, time), **rules)
    return channel


def test_a_later_limit_replaces_the_earlier_of_the_same_level_and_side() -> None:
    dated = [limit("alarm", above=30), limit("alarm", above=40, since=date(2022, 8, 1))]
    assert [held.above for held in in_force(dated, T0)] == [30]
    assert [held.above for held in in_force(dated, T0.replace(month=9))] == [40]
    assert in_force(dated, T0.replace(year=2021)) == []


def test_limits_on_both_sides_hold_together() -> None:
    sides = [limit("alarm", below=6), limit("alarm", above=9)]
    assert level_of(5.9, sides, "normal", 0)[0] == "alarm"
    assert level_of(7.0, sides, "normal", 0)[0] == "normal"
    assert level_of(9.1, sides, "normal", 0)[0] == "alarm"


def test_the_limit_itself_is_within() -> None:
    assert level_of(30.0, LIMITS, "normal", 0)[0] == "warning"


def test_one_spike_raises_nothing_and_three_readings_do() -> None:
    assert run([5, 99, 5, 99, 99]).level == "normal"
    raised = run([5, 99, 99, 99])
    assert raised.level == "alarm"
    assert raised.since == T0 + hours(1)


def test_the_level_raised_is_the_one_that_all_readings_passed() -> None:
    assert run([12, 25, 35]).level == "advisory"


def test_a_level_is_left_only_beyond_the_deadband() -> None:
    held = run([35, 35, 35, 28, 28, 28])
    assert held.level == "alarm", "28 is above 30 less 10 %"
    assert run([35, 35, 35, 26, 26, 26]).level == "warning"
    assert run([35, 35, 35, 26, 26]).level == "alarm", "two readings do not lower it"


def test_an_older_reading_changes_nothing() -> None:
    channel = run([35, 35])
    assert judged(channel, 35, T0, LIMITS, raise_after=1, return_after=1, deadband=0) is channel


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=40))
def test_the_level_was_passed_by_a_reading_and_never_jumps_above_it(values: list[float]) -> None:
    worst = gravest(level_of(value, LIMITS, "normal", 0.1)[0] for value in values)
    assert GRAVITY[run(values).level] <= GRAVITY[worst]


@given(st.lists(st.floats(-100, 9.0), min_size=3, max_size=20), st.lists(st.floats(0, 100)))
def test_three_calm_readings_calm_every_channel(calm: list[float], before: list[float]) -> None:
    quiet = [min(value, 8.9) for value in calm]
    assert run([*before, *quiet[-3:]]).level == "normal"
