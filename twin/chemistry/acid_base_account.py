"""Acid-base account: whether a waste can turn its drainage acid.

All potentials are in kilograms of calcium carbonate a tonne but for MPA, ANC and NAPP, which are
in kilograms of sulfuric acid a tonne. Mind the signs: NNP is positive for a waste that
neutralises, NAPP is positive for one that makes acid; NAPP is NNP times -98.08/100.09.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: Acid potential of a per cent of sulfur [kg CaCO3/t] [1]_: a mole of pyritic sulfur makes two of
#: acid, which take one of carbonate.
#:
#: .. [1] Sobek, A. A., Schuller, W. A., Freeman, J. R., Smith, R. M. (1978). Field and laboratory
#:    methods applicable to overburdens and minesoils. EPA-600/2-78-054.
ACID_POTENTIAL_PER_PERCENT = 31.25

#: Maximum potential acidity of a per cent of sulfur [kg H2SO4/t], as the AMIRA handbook rounds
#: 31.25 * 98.08 / 100.09 = 30.62.
MAXIMUM_POTENTIAL_ACIDITY_PER_PERCENT = 30.6

#: Kilograms of sulfuric acid that a kilogram of calcium carbonate neutralises [1].
SULFURIC_ACID_PER_CARBONATE = 98.08 / 100.09

#: Neutralisation potential of a per cent of oxide, as if all of it were carbonate [kg CaCO3/t]:
#: 10 kg/t * 100.09 / molar mass (CaO 56.08, MgO 40.30).
CARBONATE_PER_PERCENT_CAO = 10 * 100.09 / 56.08
CARBONATE_PER_PERCENT_MGO = 10 * 100.09 / 40.30

#: The same of a per cent of carbon dioxide (44.01).
CARBONATE_PER_PERCENT_CO2 = 10 * 100.09 / 44.01

AcidClass = Literal["likely", "possible", "unlikely"]


@dataclass(frozen=True)
class AcidBase:
    """What a waste can make and take of acid.

    Parameters
    ----------
    acid_potential
        AP [kg CaCO3/t].
    neutralisation_potential
        NP [kg CaCO3/t].
    """

    acid_potential: float
    neutralisation_potential: float

    @property
    def net_neutralisation_potential(self) -> float:
        """NNP = NP - AP [kg CaCO3/t]; negative: the waste makes acid."""
        return self.neutralisation_potential - self.acid_potential

    @property
    def ratio(self) -> float:
        """NP : AP [1]; infinite without sulfur."""
        if self.acid_potential == 0:
            return float("inf")
        return self.neutralisation_potential / self.acid_potential

    @property
    def net_acid_producing_potential(self) -> float:
        """NAPP = MPA - ANC [kg H2SO4/t]; positive: the waste makes acid."""
        return -self.net_neutralisation_potential * SULFURIC_ACID_PER_CARBONATE

    @property
    def acid_class(self) -> AcidClass:
        """Whether acid drainage is to be expected, by NP : AP.

        Above 3 unlikely, 1 to 3 possible, below 1 likely (Colorado Division of Reclamation, Mining
        and Safety, document 1056709).
        """
        if self.ratio > 3:
            return "unlikely"
        return "possible" if self.ratio >= 1 else "likely"


def acid_potential(sulfur_percent: float) -> float:
    """Return AP of a waste [kg CaCO3/t]: all sulfur counts as sulfide."""
    return ACID_POTENTIAL_PER_PERCENT * sulfur_percent


def maximum_potential_acidity(sulfur_percent: float) -> float:
    """Return MPA of a waste [kg H2SO4/t]."""
    return MAXIMUM_POTENTIAL_ACIDITY_PER_PERCENT * sulfur_percent


def oxide_neutralisation(cao_percent: float, mgo_percent: float) -> float:
    """Return the NP that CaO and MgO would have if they were carbonates [kg CaCO3/t].

    No waste has more: a part of both sits in silicates that neutralise too slowly to count.
    """
    return CARBONATE_PER_PERCENT_CAO * cao_percent + CARBONATE_PER_PERCENT_MGO * mgo_percent


def ignition_neutralisation(loss_on_ignition_percent: float) -> float:
    """Return the NP of carbonates if the whole loss on ignition were their CO2 [kg CaCO3/t]."""
    return CARBONATE_PER_PERCENT_CO2 * loss_on_ignition_percent


def blend(parts: Sequence[tuple[float, AcidBase]]) -> AcidBase:
    """Return the account of wastes that lie together.

    Parameters
    ----------
    parts
        Mass [t, or any unit that all share] and account of each.
    """
    mass = sum(weight for weight, _ in parts)
    if mass <= 0:
        raise ValueError(f"mass {mass}: a blend needs a mass above 0")
    return AcidBase(
        acid_potential=sum(weight * one.acid_potential for weight, one in parts) / mass,
        neutralisation_potential=sum(weight * one.neutralisation_potential for weight, one in parts)
        / mass,
    )
