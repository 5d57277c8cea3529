"""When each tier may be graded.

Reclamation project 073/20-TX, volume 3 book 1, section 3.2: 1-1.5 years after the last load, when
settlement has ended. The last load is the tier's own; when settlement counts as ended is the
site's criterion (`grading` in plan.yaml), which the whole interval of a rate must keep.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.fleet.inputs import Fleets
from twin.grading import SOURCE, GradingFile, works
from twin.last_load import last_load
from twin.plan import Grading, Plan
from twin.settlement.interval import CONFIDENCE
from twin.state import FillState, GradingState, GradingZone, SettlementState


def grading_state(
    said: GradingFile | None,
    fleets: Fleets | None,
    plan: Plan | None,
    fill: FillState | None,
    settlement: list[SettlementState],
    at: datetime,
) -> GradingState | None:
    """Return when each tier may be graded and what it takes; None for a site without a plan."""
    if plan is None or fill is None:
        return None
    found, notes = works(said, plan, fleets, at) if said is not None else ({}, [])
    zones = [_zone(tier, plan, fill, settlement, at) for tier in plan.tiers]
    deadline = plan.file.deadline
    earliest = min(
        (str(each.date.value) for each in zones if each.verdict == "not_before"), default=None
    )
    if earliest is not None and date.fromisoformat(earliest) > deadline.date:
        notes.append(
            Text(
                "Grading cannot begin before {date}: after the deadline {deadline} for all "
                "technical reclamation",
                {"date": earliest, "deadline": deadline.date.isoformat()},
            )
        )
    limit = Figure(
        value=plan.file.grading.rate,
        unit="mm/d",
        time=at,
        source=plan.file.grading.source,
        quality="planned",
    )
    return GradingState(zones=zones, limit=limit, works=found, notes=notes)


def _zone(
    tier: str, plan: Plan, fill: FillState, settlement: list[SettlementState], at: datetime
) -> GradingZone:
    criterion = plan.file.grading
    points = [each for each in settlement if each.zone == tier]
    rates = [each.rate for each in points if isinstance(each.rate.value, int | float)]
    slow = sum(_most(rate) <= criterion.rate for rate in rates)
    fastest = max(
        rates,
        key=lambda figure: float(figure.value or 0),
        default=unknown("mm/d", _no_rate(points), time=at),
    )

    def zone(verdict: str, figure: Figure, reason: Text | None) -> GradingZone:
        return GradingZone(
            zone=tier,
            verdict=verdict,  # type: ignore[arg-type]
            date=figure,
            fastest=fastest,
            points=len(points),
            slow=slow,
            reason=reason,
        )

    last = last_load(fill, tier)
    if not isinstance(last.value, str):
        reason = last.reason or Text("It is not known when the last load is placed here")
        return zone("unknown", unknown("date", reason, time=at, source=SOURCE), reason)
    waited = _after(last.value, criterion.wait_years[0])
    judged = _judged(points, rates, slow, criterion)
    if judged is None and waited <= at.date():
        return zone("ready", _figure(waited, plan, at), None)
    foretold = _foretold(points)
    if waited <= at.date() and foretold is None:
        # The wait is over, settlement is not, and nobody can say when it will be.
        return zone("unknown", unknown("date", judged or _no_rate(points), time=at), judged)
    found = _not_before(last, foretold, judged, plan, at)
    found.confidence = _confidence(last, points)
    return zone("not_before", found, judged)


def _most(rate: Figure) -> float:
    """Return the rate that a point may have at most [mm/d]."""
    value = rate.value if rate.high is None else rate.high
    return float(value or 0)


def _judged(
    points: list[SettlementState], rates: list[Figure], slow: int, criterion: Grading
) -> Text | None:
    """Return why settlement cannot be said to have ended, None when it has."""
    if not points:
        return Text("No settlement point in this zone: nobody measures whether it has ended")
    if len(rates) < len(points):
        return Text(
            "The rate of {unknown} of {all} settlement points is not known",
            {"unknown": len(points) - len(rates), "all": len(points)},
        )
    limit = criterion.rate_mm_per_month
    fast = sum(float(rate.value or 0) > criterion.rate for rate in rates)
    if fast:
        return Text(
            "{fast} of {all} settlement points settle faster than {limit} mm a month",
            {"fast": fast, "all": len(points), "limit": limit},
        )
    if slow < len(points):
        return Text(
            "{count} of {all} settlement points may settle faster than {limit} mm a month: the "
            "interval of the rate reaches beyond it",
            {"count": len(points) - slow, "all": len(points), "limit": limit},
        )
    return None


def _no_rate(points: list[SettlementState]) -> Text:
    if not points:
        return Text("No settlement point in this zone: nobody measures whether it has ended")
    return points[0].rate.reason or Text("No reading yet")


def _confidence(last: Figure, points: list[SettlementState]) -> float:
    """Return the confidence that all of what a date rests on has at least [1]."""
    figures = [last, *(each.grading for each in points)]
    return min(each.confidence or CONFIDENCE for each in figures)


def _foretold(points: list[SettlementState]) -> tuple[date, date, date | None] | None:
    """Return value, low and high of the day from which every point is foretold to be graded.

    None when one of them foretells none; high is None when one of them knows no latest day.
    """
    figures = [each.grading for each in points]
    if not figures or not all(isinstance(each.value, str) for each in figures):
        return None
    highs = [each.high for each in figures]
    return (
        max(_date(each.value) for each in figures),
        max(_date(each.low or each.value) for each in figures),
        None if None in highs else max(_date(high) for high in highs),
    )


def _not_before(
    last: Figure,
    foretold: tuple[date, date, date | None] | None,
    judged: Text | None,
    plan: Plan,
    at: datetime,
) -> Figure:
    """Return the first day of grading, its interval by the last load and by the rates."""
    shortest, longest = plan.file.grading.wait_years
    day = _after(str(last.value), shortest)
    low = _after(str(last.low or last.value), shortest)
    high: date | None = None
    if last.high is not None or last.low is None:
        high = _after(str(last.high or last.value), longest)
    if foretold is not None:
        day, low = max(day, foretold[0]), max(low, foretold[1])
        high = max(high, foretold[2]) if high and foretold[2] else None
    elif judged is not None:
        # Nobody knows until when the points settle too fast.
        high = None
    if judged is not None:
        day, low = max(day, at.date()), max(low, at.date())
    figure = _figure(day, plan, at)
    figure.quality = "forecast"
    figure.low = low.isoformat()
    if high is not None:
        figure.high = max(high, day).isoformat()
    else:
        figure.validity = Text(
            "{shortest} to {longest} years after the last load of the tier, and settlement below "
            "{rate} mm a month; no latest date is known",
            _criterion(plan),
        )
    return figure


def _figure(day: date, plan: Plan, at: datetime) -> Figure:
    return Figure(
        value=day.isoformat(),
        unit="date",
        time=at,
        source=SOURCE,
        version=VERSION,
        validity=Text(
            "{shortest} to {longest} years after the last load of the tier, and settlement below "
            "{rate} mm a month",
            _criterion(plan),
        ),
        quality="derived",
    )


def _criterion(plan: Plan) -> dict[str, str | int | float]:
    criterion = plan.file.grading
    shortest, longest = criterion.wait_years
    return {"shortest": shortest, "longest": longest, "rate": criterion.rate_mm_per_month}


def _date(given: float | str | None) -> date:
    return date.fromisoformat(str(given))


def _after(day: str, years: float) -> date:
    return date.fromisoformat(day[:10]) + timedelta(days=365.25 * years)
