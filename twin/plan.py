"""The plan of the backfill: volumes by year, waste streams, tiers, deadline and grading.

`plan.yaml` stands in the site's folder beside the tables that it names. Every block carries the
day from which it holds: the plan is asked for a moment and answers with what was in force then.
"""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from ingest.errors import ConfigurationError
from ingest.sentence import Sentence
from ingest.site import KeyName, Site, Titles
from ingest.yaml_file import Configured, read_yaml

#: How far printed and recomputed volumes may differ [thousand m3]: the tables have one decimal.
ROUNDING = 0.1


class Tier(Configured):
    """One tier of the dump.

    Parameters
    ----------
    base_m, crest_m
        Levels of toe and crest [m above sea].
    capacity_thousand_m3
        What it takes from the plan's start on.
    basis
        Whether the capacity stands in the source or is assumed.
    """

    base_m: float
    crest_m: float
    capacity_thousand_m3: float = Field(gt=0)
    basis: Literal["source", "assumed"]
    source: Sentence


class Grading(Configured):
    """When the surface may be graded finally.

    Parameters
    ----------
    wait_years
        Shortest and longest wait after the last load [y].
    rate_mm_per_month
        Settlement rate below which settlement counts as ended.
    """

    wait_years: tuple[float, float]
    rate_mm_per_month: float = Field(gt=0)
    source: Sentence

    @property
    def rate(self) -> float:
        """The limit of the settlement rate [mm/d]."""
        return self.rate_mm_per_month * 12 / 365.25


class Weighing(Configured):
    """When nobody hauls, so that a silent weighbridge is no fault.

    Parameters
    ----------
    rest_days
        Days of rest of every year, month and day ("01-01").
    """

    rest_days: tuple[str, ...] = ()
    source: Sentence

    @field_validator("rest_days")
    @classmethod
    def _days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for day in value:
            try:
                date.fromisoformat(f"2024-{day}")
            except ValueError:
                raise ValueError(f'{day!r} is no month and day such as "01-31"') from None
        return value


class Deadline(Configured):
    """The last day that the law allows."""

    date: date
    source: Sentence


