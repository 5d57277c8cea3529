"""Slopes: factors of safety, critical circles, inverse velocity, control charts."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

from ingest.text import Text
from twin.control_charts import cusum, ewma
from twin.inverse_velocity import inverse_velocity, line_to_zero
from twin.slopes.bishop_simplified import bishop_simplified
from twin.slopes.circular_search import FINAL, Method, search
from twin.slopes.infinite_slope import infinite_slope
from twin.slopes.ordinary import ordinary
from twin.slopes.section import DRY, Layer, Section, Soil, Water
from twin.slopes.slices import cut_circle
from twin.slopes.spencer import spencer
from twin.verify import Verification, verification

TITLE = Text("Stability of slopes")

METHODS: dict[str, Method] = {
    "ordinary": ordinary,
    "Bishop simplified": bishop_simplified,
    "Spencer": spencer,
}

#: Cases of Fredlund and Krahn whose slide is a circle in one material: name, water, and the
#: published factors by the methods above (Canadian Geotechnical Journal 14(3), 1977). Slope 2:1,
#: 40 ft, c' = 600 psf, phi' = 20 deg, 120 pcf; circle about (120, 90) with a radius of 80 ft.
FREDLUND_KRAHN = (
    (Text("case 1, dry"), DRY, (1.928, 2.080, 2.073)),
    (Text("case 3, ru = 0.25"), Water(ratio=0.25), (1.607, 1.766, 1.761)),
    (
        Text("case 5, piezometric line"),
        Water(line=((0.0, 40.0), (140.0, 20.0))),
        (1.693, 1.834, 1.830),
    ),
)


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(each) for each in text.split())


#: Data of Montgomery, Introduction to Statistical Quality Control, example 9.1.
MONTGOMERY = _numbers(
    "9.45 7.99 9.29 11.66 12.16 10.18 8.04 11.46 9.20 10.34 "
    "9.03 11.47 10.51 9.40 10.08 9.37 10.62 10.31 8.52 10.84 "
    "10.90 9.33 12.29 11.50 10.60 11.08 10.38 11.62 11.31 10.52"
)

#: C+ of that example with a target of 10, K = 0.5.
MONTGOMERY_CUSUM = _numbers(
    "0 0 0 1.16 2.82 2.50 0.04 1.00 0 0 0 0.97 0.98 0 0 "
    "0 0.12 0 0 0.34 0.74 0 1.79 2.79 2.89 3.47 3.35 4.47 5.28 5.30"
)

#: Data and EWMA of the NIST/SEMATECH e-Handbook, section 6.3.2.4 (weight 0.3, target 50).
NIST = _numbers(
    "52.0 47.0 53.0 49.3 50.1 47.0 51.0 50.1 51.2 50.5 "
    "49.6 47.6 49.9 51.3 47.8 51.2 52.6 52.4 53.6 52.1"
)
NIST_EWMA = _numbers(
    "50.60 49.52 50.56 50.18 50.16 49.21 49.75 49.85 50.26 50.33 "
    "50.11 49.36 49.52 50.05 49.38 49.92 50.73 51.23 51.94 51.99"
)


def fredlund_krahn(water: Water) -> Section:
    """Return the slope of Fredlund and Krahn (ft, psf, pcf)."""
    return Section(
        ((-40.0, 60.0), (60.0, 60.0), (140.0, 20.0), (240.0, 20.0)),
        (Layer(Soil("clay", 120.0, 600.0, 20.0)),),
        water,
        water_unit_weight=62.4,
    )


def verruijt() -> Section:
    """Return the slope of Verruijt's example: 4.5 m at 1:2 on a base 2 m below its toe."""
    return Section(
        ((-15.0, 4.5), (0.0, 4.5), (9.0, 0.0), (24.0, 0.0)),
        (Layer(Soil("soil", 16.0, 5.0, 20.0)),),
        rock=((-15.0, -2.0), (24.0, -2.0)),
    )


def acads() -> Section:
    """Return the slope of the ACADS study, case 1(a): 10 m at 2:1."""
    return Section(
        ((-30.0, 10.0), (0.0, 10.0), (20.0, 0.0), (50.0, 0.0)),
        (Layer(Soil("soil", 20.0, 3.0, 19.6)),),
    )


def verifications() -> list[Verification]:
    """Return the comparisons of this subject."""
    return [
        *_methods(),
        *_searches(),
        *_infinite_slopes(),
        *_inverse_velocity(),
        *_control_charts(),
    ]


def _methods() -> list[Verification]:
    found = []
    for case, water, published in FREDLUND_KRAHN:
        slices = cut_circle(fredlund_krahn(water), 120.0, 90.0, 80.0, FINAL)
        for (name, method), value in zip(METHODS.items(), published, strict=True):
            found.append(
                verification(
                    Text(
                        "Factor of safety, {method}: {case} [1]",
                        {"method": name, "case": str(case)},
                    ),
                    "Fredlund and Krahn (1977), Canadian Geotechnical Journal 14(3), 429-439",
                    value,
                    float(method(slices).value[0]),
                    0.005 * value,
                )
            )
    return found


