"""What the fleet could do if something were different."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from pydantic import ConfigDict, Field

from ingest.text import Text
from ingest.yaml_file import Configured
from twin.fleet.capacity import Capacity, ImpossibleFleet, capacity
from twin.fleet.inputs import Fleet
from twin.plan import Plan


class FleetChanges(Configured):
    """What is different from the fleet that is; what is left out stays.

    Parameters
    ----------
    trucks
        Count by kind.
    loaders, bulldozers
        Counts.
    bucket_m3
        Volume of the loader's bucket [m3].
    distance_km, speed_km_h
        Of the haul, one way and mean [km], [km/h].
    shift_h, shifts_per_day, working_days
        Length [h], [1/d], [d/y]; a loader keeps its part of the working days.
    masses
        Mass by waste stream [thousand t/y].
    densities
        Density in place by waste stream [t/m3]: of the yearly volume and of what trucks take.
    readiness
        Part of the trucks on the list that can work [1].
    """

    model_config = ConfigDict(
        **Configured.model_config,
        json_schema_extra={"example": {"distance_km": 3.5, "trucks": {"belaz_75404": 5}}},
    )

    trucks: dict[str, int] = Field(default={}, max_length=8)
    loaders: int | None = None
    bulldozers: int | None = None
    bucket_m3: float | None = Field(default=None, allow_inf_nan=False)
    distance_km: float | None = Field(default=None, allow_inf_nan=False)
    speed_km_h: float | None = Field(default=None, allow_inf_nan=False)
    shift_h: float | None = Field(default=None, allow_inf_nan=False)
    shifts_per_day: int | None = None
    working_days: float | None = Field(default=None, allow_inf_nan=False)
    masses: dict[str, float] = Field(default={}, max_length=16)
    densities: dict[str, float] = Field(default={}, max_length=16)
    readiness: float | None = Field(default=None, allow_inf_nan=False)


NOTHING = FleetChanges()

Number = TypeVar("Number", int, float)


def changed(fleet: Fleet, changes: FleetChanges) -> Fleet:
    """Return a fleet with some things different.

    Raises
    ------
    ImpossibleFleet
        When a change names what the fleet does not have.
    """
    _known(changes.trucks, [truck.name for truck in fleet.trucks])
    for names in (changes.masses, changes.densities):
        _known(names, list(fleet.materials))
    working = fleet.working
    days = _or(changes.working_days, working.days_per_year)
    return replace(
        fleet,
        loader=fleet.loader.model_copy(
            update={
                "count": _or(changes.loaders, fleet.loader.count),
                "bucket_m3": _or(changes.bucket_m3, fleet.loader.bucket_m3),
            }
        ),
        trucks=tuple(
            truck.model_copy(update={"count": changes.trucks.get(truck.name, truck.count)})
            for truck in fleet.trucks
        ),
        bulldozer=fleet.bulldozer.model_copy(
            update={"count": _or(changes.bulldozers, fleet.bulldozer.count)}
        ),
        working=working.model_copy(
            update={
                "days_per_year": days,
                "loader_days_per_year": working.loader_days_per_year / working.days_per_year * days,
                "shifts_per_day": _or(changes.shifts_per_day, working.shifts_per_day),
                "shift_h": _or(changes.shift_h, working.shift_h),
            }
        ),
        hauling=fleet.hauling.model_copy(
            update={
                "distance_km": _or(changes.distance_km, fleet.hauling.distance_km),
                "speed_km_h": _or(changes.speed_km_h, fleet.hauling.speed_km_h),
                "readiness": _or(changes.readiness, fleet.hauling.readiness),
            }
        ),
        materials={
            name: material.model_copy(
                update={"density_t_per_m3": changes.densities.get(name, material.density_t_per_m3)}
            )
            for name, material in fleet.materials.items()
        },
    )


def changed_volumes(
    fleet: Fleet, plan: Plan, at: datetime, changes: FleetChanges
) -> dict[str, float]:
    """Return what the plan gives the fleet, by material [thousand m3/y in place].

    Raises
    ------
    ImpossibleFleet
        When a density is not above 0.
    """
    streams = plan.streams_at(at).by_name
    volumes = {}
    for name in fleet.materials:
        if name not in streams and name not in changes.masses:
            continue
        mass = changes.masses.get(name, streams[name].mass_per_year if name in streams else 0.0)
        density = changes.densities.get(
            name,
            streams[name].bulk_density
            if name in streams
            else fleet.materials[name].density_t_per_m3,
        )
        if not density > 0:
            raise ImpossibleFleet(
                Text("A density of {value:g} t/m3 is impossible: 0.1 to 25", {"value": density})
            )
        volumes[name] = mass / density
    return volumes


def fleet_capacity(
    fleet: Fleet, plan: Plan, at: datetime, changes: FleetChanges = NOTHING
) -> Capacity:
    """Return what a fleet moves in a year against the plan, with some things different.

    Raises
    ------
    ImpossibleFleet
        When what results cannot be; its `reason` is a sentence for people.
    """
    return capacity(changed(fleet, changes), changed_volumes(fleet, plan, at, changes))


def _known(given: Mapping[str, float], names: list[str]) -> None:
    for name in given:
        if name not in names:
            raise ImpossibleFleet(
                Text(
                    "The fleet has no {name}; it has {names}",
                    {"name": name, "names": ", ".join(names)},
                )
            )


def _or(given: Number | None, otherwise: Number) -> Number:
    return otherwise if given is None else given
