"""What `fleet.yaml` says: machines, shifts, materials, and the edge, by the day they hold from."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator

from ingest.errors import ConfigurationError
from ingest.sentence import Sentence
from ingest.site import KeyName, Site
from ingest.text import Text
from ingest.yaml_file import Configured, read_yaml
from twin.fleet.loading import buckets_by_body, buckets_by_mass, buckets_taken
from twin.plan import Plan

FILE = "fleet.yaml"


class Machine(Configured):
    """One kind of machine: a row of the table of machines.

    Parameters
    ----------
    count
        How many the site has.
    payload_t, body_m3
        Of a truck [t], [m3 level full].
    bucket_m3
        Of a loader [m3].
    blade_width_m, blade_height_m
        Of a bulldozer [m].
    length_m
        [m].
    power_kw
        [kW].
    """

    name: KeyName
    title_en: str
    title_ru: str
    role: Literal["loader", "truck", "bulldozer", "upkeep"]
    count: int = Field(ge=0)
    payload_t: float = Field(default=0, ge=0)
    body_m3: float = Field(default=0, ge=0)
    bucket_m3: float = Field(default=0, ge=0)
    blade_width_m: float = Field(default=0, ge=0)
    blade_height_m: float = Field(default=0, ge=0)
    length_m: float = Field(default=0, ge=0)
    power_kw: float = Field(default=0, ge=0)

    @property
    def title(self) -> dict[str, str]:
        """What it is called."""
        return {"en": self.title_en, "ru": self.title_ru}


class Working(Configured):
    """When machines work.

    Parameters
    ----------
    days_per_year, loader_days_per_year
        Days of the enterprise, and of a loader, whose repairs take the rest [d].
    shifts_per_day
        [1/d].
    shift_h
        Length of a shift [h].
    """

    days_per_year: float
    loader_days_per_year: float
    shifts_per_day: int
    shift_h: float


class Material(Configured):
    """How a waste stream is loaded.

    Parameters
    ----------
    density_t_per_m3
        In place [t/m3].
    bucket_filling
        How full a bucket is [1].
    bulking
        Loose volume over volume in place [1].
    """

    density_t_per_m3: float
    bucket_filling: float
    bulking: float


class Loading(Configured):
    """Work of the loader: cycle and spotting [s], use of the shift, heap and overload [1]."""

    cycle_s: float = Field(gt=0)
    spotting_s: float = Field(ge=0)
    use_of_shift: float = Field(gt=0, le=1)
    heap: float = Field(ge=1)
    allowed_overload: float = Field(ge=0, le=0.2)


class Hauling(Configured):
    """Work of the trucks: distance one way [km], speed [km/h], times [min], readiness [1]."""

    distance_km: float
    speed_km_h: float
    spotting_min: float = Field(ge=0)
    unload_spotting_min: float = Field(ge=0)
    unload_min: float = Field(ge=0)
    wait_min: float = Field(ge=0)
    preparation_min: float = Field(ge=0)
    breaks_min: float = Field(ge=0)
    personal_min: float = Field(ge=0)
    readiness: float

    @property
    def pauses_min(self) -> float:
        """Minutes of a shift in which a truck does not haul."""
        return self.preparation_min + self.breaks_min + self.personal_min


class Dozing(Configured):
    """Work of the bulldozer.

    Parameters
    ----------
    distance_m, loaded_m_s, empty_m_s, auxiliary_s
        Push, speeds there and back, changing of gears.
    friction_deg
        Angle of repose of the moving material [deg].
    bulking, terrain, use_of_shift
        Coefficients [1].
    loss_per_m
        Part that is lost beside the blade on each metre [1/m].
    share_pushed
        Part of what is hauled that a bulldozer must push [1].
    reserve
        Machines on the list over machines at work [1].
    """

    distance_m: float = Field(gt=0)
    loaded_m_s: float = Field(gt=0)
    empty_m_s: float = Field(gt=0)
    auxiliary_s: float = Field(ge=0)
    friction_deg: float = Field(gt=0, lt=90)
    bulking: float = Field(ge=1)
    loss_per_m: float = Field(ge=0)
    terrain: float = Field(gt=0, le=1.5)
    use_of_shift: float = Field(gt=0, le=1)
    share_pushed: float = Field(gt=0, le=1)
    reserve: float = Field(ge=1)


class Edge(Configured):
    """What holds at the edge of a tier.

    Parameters
    ----------
    repose_deg, stable_deg
        Angle of repose of the settled waste, and of temporary stability [deg].
    berm_m
        Least height of the safety berm [m].
    keep_off_m
        Distance from the crest that a vehicle keeps where there is no berm [m].
    tilt_deg
        Least tilt of the platform inward from the crest [deg].
    tallest_tier_m
        Height that the source reckons with [m].
    """

    repose_deg: float = Field(gt=0, lt=90)
    stable_deg: float = Field(gt=0, lt=90)
    berm_m: float = Field(gt=0)
    keep_off_m: float = Field(gt=0)
    tilt_deg: float = Field(gt=0, lt=45)
    tallest_tier_m: float = Field(gt=0)
    source: Sentence

    @field_validator("stable_deg")
    @classmethod
    def _not_flatter(cls, value: float, info: object) -> float:
        repose = getattr(info, "data", {}).get("repose_deg", 0.0)
        if value < repose:
            raise ValueError("an angle that is not below repose_deg")
        return value


class Revision(Configured):
    """The fleet from a day on."""

    since: date
    source: Sentence
    machines: str
    working: Working
    materials: dict[KeyName, Material] = Field(min_length=1)
    loading: Loading
    hauling: Hauling
    dozing: Dozing


class FleetFile(Configured):
    """What `fleet.yaml` says."""

    source: Sentence
    revisions: tuple[Revision, ...] = Field(min_length=1)
    edge: Edge | None = None

    @field_validator("revisions")
    @classmethod
    def _ordered(cls, value: tuple[Revision, ...]) -> tuple[Revision, ...]:
        if any(later.since <= earlier.since for earlier, later in pairwise(value)):
            raise ValueError("revisions by rising date")
        return value


@dataclass(frozen=True, eq=False)
class Fleet:
    """The machines that hold from a moment on, and how they work.

    Two of them are equal when they are the same object, which makes what is computed of one
    easy to keep.

    Parameters
    ----------
    trucks
        Kinds of trucks; each has its own count.
    """

    since: datetime
    source: str
    loader: Machine
    trucks: tuple[Machine, ...]
    bulldozer: Machine
    upkeep: tuple[Machine, ...]
    working: Working
    materials: Mapping[str, Material]
    loading: Loading
    hauling: Hauling
    dozing: Dozing

    def buckets(self, material: str, truck: Machine) -> int:
        """Return how many buckets of a material a kind of truck takes."""
        found = self.materials[material]
        return buckets_taken(
            buckets_by_mass(
                truck.payload_t,
                found.bulking,
                self.loader.bucket_m3,
                found.bucket_filling,
                found.density_t_per_m3,
            ),
            buckets_by_body(
                truck.body_m3, self.loading.heap, self.loader.bucket_m3, found.bucket_filling
            ),
            self.loading.allowed_overload,
        )


@dataclass(frozen=True)
class Fleets:
    """Every revision of a site's fleet, and what holds at the edge."""

    source: str
    revisions: tuple[Fleet, ...]
    edge: Edge | None

    def at(self, moment: datetime) -> Fleet:
        """Return the fleet in force; before the first revision the first."""
        held = [fleet for fleet in self.revisions if fleet.since <= moment]
        return held[-1] if held else self.revisions[0]


