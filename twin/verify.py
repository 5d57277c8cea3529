"""Published numbers beside what the twin computes: `postmine verify`."""

from __future__ import annotations

import msgspec
import numpy as np
from scipy.optimize import brentq

from ingest.site import load_site
from twin.geometry import sliding_prism_width
from twin.models.settlement_asaoka import recurrence
from twin.models.settlement_hyperbolic import SettlementHyperbolic
from twin.models.terzaghi_consolidation import average_consolidation
from twin.plan import load_plan

PROJECT = "reclamation project 073/20-TX, volume 3 book 1"

#: Average degree of consolidation [%] and time factor [1] under a uniform initial pressure
#: (lecture notes CEG 4012, fall 2011, after Terzaghi). Rounded to three digits; the row of 65 %
#: is the loosest (exact T = 0.3404).
TERZAGHI_TABLE = (
    (5, 0.0020),
    (10, 0.0078),
    (15, 0.0177),
    (20, 0.0314),
    (25, 0.0491),
    (30, 0.0707),
    (35, 0.0962),
    (40, 0.126),
    (45, 0.159),
    (50, 0.197),
    (55, 0.239),
    (60, 0.286),
    (65, 0.342),
    (70, 0.403),
    (75, 0.477),
    (80, 0.567),
    (85, 0.684),
    (90, 0.848),
    (95, 1.129),
)

#: Ultimate settlement [1] that Asaoka's method finds on an exact Terzaghi curve of ultimate 1,
#: from eight points 0.04 apart in the time factor, by the degree [%] of the first point. Analytic
#: oracle: no published data table of the method was found.
ASAOKA_ORACLE = ((30, 0.9039), (50, 0.9927), (60, 0.9990), (70, 0.9999))

#: Volumes in the dump by stream [thousand m3/y] (table 4).
STREAM_VOLUMES = {
    "waste_rock": 53.0,
    "dry_magnetic_separation_tailings": 422.8,
    "mine_water_treatment_sludge": 2.2,
    "coal_ash_and_slag": 34.3,
}


class Verification(msgspec.Struct, kw_only=True, frozen=True):
    """One published number beside the computed one.

    Parameters
    ----------
    tolerance
        Largest absolute difference, both ways.
    """

    name: str
    source: str
    published: float
    computed: float
    tolerance: float
    ok: bool


def verification(
    name: str, source: str, published: float, computed: float, tolerance: float
) -> Verification:
    """Return the comparison of two numbers."""
    return Verification(
        name=name,
        source=source,
        published=published,
        computed=computed,
        tolerance=tolerance,
        ok=bool(abs(computed - published) <= tolerance),
    )


def verifications() -> list[Verification]:
    """Return every published number that the twin is pinned to."""
    return [*_plan(), *_terzaghi(), *_asaoka(), *_hyperbolic(), _sliding_prism()]


def _plan() -> list[Verification]:
    plan = load_plan(load_site("abaza"))
    assert plan is not None
    streams = plan.streams[0].by_name
    calendar = plan.calendars[0]
    yearly = sum(stream.volume_per_year for stream in streams.values())
    table4, table5 = f"{PROJECT}, table 4", f"{PROJECT}, table 5"
    found = [
        verification(
            f"Volume in the dump of {name} [thousand m3/y]",
            table4,
            published,
            streams[name].volume_per_year,
            0.1,
        )
        for name, published in STREAM_VOLUMES.items()
    ]
    found.append(
        verification("Volume in the dump of a year [thousand m3/y]", table4, 512.3, yearly, 0.05)
    )
    for tier, published in (("tier_650", 3839.5), ("tier_680", 3845.0)):
        placed = sum(cells[tier] for cells in calendar.years.values())
        found.append(
            verification(f"Volume placed in {tier} [thousand m3]", table5, published, placed, 0.05)
        )
    found.append(
        verification("Volume of the plan [thousand m3]", table5, 7684.5, calendar.total, 0.05)
    )
    found.append(
        verification(
            "Years until the dump is full [y]",
            f"{PROJECT}, section 3.1 (printed as 53)",
            53,
            plan.file.total_capacity_thousand_m3 / yearly,
            0.5,
        )
    )
    return found


def _terzaghi() -> list[Verification]:
    factors = np.array([factor for _, factor in TERZAGHI_TABLE])
    degrees = 100 * average_consolidation(factors)
    return [
        verification(
            f"Average consolidation at T = {factor} [%]",
            "Terzaghi consolidation, table of CEG 4012 lecture notes (2011)",
            degree,
            float(computed),
            0.2,
        )
        for (degree, factor), computed in zip(TERZAGHI_TABLE, degrees, strict=True)
    ]


def _asaoka() -> list[Verification]:
    found = []
    for degree, published in ASAOKA_ORACLE:
        steps = time_factor(degree / 100) + 0.04 * np.arange(8)
        b0, b1 = recurrence(average_consolidation(steps)[None, :])
        found.append(
            verification(
                f"Asaoka's ultimate of a Terzaghi curve from U = {degree} % on [1]",
                "analytic oracle; Asaoka (1978), Soils and Foundations 18(4)",
                published,
                float(b0[0] / (1 - b1[0])),
                0.0005,
            )
        )
    return found


def _hyperbolic() -> list[Verification]:
    degrees = np.linspace(0.60, 0.90, 301)
    factors = np.array([time_factor(float(degree)) for degree in degrees])
    slope, intercept = np.polyfit(factors, factors / (100 * degrees), 1)
    source = "regression over 60-90 % of Terzaghi's curve; Sridharan (1987) 8.208e-3, 2.44e-3"
    model = SettlementHyperbolic()
    ultimate = model.ultimate(np.array([[intercept * 100, slope * 100]]))
    return [
        verification("Slope of the hyperbola of T/U [1/%]", source, 8.206e-3, slope, 2e-5),
        verification("Intercept of the hyperbola of T/U [1/%]", source, 2.441e-3, intercept, 2e-5),
        verification(
            "Overshoot of the hyperbolic ultimate settlement [%]",
            source,
            21.9,
            100 * (float(ultimate[0]) - 1),
            0.3,
        ),
    ]


def _sliding_prism() -> Verification:
    return verification(
        "Width of the sliding prism [m]",
        f"{PROJECT}, safety of unloading (printed as 1.3)",
        1.32,
        sliding_prism_width(36 + 50 / 60, 37 + 20 / 60, 55),
        0.005,
    )


def time_factor(degree: float) -> float:
    """Return the time factor at which a degree of average consolidation [1] is reached [1]."""
    return float(brentq(lambda factor: average_consolidation(factor).item() - degree, 0.0, 10.0))
