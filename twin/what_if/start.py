"""What a run begins from: the state of the ground, and what the twin knows besides of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import numpy as np

from ingest.site import Site
from ingest.store import Store
from ingest.text import Text
from twin.buckets import Array
from twin.completion import (
    FARTHEST_YEARS,
    NEEDED_MONTHS,
    MonthsAhead,
    PastMonths,
    months_ahead,
    months_as_planned,
    past_months,
)
from twin.current import Current
from twin.fleet.inputs import Fleet, Fleets, site_fleet
from twin.history import DAY, History
from twin.hydrology.gamma_response import Stresses
from twin.hydrology.groundwater import GRAVITY, calibrated, stresses_of, window
from twin.hydrology.weather_days import WeatherDays, weather_days
from twin.loads import read_loads
from twin.plan import Calendar, Plan
from twin.service import compute_state
from twin.settlement import Forecast
from twin.settlement.points import forecast_of
from twin.slopes.configuration import SlopesPlan, load_slopes
from twin.state import TwinState
from twin.water_file import WaterFile, water_of
from twin.what_if.carried import Carried, carried
from twin.what_if.configuration import WhatIfFile, load_what_if
from twin.what_if.inputs import MOST_HEIGHT, Input, Known, inputs_of
from twin.what_if.observed import NEEDED_D, Observed, highest_heads, seasons


@dataclass(frozen=True)
class Weather:
    """Rain with melt and potential evaporation of the last whole days (days,) [mm]."""

    start: datetime
    water: Array
    evaporation: Array


@dataclass(frozen=True)
class Rise:
    """What the rain and melt of the past hold of a head: now, and on the wettest day of a year [m].

    Evaporation is not taken off: it does not grow with the rain.
    """

    now: float
    most: float


@dataclass(frozen=True, eq=False)
class Start:
    """A state, and what running forward from it needs; it can be sent to another process.

    Parameters
    ----------
    past
        None: no plan.
    rises
        By piezometer, or why it is not known.
    settling
        Forecasts of the settlement points that have one.
    observed
        Beyond which a run says less.
    carried
        Concentrations of what leaves, by station and quantity, or why one is not known.
    """

    site: Site
    plan: Plan | None
    fleets: Fleets | None
    slopes: SlopesPlan | None
    water: WaterFile | None
    said: WhatIfFile | None
    state: TwinState
    past: PastMonths | None
    rises: dict[str, Rise | Text]
    settling: dict[str, Forecast]
    observed: Observed
    carried: list[tuple[str, str, Carried | Text]]
    weather: Weather | Text
    inputs: dict[str, Input] = field(repr=False)

    @property
    def now(self) -> datetime:
        """The moment of the state."""
        return self.state.time

    @property
    def measured(self) -> bool:
        """Whether enough months are over to go on as they did; if not, the plan's rates hold."""
        return self.past is not None and self.past.count >= NEEDED_MONTHS

    @property
    def calendar(self) -> Calendar:
        """The calendar plan in force."""
        assert self.plan is not None
        return self.plan.calendar_at(self.now, self.state.known_at)

    @property
    def fleet(self) -> Fleet | None:
        """The fleet in force."""
        return None if self.fleets is None else self.fleets.at(self.now)


@lru_cache(maxsize=4)
def ahead_of(start: Start) -> MonthsAhead | None:
    """Return the months ahead without changes; None for a site without a plan.

    While too few months are over they keep to the plan's rates, as one path.
    """
    if start.past is None:
        return None
    measured = months_ahead(start.past, start.calendar, start.now)
    return measured or months_as_planned(start.calendar, start.now)


@lru_cache(maxsize=4)
def ratios_of(start: Start) -> Array:
    """Return the ratios of the months ahead, month by month (months x paths) [1]."""
    ahead = ahead_of(start)
    assert ahead is not None
    found = np.ascontiguousarray(ahead.ratios.T)
    found.setflags(write=False)
    return found


