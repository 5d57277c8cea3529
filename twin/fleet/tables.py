"""Tables 8-15 of the reclamation project 073/20-TX, computed for the machines of a site."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.fleet.dozing import bulldozer_per_hour, cycle_time, drag_prism, kept_on_the_way
from twin.fleet.hauling import driving_time, listed, loading_time, truck_per_shift
from twin.fleet.inputs import Fleet, Machine
from twin.fleet.loading import (
    buckets_by_body,
    buckets_by_mass,
    loader_per_shift,
    volume_in_body,
    weighted_mean,
)


class Load(msgspec.Struct, kw_only=True, frozen=True):
    """One material in one kind of truck: a column of tables 8, 11 and 12.

    Volumes are of the material in place.
    """

    material: str
    truck: str
    buckets_by_mass: float
    buckets_by_body: float
    buckets: int
    volume_m3: float  # in the body
    load_t: float
    overload: float  # load over payload - 1 [1]; above 0 the truck carries more than it may
    loader_m3_per_shift: float
    driving_min: float
    loading_min: float
    round_trip_min: float
    truck_m3_per_shift: float
    yearly_thousand_m3: float  # split in proportion to what the kinds haul in a shift
    m3_per_shift: float
    working: float
    listed: float


class LoaderUse(msgspec.Struct, kw_only=True, frozen=True):
    """One material under the loader: tables 8 and 9."""

    material: str
    mean_m3_per_shift: float
    yearly_thousand_m3: float
    volume_thousand_m3: float
    needed: float


class BulldozerUse(msgspec.Struct, kw_only=True, frozen=True):
    """The bulldozer: tables 14 and 15."""

    cycle_s: float
    prism_m3: float
    kept: float
    m3_per_hour: float
    m3_per_shift: float
    yearly_thousand_m3: float
    needed_m3_per_shift: float
    working: float
    listed: float


class FleetTables(msgspec.Struct, kw_only=True, frozen=True):
    """What the project's tables say of a fleet; `*_needed` before rounding up to whole machines."""

    loads: list[Load]
    loader: list[LoaderUse]
    bulldozer: BulldozerUse
    loaders_needed: float
    trucks_needed: float
    bulldozers_needed: float


def load(fleet: Fleet, material: str, truck: Machine) -> Load:
    """Return what one kind of truck does with one material, before the haul is split."""
    found, loading, hauling = fleet.materials[material], fleet.loading, fleet.hauling
    bucket = fleet.loader.bucket_m3
    buckets = fleet.buckets(material, truck)
    volume = volume_in_body(buckets, bucket, found.bucket_filling, found.bulking)
    filled = loading_time(buckets, loading.cycle_s)
    driving = driving_time(hauling.distance_km, hauling.speed_km_h)
    trip = (
        driving
        + filled
        + hauling.unload_min
        + hauling.wait_min
        + hauling.unload_spotting_min
        + hauling.spotting_min
    )
    mass = volume * found.density_t_per_m3
    return Load(
        material=material,
        truck=truck.name,
        buckets_by_mass=buckets_by_mass(
            truck.payload_t, found.bulking, bucket, found.bucket_filling, found.density_t_per_m3
        ),
        buckets_by_body=buckets_by_body(truck.body_m3, loading.heap, bucket, found.bucket_filling),
        buckets=buckets,
        volume_m3=volume,
        load_t=mass,
        overload=mass / truck.payload_t - 1,
        loader_m3_per_shift=loader_per_shift(
            fleet.working.shift_h,
            loading.use_of_shift,
            volume,
            buckets,
            loading.cycle_s,
            loading.spotting_s,
        ),
        driving_min=driving,
        loading_min=filled,
        round_trip_min=trip,
        truck_m3_per_shift=truck_per_shift(fleet.working.shift_h, hauling.pauses_min, volume, trip),
        yearly_thousand_m3=0.0,
        m3_per_shift=0.0,
        working=0.0,
        listed=0.0,
    )


def fleet_tables(fleet: Fleet, volumes: Mapping[str, float]) -> FleetTables:
    """Return the project's tables for a fleet.

    Parameters
    ----------
    volumes
        Yearly volume by material [thousand m3 in place].
    """
    working = fleet.working
    loads: list[Load] = []
    loader: list[LoaderUse] = []
    for material, volume in volumes.items():
        columns = [load(fleet, material, truck) for truck in fleet.trucks]
        norms = [column.truck_m3_per_shift for column in columns]
        for column in columns:
            yearly = volume * column.truck_m3_per_shift / sum(norms)
            shift = yearly * 1000 / (working.days_per_year * working.shifts_per_day)
            at_work = shift / column.truck_m3_per_shift
            loads.append(
                msgspec.structs.replace(
                    column,
                    yearly_thousand_m3=yearly,
                    m3_per_shift=shift,
                    working=at_work,
                    listed=listed(at_work, fleet.hauling.readiness),
                )
            )
        # A site that has no truck yet weights the kinds by payload alone.
        counts = [truck.count for truck in fleet.trucks]
        some = any(counts)
        mean = weighted_mean(
            [column.loader_m3_per_shift for column in columns],
            [truck.payload_t * (truck.count if some else 1) for truck in fleet.trucks],
        )
        can = mean * working.loader_days_per_year * working.shifts_per_day / 1000
        loader.append(
            LoaderUse(
                material=material,
                mean_m3_per_shift=mean,
                yearly_thousand_m3=can,
                volume_thousand_m3=volume,
                needed=volume / can,
            )
        )
    bulldozer = bulldozer_use(fleet, sum(volumes.values()))
    return FleetTables(
        loads=loads,
        loader=loader,
        bulldozer=bulldozer,
        loaders_needed=sum(each.needed for each in loader),
        trucks_needed=sum(each.listed for each in loads),
        bulldozers_needed=bulldozer.listed,
    )


def bulldozer_use(fleet: Fleet, volume: float) -> BulldozerUse:
    """Return the bulldozer's tables for a yearly volume [thousand m3 in place]."""
    dozing, working, machine = fleet.dozing, fleet.working, fleet.bulldozer
    cycle = cycle_time(dozing.distance_m, dozing.loaded_m_s, dozing.empty_m_s, dozing.auxiliary_s)
    prism = drag_prism(machine.blade_height_m, machine.blade_width_m, dozing.friction_deg)
    kept = kept_on_the_way(dozing.loss_per_m, dozing.distance_m)
    hourly = bulldozer_per_hour(prism, kept, dozing.terrain, cycle, dozing.bulking)
    shift = hourly * working.shift_h * dozing.use_of_shift
    yearly = volume * dozing.share_pushed
    needed = yearly * 1000 / (working.days_per_year * working.shifts_per_day)
    return BulldozerUse(
        cycle_s=cycle,
        prism_m3=prism,
        kept=kept,
        m3_per_hour=hourly,
        m3_per_shift=shift,
        yearly_thousand_m3=yearly,
        needed_m3_per_shift=needed,
        working=needed / shift,
        listed=needed / shift * dozing.reserve,
    )