def impossible(fleet: Fleet) -> Text | None:
    """Return why a fleet cannot work, None when it can."""
    hauling, working = fleet.hauling, fleet.working
    checks: list[tuple[bool, Text]] = [
        (
            not 0 < hauling.readiness <= 1,
            Text(
                "A readiness of {value:g} is impossible: above 0, at most 1", _v(hauling.readiness)
            ),
        ),
        (
            not 0 < hauling.distance_km <= 1000,
            Text(
                "A haul of {value:g} km is impossible: above 0, at most 1000",
                _v(hauling.distance_km),
            ),
        ),
        (
            not 0 < hauling.speed_km_h <= 120,
            Text(
                "A mean speed of {value:g} km/h is impossible: above 0, at most 120",
                _v(hauling.speed_km_h),
            ),
        ),
        (
            not 0 < working.days_per_year <= 366,
            Text(
                "A year of {value:g} working days is impossible: 1 to 366",
                _v(working.days_per_year),
            ),
        ),
        (
            not 0 < working.loader_days_per_year <= working.days_per_year,
            Text(
                "A loader cannot work {value:g} days of the enterprise's {days:g}",
                {"value": working.loader_days_per_year, "days": working.days_per_year},
            ),
        ),
        (
            working.shifts_per_day < 1
            or not working.shift_h > 0
            or working.shifts_per_day * working.shift_h > 24,
            Text(
                "{count} shifts of {hours:g} h do not fit into a day",
                {"count": working.shifts_per_day, "hours": working.shift_h},
            ),
        ),
        (
            working.shift_h * 60 <= hauling.pauses_min,
            Text(
                "A shift of {hours:g} h is over before its pauses of {pauses:g} min",
                {"hours": working.shift_h, "pauses": hauling.pauses_min},
            ),
        ),
        (
            fleet.dozing.loss_per_m * fleet.dozing.distance_m >= 1,
            Text("Nothing is left before the blade after {value:g} m", _v(fleet.dozing.distance_m)),
        ),
        *(
            (
                not 0 <= machine.count <= 1000,
                Text("There cannot be {value:g} machines of a kind: 0 to 1000", _v(machine.count)),
            )
            for machine in (fleet.loader, *fleet.trucks, fleet.bulldozer)
        ),
        *(
            (
                not 0.1 <= material.density_t_per_m3 <= 25,
                Text(
                    "A density of {value:g} t/m3 is impossible: 0.1 to 25",
                    _v(material.density_t_per_m3),
                ),
            )
            for material in fleet.materials.values()
        ),
        *(
            (
                not (material.bucket_filling > 0 and material.bulking >= 1),
                Text(
                    "A bucket filling of {filling:g} with a bulking of {bulking:g} is impossible",
                    {"filling": material.bucket_filling, "bulking": material.bulking},
                ),
            )
            for material in fleet.materials.values()
        ),
        (
            not 0.1 <= fleet.loader.bucket_m3 <= 100,
            Text("A bucket of {value:g} m3 is impossible: 0.1 to 100", _v(fleet.loader.bucket_m3)),
        ),
    ]
    for wrong, reason in checks:
        if wrong:
            return reason
    return _too_large(fleet)


