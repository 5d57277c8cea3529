"""Truck loads: by working day, shift and truck, with breakdowns."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import Field

from ingest.yaml_file import Configured
from simulators.process import Floats, Ground, Ints, Loads, Process


class Stream(Configured):
    """A waste stream of the plan.

    Parameters
    ----------
    mass_t
        Mass of a year [t].
    bulk_density_t_per_m3
        Density of the loose material [t/m3].
    dump_factor
        Volume in the dump for a loose cubic metre: residual bulking, or one over compaction [1].
    """

    mass_t: float = Field(ge=0)
    bulk_density_t_per_m3: float = Field(gt=0)
    dump_factor: float = Field(gt=0)


class Trucks(Configured):
    """Trucks of one kind.

    Parameters
    ----------
    count
        How many there are.
    readiness
        Share of days on which one can work [1].
    round_trip_min
        Time for a load [min].
    load_t
        Mean load per stream that they carry [t].
    """

    count: int = Field(ge=1)
    readiness: float = Field(default=0.85, gt=0, le=1)
    round_trip_min: float = Field(gt=0)
    load_t: dict[str, float]


ROCK, TAILINGS = "waste_rock", "dry_magnetic_separation_tailings"
SLUDGE, ASH = "mine_water_treatment_sludge", "coal_ash_and_slag"


#: Table 4 of the reclamation project 073/20-TX.
STREAMS = {
    ROCK: Stream(mass_t=140_000, bulk_density_t_per_m3=2.85, dump_factor=1.08),
    TAILINGS: Stream(mass_t=1_000_000, bulk_density_t_per_m3=2.15, dump_factor=1 / 1.1),
    SLUDGE: Stream(mass_t=7_100, bulk_density_t_per_m3=3.0, dump_factor=1 / 1.1),
    ASH: Stream(mass_t=33_900, bulk_density_t_per_m3=0.9, dump_factor=1 / 1.1),
}

#: Tables 6-15 of the same project; "hired" is a design assumption.
TRUCKS = {
    "belaz_75404": Trucks(count=3, round_trip_min=15.7, load_t={ROCK: 27.6, TAILINGS: 29.9}),
    "kamaz_6520": Trucks(count=3, round_trip_min=14.9, load_t={ROCK: 18.5, TAILINGS: 19.8}),
    "hired": Trucks(count=1, readiness=1.0, round_trip_min=40.0, load_t={SLUDGE: 18.0, ASH: 10.6}),
}


class Deliveries(Process):
    """Loads of the reclamation project 073/20-TX, with the disorder of real days.

    Masses, densities and factors are the project's table 4; trucks, round trips, readiness and
    loads (bulk volume in the body times density) its tables 6-15. Sludge and ash are left out of
    the project's fleet: that one hired truck brings them, its loads and its trips, the spread of
    days and loads and the days without work are a design assumption.

    Parameters
    ----------
    streams
        Waste streams; those that the weighbridge does not know are not hauled.
    trucks
        The fleet.
    shift_start, shift_h, breaks_min
        Beginning of the shift in local time, its length [h], and the time in it without work
        [min]: 40 min for the meal, which is in the middle, 10 before and 10 after the work.
    repair_d
        Mean length of a breakdown [d].
    wet_day_mm, wet_day_factor
        Daily rain from which hauling slows down [mm], and to what [1].
    holidays
        Days without work, month and day ("01-01").
    repair_sunday_months
        Months whose last Sunday is for repairs of the whole fleet.
    """

    name: ClassVar[str] = "deliveries"
    needs: ClassVar[tuple[str, ...]] = ("weather",)

    streams: dict[str, Stream] = Field(default_factory=lambda: dict(STREAMS))
    trucks: dict[str, Trucks] = Field(default_factory=lambda: dict(TRUCKS))
    shift_start: time = time(8)
    shift_h: float = Field(default=8, gt=1, le=24)
    breaks_min: tuple[float, float, float] = (10, 40, 10)
    repair_d: float = Field(default=2.0, ge=1)
    day_spread: float = Field(default=0.04, ge=0, le=0.3)
    load_spread: float = Field(default=0.04, ge=0, le=0.3)
    wet_day_mm: float = 20.0
    wet_day_factor: float = Field(default=0.7, ge=0, le=1)
    working_days: int = Field(default=342, ge=1, le=366)
    holidays: tuple[str, ...] = (
        *(f"01-{day:02d}" for day in range(1, 9)),
        *("02-23", "03-08", "05-01", "05-09", "06-12", "11-04"),
    )
    repair_sunday_months: tuple[int, ...] = (2, 3, 4, 5, 6, 7, 8, 9, 10)

    def run(self, ground: Ground, rng: np.random.Generator) -> None:
        """Add the loads, and the mass and volume that they sum to."""
        bridges = ground.site.with_quantity("load_mass")
        if not bridges:
            return
        names = [str(node) for node in bridges[0].nodes]
        days = self._working_days(ground)
        begins = np.array([self._shift_begin(ground, day) for day in days])
        pace = self._pace(ground, begins, rng)
        parts: list[tuple[Floats, Ints, Floats]] = []
        for kind in self.trucks.values():
            ready = self._ready(kind, len(days), rng)
            for stream, load in kind.load_t.items():
                if stream not in names:
                    continue
                trips = self._trips(kind, stream) * pace[:, None] * ready
                count = np.floor(trips + rng.random(trips.shape)).astype(np.int64).ravel()
                begin = np.repeat(np.repeat(begins, kind.count), count)
                order = np.arange(begin.size) - np.repeat(np.cumsum(count) - count, count)
                share = (order + rng.random(begin.size)) / np.repeat(np.maximum(count, 1), count)
                spread = np.clip(rng.standard_normal(begin.size), -2.5, 2.5) * self.load_spread
                parts.append(
                    (
                        begin + self._second_of_work(share),
                        np.full(begin.size, names.index(stream)),
                        load * (1 + spread),
                    )
                )
        second, stream_index, mass = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.argsort(second, kind="stable")
        second, stream_index, mass = second[order], stream_index[order], mass[order]
        # One truck stands on the bridge at a time: at least half a minute between loads.
        queue = 30 * np.arange(second.size)
        second = np.maximum.accumulate(np.rint(second).astype(np.int64) - queue) + queue
        inside = (second >= 0) & (second < ground.steps * ground.step_s)
        second, stream_index, mass = second[inside], stream_index[inside], mass[inside]
        factor = np.array(
            [
                self.streams[name].dump_factor / self.streams[name].bulk_density_t_per_m3
                if name in self.streams
                else 0.0
                for name in names
            ]
        )
        ground.loads = Loads(second, stream_index, mass, mass * factor[stream_index])
        step = second // ground.step_s
        for quantity, values in (("mass", mass), ("volume", ground.loads.volume)):
            added = np.bincount(step, values, minlength=ground.steps)
            ground.truth[quantity, ground.site.name] = np.cumsum(added)

    def _working_days(self, ground: Ground) -> list[date]:
        zone = ZoneInfo(ground.site.time_zone)
        first = ground.start.astimezone(zone).date() - timedelta(days=1)
        last = ground.end.astimezone(zone).date()
        every = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return [day for day in every if self.is_working_day(day)]

    def is_working_day(self, day: date) -> bool:
        """Return whether trucks run on a day."""
        if day.strftime("%m-%d") in self.holidays:
            return False
        last_sunday = day.weekday() == 6 and (day + timedelta(days=7)).month != day.month
        return not (last_sunday and day.month in self.repair_sunday_months)

    def _shift_begin(self, ground: Ground, day: date) -> float:
        local = datetime.combine(day, self.shift_start, ZoneInfo(ground.site.time_zone))
        return (local.astimezone(UTC) - ground.start).total_seconds()

    def _second_of_work(self, share: Floats) -> Floats:
        """Return the second of the shift at a share of its work, (n,) -> (n,) [s]."""
        before, meal, after = self.breaks_min
        work = self.shift_h * 60 - before - meal - after
        return 60 * (before + share * work + np.where(share > 0.5, meal, 0.0))

    def _pace(self, ground: Ground, begins: Floats, rng: np.random.Generator) -> Floats:
        """Return how much of an average day's work is done on each working day, (days,) [1]."""
        pace = np.clip(1 + self.day_spread * rng.standard_normal(begins.size), 0.5, 1.5)
        rain = np.concatenate([[0.0], np.cumsum(ground.of_site("rain"))])
        centre = (begins + self.shift_h * 1800) / ground.step_s
        half = 43_200 / ground.step_s
        of_day = np.interp(centre + half, np.arange(rain.size), rain) - np.interp(
            centre - half, np.arange(rain.size), rain
        )
        return np.where(of_day >= self.wet_day_mm, self.wet_day_factor * pace, pace)

    def _ready(self, kind: Trucks, days: int, rng: np.random.Generator) -> Floats:
        """Return which truck can work on which day, (days, trucks), 1 or 0: a Markov chain."""
        repaired = 1 / self.repair_d
        breaks = repaired * (1 - kind.readiness) / kind.readiness
        chance = rng.random((days, kind.count))
        ready = np.empty((days, kind.count))
        state = chance[0] < kind.readiness
        for day in range(days):
            ready[day] = state
            state = np.where(state, chance[day] >= breaks, chance[day] < repaired)
        return ready

    def _trips(self, kind: Trucks, stream: str) -> float:
        """Return the mean loads of a stream that a ready truck brings on a working day.

        Kinds that carry the same stream share it by what they can haul in a shift.
        """

        def able(trucks: Trucks) -> float:
            return trucks.count * trucks.load_t.get(stream, 0.0) / trucks.round_trip_min

        share = able(kind) / sum(able(trucks) for trucks in self.trucks.values())
        daily = self.streams[stream].mass_t / self.working_days * share
        return daily / (kind.count * kind.readiness * kind.load_t[stream])
