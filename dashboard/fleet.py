"""What pages and routes ask of the fleet: its tables, what it can move, and what if."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ingest.site import Site
from twin.fleet.capacity import Capacity, capacity
from twin.fleet.inputs import Fleet, Machine, load_fleet, yearly_volumes
from twin.fleet.tables import FleetTables, fleet_tables
from twin.fleet.what_if import FleetChanges, changed, changed_volumes
from twin.plan import Plan
from twin.state import EdgeState


class FleetMachine(msgspec.Struct, kw_only=True, frozen=True):
    """One kind of machine; what does not apply to its role is 0."""

    name: str
    title: dict[str, str]
    role: str
    count: int
    payload_t: float
    body_m3: float
    bucket_m3: float
    power_kw: float


class FleetVolume(msgspec.Struct, kw_only=True, frozen=True):
    """What the plan gives the fleet of one waste stream.

    `mass` [thousand t/y], `density` of the loads [t/m3], `volume` in place [thousand m3/y].
    """

    stream: str
    mass: float
    density: float
    volume: float


class FleetAnswer(msgspec.Struct, kw_only=True, frozen=True):
    """The fleet in force at `time`: tables of the project and what it can move.

    Volumes are of the material in place.
    """

    site: str
    time: datetime
    since: datetime
    source: str
    machines: list[FleetMachine]
    volumes: list[FleetVolume]
    tables: FleetTables
    capacity: Capacity
    edge: EdgeState | None


class FleetWhatIf(msgspec.Struct, kw_only=True, frozen=True):
    """What the fleet in force at `time` can move as it is, and with some things different.

    `source` is that of the fleet and of its norms; `tables` are those of the changed fleet.
    """

    site: str
    time: datetime
    source: str
    now: Capacity
    then: Capacity
    tables: FleetTables


class FleetQueries:
    """Answers what is asked of the fleet of one site."""

    def __init__(self, site: Site, plan: Plan | None) -> None:
        self._site, self._plan = site, plan
        self._fleets = load_fleet(site, plan)

    def at(self, moment: datetime) -> tuple[Fleet, Plan] | None:
        """Return the fleet in force and the plan, None for a site without them."""
        if self._fleets is None or self._plan is None:
            return None
        return self._fleets.at(moment), self._plan

    def answer(self, moment: datetime, edge: EdgeState | None) -> FleetAnswer | None:
        """Return the fleet in force at a moment, None for a site without one.

        Parameters
        ----------
        edge
            Safety at the edge of the tier in which the front stands then.
        """
        found = self.at(moment)
        if found is None:
            return None
        fleet, plan = found
        volumes = yearly_volumes(fleet, plan, moment)
        streams = plan.streams_at(moment).by_name
        return FleetAnswer(
            site=self._site.name,
            time=moment,
            since=fleet.since,
            source=fleet.source,
            machines=[
                _machine(each)
                for each in (fleet.loader, *fleet.trucks, fleet.bulldozer, *fleet.upkeep)
            ],
            volumes=[
                FleetVolume(
                    stream=name,
                    mass=streams[name].mass_per_year,
                    density=fleet.materials[name].density_t_per_m3,
                    volume=volume,
                )
                for name, volume in volumes.items()
            ],
            tables=fleet_tables(fleet, volumes),
            capacity=capacity(fleet, volumes),
            edge=edge,
        )

    def what_if(self, moment: datetime, changes: FleetChanges) -> FleetWhatIf | None:
        """Return what the fleet can move with some things different.

        Raises
        ------
        ImpossibleFleet
            When what results cannot be.
        """
        found = self.at(moment)
        if found is None:
            return None
        fleet, plan = found
        other = changed(fleet, changes)
        volumes = changed_volumes(fleet, plan, moment, changes)
        then = capacity(other, volumes)
        return FleetWhatIf(
            site=self._site.name,
            time=moment,
            source=fleet.source,
            now=capacity(fleet, yearly_volumes(fleet, plan, moment)),
            then=then,
            tables=fleet_tables(other, volumes),
        )


def _machine(machine: Machine) -> FleetMachine:
    return FleetMachine(
        name=machine.name,
        title=machine.title,
        role=machine.role,
        count=machine.count,
        payload_t=machine.payload_t,
        body_m3=machine.body_m3,
        bucket_m3=machine.bucket_m3,
        power_kw=machine.power_kw,
    )
