"""Pressure, movement, water and weather from readings in a store."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.site import Site
from ingest.store import Store
from tests.twin.ground import day, measure, row
from twin.current import Current
from twin.history import History
from twin.movement import movements
from twin.pressure import pressures
from twin.water import waters
from twin.weather import weather


def at_day(site: Site, store: Store, days: float) -> tuple[Current, History]:
    at = day(days)
    return Current(site, store, at=at, known_at=at), History(site, store, at=at, known_at=at)


def test_pressure_now_and_against_the_past(abaza: Site, store: Store) -> None:
    rising = [(h / 24, 50 + 0.5 * (h // 24)) for h in range(40 * 24 + 7)]
    measure(abaza, store, "pz-650-01", "pore_pressure", rising)
    states = {state.instrument: state for state in pressures(*at_day(abaza, store, 40.25))}
    state = states["pz-650-01"]
    assert state.level.value == 70.0
    assert (state.level.unit, state.level.quality) == ("kPa", "measured")
    assert state.change_7d.value == pytest.approx(3.5)
    assert state.change_30d.value == pytest.approx(15.0)
    silent = states["pz-650-02"]
    assert silent.level.value is None
    assert str(silent.level.reason) == "pz-650-02 has not delivered a value"


def test_a_change_without_a_past_is_not_known(abaza: Site, store: Store) -> None:
    # A value that never changes would be taken for a stuck instrument's.
    values = [(d, 50.0 + 0.1 * (d % 0.5)) for d in np.arange(0, 9, 0.25)]
    measure(abaza, store, "pz-650-01", "pore_pressure", values)
    state = pressures(*at_day(abaza, store, 9))[0]
    assert state.change_7d.value == pytest.approx(0, abs=0.05)
    assert str(state.change_30d.reason) == "No value of 30 days ago"


def test_silence_is_stale_then_unavailable(abaza: Site, store: Store) -> None:
    measure(abaza, store, "pz-650-01", "pore_pressure", [(1.0, 50.0)])
    stale = pressures(*at_day(abaza, store, 1.25))[0].level
    assert (stale.value, stale.quality, stale.time) == (50.0, "stale", day(1))
    gone = pressures(*at_day(abaza, store, 2.25))[0].level
    assert (gone.value, gone.quality) == (None, "unavailable")
    assert str(gone.reason) == "pz-650-01 has been silent since 2022-01-02 00:00 UTC"


def test_a_flagged_value_is_passed_over(abaza: Site, store: Store) -> None:
    measure(abaza, store, "pz-650-01", "pore_pressure", [(1.0, 50.0)])
    store.append(
        [
            row(
                abaza,
                "pz-650-01",
                day(1.01),
                {"pore_pressure": 9999.0},
                flags={"pore_pressure": "out_of_range"},
            )
        ]
    )
    level = pressures(*at_day(abaza, store, 1.02))[0].level
    assert (level.value, level.time) == (50.0, day(1))


def profile(site: Site, store: Store, days: float, sheared: float, above: float) -> None:
    """Store a profile that has moved by `sheared` [mm] above a depth [m], along (3, 4)."""
    nodes = [float(node) for node in site.instruments["ipi-01"].nodes]
    store.append(
        [
            row(
                site,
                "ipi-01",
                day(days),
                {
                    "displacement_a": 0.6 * sheared * (depth < above),
                    "displacement_b": 0.8 * sheared * (depth < above),
                },
                node=node,
            )
            for node, depth in enumerate(nodes)
        ]
    )


def test_a_shear_zone_is_found_with_its_rate_and_acceleration(abaza: Site, store: Store) -> None:
    for quarter in range(4 * 20 + 1):
        t = quarter / 4
        # 0.5 mm/d, from day 13 on 1.2 mm/d.
        profile(abaza, store, t, 0.5 * t + 0.7 * max(t - 13, 0), above=20.0)
    state = movements(*at_day(abaza, store, 20))[0]
    assert state.largest.value == pytest.approx(0.5 * 20 + 0.7 * 7)
    assert (state.depth.value, state.depth.low, state.depth.high) == (19.5, 18.0, 21.0)
    assert state.rate.value == pytest.approx(1.2, rel=1e-6)
    assert state.acceleration.value == pytest.approx((1.2 - 0.5) / 7, rel=1e-6)
    assert (state.rate.unit, state.acceleration.unit) == ("mm/d", "mm/d2")


def test_a_still_profile_has_no_shear_zone_and_few_readings_no_rate(
    abaza: Site, store: Store
) -> None:
    profile(abaza, store, 0.25, 0.2, above=20.0)
    state = movements(*at_day(abaza, store, 0.3))[0]
    assert str(state.depth.reason) == "No two neighbouring nodes differ by 1.0 mm"
    assert str(state.rate.reason) == "Only 1 of 5 readings in 7 days"
    assert state.acceleration.value is None
    silent = movements(*at_day(abaza, store, 0.3))[1]
    assert str(silent.largest.reason) == "ipi-02 has not delivered a value"


def test_an_inclinometer_with_one_axis(small_site: Site, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from ingest.store.embedded import EmbeddedStore

    store = EmbeddedStore(tmp_path, small_site)
    store.append(
        [
            row(small_site, "ipi-1", day(1), {"displacement_a": mm}, node=node)
            for node, mm in enumerate((9.0, 8.0, 0.0))
        ]
    )
    state = movements(*at_day(small_site, store, 1.1))[0]
    assert (state.largest.value, state.depth.value) == (9.0, 2.5)
    store.close()


def test_water_now_and_its_month(abaza: Site, store: Store) -> None:
    values = [(h / 24, 100.0 + (h // 24)) for h in range(40 * 24)]
    measure(abaza, store, "ws-01", "sulfate", values)
    states = waters(*at_day(abaza, store, 40))
    found = {(state.station, state.quantity): state for state in states}
    assert len(found) == 3 * 8
    sulfate = found["ws-01", "sulfate"]
    assert sulfate.value.value == 139.0
    assert sulfate.mean_30d.value == pytest.approx(np.mean(np.arange(110, 140)))
    assert sulfate.change_30d.value == pytest.approx(30.0)
    assert sulfate.mean_30d.time == day(40)
    assert found["ws-01", "ph"].mean_30d.value is None


def test_water_of_a_few_days_has_no_month(abaza: Site, store: Store) -> None:
    measure(abaza, store, "ws-01", "ph", [(h / 24, 7.5 + h % 2 / 10) for h in range(5 * 24)])
    states = waters(*at_day(abaza, store, 5))
    ph = next(one for one in states if (one.station, one.quantity) == ("ws-01", "ph"))
    assert str(ph.mean_30d.reason) == "Only 5 of 20 days with values"
    assert str(ph.change_30d.reason) == "Only 0 of 4 days with values"


def test_rain_sums_count_no_gap_as_dry(abaza: Site, store: Store) -> None:
    hours = [h for h in range(1, 40 * 24 + 1) if not 700 <= h < 800]
    measure(abaza, store, "rain-01", "rain", [(h / 24, 0.5) for h in hours])
    found = weather(at_day(abaza, store, 40)[0])
    assert found.rain_24h.value == pytest.approx(12.0)
    assert found.rain_7d.value == pytest.approx(80.5)
    assert str(found.rain_30d.reason) == "Only 620 of 648 readings in 30 days"
    assert found.air_temperature.value is None
    assert str(found.air_temperature.reason) == "air-01 has not delivered a value"


def test_a_site_without_weather_says_so(small_site: Site, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from ingest.store.embedded import EmbeddedStore

    store = EmbeddedStore(tmp_path, small_site)
    found = weather(at_day(small_site, store, 1)[0])
    assert str(found.rain_24h.reason) == "The site has no such instrument"
    assert str(found.atmospheric_pressure.reason) == "The site has no such instrument"
    store.close()
