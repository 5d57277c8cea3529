"""What a survey of a site may say, and when: outside of it no survey is stored."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from ingest.clock import Clock
from ingest.site import Site
from ingest.store import Store
from ingest.survey_files import SurveyRefused
from twin.current import Current
from twin.history import History
from twin.loads import read_loads
from twin.plan import Plan
from twin.reconciliation import MOST, UNCERTAINTY, VOLUME

#: A dump may be heaped above what the plan gives it: so many times the plan's capacity [1].
#: Design assumption.
HEAPED = 1.1

#: How long before the plan's start a base surface may have been made. Design assumption: an older
#: one is not the ground on which the fill began.
BASE_BEFORE = timedelta(days=366)


def check_time(site: Site, plan: Plan, clock: Clock, time: datetime, *, base: bool) -> None:
    """Refuse a moment at which there was no fill to survey, or that is still to come.

    Raises
    ------
    SurveyRefused
        Outside of the plan's start (of a base surface: a year before it) and now.
    """
    first = plan.start - BASE_BEFORE if base else plan.start
    now = clock.now()
    tolerance = timedelta(seconds=site.future_tolerance_s)
    if first <= time <= now + tolerance:
        return
    begin = f"{plan.start:%Y-%m-%d}, when the plan begins"
    legal = f"{first:%Y-%m-%d}, a year before the plan begins" if base else begin
    raise SurveyRefused(
        f"--date {time.isoformat()} is no time of a survey of this fill; legal: from {legal},"
        f" to {now.isoformat(timespec='seconds')}, now (up to {tolerance.total_seconds():g} s"
        " later for clocks that differ)"
    )


def check_volume(
    site: Site,
    plan: Plan,
    instrument: str,
    volume: float | None,
    uncertainty: float | None,
    *,
    stated: bool,
) -> None:
    """Refuse a volume or a standard uncertainty [thousand m3] that cannot be.

    Parameters
    ----------
    stated
        Whether a surveyor says so: it is 0 at least then. A difference of two surfaces of an
        empty crater may lie a little below.

    Raises
    ------
    SurveyRefused
        Outside of the instrument's valid range, or above what the crater can hold.
    """
    quantities = site.type_of(instrument).quantities
    if volume is not None:
        low, high = quantities[VOLUME].canonical_range
        low = max(low, 0.0) if stated else low
        capacity = plan.file.total_capacity_thousand_m3
        most = min(high, HEAPED * capacity)
        if not low <= volume <= most:  # so is NaN
            raise SurveyRefused(
                f"{volume:g} thousand m3 is no volume of this dump; legal: {low:g} to {most:g}"
                f" thousand m3 (the plan's capacity of {capacity:g} and a tenth; the valid range"
                f" of {instrument} ends at {high:g})"
            )
    if uncertainty is not None:
        high = quantities[UNCERTAINTY].canonical_range[1] if UNCERTAINTY in quantities else math.inf
        if not 0 < uncertainty <= high:
            raise SurveyRefused(
                f"an uncertainty of {uncertainty:g} thousand m3 is none; legal: above 0, up to"
                f" {high:g} thousand m3 (the valid range of {instrument})"
            )


def check_empty(
    site: Site,
    plan: Plan,
    store: Store,
    clock: Clock,
    time: datetime,
    *,
    surveyed: float | None,
    level: float,
) -> None:
    """Refuse a base surface without its volume unless nothing lay in the dump by then.

    Parameters
    ----------
    surveyed
        Volume of the survey before [thousand m3], None: there was none.
    level
        Standard uncertainty of a surface's volume [thousand m3]: what the plan alone places is
        told from nothing only above it.

    Raises
    ------
    SurveyRefused
        When something had been weighed or surveyed by then; or nothing was ever weighed, and by
        the plan something lay there.
    """
    now = clock.now()
    current = Current(site, store, at=time, known_at=now)
    loads = read_loads(current, History(site, store, at=time, known_at=now), plan)
    weighed = float(loads.volume.sum())
    planned = plan.planned_volume(time)
    if weighed > 0:
        said = f"{weighed:.1f} thousand m3 had been weighed by {time:%Y-%m-%d}"
    elif surveyed is not None and surveyed > 0:
        said = f"the survey before {time:%Y-%m-%d} says {surveyed:.1f} thousand m3"
    elif planned > level:
        said = (
            f"by {time:%Y-%m-%d} the plan places {planned:.1f} thousand m3, and no load was"
            " weighed that could tell what lies there"
        )
    else:
        return
    raise SurveyRefused(
        f"{said}: later surfaces are measured from this base, so say with --volume how much lies"
        " under it (--volume 0: nothing)"
    )


def untrusted_times(site: Site, store: Store, instrument: str, end: datetime) -> set[datetime]:
    """Return when, before `end`, surveys were made whose stored volume is flagged as untrusted."""
    untrusted = set(site.untrusted_flags)
    readings = store.readings(instrument, VOLUME, end=end, limit=MOST)
    return {each.time for each in readings if not untrusted.isdisjoint(each.flags)}
