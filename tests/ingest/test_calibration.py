"""Raw readings become what the published methods say, by the calibration of their own time."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ingest.calibration import AIR_PRESSURE, Surroundings, parse_calibration
from ingest.calibrations._vibrating_wire import digits
from ingest.clock import to_ns
from ingest.errors import ConfigurationError
from ingest.site import Site, load_site
from ingest.store import Row, Store
from ingest.store.embedded import EmbeddedStore
from ingest.store.ground import FlagEntry
from tests.contracts.conftest import ForwardedStore

DATA = Path(__file__).parents[1] / "data" / "mukilteo"
#: Metres of water in a kilopascal, as the source of the loggers takes it.
METRES = 0.1019977334
#: The piezometers of the loggers and their columns.
LOOPS = {"lsb-5": "lsb_{}_5", "lsb-6": "lsb_{}_6", "vh-1": "vh_{}_1", "vh-2": "vh_{}_2"}
T0 = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = T0 + timedelta(days=30)

SITE = """
name: raw
title: {en: Raw, ru: Сырые}
time_zone: UTC
latitude: 52.65
longitude: 90.09
source: made for tests
zones: {dump: {title: {en: Dump, ru: Отвал}, kind: backfill}}
instruments:
  baro-1: {type: barometer, zone: dump}
  pz-1:
    type: piezometer
    zone: dump
    calibrations:
      - {method: thermistor_steinhart_hart, quantity: temperature, since: 2020-01-01}
      - {method: vibrating_wire_linear, quantity: pore_pressure, since: 2020-01-01,
         gauge_factor: %s, zero_reading: 9000, temperature_factor: 0.5, zero_temperature: 20,
         barometer: baro-1}
