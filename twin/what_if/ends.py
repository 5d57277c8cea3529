"""When the dump reaches an end with a variant, and where the fill stands on the way."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec
import numpy as np

from ingest.figure import Figure, unknown
from ingest.text import Text
from twin import VERSION
from twin.backfill import FORECAST_POINTS
from twin.buckets import Array
from twin.completion import HIGH, LOW, NEEDED_MONTHS, Paths, moment, quantile, ranked
from twin.history import DAY
from twin.state import CompletionState, FillState, TierState
from twin.what_if.results import TierAhead, VolumeCurve, YearAhead
from twin.what_if.start import Start
from twin.what_if.tiers import Tiers

#: Years ahead that are told at most.
MOST_YEARS = 60

Three = tuple[float, float, float]


def last_moment(deadline: date) -> datetime:
    """Return the moment at which a deadline's day is over."""
    return datetime.combine(deadline, time(), UTC) + DAY


def end_of(fill: FillState, end: str) -> CompletionState:
    """Return what the twin itself says of an end."""
    return next(each for each in fill.completions if each.end == end)


def rests_on(start: Start) -> Text | None:
    """Return what the volume ahead rests on, None for a site without a plan."""
    if start.past is None:
        return None
    months: dict[str, str | int | float] = {"count": start.past.count, "needed": NEEDED_MONTHS}
    if start.measured:
        return Text("The pace of the {count} whole months of loads that are over", months)
    return Text(
        "The plan's rates from now on: {count} of {needed} whole months of loads are over; no"
        " interval, because how much a month differs from the plan is not measured yet",
        months,
    )


