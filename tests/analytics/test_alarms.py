from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.alarms import Alarm, acknowledged, calmed, transitions
from analytics.assessment import Risk, RiskLevel
from analytics.levels import GRAVITY
from ingest.text import Text
from tests.analytics.states import T0, hours


def risk(level: RiskLevel, name: str = "pore_pressure") -> Risk:
    return Risk(
        name=name,
        title=Text("Pore pressure in the fill"),
        zone="tier_650",
        level=level,
        score=None,
        time=T0,
        model="test",
        version="1",
        reason=None,
        evidence=[],
    )


@dataclass
class Play:
    """Plays levels, six hours apart, with the bookkeeping of the service."""

    active: dict[str, Alarm] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    ended: list[Alarm] = field(default_factory=list)
    time: datetime = T0

    def step(self, level: RiskLevel) -> None:
        risks = [risk(level)]
        before = list(self.active.values())
        found = transitions(before, risks, site="abaza", time=self.time, off_delay_h=24)
        for alarm in calmed(before, risks, self.time):
            self.active[alarm.risk] = alarm
        for change in found:
            self.kinds.append(change.kind)
            if change.alarm.active:
                self.active[change.alarm.risk] = change.alarm
            else:
                self.ended.append(self.active.pop(change.alarm.risk) and change.alarm)
        self.time += hours(6)


def play(*levels: RiskLevel) -> Play:
    played = Play()
    for level in levels:
        played.step(level)
    return played


def test_an_alarm_is_raised_escalated_eased_and_returned() -> None:
    played = play("normal", "advisory", "alarm", *["warning"] * 5, *["normal"] * 5)
    assert played.kinds == ["raised", "escalated", "eased", "returned"]
    (ended,) = played.ended
    assert ended.highest == "alarm"
    assert ended.returned == T0 + hours(6 * 12)


def test_it_waits_for_the_off_delay_and_a_relapse_starts_it_anew() -> None:
    assert play("warning", "normal", "normal", "normal", "normal").kinds == ["raised"]
    relapse = play("warning", "normal", "normal", "warning", "normal", "normal", "normal")
    assert relapse.kinds == ["raised"], "no second alarm, no return"


def test_it_eases_to_the_gravest_level_of_the_off_delay() -> None:
    played = play("alarm", "normal", "warning", "normal", "normal", "normal")
    assert played.kinds == ["raised", "eased"]
    assert played.active["pore_pressure"].level == "warning"


def test_silence_is_not_calm() -> None:
    played = play("alarm", *["unknown"] * 20)
    assert played.kinds == ["raised"]
    assert play("unknown").kinds == []


def test_escalation_asks_for_a_new_acknowledgement() -> None:
    played = play("warning")
    alarm = acknowledged(played.active["pore_pressure"], "engineer", "seen", T0).alarm
    played.active["pore_pressure"] = alarm
    played.step("warning")
    assert played.active["pore_pressure"].acknowledged is not None
    played.step("alarm")
    assert played.active["pore_pressure"].acknowledged is None


@pytest.mark.parametrize(("level", "still"), [("advisory", False), ("warning", True)])
def test_a_returned_warning_stays_open_until_it_is_seen(level: RiskLevel, still: bool) -> None:
    (ended,) = play(level, *["normal"] * 5).ended
    assert ended.open is still
    assert not acknowledged(ended, "engineer", "", T0).alarm.open


@given(st.lists(st.sampled_from(list(GRAVITY)), max_size=60))
def test_the_alarm_is_never_calmer_than_its_risk(levels: list[RiskLevel]) -> None:
    played = Play()
    for level in levels:
        played.step(level)
        alarm = played.active.get("pore_pressure")
        if GRAVITY[level] >= GRAVITY["advisory"]:
            assert alarm is not None
            assert GRAVITY[alarm.level] >= GRAVITY[level]
            assert GRAVITY[alarm.highest] >= GRAVITY[alarm.level]
    assert played.kinds.count("raised") - len(played.ended) == len(played.active)
