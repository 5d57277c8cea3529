"""Surveys of the fill beside the weighbridge: difference, density in place, compaction.

A survey knows volume and nothing of mass, a weighbridge mass and nothing of volume; the factors of
the plan (bulk density, residual bulking, compaction) stand between them. What the two say of the
same moment is held against each other, with the uncertainty of both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.current import Current
from twin.history import DAY
from twin.loads import Loads
from twin.plan import Plan, SurveyRules
from twin.state import SurveyState

VOLUME, UNCERTAINTY = "surveyed_volume", "surveyed_uncertainty"

#: The normal distribution's quantile of an interval of 95 %.
COVERAGE, WIDTH = 0.95, 1.96

#: Surveys that a state carries, the newest.
KEPT = 24

#: Surveys that are read: one a day for a quarter of a century.
MOST = 10_000

#: Time in which the newest surveys are looked for first [d]: `KEPT` of them, one a month.
RECENT = 26 * 31


def reconciled(current: Current, loads: Loads, plan: Plan) -> tuple[list[SurveyState], Text | None]:
    """Return the surveys known at a state's moment, newest first, or why there are none."""
    instruments = current.site.with_quantity(VOLUME)
    if not instruments:
        return [], Text("The site has no instrument that measures a surveyed volume")
    rules = plan.file.surveys
    if rules is None:
        return [], Text("plan.yaml says nothing of surveys")
    weighed = _Weighed(loads)
    states: list[SurveyState] = []
    for instrument in instruments:
        # One more than is told: it is compared with the one before.
        found = _newest(current, instrument.name, KEPT + 1)
        for place, survey in enumerate(found[-KEPT:], start=max(len(found) - KEPT, 0)):
            if survey.time >= loads.start:
                before = found[place - 1] if place else None
                states.append(_state(instrument.name, survey, before, weighed, rules))
    states.sort(key=lambda state: (state.time, state.instrument), reverse=True)
    return states[:KEPT], None if states else Text("No survey yet")


@dataclass(frozen=True)
class _Survey:
    """One survey: volume and standard uncertainty [thousand m3]."""

    time: datetime
    volume: float
    uncertainty: float | None

    @property
    def half(self) -> float | None:
        """Half the interval of 95 % [thousand m3]."""
        return None if self.uncertainty is None else WIDTH * self.uncertainty


class _Weighed:
    """What had been brought up to a moment, summed up once for all surveys."""

    def __init__(self, loads: Loads) -> None:
        self._start = loads.start
        self._volume, self._mass, self._loose = (
            np.concatenate(([0.0], np.cumsum(each.sum(axis=1))))
            for each in (loads.volume, loads.mass, loads.loose)
        )
        self._days = np.arange(len(self._mass), dtype=float)
        # The last day ends at the state's moment.
        self._days[-1] = max(
            (loads.end - loads.start) / DAY, self._days[-2] if len(self._days) > 1 else 0.0
        )

    def volume(self, time: datetime) -> float:
        """Return the volume in the dump [thousand m3]."""
        return self._at(time, self._volume)

    def mass(self, time: datetime) -> float:
        """Return the mass [t]."""
        return self._at(time, self._mass)

    def loose(self, time: datetime) -> float:
        """Return the loose volume [thousand m3]."""
        return self._at(time, self._loose)

    def _at(self, time: datetime, sums: Array) -> float:
        return float(np.interp((time - self._start) / DAY, self._days, sums))


def _newest(current: Current, instrument: str, count: int) -> list[_Survey]:
    """Return the last trusted surveys of an instrument, at most `count`, by time."""
    found = _surveys(current, instrument, current.end - RECENT * DAY)
    if len(found) < count:
        found = _surveys(current, instrument, None)
    return found[-count:]


def _surveys(current: Current, instrument: str, start: datetime | None) -> list[_Survey]:
    """Return the trusted surveys of an instrument from a moment on, by time."""
    found: dict[str, dict[datetime, float]] = {VOLUME: {}, UNCERTAINTY: {}}
    for quantity, values in found.items():
        if quantity not in current.site.type_of(instrument).quantities:
            continue
        # Plain readings: a frame would cost more than all the rest of this file.
        readings = current.store.readings(
            instrument,
            quantity,
            start=start,
            end=current.end,
            known_at=current.known_at,
            limit=MOST,
        )
        untrusted = set(current.site.untrusted_flags)
        values.update(
            (each.time, each.value) for each in readings if untrusted.isdisjoint(each.flags)
        )
    return [
        _Survey(time, volume, found[UNCERTAINTY].get(time))
        for time, volume in sorted(found[VOLUME].items())
    ]


