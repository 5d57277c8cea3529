from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from analytics.assessment import decode_assessment
from analytics.frames import History, indicator_frame
from analytics.journal import Journal
from analytics.service import RiskService, checked_response_plan
from ingest.clock import ManualClock, to_ns
from ingest.errors import ConfigurationError, ServiceError
from ingest.site import Site, load_site
from ingest.store import Row
from ingest.store.embedded import EmbeddedStore
from tests.analytics.states import T0, full_state, hours
from twin.state import encode_state

SITE = load_site("abaza")
STATES = 12


class Run:
    """A run in a folder: store, journal and service, which can be killed and opened again."""

    def __init__(self, folder: Path, *, site: Site = SITE) -> None:
        self.folder, self.site = folder, site
        self.clock = ManualClock(T0 + timedelta(days=400))
        self.open()

    def open(self) -> None:
        self.store = EmbeddedStore(self.folder, self.site)
        self.journal = Journal(f"sqlite:///{self.folder / 'journal.sqlite'}")
        self.service = RiskService(self.site, self.store, self.journal, self.clock)

    def close(self) -> None:
        self.journal.close()
        self.store.close()

    def risks(self, number: int) -> list:
        document = self.store.state("risk", known_at=T0 + number * hours(6))
        return decode_assessment(document).risks if document else []

    def assessments(self) -> list[bytes | None]:
        return [self.store.state("risk", known_at=T0 + n * hours(6)) for n in range(STATES)]


def readings(hour: int, *, received: datetime | None = None, raised: bool = True) -> list[Row]:
    """Return an hour of readings: pore pressure of two instruments rises above all limits."""
    time = T0 + hours(hour)
    rows = []
    for number, name in enumerate(("pz-650-01", "pz-650-02", "pz-650-05")):
        value = 150.0 if raised and hour >= 12 and number < 2 else 20.0
        rows.append(
            Row(
                "piezometer",
                name,
                0,
                to_ns(time),
                to_ns(received or time + hours(0.01)),
                None,
                {"pore_pressure": value, "temperature": 4.0 + hour / 100},
            )
        )
    return rows


def fill(run: Run, *, states: int = STATES) -> None:
    # Four hours in one commit: some commits hold rows from both sides of a state.
    for first in range(0, 6 * states, 4):
        run.store.append([row for hour in range(first, first + 4) for row in readings(hour)])
    for number in range(states):
        time = T0 + number * hours(6)
        run.store.write_state("twin", time, encode_state(full_state(time)))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    opened = Run(tmp_path / "run")
    yield opened
    opened.close()


def test_every_state_is_assessed_once_in_order(run: Run) -> None:
    fill(run)
    assert run.service.step(limit=100) == STATES
    assert run.service.step() == 0
    assert all(run.assessments())
    frame = indicator_frame(run.store, ["rain_load", "shear_rate"])
    assert list(frame.index) == [T0 + n * hours(6) for n in range(STATES)]
    assert list(frame.columns) == [("rain_load", "abaza"), ("shear_rate", "ipi-03")]
    assert (frame["rain_load"] == 12.0).all().all()


def test_the_alarm_rises_with_the_third_reading_and_not_before(run: Run) -> None:
    fill(run)
    run.service.step(limit=100)
    level = {
        number: next(
            risk.level
            for risk in run.risks(number)
            if (risk.name, risk.zone) == ("pore_pressure", "tier_650")
        )
        for number in range(STATES)
    }
    # Readings of 12:00, 13:00 and 14:00 are beyond the limit; the state of 18:00 is the first
    # that knows them.
    assert [level[2], level[3]] == ["normal", "alarm"]
    (alarm,) = [alarm for alarm in run.journal.active_alarms() if alarm.risk == "pore_pressure"]
    assert alarm.raised == T0 + hours(18)
    assert {item.instrument for item in alarm.evidence} >= {"pz-650-01", "pz-650-02"}


def test_nothing_is_used_before_it_was_received(run: Run) -> None:
    fill(run, states=2)
    for hour in (9, 10, 11):
        late = T0 + hours(20)
        run.store.append(readings(hour, received=late)[:1])
    run.service.step()
    assert all(risk.level != "alarm" for risk in run.risks(1))


