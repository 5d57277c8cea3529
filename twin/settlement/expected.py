"""The settlement that the plan's loads should bring: a band to hold the measured one against."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from ingest.figure import Figure
from ingest.site import Site, Zone
from ingest.text import Text
from twin import VERSION
from twin.buckets import Array
from twin.history import DAY, History
from twin.plan import Plan
from twin.settlement.configuration import Expected, load_rules

GRAVITY = 9.81

#: Time between two steps of the planned load [d].
STEP_D = 30

#: Time from which the logarithm of creep counts [d] (design assumption).
CREEP_START_D = 1.0


def expected_settlement(history: History, site: Site, plan: Plan | None) -> Figure | None:
    """Return the settlement that the plan expects at the midnight of a history [mm].

    None when the site does not ask for it, or has no plan.
    """
    rules = load_rules(site)
    if plan is None or rules is None or rules.expected is None:
        return None
    asked = rules.expected

    def compute() -> Figure:
        low, middle, high = expected_band(
            site, plan, asked, [history.midnight], known_at=history.known_at
        )[:, 0]
        return Figure(
            value=round(float(middle), 1),
            unit="mm",
            time=history.midnight,
            source=plan.calendar_at(history.midnight, history.known_at).source,
            version=VERSION,
            low=round(float(low), 1),
            high=round(float(high), 1),
            validity=VALIDITY,
            quality="planned",
        )

    return history.keep("expected settlement", compute)


VALIDITY = Text(
    "By the loads of the calendar plan, spread evenly over the tier; thickness, stiffness and "
    "creep of the fill below the points are a design assumption"
)


def expected_band(
    site: Site,
    plan: Plan,
    asked: Expected,
    times: list[datetime],
    *,
    known_at: datetime | None = None,
) -> Array:
    """Return the low, middle and high settlement that the plan expects (3 x times) [mm].

    Each step of the load compresses the fill, `H * stress / M`, and then creeps on,
    `H * c * stress / reference * log10(1 + t)`; steps add up. The low end is thin, stiff fill that
    creeps little, the high end the opposite, the middle the means.
    """
    last = max(times)
    steps = max(int((last - plan.start) / DAY) // STEP_D + 1, 1)
    edges = [plan.start + index * timedelta(days=STEP_D) for index in range(steps + 1)]
    edges[-1] = max(last, edges[-2])
    width = np.array([max((end - edge) / DAY, 1e-9) for edge, end in pairwise(edges)])
    stress = planned_stress(site, plan, asked.tier, edges, known_at=known_at)
    added = np.diff(stress)
    since = np.array(
        [[max((time - edge) / DAY, 0.0) for edge in edges[:-1]] for time in times]
    )  # times x steps
    # A step is placed evenly over its days: at a time within it only a part is there.
    placed = np.clip(since / width, 0.0, 1.0) * added
    decades = np.log10(1 + np.maximum(since - width / 2, 0.0) / CREEP_START_D)
    acting, creeping = placed.sum(axis=1), (placed * decades).sum(axis=1)

    def settled(thickness: float, modulus: float, creep: float) -> Array:
        return np.asarray(
            1000 * thickness * (acting / modulus + creep * creeping / asked.reference_kPa)
        )

    thickness, modulus, creep = asked.thickness_m, asked.modulus_kPa, asked.creep_per_decade
    return np.stack(
        [
            settled(thickness[0], modulus[1], creep[0]),
            settled(sum(thickness) / 2, sum(modulus) / 2, sum(creep) / 2),
            settled(thickness[1], modulus[0], creep[1]),
        ]
    )


def planned_stress(
    site: Site,
    plan: Plan,
    tier: str,
    times: list[datetime],
    *,
    known_at: datetime | None = None,
) -> Array:
    """Return the stress of the planned volume of a tier, spread over its area [kPa].

    Parameters
    ----------
    known_at
        Revisions that began to hold later are not known; None: all that hold at the last time.
    """
    area = outline_area(site.zones[tier])
    moment = max(times) if known_at is None else min(max(times), known_at)
    calendar = plan.calendar_at(moment)
    volume = np.array([calendar.by_tier(time).get(tier, 0.0) for time in times])
    streams = plan.streams_at(moment).by_name.values()
    mass = sum(each.mass_per_year for each in streams)
    density = mass / sum(each.volume_per_year for each in streams)  # t/m3
    return np.asarray(volume * 1000 * density * GRAVITY / area)


def outline_area(zone: Zone) -> float:
    """Return the area inside a zone's outline [m2] (shoelace formula)."""
    x, y = np.array(zone.outline).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
