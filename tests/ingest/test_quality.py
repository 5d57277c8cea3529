"""Flags say what is doubtful; they delete nothing and do not depend on the order of arrival."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.answers import DeviceState
from dashboard.devices import device_states
from ingest.clock import to_ns
from ingest.errors import ConfigurationError
from ingest.message import Status
from ingest.site import Site, load_site
from ingest.store import Row, SenderStatus
from ingest.store.embedded import EmbeddedStore
from ingest.store.ground import FlagEntry

DATA = Path(__file__).parents[1] / "data" / "judged_site"
T0 = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = T0 + timedelta(days=30)


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(DATA)


@pytest.fixture
def store(tmp_path: Path, site: Site) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path / "run", site)
    yield opened
    opened.close()


def sent(
    hour: float,
    value: float,
    *,
    instrument: str = "pz-1",
    received: float | None = None,
    sequence: int | None = None,
    quantity: str = "pore_pressure",
    **more: float,
) -> Row:
    kind = "barometer" if instrument == "baro-1" else "piezometer"
    got = hour if received is None else received
    values = {quantity: value, **more}
    return Row(
        kind, instrument, 0, to_ns(T0 + hour * HOUR), to_ns(T0 + got * HOUR), sequence, values
    )


def flags(store: EmbeddedStore, instrument: str = "pz-1") -> list[set[str]]:
    return [set(each.flags) for each in store.readings(instrument, "pore_pressure")]


def test_a_spike_is_flagged_when_its_neighbours_are_there_and_a_step_is_not(
    store: EmbeddedStore,
) -> None:
    values = [50.0, 50.1, 50.2, 58.0, 50.3, 50.1]
    for hour, value in enumerate(values[:5]):
        store.append([sent(hour, value)])
    assert "spike" not in flags(store)[3]
    store.append([sent(5, values[5])])
    assert [hour for hour, found in enumerate(flags(store)) if "spike" in found] == [3]
    assert store.frame("pz-1", "pore_pressure")[0].tolist() == [*values[:3], *values[4:]]
    known = store.frame("pz-1", "pore_pressure", known_at=T0 + 4 * HOUR)[0]
    assert known.tolist() == values[:5]  # what was known before the last neighbour came
    for hour in range(6, 12):
        store.append([sent(hour, 80.0 + hour / 10)])
    assert [hour for hour, found in enumerate(flags(store)) if "spike" in found] == [3]
    assert "too_fast" in flags(store)[6]


def test_a_stuck_instrument_leaves_the_twin_and_an_override_switches_the_rule_off(
    store: EmbeddedStore,
) -> None:
    for name in ("pz-1", "pz-2"):
        store.append([sent(hour, 7.0, instrument=name) for hour in range(5)])
    assert [("stuck" in found) for found in flags(store)] == [False, False, True, True, True]
    assert not any("stuck" in found for found in flags(store, "pz-2"))
    assert len(store.frame("pz-1", "pore_pressure")) == 2
    assert len(store.frame("pz-1", "pore_pressure", trusted=False)) == 5
    span = {"start": T0, "end": T0 + 5 * HOUR, "count": 1}
    assert store.buckets("pz-1", "pore_pressure", **span, trusted=True)["count"].tolist() == [2]


def test_a_gap_closes_when_the_missing_readings_come(store: EmbeddedStore) -> None:
    store.append([sent(0, 1.0, sequence=1), sent(1, 1.5, sequence=2), sent(2, 1.9, sequence=4)])
    store.append([sent(9, 2.4, sequence=5)])
    assert [("gap" in found) for found in flags(store)] == [False, False, True, True]
    store.append([sent(1.5, 1.7, sequence=3, received=9.5)])
    assert [("gap" in found) for found in flags(store)] == [False, False, False, False, True]
    assert "late" in flags(store)[2]
    store.append([sent(10, 2.5, sequence=0)])  # the logger began anew
    assert "gap" not in flags(store)[-1]
    assert len(store.frame("pz-1", "pore_pressure")) == 6  # a gap alone keeps nothing out


def test_a_low_battery_is_seen_beside_the_value_also_when_it_comes_later(
    store: EmbeddedStore,
) -> None:
    store.append([sent(0, 1.0, battery=3.6), sent(1, 1.5, battery=2.9), sent(2, 2.0)])
    assert [("low_battery" in found) for found in flags(store)] == [False, True, False]
    store.append([sent(2, 2.5, quantity="battery", received=3)])
    assert "low_battery" in flags(store)[2]


def test_a_twin_that_disagrees_is_seen_whichever_comes_first(store: EmbeddedStore) -> None:
    store.append([sent(1, 50.0, instrument="pz-2")])
    store.append([sent(0, 40.0), sent(4, 50.0)])
    store.append([sent(5, 49.0, instrument="pz-2"), sent(30, 99.0, instrument="pz-2")])
    assert [("disagrees" in found) for found in flags(store, "pz-2")] == [True, False, False]


def test_a_calculated_value_is_judged_too(store: EmbeddedStore) -> None:
    store.append([sent(0, 101.325, instrument="baro-1", quantity="atmospheric_pressure")])
    store.append([sent(0, 30_000.0, instrument="pz-3", quantity="digits")])
    store.append([sent(1, -30_000.0, instrument="pz-3", quantity="digits")])
    assert [("out_of_range" in found) for found in flags(store, "pz-3")] == [True, True]


def entry(action: str, flag: str = "rejected", **more: object) -> FlagEntry:
    return FlagEntry(
        instrument="pz-1", quantity="pore_pressure", flag=flag, action=action,
        author="Geotechnical engineer", reason="Cable was repaired", time=NOW, **more,
    )  # fmt: skip


def test_an_engineer_sets_and_lifts_a_flag_with_a_reason(store: EmbeddedStore) -> None:
    store.append([sent(hour, hour * 1.5) for hour in range(4)])
    store.write_flag(entry("set", start=T0 + HOUR, end=T0 + 3 * HOUR))
    assert [("rejected" in found) for found in flags(store)] == [False, True, True, False]
    assert len(store.frame("pz-1", "pore_pressure")) == 2
    assert len(store.frame("pz-1", "pore_pressure", known_at=NOW - HOUR)) == 4
    # A reading of the stretch that comes late has the flag from the first.
    store.append([sent(1.5, 2.0, received=900)])
    assert "rejected" in flags(store)[2]
    store.write_flag(entry("lift"))
    assert not any("rejected" in found for found in flags(store))
    (last, first) = store.flag_journal()
    assert (last.action, first.action, first.reason) == ("lift", "set", "Cable was repaired")
    assert (first.start, first.end, last.start) == (T0 + HOUR, T0 + 3 * HOUR, None)


def test_a_lifted_flag_stays_away_when_the_rules_look_again(
    store: EmbeddedStore, tmp_path: Path, site: Site
) -> None:
    store.append([sent(hour, 7.0) for hour in range(4)])
    other = EmbeddedStore(tmp_path / "run", site)  # as the command line would
    other.write_flag(entry("lift", flag="stuck", start=T0, end=T0 + 2.5 * HOUR))
    other.close()
    store.append([sent(4, 7.0), sent(2.2, 7.0, received=5)])
    assert [("stuck" in found) for found in flags(store)] == [
        False, False, False, False, True, True,
    ]  # fmt: skip


def test_changed_rules_judge_history_anew(tmp_path: Path, site: Site) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    text = (DATA / "site.yaml").read_text(encoding="utf-8")
    (folder / "site.yaml").write_text(text.replace("{count: 3}", "{count: 4}"), encoding="utf-8")
    before = EmbeddedStore(tmp_path / "run", site)
    before.append([sent(hour, 7.0) for hour in range(4)])
    list(before.recalculate(NOW))
    before.close()
    after = EmbeddedStore(tmp_path / "run", load_site(folder))
    assert [done.instrument for done in after.recalculate(NOW)] == ["pz-1"]
    assert [("stuck" in found) for found in flags(after)] == [False, False, False, True]
    after.close()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("stuck: {count: 3}|stick: {count: 3}", "rule 'stick'; legal: disagrees"),
        ("stuck: {count: 3}|stuck: {number: 3}", "stuck.*keys: count, tolerance"),
        ("twin: pz-1|twin: pz-9", "pz-9.*legal: pz-1"),
    ],
)
def test_a_wrong_rule_is_refused_with_what_is_legal(
    tmp_path: Path, wrong: str, reason: str
) -> None:
    text = (DATA / "site.yaml").read_text(encoding="utf-8").replace(*wrong.split("|"))
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"(?s){reason}"):
        load_site(tmp_path)


def history(seed: int) -> list[Row]:
    """Forty hours of four instruments with everything that rules look for."""
    chance = random.Random(seed)
    rows = []
    for hour in range(40):
        if chance.random() < 0.9:
            air = 100 + chance.random()
            rows.append(
                sent(hour, air, instrument="baro-1", quantity="atmospheric_pressure", received=50)
            )
        for name in ("pz-1", "pz-2"):
            if chance.random() < 0.85:
                value = chance.choice([7.0, 7.0, 7.0, 8.0, 60.0, 7.5])
                rows.append(sent(hour, value, instrument=name, received=50, sequence=hour))
            if chance.random() < 0.3:  # a quantity that travels alone
                battery = chance.choice([2.5, 3.5])
                rows.append(
                    sent(hour, battery, instrument=name, quantity="battery", received=50)
                    ._replace(sequence=hour)
                )  # fmt: skip
        raw = chance.uniform(8000, 8100)
        rows.append(sent(hour, raw, instrument="pz-3", quantity="digits", received=50))
    return rows


def everything(folder: Path) -> list[object]:
    with sqlite3.connect(folder / "readings.sqlite") as db:
        tables = [
            db.execute(f"SELECT * FROM reading_{kind} ORDER BY 1, 2, 3").fetchall()
            for kind in ("piezometer", "barometer")
        ]
        held = "SELECT instrument, quantity, node, time, flag FROM flag WHERE until IS NULL"
        versions = "SELECT instrument, quantity, node, time, version FROM calculated"
        found = [*tables, db.execute(f"{held} ORDER BY 1, 2, 3, 4, 5").fetchall()]
        return [*found, sorted(db.execute(versions).fetchall())]


@settings(max_examples=12)
@given(st.randoms(use_true_random=False), st.integers(1, 60), st.integers(0, 3))
def test_any_order_and_any_repetition_gives_the_same_store(
    site: Site, chance: random.Random, at_once: int, seed: int
) -> None:
    rows = history(seed)
    answers = []
    shuffled = [*rows, *chance.choices(rows, k=30)]
    chance.shuffle(shuffled)
    for order, size in ((rows, len(rows)), (shuffled, at_once)):
        with TemporaryDirectory() as folder:
            store = EmbeddedStore(Path(folder), site)
            for first in range(0, len(order), size):
                store.append(order[first : first + size])
            answers.append(everything(Path(folder)))
            store.close()
    assert answers[0] == answers[1]
    assert {flag for *_, flag in answers[0][2]} >= {"spike", "gap", "late", "disagrees"}


def status(received: float, volts: float | None, hour: float | None = None) -> SenderStatus:
    time = None if hour is None else T0 + hour * HOUR
    said = Status(state="online", time=time, battery_v=volts, firmware="1.4")
    return SenderStatus(
        sender="pz-1",
        state="online",
        received=T0 + received * HOUR,
        document=msgspec.json.encode(said),
    )


def test_a_low_battery_is_known_from_the_senders_status_too(store: EmbeddedStore) -> None:
    def low() -> list[bool]:
        return ["low_battery" in found for found in flags(store)]

    store.append([sent(0, 1.0), sent(1, 1.5)])
    store.append([sent(2, 2.0)], statuses=[status(2, 2.9)])
    store.append([sent(3, 2.5), sent(4, 3.0, battery=3.6)])
    assert low() == [False, False, True, True, False]  # a row's own voltage holds before it
    store.append([], statuses=[status(5, 2.9), status(6, None), status(7, 3.6, hour=3)])
    assert low() == [False, False, True, False, False]
    known = store.readings("pz-1", "pore_pressure", known_at=T0 + 6 * HOUR)
    assert ["low_battery" in each.flags for each in known] == [False, False, True, True, False]
    store.append([sent(1.5, 2.0, received=8)], statuses=[status(8, 2.8, hour=1.2)])
    assert low() == [False, False, True, True, False, False]


def test_an_instrument_knows_the_state_of_its_device(store: EmbeddedStore, site: Site) -> None:
    store.append([sent(0, 1.0)], statuses=[status(2, 2.9)])
    states = device_states(site, store.latest(), store.statuses(), NOW)
    assert states["pz-1"] == DeviceState(
        battery_v=2.9, battery_low=True, firmware="1.4", online=True
    )
    assert states["pz-2"] == DeviceState()
    store.append([sent(3, 1.0, battery=3.7)])
    states = device_states(site, store.latest(), store.statuses(), NOW)
    assert (states["pz-1"].battery_v, states["pz-1"].battery_low) == (3.7, False)
    before = device_states(site, [], store.statuses(), T0 + HOUR)
    assert before["pz-1"] == DeviceState()
