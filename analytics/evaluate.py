"""Evaluate the alarms on a scenario whose truth is known: found, how soon, and how often wrongly.

The whole path without a network: simulated messages, intake, store, twin, risk.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from analytics.alarms import Alarm
from analytics.dangers import DANGERS
from analytics.journal import Journal
from analytics.levels import GRAVITY
from analytics.service import RiskService
from ingest.clock import EPOCH, ManualClock, iso
from ingest.intake import Arrival, Intake
from ingest.message import clock_topic
from ingest.run import RunClock
from ingest.site import Site
from ingest.store import Store
from ingest.store.embedded import EmbeddedStore
from simulators.run import simulate
from simulators.scenario import Scenario, TruthWindow
from twin.service import TwinService

#: Time between two states [s]: the demonstration's.
STATE_EVERY_S = 21_600.0


class Window(msgspec.Struct, kw_only=True):
    """What became of one window of the truth.

    Parameters
    ----------
    detected
        When an alarm that names one of the window's instruments reached the window's level.
    lead_time_h
        Time left from then to the end of the window [h].
    delay_h
        Time from the window's start until then [h].
    """

    zone: str
    level: str
    start: datetime
    end: datetime
    detected: datetime | None
    alarm: int | None
    lead_time_h: float | None
    delay_h: float | None


class Evaluation(msgspec.Struct, kw_only=True):
    """What the alarms were worth on one scenario.

    Parameters
    ----------
    false_alarms
        Alarms of the ground at warning or above, raised outside every window.
    failures
        What the scenario expects (`expect:`) and did not get.
    """

    scenario: str
    seed: int
    states: int
    windows: list[Window]
    alarms: list[Alarm]
    false_alarms: list[Alarm]
    failures: list[str]

    @property
    def ok(self) -> bool:
        """Whether the scenario's `expect:` holds."""
        return not self.failures

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {**msgspec.to_builtins(self), "ok": self.ok}

    def __str__(self) -> str:
        lines = [f"{self.scenario}, seed {self.seed}: {self.states} states"]
        for window in self.windows:
            name = f"{window.zone}, {window.level} from {window.start:%Y-%m-%d %H:%M} UTC"
            if window.detected is None:
                lines.append(f"  {name}: not detected")
            else:
                lines.append(
                    f"  {name}: detected {window.detected:%Y-%m-%d %H:%M} UTC,"
                    f" {window.delay_h:.0f} h after its start, {window.lead_time_h:.0f} h before"
                    " its end"
                )
        lines.append(f"  alarms: {len(self.alarms)}, of them false: {len(self.false_alarms)}")
        lines += [
            f"    false: {alarm.risk} {alarm.zone} {alarm.highest} {alarm.raised:%Y-%m-%d %H:%M}"
            for alarm in self.false_alarms
        ]
        lines += [f"  expected otherwise: {failure}" for failure in self.failures]
        return "\n".join(lines)


def evaluate(
    scenario: Scenario,
    site: Site,
    *,
    seed: int | None = None,
    state_every_s: float = STATE_EVERY_S,
    folder: Path | None = None,
    on_progress: Callable[[datetime], None] | None = None,
) -> Evaluation:
    """Run a scenario through the whole path and compare its alarms with its truth.

    Parameters
    ----------
    seed
        In place of the scenario's own.
    folder
        Where the run is kept; None: nowhere.
    on_progress
        Called with the run's time at every state.
    """
    with TemporaryDirectory(prefix="postmine-evaluate-") as temporary:
        base = folder or Path(temporary)
        store = EmbeddedStore(base, site)
        journal = Journal(f"sqlite:///{base / 'journal.sqlite'}")
        try:
            states = _play(scenario, site, store, journal, seed, state_every_s, on_progress)
            return _judged(scenario, journal, seed, states)
        finally:
            journal.close()
            store.close()