class Shape(Configured):
    """Shape of the dump, for its parametric solid (`twin/crater.py`).

    Parameters
    ----------
    repose_deg
        Angle of repose: that of the tiers' faces [deg].
    overall_slope_deg
        Lowest and highest overall slope of the finished dump [deg].
    wall_deg
        Angle of the crater's wall under the fill [deg].
    advance_deg
        Direction in which the fronts advance, clockwise from the north of the site's grid [deg].
    """

    repose_deg: float = Field(gt=0, lt=90)
    overall_slope_deg: tuple[float, float]
    wall_deg: float = Field(gt=0, lt=90)
    advance_deg: float = Field(ge=0, lt=360)
    source: Sentence

    @field_validator("overall_slope_deg")
    @classmethod
    def _rising(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 < value[0] <= value[1] < 90:
            raise ValueError("the lowest and the highest angle, between 0 and 90")
        return value


class SurveyGrid(Configured):
    """How the coordinates of survey files become those of the site's grid.

    `x = east - east_m`, `y = north - north_m`, `z = level + level_m`.

    Parameters
    ----------
    epsg
        Code of the files' projected coordinate system; None: files in the site's own grid.
    """

    epsg: int | None = Field(default=None, gt=0)
    east_m: float = 0.0
    north_m: float = 0.0
    level_m: float = 0.0


class SurveyRules(Configured):
    """How surveys of the fill are read and held against the weighbridge.

    Parameters
    ----------
    cell_m
        Cell of the grid on which a surface is kept [m].
    vertical_uncertainty_m
        Standard uncertainty of the level of a surveyed surface as a whole [m].
    weighing_uncertainty
        Standard uncertainty of weighed volume, as a share [1].
    difference_share
        Share of the weighed volume from which on a difference is reported [1].
    covered_share
        Least share of the crater's area that a survey must cover [1].
    """

    grid: SurveyGrid = SurveyGrid()
    cell_m: float = Field(default=5.0, gt=0)
    vertical_uncertainty_m: float = Field(gt=0)
    weighing_uncertainty: float = Field(gt=0, lt=1)
    difference_share: float = Field(gt=0, lt=1)
    covered_share: float = Field(default=0.98, gt=0, le=1)
    source: Sentence


class TableRevision(Configured):
    """A table and the first day on which it holds.

    Parameters
    ----------
    month_shares
        Shares of the months in a year's volume; None: in proportion to time.
    """

    since: date
    file: str
    source: Sentence
    month_shares: tuple[float, ...] | None = None

    @field_validator("month_shares")
    @classmethod
    def _twelve(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and (
            len(value) != 12 or min(value) < 0 or not math.isclose(sum(value), 1, abs_tol=1e-6)
        ):
            raise ValueError("12 shares, none negative, that add up to 1")
        return value


class PlanFile(Configured):
    """What `plan.yaml` says."""

    title: Titles
    source: Sentence
    start: date
    total_capacity_thousand_m3: float = Field(gt=0)
    plan_area_thousand_m2: float = Field(gt=0)
    deadline: Deadline
    calendar: tuple[TableRevision, ...] = Field(min_length=1)
    waste_streams: tuple[TableRevision, ...] = Field(min_length=1)
    stream_titles: dict[KeyName, Titles]
    tiers: dict[KeyName, Tier] = Field(min_length=1)
    grading: Grading
    shape: Shape | None = None
    surveys: SurveyRules | None = None
    weighing: Weighing | None = None

    @field_validator("calendar", "waste_streams")
    @classmethod
    def _ordered(cls, value: tuple[TableRevision, ...]) -> tuple[TableRevision, ...]:
        if any(later.since <= earlier.since for earlier, later in pairwise(value)):
            raise ValueError("revisions by rising date")
        return value

    @model_validator(mode="after")
    def _check(self) -> PlanFile:
        for name in ("calendar", "waste_streams"):
            if getattr(self, name)[0].since > self.start:
                raise ValueError(f"{name}: the first revision must hold from the plan's start")
        for lower, upper in pairwise(self.tiers.values()):
            if upper.base_m != lower.crest_m:
                raise ValueError("tiers: bottom up, each on the crest of the one below")
        if any(tier.crest_m <= tier.base_m for tier in self.tiers.values()):
            raise ValueError("tiers: crest_m above base_m")
        held = sum(tier.capacity_thousand_m3 for tier in self.tiers.values())
        if abs(held - self.total_capacity_thousand_m3) > ROUNDING * len(self.tiers):
            raise ValueError(
                f"tiers: together {held:.1f}, but total_capacity_thousand_m3 is "
                f"{self.total_capacity_thousand_m3}"
            )
        return self


@dataclass(frozen=True)
class Stream:
    """One waste stream.

    Parameters
    ----------
    mass_per_year
        Planned mass [thousand t/y].
    bulk_density
        Of the loose waste [t/m3].
    residual_bulking, compaction
        `volume in the dump = loose volume * residual bulking / compaction` [1].
    """

    name: str
    mass_per_year: float
    bulk_density: float
    residual_bulking: float
    compaction: float

    @property
    def factor(self) -> float:
        """Volume in the dump of one tonne [m3/t]."""
        return self.residual_bulking / (self.bulk_density * self.compaction)

    @property
    def volume_per_year(self) -> float:
        """Planned volume in the dump [thousand m3/y]."""
        return self.mass_per_year * self.factor


@dataclass(frozen=True)
class Streams:
    """The waste streams that hold from a moment on."""

    since: datetime
    source: str
    by_name: dict[str, Stream]


@dataclass(frozen=True)
class Calendar:
    """A calendar plan that holds from a moment on.

    Parameters
    ----------
    knots
        Moments between which the volume grows evenly.
    volumes
        Cumulative volume in the dump at the knots [thousand m3].
    years
        Volume by tier and year [thousand m3].
    streams
        Volume by waste stream and year [thousand m3]; empty where the table does not give it.
    """

    since: datetime
    source: str
    knots: tuple[datetime, ...]
    volumes: tuple[float, ...]
    years: dict[int, dict[str, float]]
    streams: dict[int, dict[str, float]] = field(default_factory=dict)

    def volume(self, at: datetime) -> float:
        """Return the cumulative planned volume in the dump [thousand m3]."""
        seconds = [knot.timestamp() for knot in self.knots]
        return float(np.interp(at.timestamp(), seconds, self.volumes))

    def volumes_at(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the cumulative planned volume at moments [s since 1970] [thousand m3]."""
        return np.interp(seconds, [knot.timestamp() for knot in self.knots], self.volumes)

    def reached(self, volume: float) -> datetime | None:
        """Return when the plan reaches a volume [thousand m3], None when it never does.

        Where the plan stands still the first moment counts: for nothing that is the start.
        """
        index = int(np.searchsorted(self.volumes, volume - 1e-9, side="left"))
        if index >= len(self.volumes):
            return None
        if index == 0:
            return self.knots[0]
        low, high = self.volumes[index - 1], self.volumes[index]
        share = min((volume - low) / (high - low), 1.0)
        return self.knots[index - 1] + share * (self.knots[index] - self.knots[index - 1])

    def by_tier(self, at: datetime) -> dict[str, float]:
        """Return the cumulative planned volume of each tier [thousand m3].

        Within a year the tiers are filled one after the other, bottom up.
        """
        found = dict.fromkeys(next(iter(self.years.values())), 0.0)
        left = self.volume(at)
        for cells in self.years.values():
            for tier, volume in cells.items():
                part = min(volume, left)
                found[tier] += part
                left -= part
        return found

    def rate(self, at: datetime) -> float:
        """Return the planned volume of the year of `at` [thousand m3/y], 0 outside the plan."""
        return sum(self.years.get(at.year, {}).values())

    @property
    def total(self) -> float:
        """The whole volume [thousand m3]."""
        return self.volumes[-1]


@dataclass(frozen=True)
class Plan:
    """The plan of one site, with its tables read and checked."""

    file: PlanFile
    start: datetime
    calendars: tuple[Calendar, ...]
    streams: tuple[Streams, ...]

    def calendar_at(self, at: datetime, known_at: datetime | None = None) -> Calendar:
        """Return the calendar in force at `at`, of those known at `known_at`.

        A revision is known from the day on which it holds.
        """
        moment = at if known_at is None else min(at, known_at)
        return self.calendars[_in_force([c.since for c in self.calendars], moment)]

    def streams_at(self, at: datetime) -> Streams:
        """Return the waste streams in force."""
        return self.streams[_in_force([s.since for s in self.streams], at)]

    def planned_volume(self, at: datetime) -> float:
        """Return the planned cumulative volume in the dump by the calendar in force at `at`.

        [thousand m3]
        """
        return self.calendar_at(at).volume(at)

    def planned_by_stream(self, at: datetime, calendar: Calendar | None = None) -> dict[str, float]:
        """Return the cumulative planned volume of each waste stream [thousand m3].

        As the calendar's table gives it by year; where it does not, a year's volume is split by
        the volumes of the streams in force at the time (table 4 of the Abaza plan).

        Parameters
        ----------
        calendar
            None: the one in force at `at`.
        """
        calendar = calendar or self.calendar_at(at)
        until = max(min(at, calendar.knots[-1]), calendar.knots[0])
        cuts = {*calendar.knots, *(part.since for part in self.streams), until}
        edges = sorted(cut for cut in cuts if calendar.knots[0] <= cut <= until)
        found = dict.fromkeys(self.stream_names, 0.0)
        for start, end in pairwise(edges):
            volume = calendar.volume(end) - calendar.volume(start)
            for name, share in self.shares_at(calendar, start).items():
                found[name] += volume * share
        return found

    def shares_at(self, calendar: Calendar, at: datetime) -> dict[str, float]:
        """Return the streams' shares of the planned volume at a moment [1]."""
        volumes = calendar.streams.get(at.year) or {
            name: stream.volume_per_year for name, stream in self.streams_at(at).by_name.items()
        }
        whole = sum(volumes.values())
        return {name: volume / whole for name, volume in volumes.items()} if whole else {}

    @property
    def stream_names(self) -> list[str]:
        """Every stream of every revision, in the order of the files."""
        return list(dict.fromkeys(name for part in self.streams for name in part.by_name))

    @property
    def rest_days(self) -> tuple[str, ...]:
        """Days of the year on which nobody hauls, month and day."""
        return self.file.weighing.rest_days if self.file.weighing else ()

    @property
    def tiers(self) -> dict[str, Tier]:
        """The tiers, bottom up."""
        return self.file.tiers


def load_plan(site: Site) -> Plan | None:
    """Return the plan that stands in the site's folder, None for a site without one.

    Raises
    ------
    ConfigurationError
        When the plan or one of its tables is wrong, or speaks of what the site does not have.
    """
    path = site.folder / "plan.yaml"
    if not path.is_file():
        return None
    file = read_yaml(path, PlanFile)
    plan = Plan(
        file=file,
        start=_midnight(file.start),
        calendars=tuple(_read_calendar(path.parent, part, file) for part in file.calendar),
        streams=tuple(_read_streams(path.parent, part) for part in file.waste_streams),
    )
    for calendar, part in zip(plan.calendars, file.calendar, strict=True):
        for name in {name for cells in calendar.streams.values() for name in cells}:
            if name not in plan.stream_names:
                raise ConfigurationError(
                    f"stream of {part.file}",
                    value=name,
                    legal=", ".join(plan.stream_names),
                    cure="waste_streams has no such stream",
                    file=path,
                )
    for name in file.tiers:
        if name not in site.zones:
            raise ConfigurationError(
                f"key tiers.{name}", value=name, legal=", ".join(site.zones), file=path
            )
    for name in plan.stream_names:
        if name not in file.stream_titles:
            raise ConfigurationError(f"key stream_titles.{name}", cure="it is missing", file=path)
    for instrument in site.with_quantity("load_mass"):
        for node in instrument.nodes:
            if node not in plan.stream_names:
                raise ConfigurationError(
                    f"stream of {instrument.name} in site.yaml",
                    value=node,
                    legal=", ".join(plan.stream_names),
                    cure="the plan's waste streams have no such name",
                    file=path,
                )
    return plan


def _in_force(starts: list[datetime], at: datetime) -> int:
    """Return the index of the last start that is not after `at`; 0 before the first."""
    return max(bisect_right(starts, at) - 1, 0)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _read_calendar(folder: Path, revision: TableRevision, plan: PlanFile) -> Calendar:
    path = folder / revision.file
    suffix = "_in_dump_thousand_m3"
    years: dict[int, dict[str, float]] = {}
    total: dict[str, float] | None = None
    streams: dict[int, dict[str, float]] = {}
    for line, row in _rows(path, {"year", f"total{suffix}"}):
        cells = {
            column.removesuffix(suffix): _number(path, line, column, text, blank=0.0)
            for column, text in row.items()
            if column.endswith(suffix)
        }
        printed = cells.pop("total")
        unknown = sorted(set(cells) - set(plan.tiers) - set(plan.stream_titles))
        if unknown:
            raise ConfigurationError(
                "tier or waste stream",
                value=unknown[0],
                legal=", ".join([*plan.tiers, *plan.stream_titles]),
                file=path,
                line=1,
            )
        by_stream = {name: cells.pop(name) for name in list(cells) if name in plan.stream_titles}
        if by_stream and abs(sum(by_stream.values()) - printed) > ROUNDING * len(by_stream):
            raise ConfigurationError(
                f"total of {row['year']}",
                value=printed,
                legal=f"the sum of the waste streams, {sum(by_stream.values()):.1f}",
                file=path,
                line=line,
            )
        if abs(sum(cells.values()) - printed) > ROUNDING:
            raise ConfigurationError(
                f"total of {row['year']}",
                value=printed,
                legal=f"the sum of the tiers, {sum(cells.values()):.1f}",
                file=path,
                line=line,
            )
        if row["year"] == "total":
            total = cells
        else:
            year = int(_number(path, line, "year", row["year"]))
            years[year] = cells
            if by_stream:
                streams[year] = by_stream
    if not years or list(years) != list(range(min(years), max(years) + 1)):
        raise ConfigurationError("years", value=list(years), legal="one after the other", file=path)
    if min(years) != plan.start.year:
        raise ConfigurationError(
            "first year", value=min(years), legal=f"that of the start, {plan.start}", file=path
        )
    for tier, printed in (total or {}).items():
        summed = sum(cells[tier] for cells in years.values())
        if abs(summed - printed) > ROUNDING:
            raise ConfigurationError(
                f"total of {tier}", value=printed, legal=f"the sum {summed:.1f}", file=path
            )
    knots, volumes = [_midnight(plan.start)], [0.0]
    for year, cells in years.items():
        volume = sum(cells.values())
        before = volumes[-1]
        for month, share in enumerate(np.cumsum(revision.month_shares or [1.0]), start=1):
            last = month == len(revision.month_shares or [1.0])
            knots.append(_midnight(date(year + 1, 1, 1) if last else date(year, month + 1, 1)))
            volumes.append(before + volume * (1.0 if last else float(share)))
    return Calendar(
        since=_midnight(revision.since),
        source=revision.source,
        knots=tuple(knots),
        volumes=tuple(volumes),
        years=years,
        streams=streams,
    )


def _read_streams(folder: Path, revision: TableRevision) -> Streams:
    path = folder / revision.file
    columns = {
        "stream": "",
        "mass_thousand_t_per_year": "mass_per_year",
        "bulk_density_t_per_m3": "bulk_density",
        "residual_bulking_factor": "residual_bulking",
        "compaction_factor": "compaction",
        "volume_in_dump_thousand_m3": "",
    }
    streams: dict[str, Stream] = {}
    for line, row in _rows(path, set(columns)):
        if row["stream"] == "total":
            computed = sum(stream.volume_per_year for stream in streams.values())
        else:
            numbers = {
                field: _number(path, line, column, row[column], blank=1.0)
                for column, field in columns.items()
                if field
            }
            if min(numbers.values()) <= 0:
                raise ConfigurationError("a factor", legal="above 0", file=path, line=line)
            stream = Stream(name=row["stream"], **numbers)
            streams[stream.name] = stream
            computed = stream.volume_per_year
        printed = _number(
            path, line, "volume_in_dump_thousand_m3", row["volume_in_dump_thousand_m3"]
        )
        if abs(computed - printed) > ROUNDING:
            raise ConfigurationError(
                f"volume_in_dump_thousand_m3 of {row['stream']}",
                value=printed,
                legal=f"mass / density * bulking / compaction = {computed:.1f}",
                file=path,
                line=line,
            )
    return Streams(since=_midnight(revision.since), source=revision.source, by_name=streams)


def _rows(path: Path, needed: set[str]) -> list[tuple[int, dict[str, str]]]:
    """Return (line, row) of a table."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = sorted(needed - set(reader.fieldnames or ()))
            if missing:
                raise ConfigurationError(
                    "column", cure=f"{missing[0]} is missing", file=path, line=1
                )
            return [(reader.line_num, row) for row in reader]
    except FileNotFoundError as error:
        raise ConfigurationError("file", value=str(path), cure="it does not exist") from error


def _number(path: Path, line: int, column: str, text: str, blank: float | None = None) -> float:
    if not text.strip() and blank is not None:
        return blank
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise ConfigurationError(
            f"column {column}", value=text, legal="a number, not negative", file=path, line=line
        )
    return number
