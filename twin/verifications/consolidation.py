"""Terzaghi's consolidation, and what Asaoka's and the hyperbolic method make of it."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from ingest.text import Text
from twin.models.settlement_asaoka import recurrence
from twin.models.settlement_hyperbolic import SettlementHyperbolic
from twin.models.terzaghi_consolidation import average_consolidation
from twin.verify import Verification, verification

TITLE = Text("Consolidation")

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


def verifications() -> list[Verification]:
    """Return the comparisons of this subject."""
    return [*_terzaghi(), *_asaoka(), *_hyperbolic()]


def _terzaghi() -> list[Verification]:
    factors = np.array([factor for _, factor in TERZAGHI_TABLE])
    degrees = 100 * average_consolidation(factors)
    return [
        verification(
            Text("Average consolidation at T = {factor} [%]", {"factor": factor}),
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
                Text(
                    "Asaoka's ultimate of a Terzaghi curve from U = {degree} % on [1]",
                    {"degree": degree},
                ),
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
        verification(Text("Slope of the hyperbola of T/U [1/%]"), source, 8.206e-3, slope, 2e-5),
        verification(
            Text("Intercept of the hyperbola of T/U [1/%]"), source, 2.441e-3, intercept, 2e-5
        ),
        verification(
            Text("Overshoot of the hyperbolic ultimate settlement [%]"),
            source,
            21.9,
            100 * (float(ultimate[0]) - 1),
            0.3,
        ),
    ]


def time_factor(degree: float) -> float:
    """Return the time factor at which a degree of average consolidation [1] is reached [1]."""
    return float(brentq(lambda factor: average_consolidation(factor).item() - degree, 0.0, 10.0))
