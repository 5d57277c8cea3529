"""Creep of lifts, collapse on wetting, and the robust fit: analytic oracles and published lines."""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from ingest.text import Text
from twin.models._base import HUBER, Lifts, robust_fit, standing_out
from twin.models._creep import CREEP_RANGE, PRIMARY_ENDS
from twin.models.consolidation_with_creep import ConsolidationWithCreep
from twin.models.settlement_creep_of_lifts import SettlementCreepOfLifts
from twin.models.settlement_log_creep import SettlementLogCreep
from twin.settlement.collapse_on_wetting import collapse_strain
from twin.verify import Verification, verification

#: Vertical stress [kPa] and strain on wetting [%] of the laboratory line that the discussion of
#: the Horsley fill gives and disputes.
COLLAPSE = ((40.0, 0.0), (700.0, 13.0))

TITLE = Text("Creep of lifts, collapse, robust fit")

HORSLEY = "discussion of the Horsley opencast fill, ICE Geotechnical Engineering 149(2), 129"


def verifications() -> list[Verification]:
    """Return the comparisons of this subject."""
    return [*_collapse(), *_creep(), _huber()]


def _collapse() -> list[Verification]:
    return [
        verification(
            Text("Strain on wetting under {stress} kPa, upper end [%]", {"stress": round(stress)}),
            f"laboratory line, disputed; {HORSLEY}",
            strain,
            100 * float(collapse_strain(np.array(stress))),
            0.01,
        )
        for stress, strain in COLLAPSE
    ]


def _creep() -> list[Verification]:
    # Two equal lifts a hundred days apart: a hundred days after the second, the second has run
    # through log10(100) = 2 tenfold times, the first through log10(200/100).
    model = SettlementCreepOfLifts(Lifts(age=np.array([100.0, 0.0]), mass=np.array([1.0, 1.0])))
    curve = model.predict(np.array([[0.0, 10.0]]), np.array([100.0]))
    return [
        verification(
            Text("Creep of two lifts 100 days after the second, 10 mm a decade each [mm]"),
            "analytic oracle: Sowers (1965) by Boltzmann's superposition, 10*(2 + log10 2)",
            10 * (2 + float(np.log10(2))),
            float(curve[0, 0]),
            1e-9,
        ),
        *_creep_after_consolidation(),
    ]


def _creep_after_consolidation() -> list[Verification]:
    # Ten times the time of U = 95 % after the load: primary settlement is over, and creep has run
    # through one tenfold of time, or log10(11) when it began with the load.
    time = np.array([10 * PRIMARY_ENDS / 0.01])
    model = ConsolidationWithCreep()
    return [
        verification(
            Text(
                "Consolidation of 100 mm and creep of 10 a decade, begun {begun} [mm]",
                {"begun": begun},
            ),
            "analytic oracle; Mesri, Godlewski (1977)",
            published,
            float(model.predict(np.array([[0.0, 100.0, 0.01, 0.1, late]]), time)[0, 0]),
            1e-3,
        )
        for late, begun, published in (
            (1.0, "T = 1.129", 110.0),
            (0.0, "T = 0", 100 + 10 * float(np.log10(11))),
        )
    ] + [
        verification(
            Text(
                "Creep over primary settlement, C_alpha/C_c = {ratio}, stress times {stress} [1]",
                {"ratio": ratio, "stress": stress},
            ),
            "Mesri, Godlewski (1977); Terzaghi, Peck, Mesri (1996)",
            ratio / float(np.log10(stress)),
            end,
            0.02,
        )
        for ratio, stress, end in ((0.02, 10.0, CREEP_RANGE[0]), (0.05, 1.5, CREEP_RANGE[1]))
    ]


def _huber() -> Verification:
    random = np.random.default_rng(3)
    time = np.arange(1.0, 120.0)
    curve = 5 + 20 * np.log10(np.maximum(time, 7.0)) + random.normal(0, 0.3, len(time))
    curve[::17] += 8
    model = SettlementLogCreep()
    used = model.used(time)[0]
    ours, _ = robust_fit(model, time, curve)
    # Both measure residuals against the same scale.
    first = model.weighted_fit(time, curve[None, :], (used * standing_out(curve))[None, :])
    left = np.abs(curve - model.predict(first, time)[0])[used]
    x = np.log10(time[used])

    def residual(p: np.ndarray) -> np.ndarray:
        return np.asarray(p[0] + p[1] * x - curve[used])

    scale = HUBER / 0.6745 * float(np.sort(left)[(len(left) - 1) // 2])
    theirs = least_squares(residual, first[0], loss="huber", f_scale=scale).x
    return verification(
        Text("Slope of a robust line through outliers [mm a decade]"),
        "scipy.optimize.least_squares(loss='huber') on the same curve",
        float(theirs[1]),
        float(ours[0, 1]),
        0.02,
    )