def test_a_kill_at_any_write_leaves_the_same_run(tmp_path: Path) -> None:
    whole = Run(tmp_path / "whole")
    fill(whole)
    whole.service.step(limit=100)
    killed = Run(tmp_path / "killed")
    fill(killed)

    def kill_at(run: Run, name: str, number: int) -> None:
        target = run.journal if name == "record" else run.store
        original, seen = getattr(target, name), 0

        def write(*args, **kwargs):
            nonlocal seen
            seen += 1
            if seen == number:
                raise KeyboardInterrupt
            return original(*args, **kwargs)

        setattr(target, name, write)

    for name, number in (
        ("write_state", 1),
        ("write_state", 2),
        ("write_state", 7),
        ("write_derived", 2),
        ("record", 1),
        ("record", 3),
    ):
        kill_at(killed, name, number)
        with pytest.raises(KeyboardInterrupt):
            killed.service.step(limit=100)
        killed.close()
        killed.open()
    killed.service.step(limit=100)
    assert killed.assessments() == whole.assessments()

    def told(run: Run) -> list:
        return [
            (alarm.risk, alarm.zone, alarm.level, alarm.raised, alarm.returned, alarm.kind)
            for alarm in run.journal.alarms()
        ]

    assert told(killed) == told(whole)
    for alarm in whole.journal.alarms():
        assert len(killed.journal.transitions(alarm.id)) == len(whole.journal.transitions(alarm.id))
    whole.close()
    killed.close()


def test_a_store_that_refuses_is_tried_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(run, states=4)
    original = run.store.write_state
    refused = []

    def refuse(service: str, time: datetime, document: bytes) -> None:
        if service == "risk" and not refused:
            refused.append(time)
            raise ServiceError("disk full")
        original(service, time, document)

    monkeypatch.setattr(run.store, "write_state", refuse)
    with pytest.raises(ServiceError, match="disk full"):
        run.service.step()
    assert run.service.step() == 4
    assert len({alarm.raised for alarm in run.journal.alarms()}) == len(run.journal.alarms())


def test_late_readings_are_a_past_exceedance_and_no_alarm(run: Run) -> None:
    for hour in range(0, 72, 3):
        run.store.append(readings(hour, raised=False))
        if hour == 48:
            at = T0 + hours(50)
            late = [row for back in (13, 14, 16) for row in readings(back, received=at)]
            run.store.append(late)
    for number in range(STATES):
        time = T0 + number * hours(6)
        run.store.write_state("twin", time, encode_state(full_state(time)))
    run.service.step(limit=100)
    past = [alarm for alarm in run.journal.alarms() if alarm.kind == "past exceedance"]
    assert [alarm.evidence[0].instrument for alarm in past] == ["pz-650-02", "pz-650-01"]
    assert past[0].raised == T0 + hours(13)
    assert past[0].returned == T0 + hours(16)
    assert not any(alarm.risk == "pore_pressure" for alarm in run.journal.open_alarms())


def test_states_are_found_however_far_apart_they_are(run: Run) -> None:
    fill(run, states=3)
    # After an outage a live twin leaves states out.
    late = T0 + hours(24 * 40)
    run.store.write_state("twin", late, encode_state(full_state(late)))
    assert [run.service.step(limit=1) for _ in range(5)] == [1, 1, 1, 1, 0]
    assert run.service.detail() == "last state 2022-08-10T00:00:00Z"


def test_an_empty_run_has_nothing_to_assess(run: Run) -> None:
    assert run.service.step() == 0
    assert run.service.detail() == "no state yet"


def test_the_history_of_the_store_is_the_one_in_memory(run: Run) -> None:
    fill(run)
    run.service.step(limit=100)
    loaded = History.load(run.store, SITE, T0 + hours(6 * STATES))
    kept = run.service._history
    first, second = (h.before(T0 + hours(6 * STATES + 1)) for h in (loaded, kept))
    assert list(first.columns) == list(second.columns)
    assert np.array_equal(first.to_numpy(), second.to_numpy(), equal_nan=True)
    assert len(loaded) == STATES


def test_a_response_plan_with_an_unknown_indicator_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "response_plan.yaml").write_text(
        "source: test\nlimits:\n"
        "  - {indicator: moonlight, danger: data, level: alarm, since: 2022-01-01, above: 1,"
        " source: test}\n"
    )
    with pytest.raises(ConfigurationError, match="'moonlight'; legal: arsenic_limit_share"):
        checked_response_plan(SITE.model_copy(update={"folder": tmp_path}))