"""


def made(method: str, **numbers: object):
    block = {"method": method, "quantity": "x", "since": "2026-01-01", **numbers}
    return parse_calibration(block)


def one(calibration, **reading: float) -> float | None:
    (value,) = calibration.profile([reading], Surroundings(air_pressure=None))
    return value


def test_digits_are_those_of_the_manual() -> None:
    assert digits(2828.0) == pytest.approx(8000, rel=5e-4)  # published case 4.13
    assert pytest.approx(354, rel=2e-3) == 1e6 / 2828.0


def test_vibrating_wire_linear() -> None:
    wire = made(
        "vibrating_wire_linear",
        gauge_factor=-0.05, zero_reading=9000, temperature_factor=0.5, zero_temperature=20,
    )  # fmt: skip
    assert one(wire, digits=8000, temperature=22) == pytest.approx(50 + 1)
    assert one(wire, digits=8000) is None  # the correction cannot be known
    by_frequency = wire.model_copy(update={"sends": "frequency"})
    assert one(by_frequency, frequency=math.sqrt(8e6), temperature=22) == pytest.approx(51)


def test_a_barometer_that_rises_by_two_inches_is_one_psi_of_error() -> None:
    """Published case 4.13: from 29 to 31 inches of mercury is about 1 psi or 2.3 ft of water."""
    wire = made(
        "vibrating_wire_linear", gauge_factor=-0.05, zero_reading=9000,
        barometer="b", zero_air_pressure=29 * 3.38639,
    )  # fmt: skip
    reading = {"digits": 8000.0}
    (at_31,) = wire.profile([reading], Surroundings(air_pressure=31 * 3.38639))
    (at_29,) = wire.profile([reading], Surroundings(air_pressure=29 * 3.38639))
    assert (at_29 - at_31) / 6.894757 == pytest.approx(1.0, abs=0.03)
    assert (at_29 - at_31) / 2.98898 == pytest.approx(2.3, abs=0.05)
    assert wire.profile([reading], Surroundings()) == [None]
    assert wire.value({**reading, AIR_PRESSURE: 29 * 3.38639}) == pytest.approx(50)


def test_thermistor_of_three_kiloohms_at_25_degrees() -> None:
    assert one(made("thermistor_steinhart_hart"), thermistor_resistance=3000.0) == pytest.approx(
        25.0, abs=0.05
    )  # nominal value of the sensor


def test_v_notch_and_rating_curve() -> None:
    # Hand case: 8/15 * 0.578 * sqrt(2 g) * (0.2 + 0.00085)^2.5 = 24.68 L/s.
    weir = made("flow_v_notch", notch_m=0.1)
    assert one(weir, stage=0.3) == pytest.approx(24.68, abs=0.02)
    assert one(weir, stage=0.05) == 0.0
    curve = made("flow_rating_curve", coefficient=100, exponent=2, zero_flow_m=0.5)
    assert (one(curve, stage=1.0), one(curve, stage=0.2)) == (pytest.approx(25.0), 0.0)


def test_tips_are_rain() -> None:
    assert one(made("rain_tipping_bucket", mm_per_tip=0.254), tips=10) == pytest.approx(2.54)


def test_tilt_is_cumulated_from_the_fixed_end_and_ends_at_a_silent_node() -> None:
    chain = made("tilt_in_place", gauge_lengths_m=[2, 2, 2], zero=[0, 0, 1])
    around = Surroundings(depths=(1.0, 3.0, 5.0))
    sine = 2000 * math.sin(math.radians(1))
    tilts = [{"tilt_a": 1.0}, {"tilt_a": -1.0}, {"tilt_a": 1.0}]
    assert chain.profile(tilts, around) == pytest.approx([0.0, -sine, 0.0], abs=1e-9)
    assert chain.profile([tilts[0], {}, tilts[2]], around) == [None, None, pytest.approx(0)]


def test_both_faces_of_a_probe_take_its_bias_out() -> None:
    probe = made("tilt_two_face", zero=[1.0, 0.0])
    around = Surroundings(depths=(0.5, 1.0))
    for bias in (0.0, 17.0):  # published case 4.13: ((A+) - (A-)) / 2 * 0.01
        faces = [
            {"face_a0": 300.0 + bias, "face_a180": -300.0 + bias},
            {"face_a0": 120.0 + bias, "face_a180": -80.0 + bias},
        ]
        assert probe.profile(faces, around) == pytest.approx([3.0, 1.0])


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ({"method": "guess", "quantity": "x", "since": "2026-01-01"}, "'guess'; legal: flow_"),
        ({"method": "rain_tipping_bucket", "quantity": "x", "since": "2026-01-01"}, "mm_per_tip"),
        (
            {"method": "linear_signal", "quantity": "x", "since": "2026-01-01", "slop": 1},
            "slop|slope",
        ),
        (
            {"method": "rain_tipping_bucket", "quantity": "x", "since": "2026-01-01T06:00:00",
             "mm_per_tip": 1},
            "zone",
        ),
    ],
)  # fmt: skip
def test_a_wrong_block_is_refused_with_what_is_legal(block: dict, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_calibration(block)


# -- through the store ------------------------------------------------------------------------


def site_of(folder: Path, factor: float = -0.05) -> Site:
    (folder / "site.yaml").write_text(SITE % factor, encoding="utf-8")
    return load_site(folder)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path / "run", site_of(tmp_path))
    yield opened
    opened.close()


def sent(instrument: str, hours: float, received: float, **values: float) -> Row:
    kind = "barometer" if instrument.startswith("baro") else "piezometer"
    time, got = to_ns(T0 + hours * HOUR), to_ns(T0 + received * HOUR)
    return Row(kind, instrument, 0, time, got, 4, values)


RAW = {"digits": 8000.0, "thermistor_resistance": 3000.0}


def pressures(store: Store, **options: object) -> list[float]:
    return [reading.value for reading in store.readings("pz-1", "pore_pressure", **options)]


def test_raw_stays_beside_the_result_with_the_calibrations_version(store: EmbeddedStore) -> None:
    store.append([sent("baro-1", 0, 0, atmospheric_pressure=101.325), sent("pz-1", 1, 1, **RAW)])
    (pressure,) = pressures(store)
    assert pressure == pytest.approx(50 + 0.5 * (25 - 20), abs=0.05)
    assert [r.value for r in store.readings("pz-1", "digits")] == [8000.0]
    versions = store.calculations("pz-1", "pore_pressure", start=T0, end=NOW)
    (version,) = versions.values()
    assert b'"gauge_factor": -0.05' in store.calibration(version)
    assert store.append([sent("pz-1", 1, 5, **RAW)]) == (0, 0, 1)
    # Followers see raw and result; no trace of the moment between them is left.
    assert {name for c in store.changes(0) for r in c.rows for name in r.values} >= {
        "digits",
        "pore_pressure",
    }
    assert store.undone("pz-1", "pore_pressure", NOW) == []


def test_a_result_waits_for_the_barometer_and_follows_it(store: EmbeddedStore) -> None:
    store.append([sent("pz-1", 1, 1, **RAW)])
    assert pressures(store) == []
    store.append([sent("baro-1", 0, 2, atmospheric_pressure=100.325)])
    (first,) = pressures(store)
    store.append([sent("baro-1", 1, 3, atmospheric_pressure=101.325)])
    assert pressures(store) == [pytest.approx(first - 1)]
    assert pressures(store, known_at=T0 + 2 * HOUR) == [first]
    assert pressures(store, known_at=T0 + 1 * HOUR) == []
    store.append([sent("baro-1", 1.5, 4, atmospheric_pressure=90)])  # after the reading
    store.append([sent("pz-1", 5, 5, **RAW)])  # its barometer has been silent for too long
    assert pressures(store) == [pytest.approx(first - 1)]


def test_a_corrected_calibration_recomputes_the_history_it_governs(tmp_path: Path) -> None:
    before = EmbeddedStore(tmp_path / "run", site_of(tmp_path))
    assert list(before.recalculate(NOW)) == []
    for hour in range(5):
        before.append([sent("baro-1", hour, hour, atmospheric_pressure=101.325)])
        before.append([sent("pz-1", hour, hour, **RAW)])
    old = pressures(before)
    before.close()
    after = EmbeddedStore(tmp_path / "run", site_of(tmp_path, factor=-0.06))
    (done,) = after.recalculate(NOW)
    assert (done.instrument, done.moments, done.changed) == ("pz-1", 5, 5)
    assert pressures(after) == pytest.approx([value + 10 for value in old])
    assert pressures(after, known_at=NOW - HOUR) == old
    assert list(after.recalculate(NOW)) == []
    span = {"start": T0, "end": NOW}
    (new,) = set(after.calculations("pz-1", "pore_pressure", **span).values())
    (old_version,) = set(
        after.calculations("pz-1", "pore_pressure", **span, known_at=NOW - HOUR).values()
    )
    assert b"-0.06" in after.calibration(new)
    assert b"-0.05" in after.calibration(old_version)
    after.close()


def test_a_calibration_holds_from_its_date(tmp_path: Path) -> None:
    text = SITE % -0.05 + (
        "      - {method: vibrating_wire_linear, quantity: pore_pressure, since: 2026-03-02,"
        " gauge_factor: -1, zero_reading: 8000}\n"
    )
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    store = EmbeddedStore(tmp_path / "run", load_site(tmp_path))
    store.append([sent("baro-1", 0, 0, atmospheric_pressure=101.325)])
    store.append([sent("pz-1", 0, 0, **RAW), sent("pz-1", 24, 24, **RAW)])
    assert pressures(store) == [pytest.approx(52.5, abs=0.05), 0.0]
    store.close()


def test_a_quantity_that_the_type_lacks_is_refused_with_its_line(tmp_path: Path) -> None:
    text = (SITE % -0.05).replace("quantity: temperature", "quantity: warmth")
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"calibrations.*'?warmth'?.*pore_pressure"):
        load_site(tmp_path)


# -- the loggers of Mukilteo --------------------------------------------------------------------

#: A, B, C; temperature factor and its zero [psi/degC, psi]; zero temperature; thermistor offset:
#: as `src/pyth_scripts/lvl_m.py` of the source has them.
COEFFICIENTS = {
    "lsb-5": (0.000057403, -0.0099641, -124.16, -0.0044, 0.0, 23.5, -1.6),
    "lsb-6": (0.000053431, -0.0025086, -137.43, -0.0020, 0.0, 23.5, -1.4),
    "vh-1": (-0.000095792, -0.0023260, 828.53, 0.0380, -0.762, 20.2, 0.3),
    "vh-2": (-0.00010171, 0.016517, 772.93, 0.0208, -0.414, 20.2, 0.1),
}
#: Kilopascals in a pound per square inch, as the source takes it.
PSI = 6.89475729


def textbook(raw: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the absolute pressure [kPa] and the temperature [degC] as the source computes them."""
    frequency = raw[LOOPS[name].format("frequency")].to_numpy(float)
    resistance = raw[LOOPS[name].format("resistance")].to_numpy(float)
    a, b, c, factor, zero, zero_temperature, offset = COEFFICIENTS[name]
    if name.startswith("vh"):
        log = np.log(resistance)
        warmth = 1 / (1.4051e-3 + 2.369e-4 * log + 1.019e-7 * log**3) - 273.15
    else:
        warmth = np.polyval([-23.50833439, 227.625007, -341.217356417], resistance / 1000)
    temperature = warmth + offset
    pressure = np.polyval([a, b, c], frequency)
    return pressure + ((zero_temperature - temperature) * factor + zero) * PSI, temperature


