"""Alarms as a pure state machine: raised, escalated, eased, returned to normal, acknowledged.

After ISA-18.2 / IEC 62682 and OPC UA Part 9: an alarm that grows graver asks to be acknowledged
again; one that grows calmer waits for an off-delay, so that it does not chatter.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from analytics.assessment import Evidence, Risk, RiskLevel
from analytics.levels import GRAVITY, calmer, gravest
from analytics.watch import PastExceedance
from ingest.figure import Figure
from ingest.site import Level, Site
from ingest.text import Text

AlarmKind = Literal["live", "past exceedance"]
TransitionKind = Literal["raised", "escalated", "eased", "returned", "acknowledged", "recorded"]


class Acknowledgement(msgspec.Struct, frozen=True):
    """Who has seen an alarm, and what they wrote."""

    time: datetime
    author: str
    note: str


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm, from being raised to being returned and acknowledged.

    Parameters
    ----------
    id
        Number in the journal; 0 before it is recorded.
    risk, zone
        The risk that it belongs to; of a past exceedance `zone` is the instrument's.
    level, highest
        Level now (of a returned alarm, the last one) and the gravest so far.
    raised, last_change, returned
        Times of the states at which it happened; of a past exceedance the times of the data.
    calmer_since, calmer_level
        From when on the risk has been calmer than the alarm, and the gravest level since then.
    """

    id: int = 0
    site: str
    risk: str
    title: Text
    zone: str
    level: Level
    highest: Level
    raised: datetime
    last_change: datetime
    returned: datetime | None = None
    acknowledged: Acknowledgement | None = None
    kind: AlarmKind = "live"
    evidence: list[Evidence] = []
    calmer_since: datetime | None = None
    calmer_level: RiskLevel | None = None

    @property
    def active(self) -> bool:
        """Whether the danger lasts."""
        return self.kind == "live" and self.returned is None

    @property
    def open(self) -> bool:
        """Whether somebody must still deal with it.

        A live alarm is open while it is active; one that was a warning or graver also until it has
        been acknowledged.
        """
        unseen = self.acknowledged is None and self.highest != "advisory"
        return self.kind == "live" and (self.returned is None or unseen)


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one alarm: what it is after the change."""

    kind: TransitionKind
    time: datetime
    alarm: Alarm


def transitions(
    active: Iterable[Alarm],
    risks: Iterable[Risk],
    *,
    site: str,
    time: datetime,
    off_delay_h: float,
) -> list[Transition]:
    """Return what the risks of one state change, in the order of the risks.

    Parameters
    ----------
    active
        The alarms that are active before this state.
    off_delay_h
        How long a risk must have been calmer before its alarm is lowered or returns [h].

    Notes
    -----
    A risk that is not known leaves its alarm as it is: silence is not calm. A risk that is not
    listed any more is treated in the same way.
    """
    by_risk = {(alarm.risk, alarm.zone): alarm for alarm in active}
    found = []
    for risk in risks:
        change = _transition(by_risk.get((risk.name, risk.zone)), risk, site, time, off_delay_h)
        if change is not None:
            found.append(change)
    return found


def calmed(active: Iterable[Alarm], risks: Iterable[Risk], time: datetime) -> list[Alarm]:
    """Return the active alarms whose off-delay this state begins, goes on with or breaks off."""
    by_risk = {(risk.name, risk.zone): risk for risk in risks}
    changed = []
    for alarm in active:
        risk = by_risk.get((alarm.risk, alarm.zone))
        if risk is None or risk.level == "unknown":
            continue
        after = _with_delay(alarm, risk, time)
        if after != alarm:
            changed.append(after)
    return changed


def past_exceedance(past: PastExceedance, site: Site, risk: str, title: Text) -> Transition:
    """Return the record of a limit that was crossed by readings that came too late."""
    figure = Figure(
        value=past.worst,
        unit=past.unit,
        time=past.start,
        source=past.instrument,
        quality="measured",
    )
    statement = Text(
        "{count} late readings were beyond the limit, from {start} to {end}",
        {
            "count": past.count,
            "start": f"{past.start:%Y-%m-%d %H:%M} UTC",
            "end": f"{past.end:%Y-%m-%d %H:%M} UTC",
        },
    )
    alarm = Alarm(
        site=site.name,
        risk=risk,
        title=title,
        zone=site.instruments[past.instrument].zone,
        level=past.level,
        highest=past.level,
        raised=past.start,
        last_change=past.end,
        returned=past.end,
        kind="past exceedance",
        evidence=[
            Evidence(
                instrument=past.instrument,
                indicator=past.quantity,
                value=figure,
                limit=past.limit,
                statement=statement,
            )
        ],
    )
    return Transition(kind="recorded", time=past.end, alarm=alarm)


def acknowledged(alarm: Alarm, author: str, note: str, time: datetime) -> Transition:
    """Return the acknowledgement of an alarm."""
    seen = msgspec.structs.replace(alarm, acknowledged=Acknowledgement(time, author, note))
    return Transition(kind="acknowledged", time=time, alarm=seen)


def _transition(
    alarm: Alarm | None, risk: Risk, site: str, time: datetime, off_delay_h: float
) -> Transition | None:
    if risk.level == "unknown":
        return None
    if alarm is None:
        if risk.level == "normal":
            return None
        new = Alarm(
            site=site,
            risk=risk.name,
            title=risk.title,
            zone=risk.zone,
            level=risk.level,
            highest=risk.level,
            raised=time,
            last_change=time,
            evidence=risk.evidence,
        )
        return Transition(kind="raised", time=time, alarm=new)
    if risk.level != "normal" and GRAVITY[risk.level] > GRAVITY[alarm.level]:
        graver = msgspec.structs.replace(
            alarm,
            level=risk.level,
            highest=risk.level if GRAVITY[risk.level] > GRAVITY[alarm.highest] else alarm.highest,
            last_change=time,
            acknowledged=None,
            evidence=risk.evidence,
            calmer_since=None,
            calmer_level=None,
        )
        return Transition(kind="escalated", time=time, alarm=graver)
    waiting = _with_delay(alarm, risk, time)
    if waiting.calmer_since is None or waiting.calmer_level is None:
        return None
    if time - waiting.calmer_since < timedelta(hours=off_delay_h):
        return None
    settled = msgspec.structs.replace(
        waiting, last_change=time, calmer_since=None, calmer_level=None
    )
    if waiting.calmer_level in ("normal", "unknown"):
        back = msgspec.structs.replace(settled, returned=time)
        return Transition(kind="returned", time=time, alarm=back)
    eased = msgspec.structs.replace(settled, level=waiting.calmer_level, evidence=risk.evidence)
    return Transition(kind="eased", time=time, alarm=eased)


def _with_delay(alarm: Alarm, risk: Risk, time: datetime) -> Alarm:
    """Return the alarm with its off-delay after one more state."""
    if GRAVITY[risk.level] >= GRAVITY[alarm.level]:
        return msgspec.structs.replace(alarm, calmer_since=None, calmer_level=None)
    if alarm.calmer_since is None:
        return msgspec.structs.replace(alarm, calmer_since=time, calmer_level=risk.level)
    level = gravest([alarm.calmer_level or "normal", risk.level])
    return msgspec.structs.replace(alarm, calmer_level=calmer(level, alarm.level))