def _too_large(fleet: Fleet) -> Text | None:
    """Return which truck cannot take a single bucket, None when every one can."""
    for name, material in fleet.materials.items():
        for truck in fleet.trucks:
            load = fleet.loader.bucket_m3 * material.bucket_filling
            if load > truck.body_m3 * fleet.loading.heap:
                return Text(
                    "A bucket of {bucket:g} m3 is larger than the body of {truck}, {body:g} m3",
                    {
                        "bucket": fleet.loader.bucket_m3,
                        "truck": truck.title_en,
                        "body": truck.body_m3,
                    },
                )
            if not fleet.buckets(name, truck):
                return Text(
                    "One bucket of {material}, {mass:g} t, is more than {truck} may carry, "
                    "{payload:g} t",
                    {
                        "material": name,
                        "mass": load / material.bulking * material.density_t_per_m3,
                        "truck": truck.title_en,
                        "payload": truck.payload_t,
                    },
                )
    return None


def _v(value: float) -> dict[str, str | int | float]:
    return {"value": value}


def yearly_volumes(fleet: Fleet, plan: Plan, at: datetime) -> dict[str, float]:
    """Return what the plan gives the fleet to move, by material [thousand m3/y in place].

    `volume = mass / bulk density` of table 4.
    """
    streams = plan.streams_at(at).by_name
    return {
        name: streams[name].mass_per_year / streams[name].bulk_density
        for name in fleet.materials
        if name in streams
    }


def site_fleet(site: Site) -> Fleets | None:
    """Return the fleet of a site as its files are now; read again only when they change."""
    path = site.folder / FILE
    if not path.is_file():
        return None
    stamps = tuple(
        (str(each), each.stat().st_mtime_ns) for each in (path, *sorted(site.folder.glob("*.csv")))
    )
    return _read(path, stamps)


def load_fleet(site: Site, plan: Plan | None) -> Fleets | None:
    """Return the fleet of a site, None for a site without one, checked against its plan.

    Raises
    ------
    ConfigurationError
        When the file or its table is wrong, or speaks of a stream that the plan does not have.
    """
    found = site_fleet(site)
    if found is None:
        return None
    path = site.folder / FILE
    if plan is None:
        raise ConfigurationError(
            "file", value=FILE, cure="a fleet needs a plan.yaml beside it", file=path
        )
    for fleet in found.revisions:
        for name in fleet.materials:
            if name not in plan.stream_names:
                raise ConfigurationError(
                    "key materials", value=name, legal=", ".join(plan.stream_names), file=path
                )
    return found


@lru_cache(maxsize=8)
def _read(path: Path, _stamps: tuple[tuple[str, int], ...]) -> Fleets:
    said = read_yaml(path, FleetFile)
    return Fleets(
        source=said.source,
        revisions=tuple(_fleet(path, revision) for revision in said.revisions),
        edge=said.edge,
    )


def _fleet(path: Path, revision: Revision) -> Fleet:
    table = path.parent / revision.machines
    machines = _machines(table)
    by_role: dict[str, list[Machine]] = {}
    for machine in machines:
        by_role.setdefault(machine.role, []).append(machine)
    for role, most in (("loader", 1), ("bulldozer", 1), ("truck", 8)):
        if not 1 <= len(by_role.get(role, [])) <= most:
            raise ConfigurationError(
                f"rows of role {role}",
                value=len(by_role.get(role, [])),
                legal="one" if most == 1 else f"1 to {most}",
                file=table,
            )
    fleet = Fleet(
        since=datetime.combine(revision.since, time(), UTC),
        source=revision.source,
        loader=by_role["loader"][0],
        trucks=tuple(by_role["truck"]),
        bulldozer=by_role["bulldozer"][0],
        upkeep=tuple(by_role.get("upkeep", [])),
        working=revision.working,
        materials=revision.materials,
        loading=revision.loading,
        hauling=revision.hauling,
        dozing=revision.dozing,
    )
    reason = impossible(fleet)
    if reason is not None:
        raise ConfigurationError(f"revision of {revision.since}", cure=str(reason), file=path)
    return fleet


def _machines(path: Path) -> list[Machine]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = [(reader.line_num, row) for row in reader]
    except FileNotFoundError as error:
        raise ConfigurationError("file", value=str(path), cure="it does not exist") from error
    found = []
    for line, row in rows:
        try:
            found.append(Machine.model_validate({key: cell for key, cell in row.items() if cell}))
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigurationError(
                f"column {'.'.join(map(str, first['loc']))}",
                value=first["input"],
                legal=first["msg"],
                file=path,
                line=line,
            ) from error
    return found
