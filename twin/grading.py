"""What earth, trips and hours it takes to grade and cover the surface.

Reclamation project 073/20-TX, volume 3 book 1, sections 3.2 and 3.3: fine grading, then a layer of
potentially fertile soil. When that may begin says `twin/grading_readiness.py`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from ingest.errors import ConfigurationError
from ingest.figure import Figure
from ingest.sentence import Sentence
from ingest.site import KeyName, Site
from ingest.text import Text
from ingest.yaml_file import Configured, read_yaml
from twin import VERSION
from twin.fleet.inputs import Fleet, Fleets, Material, impossible
from twin.fleet.tables import bulldozer_use, load
from twin.plan import Plan

FILE = "grading.yaml"
SOURCE = "grading_readiness"


class FineGrading(Configured):
    """Grading of the level parts.

    Parameters
    ----------
    area_thousand_m2
        Level area [thousand m2].
    specific_m3_per_m2
        Earth moved per area [m3/m2].
    steepest_deg
        Steepest slope that may be left [deg].
    """

    area_thousand_m2: float = Field(gt=0)
    specific_m3_per_m2: float = Field(gt=0)
    steepest_deg: float = Field(gt=0, lt=45)
    source: Sentence


class CoverHaul(Configured):
    """How soil comes to the site: distance [km], speed [km/h], trucks, and the soil itself."""

    distance_km: float = Field(gt=0)
    speed_km_h: float = Field(gt=0, le=120)
    trucks: tuple[KeyName, ...] = Field(min_length=1)
    density_t_per_m3: float = Field(gt=0)
    bucket_filling: float = Field(gt=0)
    bulking: float = Field(ge=1)


class Cover(Configured):
    """Layer of potentially fertile soil.

    Parameters
    ----------
    thickness_m
        Least thickness [m].
    slope_deg
        Of what is not level [deg].
    available_thousand_m3
        Soil that the site has [thousand m3].
    printed_thousand_m3
        What the source prints without showing its sum [thousand m3]; None: nothing.
    """

    thickness_m: float = Field(gt=0)
    slope_deg: float = Field(ge=0, lt=80)
    available_thousand_m3: float = Field(ge=0)
    printed_thousand_m3: float | None = None
    source: Sentence
    haul: CoverHaul


class GradingFile(Configured):
    """What `grading.yaml` says."""

    source: Sentence
    grading: FineGrading
    cover: Cover


def load_grading(site: Site, plan: Plan | None, fleets: Fleets | None) -> GradingFile | None:
    """Return what the site says of grading and cover, None for a site that says nothing.

    Raises
    ------
    ConfigurationError
        When the file is wrong, or names a truck that the fleet does not have.
    """
    found = site_grading(site)
    if found is None:
        return None
    path = site.folder / FILE
    if plan is None:
        raise ConfigurationError(
            "file", value=FILE, cure="grading needs a plan.yaml beside it", file=path
        )
    area = plan.file.plan_area_thousand_m2
    if found.grading.area_thousand_m2 > area:
        raise ConfigurationError(
            "key grading.area_thousand_m2",
            value=found.grading.area_thousand_m2,
            legal=f"at most plan_area_thousand_m2, {area}",
            file=path,
        )
    for fleet in fleets.revisions if fleets else ():
        known = [truck.name for truck in fleet.trucks]
        for name in found.cover.haul.trucks:
            if name not in known:
                raise ConfigurationError(
                    "key cover.haul.trucks", value=name, legal=", ".join(known), file=path
                )
        reason = impossible(soil_fleet(fleet, found.cover.haul))
        if reason is not None:
            raise ConfigurationError("key cover.haul", cure=str(reason), file=path)
    return found


def site_grading(site: Site) -> GradingFile | None:
    """Return what the site's file says now; read again only when it changes."""
    path = site.folder / FILE
    return _read(path, path.stat().st_mtime_ns) if path.is_file() else None


@lru_cache(maxsize=8)
def _read(path: Path, _stamp: int) -> GradingFile:
    return read_yaml(path, GradingFile)


# What it takes


def true_area(plan_area: float, level_area: float, slope_deg: float) -> float:
    """Return the area of a surface whose plan area is known, in the same unit.

    What is not level lies at `slope_deg` [deg], and is larger by 1/cos of it.
    """
    return level_area + (plan_area - level_area) / math.cos(math.radians(slope_deg))


def graded_volume(area: float, specific: float) -> float:
    """Return the earth that fine grading moves [thousand m3], of thousand m2 and m3/m2."""
    return area * specific


def soil_fleet(fleet: Fleet, haul: CoverHaul) -> Fleet:
    """Return the trucks that bring soil, on the way that they take."""
    return replace(
        fleet,
        trucks=tuple(truck for truck in fleet.trucks if truck.name in haul.trucks),
        materials={
            "soil": Material(
                density_t_per_m3=haul.density_t_per_m3,
                bucket_filling=haul.bucket_filling,
                bulking=haul.bulking,
            )
        },
        hauling=fleet.hauling.model_copy(
            update={"distance_km": haul.distance_km, "speed_km_h": haul.speed_km_h}
        ),
    )