def follows_air(pressure: np.ndarray, air: pd.Series) -> float:
    """Return the correlation of the changes over six hours, in which water moves little."""
    six_hours = 24
    return float(
        np.corrcoef(
            pressure[six_hours:] - pressure[:-six_hours],
            air.to_numpy()[six_hours:] - air.to_numpy()[:-six_hours],
        )[0, 1]
    )


def test_the_loggers_of_mukilteo_go_in_raw_and_come_out_in_metres_of_water(tmp_path: Path) -> None:
    """Published case 4.15."""
    from zoneinfo import ZoneInfo

    store = EmbeddedStore(tmp_path, load_site(DATA))
    rows = []
    with (DATA / "loggers.csv").open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            local = datetime.fromisoformat(line["time"]).replace(tzinfo=ZoneInfo("Etc/GMT+8"))
            time = to_ns(local)

            def add(
                kind: str, instrument: str, *, line: dict = line, time: int = time, **columns: str
            ) -> None:
                values = {name: float(line[column]) for name, column in columns.items()}
                rows.append(Row(kind, instrument, 0, time, time, None, values))

            add("barometer", "lsa-baro", signal="lsa_barometer_raw")
            add("rain_gauge", "lsa-rain", tips="lsa_tips")
            for name, loop in LOOPS.items():
                add(
                    "piezometer",
                    name,
                    frequency=loop.format("frequency"),
                    thermistor_resistance=loop.format("resistance"),
                )
    for first in range(0, len(rows), 1500):
        store.append(rows[first : first + 1500])
    head = store.frame("lsb-5", "pore_pressure")[0] * METRES
    assert len(head) == 1344
    assert (head.min(), head.mean(), head.max()) == (
        pytest.approx(1.890, abs=5e-4),
        pytest.approx(2.366, abs=5e-4),
        pytest.approx(2.994, abs=5e-4),
    )
    air = store.frame("lsa-baro", "atmospheric_pressure")[0]
    assert (air.min(), air.max()) == (
        pytest.approx(98.31, abs=5e-3),
        pytest.approx(103.14, abs=5e-3),
    )
    rain = store.frame("lsa-rain", "rain")[0]
    tips = store.frame("lsa-rain", "tips")[0]
    assert rain.sum() == pytest.approx(tips.sum() * 0.254)
    raw = pd.read_csv(DATA / "loggers.csv")
    for name in LOOPS:
        pressure, ground = textbook(raw, name)
        found = store.frame(name, "pore_pressure")[0].to_numpy()
        measured = store.frame(name, "temperature")[0].to_numpy()
        assert found == pytest.approx(pressure - (air.to_numpy() - 101.3), abs=1e-6)
        # VH is reduced by the Steinhart-Hart equation, LS-b by a parabola: winter ground is cold.
        assert measured == pytest.approx(ground, abs=0.01)
        assert 5 < measured.min() <= measured.max() < 15
        # What the air adds to a sealed instrument is gone: what is left follows it no more.
        assert abs(follows_air(found, air)) < 0.2 < 0.45 < follows_air(pressure, air)
        assert -0.1 < found.min() * METRES <= found.max() * METRES < 3.0
    store.close()