def _searches() -> list[Verification]:
    source = "Verruijt's example by code_aster V6.03.006"
    found = search(verruijt()).factor
    return [
        verification(
            Text("Least factor of safety, Bishop: Verruijt [1]"), source, 1.534, found, 0.01 * 1.534
        ),
        verification(
            Text("Least factor of safety against strength reduction: Verruijt [1]"),
            source,
            1.54,
            found,
            0.01 * 1.54,
        ),
        verification(
            Text("Least factor of safety, Bishop: ACADS 1(a) [1]"),
            "ACADS (1989), mean of 18 answers by Bishop's method; referee's answer 1.00",
            0.993,
            search(acads()).factor,
            0.01 * 0.993,
        ),
    ]


def _infinite_slopes() -> list[Verification]:
    das = infinite_slope(
        slope_deg=22,
        depth=6,
        unit_weight=20.8,
        cohesion=52,
        friction_deg=26,
        water_height=6,
    )

    def excess(slope_deg: float) -> float:
        return (
            infinite_slope(
                slope_deg=slope_deg,
                depth=1,
                unit_weight=18,
                cohesion=0,
                friction_deg=34,
                water_height=1,
                water_unit_weight=10,
            )
            - 1.5
        )

    return [
        verification(
            Text("Factor of safety of an infinite slope with seepage [1]"),
            "inputs: Das, Principles of Geotechnical Engineering, 9th ed., problem 15.3;"
            " value: analytic oracle",
            1.837,
            das,
            0.001,
        ),
        verification(
            Text("Slope angle at which an infinite slope has a factor of 1.5 [deg]"),
            "GATE 2014, civil engineering, question 1.16 (11.3 deg)",
            11.3,
            float(brentq(excess, 1.0, 80.0)),
            0.05,
        ),
    ]


def _inverse_velocity() -> list[Verification]:
    days = np.arange(28.0)
    source = "analytic oracle: v = 1 / (0.02 (30 - t)), t = 0 to 27 d"
    # Differences of displacement end a little before the true day; velocities themselves do not.
    moved = np.array([-50 * math.log(30 - day) for day in days])
    found = inverse_velocity(days, moved, smoothing=1)
    return [
        verification(
            Text("Day of failure from true velocities [d]"),
            source,
            30.0,
            line_to_zero(days, 0.02 * (30 - days))[2],
            1e-9,
        ),
        verification(
            Text("Day of failure from daily displacements [d]"),
            source,
            29.984,
            found.failure if found.failure is not None else math.nan,
            0.0005,
        ),
    ]


def _control_charts() -> list[Verification]:
    sums = cusum(MONTGOMERY, target=10, allowance=0.5, limit=5)
    means = ewma(MONTGOMERY, target=10, deviation=1, weight=0.1, width=2.7)
    nist = ewma(NIST, target=50, deviation=2.0539, weight=0.3, width=3, steady=True)
    cusum_source = "Montgomery, Introduction to Statistical Quality Control, example 9.1"
    ewma_source = "data of Montgomery, example 9.1, weight 0.1, L = 2.7; value: analytic oracle"
    nist_source = "NIST/SEMATECH e-Handbook of Statistical Methods, section 6.3.2.4"
    return [
        verification(
            Text("CUSUM: largest difference from the printed C+ [1]"),
            cusum_source,
            0.0,
            float(np.abs(sums.high - np.array(MONTGOMERY_CUSUM)).max()),
            0.005,
        ),
        verification(
            Text("CUSUM: number of the signal [1]"),
            cusum_source,
            29,
            math.nan if sums.signal is None else sums.signal + 1,
            0.0,
        ),
        *(
            verification(name, ewma_source, published, float(value), 0.0005)
            for name, published, value in (
                (Text("EWMA: first average [1]"), 9.945, means.average[0]),
                (Text("EWMA: tenth average [1]"), 10.0232, means.average[9]),
                (Text("EWMA: 28th average [1]"), 10.5731, means.average[27]),
                (Text("EWMA: 28th upper limit [1]"), 10.6186, means.high[27]),
                (Text("EWMA: 29th average [1]"), 10.6468, means.average[28]),
            )
        ),
        verification(
            Text("EWMA: first lower limit [1]"), ewma_source, 9.73, float(means.low[0]), 0.0005
        ),
        verification(
            Text("EWMA: number of the signal [1]"),
            ewma_source,
            29,
            math.nan if means.signal is None else means.signal + 1,
            0.0,
        ),
        verification(
            Text("EWMA: upper limit [1]"), nist_source, 52.5884, float(nist.high[0]), 0.0001
        ),
        verification(
            Text("EWMA: lower limit [1]"), nist_source, 47.4115, float(nist.low[0]), 0.0001
        ),
        verification(
            Text("EWMA: largest difference from the printed averages [1]"),
            nist_source,
            0.0,
            float(np.abs(nist.average - np.array(NIST_EWMA)).max()),
            0.0051,
        ),
    ]