def works(
    said: GradingFile, plan: Plan, fleets: Fleets | None, at: datetime
) -> tuple[dict[str, Figure], list[Text]]:
    """Return what grading and cover take, by name, and what must be said of it."""
    grading, cover = said.grading, said.cover

    plan_area = plan.file.plan_area_thousand_m2
    area = true_area(plan_area, grading.area_thousand_m2, cover.slope_deg)
    volume = graded_volume(grading.area_thousand_m2, grading.specific_m3_per_m2)
    needed = area * cover.thickness_m
    missing = max(needed - cover.available_thousand_m3, 0.0)
    found = {
        "graded_area": _given(at, grading.area_thousand_m2, "thousand m2", grading.source),
        "steepest_slope": _given(at, grading.steepest_deg, "deg", grading.source),
        "graded_volume": _computed(at, volume, "thousand m3", grading.source),
        "cover_area": _computed(
            at,
            area,
            "thousand m2",
            SOURCE,
            Text(
                "{level} thousand m2 level, the rest of {plan} thousand m2 at {slope} deg: a "
                "design assumption",
                {
                    "level": grading.area_thousand_m2,
                    "plan": plan_area,
                    "slope": cover.slope_deg,
                },
            ),
        ),
        "cover_on_plan_area": _computed(at, plan_area * cover.thickness_m, "thousand m3", SOURCE),
        "cover_on_true_area": _computed(at, needed, "thousand m3", SOURCE),
        "soil_available": _given(at, cover.available_thousand_m3, "thousand m3", cover.source),
        "soil_missing": _computed(at, missing, "thousand m3", SOURCE),
    }
    notes = []
    if cover.printed_thousand_m3 is not None:
        found["cover_printed"] = _given(at, cover.printed_thousand_m3, "thousand m3", cover.source)
        notes.append(
            Text(
                "The project prints {printed:g} thousand m3 of soil and does not show the sum: "
                "{thickness:.1f} m over the area in plan are {plan:.1f}, over the true area "
                "{true:.1f}",
                {
                    "printed": cover.printed_thousand_m3,
                    "thickness": cover.thickness_m,
                    "plan": plan_area * cover.thickness_m,
                    "true": needed,
                },
            )
        )
    if fleets is not None:
        found |= _haul(said, fleets.at(at), volume, missing, at)
    return found, notes


def _haul(
    said: GradingFile, fleet: Fleet, graded: float, missing: float, at: datetime
) -> dict[str, Figure]:
    """Return trips and hours by the formulas of the fleet."""
    soil = soil_fleet(fleet, said.cover.haul)
    working = fleet.working
    loads = [load(soil, "soil", truck) for truck in soil.trucks]
    # Kinds of trucks share the soil in proportion to what they haul in a shift (table 12).
    norms = sum(each.truck_m3_per_shift for each in loads)
    shifts = missing * 1000 / norms
    trips = sum(shifts * each.truck_m3_per_shift / each.volume_m3 for each in loads)
    hours = shifts * len(loads) * working.shift_h
    at_work = sum(truck.count for truck in soil.trucks) * fleet.hauling.readiness
    per_day = (
        sum(
            truck.count * each.truck_m3_per_shift
            for truck, each in zip(soil.trucks, loads, strict=True)
        )
        * fleet.hauling.readiness
        * working.shifts_per_day
    )
    hourly = bulldozer_use(fleet, graded).m3_per_hour
    assumed = Text(
        "Speed, trucks and density of the soil are a design assumption (grading.yaml); the "
        "distance is the project's"
    )
    found = {
        "soil_round_trip": _computed(
            at, sum(each.round_trip_min for each in loads) / len(loads), "min", SOURCE, assumed
        ),
        "soil_trips": _computed(at, math.ceil(trips), "trips", SOURCE, assumed),
        "soil_truck_hours": _computed(at, hours, "h", SOURCE, assumed),
        "grading_hours": _computed(
            at, graded * 1000 / hourly / fleet.dozing.use_of_shift, "h", SOURCE
        ),
    }
    if at_work > 0:
        found["soil_days"] = _computed(at, missing * 1000 / per_day, "d", SOURCE, assumed)
    return found


def _computed(
    at: datetime, value: float, unit: str, source: str, validity: Text | None = None
) -> Figure:
    return Figure(
        value=value, unit=unit, time=at, source=source, version=VERSION, validity=validity
    )


def _given(at: datetime, value: float, unit: str, source: str) -> Figure:
    return Figure(value=value, unit=unit, time=at, source=source, quality="planned")