@pytest.fixture(params=["embedded", pytest.param("influxdb", marks=pytest.mark.influx)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    site = site_of(tmp_path)
    opened: Store = EmbeddedStore(tmp_path / "run", site)
    if request.param == "influxdb":
        server = request.getfixturevalue("influxdb_server")
        opened = ForwardedStore(
            opened,
            site,
            url=server.url,
            token=server.token,
            org=server.org,
            bucket=server.new_bucket(),
        )
    yield opened
    opened.close()


def test_a_result_whose_raw_value_became_useless_is_not_known_any_more(either: Store) -> None:
    either.append([sent("baro-1", hour, hour, atmospheric_pressure=101.325) for hour in (1, 2)])
    either.append([sent("pz-1", 1, 1, **RAW), sent("pz-1", 2, 2, **RAW)])
    first, second = pressures(either)
    useless = RAW | {"thermistor_resistance": -5.0}
    either.append([sent("pz-1", 2, 6, **useless)])
    assert pressures(either) == [first]
    assert pressures(either, known_at=T0 + 5 * HOUR) == [first, second]
    latest = {r.quantity: r for r in either.latest() if r.instrument == "pz-1"}
    assert latest["pore_pressure"].time == T0 + HOUR
    assert latest["thermistor_resistance"].time == T0 + 2 * HOUR
    before = either.latest(known_at=T0 + 5 * HOUR)
    assert {r.quantity: r.time for r in before}["pore_pressure"] == T0 + 2 * HOUR
    versions = either.calculations("pz-1", "pore_pressure", start=T0, end=NOW)
    assert [time for _, time in versions] == [T0 + HOUR]
    buckets = either.buckets("pz-1", "pore_pressure", start=T0, end=T0 + 4 * HOUR, count=4)
    assert buckets["count"].tolist() == [1]
    either.append([sent("pz-1", 2, 7, **RAW)])  # and known again when the raw value is put right
    assert pressures(either) == [first, second]
    assert pressures(either, known_at=T0 + 6.5 * HOUR) == [first]


def test_results_are_not_calculated_from_what_an_engineer_rejected(either: Store) -> None:
    either.append(
        [sent("baro-1", hour, hour, atmospheric_pressure=100.0 + hour) for hour in (1, 2)]
    )
    either.append([sent("pz-1", 1, 1, **RAW), sent("pz-1", 2, 2, **RAW)])
    first, second = pressures(either)

    def say(action: str, instrument: str, quantity: str, hour: float) -> None:
        either.write_flag(
            FlagEntry(
                instrument=instrument, quantity=quantity, flag="rejected", action=action,
                author="A. Person", reason="looked at", time=T0 + hour * HOUR, start=T0 + 2 * HOUR,
            )
        )  # fmt: skip
        either.append([])

    say("set", "pz-1", "digits", 5)
    assert pressures(either) == [first]
    assert [r.value for r in either.readings("pz-1", "digits")] == [8000.0, 8000.0]
    say("lift", "pz-1", "digits", 6)
    assert pressures(either) == [first, second]
    assert pressures(either, known_at=T0 + 5.5 * HOUR) == [first]
    say("set", "baro-1", "atmospheric_pressure", 7)  # the barometer's word before it holds then
    assert pressures(either) == [first, first]
    say("lift", "baro-1", "atmospheric_pressure", 8)
    assert pressures(either) == [first, second]