class Ends:
    """What the paths of a variant say of ends, years and tiers.

    Parameters
    ----------
    paths
        None: what lies in the dump is not known.
    deadline
        Its last moment.
    """

    def __init__(
        self, start: Start, fill: FillState, paths: Paths | None, tiers: Tiers, deadline: datetime
    ) -> None:
        self._start, self._fill, self._tiers = start, fill, tiers
        self._paths, self._deadline = paths, deadline
        self._reached: dict[float, tuple[Array, Array]] = {}
        self._total = start.calendar.total
        planned = start.plan.file.total_capacity_thousand_m3 if start.plan else tiers.total
        self._takes = tiers.total if tiers.reshaped else max(planned, tiers.total)

    def target(self, end: str) -> float:
        """Return the volume of an end [thousand m3]: the plan's, or that of the full dump."""
        if end == "full" and self._tiers.reshaped:
            return self._takes
        return float(end_of(self._fill, end).target.value or 0)

    @property
    def lower_by(self) -> float:
        """How far the tiers end below the plan's top [m]."""
        assert self._start.plan is not None
        top = list(self._start.plan.tiers.values())[-1].crest_m
        return max(top - list(self._tiers.levels.values())[-1][1], 0.0)

    def reached(self, end: str) -> tuple[Figure, Figure, Array | None]:
        """Return when an end is reached, its probability by the deadline [1], and by each path.

        [s since 1970]
        """
        state, target, paths = end_of(self._fill, end), self.target(end), self._paths
        if state.expected.quality == "derived":
            return state.expected, state.probability, None  # done already
        if paths is None:
            return self._unknown(state.expected), self._unknown(state.probability), None
        if target > self._takes + 1e-6:
            reason = Text(
                "These tiers take {takes:.0f} thousand m3, less than the {target:.0f} that are"
                " asked for",
                {"takes": self._takes, "target": target},
            )
            time = state.expected.time
            return unknown("date", reason, time=time), unknown("1", reason, time=time), None
        by_path, found = self._when(target)
        low, middle, high = (_day(moment(quantile(found, share))) for share in (LOW, 0.5, HIGH))
        said = self._said(state)
        if self._start.measured:
            chance = msgspec.structs.replace(
                said, value=float(np.mean(found < self._deadline.timestamp())), unit="1"
            )
        else:
            reason = Text(
                "No probability: how much a month differs from the plan is not measured yet"
            )
            chance = unknown("1", reason, time=said.time, source=said.source)
        if middle is None:
            reason = Text("With this variant the volume is not reached in 100 years")
            return unknown("date", reason, time=said.time, source=said.source), chance, by_path
        return self._with_interval(said, "date", (low, middle, high)), chance, by_path

    def at_deadline(self) -> Figure:
        """Return what the dump holds when the deadline is over [thousand m3]."""
        state, paths = end_of(self._fill, "deadline"), self._paths
        if paths is None:
            return self._unknown(state.expected)
        if self._deadline.timestamp() <= paths.now:
            reason = Text("The deadline is over")
            return unknown("thousand m3", reason, time=state.expected.time)
        found = self._volumes([self._deadline])[0]
        said = self._said(state)
        if said.quality == "unavailable":
            said = msgspec.structs.replace(said, quality="forecast")
        return self._with_interval(said, "thousand m3", found)

    def tier_at(self, volume: Figure) -> Figure:
        """Return the tier of the front when the dump holds a volume."""

        def front(end: float | str | None) -> str | None:
            return self._tiers.front(end) if isinstance(end, float) else None

        return msgspec.structs.replace(
            volume,
            value=front(volume.value),
            unit="name",
            low=front(volume.low),
            high=front(volume.high),
        )

    def tiers(self, volume: Figure) -> list[TierAhead]:
        """Return every tier with what it takes, and how far it is filled at a volume."""
        assert self._start.plan is not None
        found = []
        ends = [
            self._tiers.filled(end) if isinstance(end, float) else None
            for end in (volume.value, volume.low, volume.high)
        ]
        for name, (base, crest) in self._tiers.levels.items():
            most = self._tiers.capacity[name]
            given = self._start.plan.tiers[name]
            part, low, high = (None if each is None else each[name] / most for each in ends)
            found.append(
                TierAhead(
                    tier=name,
                    title=dict(self._start.site.zones[name].title.items()),
                    base_m=base,
                    crest_m=crest,
                    capacity=Figure(
                        value=most,
                        unit="thousand m3",
                        time=self._start.now,
                        source=given.source,
                        quality="assumed"
                        if self._tiers.reshaped or given.basis == "assumed"
                        else "planned",
                        validity=Text("By the plan's curve of level against volume")
                        if self._tiers.reshaped
                        else None,
                    ),
                    filled=msgspec.structs.replace(volume, value=part, unit="1", low=low, high=high)
                    if part is not None
                    else msgspec.structs.replace(volume, unit="1"),
                )
            )
        return found

    def last_load(self, tier: TierState) -> Figure | None:
        """Return the date of a tier's last load; what the twin says where nothing more comes."""
        paths = self._paths
        volume = self._tiers.last_load(tier.tier, min(self._total, self._takes))
        if paths is None or volume is None:
            return tier.last_load
        found = self._when(volume)[1]
        low, middle, high = (_day(moment(quantile(found, share))) for share in (LOW, 0.5, HIGH))
        said = self._said(end_of(self._fill, "plan"))
        if middle is None:
            reason = Text("With this variant the volume is not reached in 100 years")
            return unknown("date", reason, time=said.time, source=said.source)
        return self._with_interval(said, "date", (low, middle, high))

    @property
    def planned(self) -> set[str]:
        """The tiers in which something lies when the plan's volume is reached."""
        filled = self._tiers.filled(min(self._total, self._takes))
        return {name for name, each in filled.items() if each > 1e-6}

    def begun(self, volume: Figure) -> set[str]:
        """Return the tiers in which something lies at a volume; now, where it is not known."""
        filled = self._tiers.held
        if isinstance(volume.value, float):
            filled = self._tiers.filled(volume.value)
        return {name for name, each in filled.items() if each > 0}

    def curve(self) -> VolumeCurve:
        """Return the volume ahead, up to the plan's [thousand m3]."""
        paths, now = self._paths, self._start.now
        total = min(self._total, self._takes)
        if paths is None or paths.done >= total:
            return VolumeCurve()
        moments, curves = paths.fan(total, FORECAST_POINTS)
        measured = self._start.measured
        return VolumeCurve(
            time=[now + timedelta(seconds=round(each - paths.now)) for each in moments.tolist()],
            middle=curves["middle"].tolist(),
            low=curves["low"].tolist() if measured else [],
            high=curves["high"].tolist() if measured else [],
        )

    def years(self) -> list[YearAhead]:
        """Return where the fill stands at the ends of the years up to the deadline's."""
        if self._paths is None:
            return []
        said = self._said(end_of(self._fill, "plan"))
        first = datetime.fromtimestamp(self._paths.now, UTC).year
        years = range(first, min(max(self._deadline.year, first + 1), first + MOST_YEARS))
        found = []
        ends = self._volumes([datetime(year + 1, 1, 1, tzinfo=UTC) for year in years])
        for year, each in zip(years, ends, strict=True):
            volume = self._with_interval(said, "thousand m3", each)
            tier = msgspec.structs.replace(said, value=self._tiers.front(each[1]), unit="name")
            found.append(YearAhead(year=year, volume=volume, tier=tier))
        return found

    def _when(self, volume: float) -> tuple[Array, Array]:
        """Return when the paths reach a volume [s since 1970], by path and sorted; asked again."""
        assert self._paths is not None
        if volume not in self._reached:
            by_path = self._paths.reached_by_path(volume)
            self._reached[volume] = by_path, np.sort(by_path)
        return self._reached[volume]

    def _volumes(self, moments: list[datetime]) -> list[Three]:
        """Return low, middle and high of the paths, no more than the dump takes [thousand m3]."""
        assert self._paths is not None
        found = self._paths.volumes(np.array([each.timestamp() for each in moments]))
        low, middle, high = ranked(np.minimum(found, max(self._takes, self._paths.done))).tolist()
        return list(zip(low, middle, high, strict=True))

    def _unknown(self, figure: Figure) -> Figure:
        """Return a figure of the twin where there are no paths, with what is missing for them."""
        placed = self._fill.volume_in_dump
        if placed.value is not None or placed.reason is None:
            return figure
        return unknown(figure.unit, placed.reason, time=figure.time, source=placed.source)

    def _said(self, state: CompletionState) -> Figure:
        """Return what goes with every figure of an end: source, time, validity, quality."""
        if self._start.measured:
            return state.probability if state.end != "deadline" else _known(state)
        return Figure(
            value=None,
            unit="1",
            time=self._start.now,
            source=self._start.calendar.source,
            version=VERSION,
            validity=rests_on(self._start),
            quality="planned",
        )

    def _with_interval(
        self, said: Figure, unit: str, three: tuple[float | str | None, ...]
    ) -> Figure:
        low, middle, high = three
        if not self._start.measured:
            return msgspec.structs.replace(said, value=middle, unit=unit)
        return msgspec.structs.replace(
            said,
            value=middle,
            unit=unit,
            low=low,
            high=high,
            confidence=HIGH - LOW,
            reason=None,
            version=VERSION,
        )


def _known(state: CompletionState) -> Figure:
    return state.expected if state.expected.value is not None else state.probability


def days_between(before: Array, after: Array) -> tuple[float, float] | None:
    """Return the interval of 80 % of the paths' own differences of two dates [d]."""
    there = np.isfinite(before) & np.isfinite(after)
    if there.mean() < HIGH or len(there) < 2:
        return None
    # What differs by the rounding of sums does not differ.
    differences = np.sort(np.round((after[there] - before[there]) / DAY.total_seconds(), 6))
    return quantile(differences, LOW), quantile(differences, HIGH)


def _day(when: datetime | None) -> str | None:
    return None if when is None else when.date().isoformat()
