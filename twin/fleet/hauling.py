"""Trucks: tables 11 and 12 of the reclamation project 073/20-TX, volume 3 book 1."""

from __future__ import annotations


def loading_time(buckets: int, cycle_s: float) -> float:
    """Return how long a truck is loaded [min] (table 11): `n*t_cycle / 60`."""
    return buckets * cycle_s / 60


def driving_time(distance_km: float, speed_km_h: float) -> float:
    """Return how long a truck drives there and back [min] (table 11): `2*l*60 / v`.

    Parameters
    ----------
    distance_km
        One way, l [km].
    speed_km_h
        Mean of the round trip, v [km/h].
    """
    return 2 * distance_km * 60 / speed_km_h


def truck_per_shift(
    shift_h: float, pauses_min: float, volume_m3: float, round_trip_min: float
) -> float:
    """Return what a truck hauls in a shift [m3] (table 11).

    `(T_shift - (T_preparation + T_break + T_personal)) * V / t_round_trip`

    Parameters
    ----------
    pauses_min
        Preparation, regulated breaks and personal needs together [min].
    volume_m3
        What a truck carries, V [m3].
    round_trip_min
        Driving, loading, unloading, waiting and both spottings [min].
    """
    return (shift_h * 60 - pauses_min) * volume_m3 / round_trip_min


def listed(working: float, readiness: float) -> float:
    """Return how many trucks must be on the list so that enough of them work [1] (table 12).

    Table 12 prints `listed = working * k`, with the technical readiness k = 0.85; its numbers
    (0.3 -> 0.4, 2.2 -> 2.5) come from `working / k`, which is right: of 100 listed 85 can work.
    """
    return working / readiness