def gather(
    site: Site, plan: Plan | None, store: Store, *, at: datetime, known_at: datetime
) -> Start:
    """Return what a run needs from `at` on, of readings received up to `known_at`."""
    history = History(site, store, at=at, known_at=known_at)
    state = compute_state(site, plan, store, at=at, known_at=known_at, history=history)
    water, fleets, said = water_of(site, plan), site_fleet(site), load_what_if(site, plan)
    past = None
    if plan is not None:
        loads = read_loads(Current(site, store, at=at, known_at=known_at), history, plan)
        past = past_months(loads, plan.calendar_at(at, known_at))
    slopes = load_slopes(site)
    weather = _weather(history, water)
    return Start(
        site=site,
        plan=plan,
        fleets=fleets,
        slopes=slopes,
        water=water,
        said=said,
        state=state,
        past=past,
        rises=_rises(site, history, slopes, water),
        settling={
            each.point: forecast_of(history, plan, each.point)
            for each in state.settlement
            if each.model
        },
        observed=_observed(history, slopes, weather),
        carried=carried(history, water, state),
        weather=weather,
        inputs=inputs_of(_known(site, plan, fleets, said, at)),
    )


def _known(
    site: Site,
    plan: Plan | None,
    fleets: Fleets | None,
    said: WhatIfFile | None,
    at: datetime,
) -> Known:
    masses: Mapping[str, float] = {}
    if plan is not None:
        masses = {name: each.mass_per_year for name, each in plan.streams_at(at).by_name.items()}
    machines, working = [], {}
    if fleets is not None and plan is not None:
        fleet = fleets.at(at)
        for key, machine in (
            ("loaders", fleet.loader),
            *((f"trucks.{truck.name}", truck) for truck in fleet.trucks),
            ("bulldozers", fleet.bulldozer),
        ):
            machines.append((key, machine.count, tuple(machine.title.items())))
        working = {
            "distance_km": fleet.hauling.distance_km,
            "shift_h": fleet.working.shift_h,
            "shifts_per_day": fleet.working.shifts_per_day,
            "working_days": fleet.working.days_per_year,
            "readiness": fleet.hauling.readiness,
        }
    first = min(plan.start, at) if plan is not None else at
    return Known(
        plan=plan,
        masses=masses,
        machines=tuple(machines),
        working=working,
        drains_lower_m=said.drains.lowered_m if said and said.drains else None,
        tier_titles={
            name: tuple((str(key), text) for key, text in site.zones[name].title.items())
            for name in (plan.tiers if plan else ())
        },
        tallest_m=fleets.edge.tallest_tier_m if fleets and fleets.edge else MOST_HEIGHT,
        first_day=first.date(),
        last_day=at.date().replace(year=at.year + FARTHEST_YEARS - 1, day=1),
    )


def _piezometers(slopes: SlopesPlan | None) -> list[str]:
    """Return the piezometers of all sections."""
    names = [
        name
        for section in (slopes.sections.values() if slopes else ())
        for name in section.water.piezometers
    ]
    return list(dict.fromkeys(names))


def _observed(history: History, slopes: SlopesPlan | None, weather: Weather | Text) -> Observed:
    if isinstance(weather, Text):
        days = history.days_since_first(NEEDED_D)
        return Observed(weather, highest_heads(history, _piezometers(slopes), days), days)
    days = len(weather.water)
    highest = highest_heads(history, _piezometers(slopes), days)
    return Observed(seasons(weather.water), highest, days)


def _rises(
    site: Site, history: History, slopes: SlopesPlan | None, water: WaterFile | None
) -> dict[str, Rise | Text]:
    names = _piezometers(slopes)
    if not names:
        return {}
    stresses = history.keep("stresses", lambda: stresses_of(history, water))
    return {name: _rise(site, history, name, stresses) for name in names}


def _rise(site: Site, history: History, name: str, stresses: Stresses | Text) -> Rise | Text:
    if isinstance(stresses, Text):
        return stresses
    quantity = "pore_pressure" if "pore_pressure" in site.type_of(name).quantities else "head"
    level = history.daily_means(name, quantity, len(stresses))
    found = calibrated(history, level, stresses)
    if isinstance(found, Text):
        return found
    rain_alone = Stresses(stresses.water, np.zeros(len(stresses)))
    by_rain = found.judged.response.parts(rain_alone)["water"][-365:]
    # Rain never lowers a level: a response that says so has fitted something else.
    by_rain = np.maximum(by_rain, 0.0) / (GRAVITY if quantity == "pore_pressure" else 1.0)
    return Rise(float(by_rain[-1]), float(by_rain.max()))


def _weather(history: History, water: WaterFile | None) -> Weather | Text:
    if water is None or water.weather is None or water.groundwater is None:
        return Text("The site's water.yaml names no weather that holds for its wells")
    found = weather_days(
        history, water.weather, water.groundwater, window(history, water.groundwater)
    )
    if not isinstance(found, WeatherDays):
        return found
    start = history.midnight - len(found.water) * DAY
    return Weather(start, found.water, found.evaporation)