def _state(
    instrument: str,
    survey: _Survey,
    before: _Survey | None,
    brought_up: _Weighed,
    rules: SurveyRules,
) -> SurveyState:
    weighed, mass, loose = (
        brought_up.volume(survey.time),
        brought_up.mass(survey.time),
        brought_up.loose(survey.time),
    )
    both = f"{instrument}, weighbridge"
    half, weighing = survey.half, WIDTH * rules.weighing_uncertainty
    apart = survey.volume - weighed
    margin = None if half is None else math.hypot(half, weighing * weighed)
    share = unknown(
        "1", Text("Nothing was weighed up to this survey"), time=survey.time, source=both
    )
    if weighed > 0:
        share = _figure(
            apart / weighed, "1", None if margin is None else margin / weighed, survey, both
        )
    exceeds = (
        weighed > 0 and abs(apart) > rules.difference_share * weighed and abs(apart) > (margin or 0)
    )
    measured = _figure(survey.volume, "thousand m3", half, survey, instrument)
    measured.quality = "measured"
    too_small = Text("The surveyed volume is not larger than its uncertainty")
    since = Text("There is no survey before this one")
    brought = added = 0.0
    added_half = None
    if before is not None:
        since = Text("The two surveys differ by no more than their uncertainty")
        added = survey.volume - before.volume
        brought = mass - brought_up.mass(before.time)
        if half is not None and before.half is not None:
            added_half = math.hypot(half, before.half)
    return SurveyState(
        instrument=instrument,
        time=survey.time,
        volume=measured,
        weighed=_figure(weighed, "thousand m3", weighing * weighed, survey, "weighbridge"),
        difference=_figure(apart, "thousand m3", margin, survey, both),
        share=share,
        density=_ratio(mass / 1000, survey.volume, half, "t/m3", weighing, survey, both, too_small),
        density_since=_ratio(
            brought / 1000, added, added_half, "t/m3", weighing, survey, both, since
        ),
        compaction=_ratio(loose, survey.volume, half, "1", weighing, survey, both, too_small),
        exceeds=exceeds,
        finding=_finding(apart, weighed, margin, exceeds, rules),
    )


def _figure(value: float, unit: str, half: float | None, survey: _Survey, source: str) -> Figure:
    """Return a number with its interval, half of whose width is known or not."""
    return Figure(
        value=value,
        unit=unit,
        time=survey.time,
        source=source,
        version=VERSION,
        low=None if half is None else value - half,
        high=None if half is None else value + half,
        confidence=None if half is None else COVERAGE,
    )


def _ratio(
    above: float,
    below: float,
    half: float | None,
    unit: str,
    weighing: float,
    survey: _Survey,
    source: str,
    refusal: Text,
) -> Figure:
    """Return what was weighed over what was surveyed, refused when the survey cannot tell it.

    Relative uncertainties of the two add up as squares.
    """
    if below <= (half or 0.0) or above <= 0:
        return unknown(unit, refusal, time=survey.time, source=source)
    ratio = above / below
    relative = None if half is None else math.hypot(half / below, weighing)
    return _figure(ratio, unit, None if relative is None else ratio * relative, survey, source)


def _finding(
    apart: float, weighed: float, margin: float | None, exceeds: bool, rules: SurveyRules
) -> Text:
    if weighed <= 0:
        return Text("Nothing was weighed up to this survey")
    numbers: dict[str, str | int | float] = {
        "share": abs(apart) / weighed,
        "limit": rules.difference_share,
    }
    if exceeds and apart < 0:
        return Text(
            "{share:.1%} less than the weighbridge gives, limit {limit:.0%}: denser than planned,"
            " loads tipped elsewhere, or a wrong factor",
            numbers,
        )
    if exceeds:
        return Text(
            "{share:.1%} more than the weighbridge gives, limit {limit:.0%}: looser than planned,"
            " loads not weighed, or a wrong factor",
            numbers,
        )
    if margin is not None and abs(apart) <= margin:
        return Text("Agrees with the weighbridge within the uncertainty of both")
    return Text(
        "Differs from the weighbridge by {share:.1%}, within the limit of {limit:.0%}", numbers
    )
