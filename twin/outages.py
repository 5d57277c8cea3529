"""Days on which a weighbridge was silent: what was placed then is not known, and not nothing.

Assumed: people haul every day but the site's days of rest (`weighing.rest_days` in plan.yaml) and
days for which nothing is planned. A weighbridge that has spoken before and weighs nothing on more
working days in a row than it may be silent (`stale_after_s` of its type) was out of order; what
came on those days was not weighed. It was at most what came on busy days about them. Loads that
are reported late fill their days, and a survey bounds what lies there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ingest.figure import Figure
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.history import DAY
from twin.state import OutageState, SurveyState

if TYPE_CHECKING:
    from twin.loads import Loads

#: A busy day: the share of the days about an outage that bring no more, and how far about [d]
#: (design assumption).
BUSY, ABOUT_D = 0.9, 45


@dataclass(frozen=True)
class Outage:
    """A weighbridge that was silent.

    Parameters
    ----------
    instrument
        Its name.
    first, days
        First silent day, counted from the plan's start, and how many in a row.
    """

    instrument: str
    first: int
    days: int


def silent_runs(
    brought: Array, working: NDArray[np.bool_], limit_d: float
) -> list[tuple[int, int]]:
    """Return first day and number of days of every silence that is too long.

    Parameters
    ----------
    brought
        What a weighbridge weighed on each day (days).
    working
        Whether people haul on the day (days).
    limit_d
        Working days in a row without a load that may be [d].
    """
    loaded = np.append(np.flatnonzero(brought > 0), len(brought))
    gaps = np.flatnonzero(np.diff(loaded) - 1 > limit_d)
    found = [(int(loaded[gap]) + 1, int(loaded[gap + 1] - loaded[gap]) - 1) for gap in gaps]
    return [(first, days) for first, days in found if working[first : first + days].sum() > limit_d]


def busy_day(brought: Array, first: int, days: int) -> float:
    """Return what a busy day about an outage brought, 0 when there was none."""
    about = brought[max(first - ABOUT_D, 0) : first + days + ABOUT_D]
    loaded = about[about > 0]
    return float(np.quantile(loaded, BUSY)) if len(loaded) else 0.0


@lru_cache(maxsize=4)
def rest(start: datetime, days: int, rest_days: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return whether days from a start on (days) are days of rest ("01-01")."""
    resting = set(rest_days)
    return np.array([f"{start + index * DAY:%m-%d}" in resting for index in range(days)], bool)


def bounded(loads: Loads, surveys: list[SurveyState]) -> Loads:
    """Return loads whose hidden volume is no more than the newest survey leaves room for.

    Parameters
    ----------
    surveys
        The newest first.
    """
    if not loads.hidden.any():
        return loads
    for survey in surveys:
        room = survey.difference.high
        if not isinstance(room, float):
            continue
        before = np.arange(len(loads.hidden)) < (survey.time - loads.start) // DAY
        held = float(loads.hidden[before].sum())
        share = min(max(room, 0.0) / held, 1.0) if held > 0 else 1.0
        return replace(loads, hidden=np.where(before, loads.hidden * share, loads.hidden))
    return loads


def said(loads: Loads) -> dict[str, str | int | float]:
    """Return what sentences say of the outages: instruments, days, and what they may hide."""
    return {
        "instruments": ", ".join(dict.fromkeys(each.instrument for each in loads.outages)),
        "days": int(loads.silent.sum()),
        "most": loads.unweighed,
    }


def at_least(figure: Figure, high: float | str | None, loads: Loads) -> Figure:
    """Return a figure of what was placed as a lower bound, when loads may not have been weighed.

    Parameters
    ----------
    high
        Its value with all that may have been placed; None: not told.
    """
    if high is None or loads.unweighed <= 0 or high == figure.value:
        return figure
    figure.low, figure.high = figure.value, high
    figure.validity = Text(
        "At least: {instruments} weighed nothing on {days} days and was out of order. By busy days "
        "about them up to {most:.1f} thousand m3 more, until late loads or a survey tell",
        said(loads),
    )
    return figure


def outage_states(loads: Loads) -> list[OutageState]:
    """Return every outage with what it may hide, oldest first."""
    found = []
    for each in sorted(loads.outages, key=lambda outage: outage.first):
        end = each.first + each.days
        hidden = float(loads.hidden[each.first : end].sum())
        found.append(
            OutageState(
                instrument=each.instrument,
                since=loads.start + each.first * DAY,
                until=loads.start + end * DAY,
                hidden=Figure(
                    value=hidden,
                    unit="thousand m3",
                    time=loads.end,
                    source=each.instrument,
                    version=VERSION,
                    low=0.0,
                    high=hidden,
                    validity=Text(
                        "At most: as much as on busy days about the outage, no more than the "
                        "newest survey leaves room for"
                    ),
                    quality="assumed",
                ),
            )
        )
    return found
