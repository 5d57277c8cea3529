from __future__ import annotations

import random
from datetime import datetime

import msgspec

from analytics.site_files import Rules
from analytics.watch import Watch, absorb, channel_key
from ingest.clock import to_ns
from ingest.site import Site
from ingest.store import Row
from tests.analytics.states import T0, hours

RULES = Rules()
END = T0 + hours(200)


def row(hour: float, value: float, *, late_h: float = 0.01, flags=None, name="pz-1") -> Row:
    time = T0 + hours(hour)
    return Row(
        "test_piezometer",
        name,
        0,
        to_ns(time),
        to_ns(time + hours(late_h)),
        None,
        {"pore_pressure": value, "temperature": 4.0 + hour / 1000},
        flags or {},
    )


def level(watch: Watch) -> str:
    return watch.channels[channel_key("pz-1", "pore_pressure", 0)].level


def take(site: Site, rows: list[Row], at: datetime = END) -> tuple[Watch, list]:
    watch = Watch()
    return watch, absorb(watch, rows, site, RULES, at)


def test_three_readings_beyond_the_limit_raise_the_level(small_site: Site) -> None:
    watch, past = take(small_site, [row(h, 160) for h in range(3)])
    assert level(watch) == "warning"
    assert past == []


def test_the_order_of_arrival_within_a_batch_does_not_matter(small_site: Site) -> None:
    rows = [row(h, 140 + 3 * h) for h in range(24)]
    expected = take(small_site, rows)
    for seed in range(5):
        mixed = random.Random(seed).sample(rows, len(rows))
        assert take(small_site, mixed) == expected


def test_flagged_values_are_not_judged(small_site: Site) -> None:
    bad = [row(h, 990, flags={"pore_pressure": "out_of_range"}) for h in range(5)]
    watch, past = take(small_site, bad)
    assert watch.channels == {}
    assert past == []


def test_late_readings_fire_nothing_and_are_recorded_with_the_times_of_the_data(
    small_site: Site,
) -> None:
    calm = [row(h, 100) for h in range(40, 44)]
    late = [row(h, 150.0 + h, late_h=50 - h) for h in range(1, 6)]
    watch, past = take(small_site, calm + late)
    assert level(watch) == "normal"
    assert len(past) == 1
    found = past[0]
    assert (found.start, found.end) == (T0 + hours(1), T0 + hours(5))
    assert (found.worst, found.count, found.limit, found.unit) == (155.0, 5, 150.0, "kPa")


def test_late_readings_within_the_limits_are_no_exceedance(small_site: Site) -> None:
    assert take(small_site, [row(1, 120, late_h=50)])[1] == []


def test_late_readings_are_judged_by_the_limit_of_their_own_time(small_site: Site) -> None:
    before = row(-24 * 400, 990, late_h=24 * 400)  # before the limit came into force
    assert take(small_site, [before])[1] == []


def test_a_correction_of_an_old_reading_does_not_fire(small_site: Site) -> None:
    watch, _ = take(small_site, [row(h, 100) for h in range(5)])
    past = absorb(watch, [row(2, 200)], small_site, RULES, T0 + hours(6))
    assert level(watch) == "normal"
    assert [item.worst for item in past] == [200]


def test_runs_do_not_reach_over_a_long_silence(small_site: Site) -> None:
    watch, _ = take(small_site, [row(0, 160), row(1, 160), row(100, 160)])
    assert level(watch) == "normal"


def test_the_watch_survives_json(small_site: Site) -> None:
    watch, _ = take(small_site, [row(h, 160) for h in range(5)])
    assert msgspec.json.decode(msgspec.json.encode(watch), type=Watch) == watch


def test_unchanged_values_are_timed_and_days_forgotten(small_site: Site) -> None:
    rows = [row(0, 100)]
    stuck = [row(h, 100)._replace(values={"pore_pressure": 1.0}) for h in range(300, 330)]
    watch, _ = take(small_site, rows + stuck, at=T0 + hours(330))
    assert watch.unchanged["pz-1"] == ({"pore_pressure": 1.0}, T0 + hours(300))
    assert len(watch.days["pz-1"]) == 2
