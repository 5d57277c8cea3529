"""How a site judges its settlement: `settlement.yaml`, beside `site.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field, model_validator

from ingest.errors import ConfigurationError
from ingest.sentence import Sentence
from ingest.site import Site
from ingest.yaml_file import Configured, read_yaml

FILE = "settlement.yaml"


class Neighbours(Configured):
    """Which points are compared, and the tilt that is too much.

    Parameters
    ----------
    within_m
        Farthest distance of two neighbours [m].
    limit_mm_per_m
        Limit of the difference of their settlements over their distance [mm/m].
    """

    within_m: float = Field(gt=0)
    limit_mm_per_m: float = Field(gt=0)
    source: Sentence


class Wetting(Configured):
    """When water counts as having risen through the fill at a point.

    Parameters
    ----------
    water_within_m
        Farthest distance of the piezometer or observation well that speaks for a point [m].
    rise_m
        Least rise above the highest level before that counts [m].
    settled_d
        Days before the present whose highest level is held against all before [d].
    unit_weight_kN_per_m3
        Of the fill [kN/m3].
    """

    water_within_m: float = Field(gt=0)
    rise_m: float = Field(gt=0)
    settled_d: int = Field(ge=7)
    unit_weight_kN_per_m3: float = Field(gt=0)
    source: Sentence


class Expected(Configured):
    """The ground below the points, lowest and highest, for the settlement that a plan gives.

    Parameters
    ----------
    tier
        The tier whose planned volume loads the points.
    thickness_m
        Of the fill below the points [m].
    modulus_kPa
        Its constrained modulus [kPa].
    creep_per_decade
        Strain in a tenfold of time under `reference_kPa` [1].
    """

    tier: str
    thickness_m: tuple[float, float]
    modulus_kPa: tuple[float, float]
    creep_per_decade: tuple[float, float]
    reference_kPa: float = Field(gt=0)
    source: Sentence

    @model_validator(mode="after")
    def _check(self) -> Expected:
        for name in ("thickness_m", "modulus_kPa", "creep_per_decade"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name}: two numbers above 0, the lower one first")
        return self


class SettlementRules(Configured):
    """Everything that `settlement.yaml` says; what is left out is not judged."""

    source: Sentence
    neighbours: Neighbours | None = None
    wetting: Wetting | None = None
    expected: Expected | None = None


@lru_cache(maxsize=64)
def _read(path: Path, _changed: float) -> SettlementRules:
    return read_yaml(path, SettlementRules)


def load_rules(site: Site) -> SettlementRules | None:
    """Return how a site judges settlement, None when it has no `settlement.yaml`.

    Raises
    ------
    ConfigurationError
        When the file does not fit, or names a tier that the site does not have.
    """
    path = site.folder / FILE
    if not path.is_file():
        return None
    rules = _read(path, path.stat().st_mtime)
    tiers = site.of_zone_kind("tier")
    if rules.expected is not None and rules.expected.tier not in tiers:
        raise ConfigurationError(
            "key expected.tier", value=rules.expected.tier, legal=", ".join(tiers), file=path
        )
    return rules
