"""What the fill that lies now has still to settle when a variant reaches the plan's volume."""

from __future__ import annotations

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.settlement.interval import CONFIDENCE
from twin.what_if.changes import midnight
from twin.what_if.start import Start


def settlement_left(start: Start, done: Figure | None) -> Figure:
    """Return the most that a point has left then, by its own forecast [mm].

    What a point settles under loads that are still to be placed is not in it: every method holds
    under the load that lies now. Not known beyond the time for which the methods hold.

    Parameters
    ----------
    done
        Date on which the plan's volume is reached; None: the site has no plan.
    """
    points, now = start.state.settlement, start.now
    if not points:
        return unknown("mm", Text("The site has no settlement points"), time=now)
    if done is None or not isinstance(done.value, str):
        reason = done.reason if done is not None and done.reason else None
        reason = reason or Text("It is not known when the fill will be complete")
        return unknown("mm", reason, time=now)
    # Of a volume that was reached long ago: what is left from now on.
    when = max(midnight(done.value), now)
    told = [(each, start.settling[each.point]) for each in points if each.point in start.settling]
    if not told:
        reason = points[0].ultimate.reason or Text("No point has a forecast")
        return unknown("mm", reason, time=now, source=points[0].point)
    found = [(left, point) for point, each in told if (left := each.left(when)) is not None]
    if not found:
        reason = Text(
            "The forecasts of the points hold until {until} at most, the plan's volume is reached"
            " on {date}",
            {
                "until": f"{max(each.until for _, each in told):%Y-%m-%d}",
                "date": f"{when:%Y-%m-%d}",
            },
        )
        return unknown("mm", reason, time=now)
    (value, low, high), point = max(found, key=lambda each: each[0][0])
    return Figure(
        value=value,
        unit="mm",
        time=now,
        source=point.ultimate.source,
        version=VERSION,
        low=low,
        high=high,
        confidence=CONFIDENCE,
        validity=Text(
            "On {date}, of {known} of {all} points whose forecast reaches so far, under the load"
            " that lies on them now: settlement under what is still to be placed is not in it",
            {"date": f"{when:%Y-%m-%d}", "known": len(found), "all": len(points)},
        ),
        quality="forecast",
    )