def _play(
    scenario: Scenario,
    site: Site,
    store: Store,
    journal: Journal,
    seed: int | None,
    state_every_s: float,
    on_progress: Callable[[datetime], None] | None,
) -> int:
    """Play the scenario; return the number of states."""
    intake = Intake(site, ManualClock(EPOCH), replayed=True)
    clock = RunClock(store)
    twin = TwinService(site, store, clock, state_every_s=state_every_s)
    risk = RiskService(site, store, journal, clock)
    every = timedelta(seconds=state_every_s)
    states = 0

    def take(arrivals: list[Arrival]) -> None:
        nonlocal states
        accepted = intake.accept(arrivals)
        store.append(accepted.rows, accepted.dead_letters, accepted.run_time)
        twin.step()
        states += risk.step(limit=1_000_000)
        if on_progress is not None:
            on_progress(clock.now())

    messages = simulate(scenario, site, seed=seed).messages()
    # All that arrived between two boundaries is one commit, like the batch of a busy broker.
    for _, group in groupby(messages, key=lambda message: -((EPOCH - message.received) // every)):
        arrivals = []
        for received, same in groupby(group, key=lambda message: message.received):
            arrivals.append(_tick(site, received))
            arrivals += [Arrival(message.topic, message.payload) for message in same]
        take(arrivals)
    take([_tick(site, scenario.end + timedelta(seconds=1))])
    return states


def _tick(site: Site, time: datetime) -> Arrival:
    """Return the message that moves a replay's clock."""
    return Arrival(clock_topic(site.name), msgspec.json.encode({"time": iso(time)}))


def _judged(scenario: Scenario, journal: Journal, seed: int | None, states: int) -> Evaluation:
    alarms = [alarm for alarm in reversed(journal.alarms(limit=1_000_000)) if alarm.kind == "live"]
    windows = [_window(window, alarms, journal) for window in scenario.truth]
    wrong = [
        alarm
        for alarm in alarms
        if alarm.risk in DANGERS and DANGERS[alarm.risk].confirmed
        if GRAVITY[alarm.highest] >= GRAVITY["warning"]
        if not any(window.start <= alarm.raised <= window.end for window in scenario.truth)
    ]
    failures = []
    expect = scenario.expect
    for window in windows:
        name = f"{window.zone} from {window.start:%Y-%m-%d}"
        if expect.detected and window.detected is None:
            failures.append(f"{name}: not detected")
        latest = expect.latest_detection_h
        if latest is not None and window.delay_h is not None and window.delay_h > latest:
            failures.append(f"{name}: detected after {window.delay_h:.0f} h; at most {latest:.0f}")
    if len(wrong) > expect.false_alarms_max:
        failures.append(f"{len(wrong)} false alarms; at most {expect.false_alarms_max}")
    return Evaluation(
        scenario=scenario.name,
        seed=scenario.seed if seed is None else seed,
        states=states,
        windows=windows,
        alarms=alarms,
        false_alarms=wrong,
        failures=failures,
    )


def _window(window: TruthWindow, alarms: list[Alarm], journal: Journal) -> Window:
    """Return the first alarm that says what the window says."""
    found: tuple[datetime, int] | None = None
    for alarm in alarms:
        for change in journal.transitions(alarm.id):
            named = {evidence.instrument for evidence in change.alarm.evidence}
            if (
                change.kind in ("raised", "escalated")
                and alarm.zone == window.zone
                and GRAVITY[change.alarm.level] >= GRAVITY[window.level]
                and named & set(window.instruments)
                and window.start <= change.time <= window.end
            ):
                found = min(found or (change.time, alarm.id), (change.time, alarm.id))
    time = None if found is None else found[0]
    return Window(
        zone=window.zone,
        level=window.level,
        start=window.start,
        end=window.end,
        detected=time,
        alarm=None if found is None else found[1],
        lead_time_h=None if time is None else (window.end - time).total_seconds() / 3600,
        delay_h=None if time is None else (time - window.start).total_seconds() / 3600,
    )
