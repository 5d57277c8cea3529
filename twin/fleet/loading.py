"""Wheel loader and truck: tables 8 and 9 of the reclamation project 073/20-TX, volume 3 book 1."""

from __future__ import annotations

import math


def buckets_by_mass(
    payload_t: float, bulking: float, bucket_m3: float, filling: float, density: float
) -> float:
    """Return how many buckets a truck may carry [1] (table 8): `q*k_b / (V_b*k_f*density)`.

    Parameters
    ----------
    payload_t
        What the truck may carry, q [t].
    bulking
        Loose volume over volume in place, k_b [1].
    bucket_m3
        Volume of the loader's bucket, V_b [m3].
    filling
        How full the bucket is, k_f [1].
    density
        Of the material in place [t/m3].
    """
    return payload_t * bulking / (bucket_m3 * filling * density)


def buckets_by_body(body_m3: float, heap: float, bucket_m3: float, filling: float) -> float:
    """Return how many buckets the body takes [1] (table 8): `V_body*k_heap / (V_b*k_f)`.

    Parameters
    ----------
    body_m3
        Volume of the body, level full [m3].
    heap
        What a heap adds to it, k_heap [1].
    """
    return body_m3 * heap / (bucket_m3 * filling)


def buckets_taken(by_mass: float, by_body: float, overload: float) -> int:
    """Return how many whole buckets are loaded [1].

    Table 8 rounds 2.95 and 1.97 buckets of tailings up to 3 and 2, which puts 30.5 t on a truck of
    30 t; rounding down without any allowance would give 2 and 1 and not the project's numbers.

    Parameters
    ----------
    overload
        Part of the payload that may be loaded above it [1].
    """
    return math.floor(min(by_mass * (1 + overload), by_body))


def volume_in_body(buckets: int, bucket_m3: float, filling: float, bulking: float) -> float:
    """Return the volume in place that a truck carries [m3] (table 8): `n*V_b*k_f / k_b`."""
    return buckets * bucket_m3 * filling / bulking


def loader_per_shift(
    shift_h: float,
    use_of_shift: float,
    volume_m3: float,
    buckets: int,
    cycle_s: float,
    spotting_s: float,
) -> float:
    """Return what a loader loads in a shift [m3] (table 8).

    `3600*T*k_use*V / (n*t_cycle + t_spotting)`

    Parameters
    ----------
    shift_h
        Length of the shift, T [h].
    use_of_shift
        Part of it in which the loader works [1].
    volume_m3
        What a truck carries, V [m3].
    cycle_s
        One bucket [s].
    spotting_s
        Until the next truck stands under the bucket [s].
    """
    return 3600 * shift_h * use_of_shift * volume_m3 / (buckets * cycle_s + spotting_s)


def weighted_mean(values: list[float], weights: list[float]) -> float:
    """Return the loader's mean over the kinds of trucks [m3/shift] (table 8).

    Table 8 weights 0.6 : 0.4, which is the payload of three trucks of 30 t against three of 20 t.
    """
    return sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
