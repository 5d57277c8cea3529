"""Water: trends, acid-base account, acidity, radiation behind evaporation."""

from __future__ import annotations

import numpy as np

from ingest.text import Text
from twin.chemistry.acid_base_account import (
    ACID_POTENTIAL_PER_PERCENT,
    MAXIMUM_POTENTIAL_ACIDITY_PER_PERCENT,
    SULFURIC_ACID_PER_CARBONATE,
    AcidBase,
    acid_potential,
)
from twin.chemistry.acidity_kirby_cravotta import (
    LIME_PER_CARBONATE,
    acidity_kirby_cravotta,
    lime_demand,
)
from twin.chemistry.mann_kendall import mann_kendall
from twin.hydrology.evaporation_oudin import extraterrestrial_radiation
from twin.verify import Verification, verification

TITLE = Text("Water and its chemistry")

#: Series of EPA QA/G-9S, page 109.
EPA_SERIES = (10, 10, 10, 5, 10, 20, 18, 17, 15, 24, 15)


def verifications() -> list[Verification]:
    """Return the comparisons of this subject."""
    return [*_trends(), *_accounts(), *_acidity(), _radiation()]


def _trends() -> list[Verification]:
    epa = "EPA QA/G-9S (2006), page 109"
    julia = "test of MannKendall.jl: 1 to 100"
    found = mann_kendall(np.arange(len(EPA_SERIES)), EPA_SERIES)
    rising = mann_kendall(np.arange(100), np.arange(1, 101))
    return [
        verification(Text("Mann-Kendall S of a series with ties [1]"), epa, 22, found.score, 0),
        verification(
            Text("Mann-Kendall variance with ties [1]"), epa, 155.33, found.variance, 0.005
        ),
        verification(Text("Mann-Kendall Z with ties [1]"), epa, 1.685, found.z, 0.0005),
        verification(
            Text("Mann-Kendall two-sided p with ties [1]"),
            "recomputed from Z",
            0.0920,
            found.p,
            0.00005,
        ),
        verification(Text("Sen's slope with ties [1/step]"), "recomputed", 1.0, found.slope, 1e-12),
        verification(Text("Mann-Kendall S of 1 to 100 [1]"), julia, 4950, rising.score, 0),
        verification(
            Text("Mann-Kendall variance of 1 to 100 [1]"), julia, 112750, rising.variance, 1e-6
        ),
        verification(
            Text("Mann-Kendall Z of 1 to 100 [1]"), julia, 14.73869998208331, rising.z, 1e-12
        ),
    ]


def _accounts() -> list[Verification]:
    source = "acid-base accounting of sample VD-E1 (scribd.com document 336000945)"
    made = acid_potential(0.41)
    found = [verification(Text("AP of 0.41 % S [kg CaCO3/t]"), source, 12.8, made, 0.05)]
    for taken, net, ratio in ((28, 15, 2.19), (26, 13, 2.03)):
        account = AcidBase(made, taken)
        found += [
            verification(
                Text("NNP of 0.41 % S and NP {taken} [kg CaCO3/t]", {"taken": taken}),
                source,
                net,
                account.net_neutralisation_potential,
                0.5,
            ),
            verification(
                Text("NP : AP of 0.41 % S and NP {taken} [1]", {"taken": taken}),
                source,
                ratio,
                account.ratio,
                0.005,
            ),
        ]
    found.append(
        verification(
            Text("MPA of 1 % S [kg H2SO4/t]"),
            "31.25 kg CaCO3/t by molar masses; the AMIRA handbook rounds to 30.6",
            MAXIMUM_POTENTIAL_ACIDITY_PER_PERCENT,
            ACID_POTENTIAL_PER_PERCENT * SULFURIC_ACID_PER_CARBONATE,
            0.05,
        )
    )
    return found


def _acidity() -> list[Verification]:
    source = "equation of Kirby and Cravotta (2005), by hand; no published pair was readable"
    acidity = acidity_kirby_cravotta(3.0, iron2=100, iron3=20, manganese=10, aluminium=25)
    return [
        verification(Text("Acidity of a mine water [mg/L CaCO3]"), source, 439.21, acidity, 0.01),
        verification(
            Text("Hydrated lime for it [mg/L]"), source, 325.1, acidity * LIME_PER_CARBONATE, 0.1
        ),
        verification(
            Text("Acidity in 10 L/s of it [t CaCO3/d]"),
            source,
            0.3795,
            lime_demand(acidity, 10) / LIME_PER_CARBONATE,
            0.0001,
        ),
        verification(
            Text("Hydrated lime for 10 L/s of it [t/d]"),
            source,
            0.281,
            lime_demand(acidity, 10),
            0.0005,
        ),
    ]


def _radiation() -> Verification:
    computed = extraterrestrial_radiation(np.array([246.0]), -20.0)
    return verification(
        Text("Extraterrestrial radiation on 3 September at 20 deg S [MJ/(m2 d)]"),
        "FAO Irrigation and Drainage Paper 56, example 8 (quoted from memory)",
        32.2,
        float(computed[0]),
        0.05,
    )
