"""How sure a factor of safety is: strength sampled, and what moves it most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import betaincinv
from scipy.stats import norm

from twin.buckets import Array
from twin.slopes.bishop_simplified import bishop_simplified, solve
from twin.slopes.circular_search import Circle, slices_of
from twin.slopes.section import Section, Soil, Water

#: Slices of a circle while strength is sampled.
SLICES = 30

#: Friction angles are cut off here [deg]: samples beyond are drawn at the edge.
LEAST_FRICTION_DEG, MOST_FRICTION_DEG = 1.0, 59.0

Distribution = Literal["lognormal", "truncated_normal"]


@dataclass(frozen=True)
class Spread:
    """How the strength of a material scatters about its mean.

    Parameters
    ----------
    cohesion, friction_deg
        Standard deviations [kPa], [deg].
    correlation
        Of cohesion and friction angle [1]: below 0 where they were fitted together.
    distribution
        Lognormal, or normal without what lies below 0 and beyond three deviations.
    """

    cohesion: float = 0.0
    friction_deg: float = 0.0
    correlation: float = 0.0
    distribution: Distribution = "lognormal"


@dataclass(frozen=True)
class Probability:
    """Factors of safety of sampled strengths.

    Parameters
    ----------
    factors
        Sorted factors of safety (samples). The limit of m_alpha, which refuses a circle, is not
        applied to samples: those that would break it are the weak ones, and they must count.
    mean
        The factor of safety with mean strength, on the circles that were used.
    circles
        Circles of which the least factor was taken: one means that the critical circle was fixed.
    """

    factors: Array
    mean: float
    circles: int

    def failing(self, scale: float = 1.0) -> float:
        """Return the share of factors below 1 when each is scaled [1]."""
        return float(np.searchsorted(self.factors * scale, 1.0) / len(self.factors))

    def interval(self, failing: float, confidence: float) -> tuple[float, float]:
        """Return between which the probability lies for this many samples (Clopper-Pearson)."""
        count, all_ = round(failing * len(self.factors)), len(self.factors)
        tail = (1 - confidence) / 2
        # Quantiles of the beta distribution.
        low = 0.0 if count == 0 else float(betaincinv(count, all_ - count + 1, tail))
        high = 1.0 if count == all_ else float(betaincinv(count + 1, all_ - count, 1 - tail))
        return low, high

    def quantiles(self, confidence: float) -> tuple[float, float]:
        """Return between which a share of the factors lies."""
        tail = (1 - confidence) / 2
        return self._quantile(tail), self._quantile(1 - tail)

    def _quantile(self, share: float) -> float:
        """Return a quantile, straight between its neighbours, of factors that are sorted."""
        place = share * (len(self.factors) - 1)
        index = min(int(place), len(self.factors) - 2)
        low, high = self.factors[index : index + 2]
        return float(low + (high - low) * (place - index))


def sampled_strength(
    soils: Sequence[Soil], spreads: Sequence[Spread], samples: int, seed: int
) -> tuple[Array, Array]:
    """Return sampled cohesions [kPa] and tangents of friction (samples x materials).

    A material is one: its whole slide has one draw. Materials are drawn independently; layers of
    the same name have the same draw.
    """
    random = np.random.default_rng(seed)
    names: dict[str, int] = {}
    for soil in soils:
        names.setdefault(soil.name, len(names))
    scores = random.standard_normal((samples, len(names), 2))
    cohesion = np.empty((samples, len(soils)))
    friction = np.empty((samples, len(soils)))
    for place, (soil, spread) in enumerate(zip(soils, spreads, strict=True)):
        first = scores[:, names[soil.name], 0]
        second = (
            spread.correlation * first
            + (1 - spread.correlation**2) ** 0.5 * scores[:, names[soil.name], 1]
        )
        draw = _DRAWS[spread.distribution]
        cohesion[:, place] = draw(soil.cohesion, spread.cohesion, first)
        friction[:, place] = draw(soil.friction_deg, spread.friction_deg, second)
    friction = np.clip(friction, LEAST_FRICTION_DEG, MOST_FRICTION_DEG)
    unsure = np.array([spread.friction_deg > 0 for spread in spreads])
    given = np.array([soil.friction_deg for soil in soils])
    return cohesion, np.tan(np.radians(np.where(unsure, friction, given)))


def _lognormal(mean: float, deviation: float, score: Array) -> Array:
    if mean <= 0 or deviation <= 0:
        return np.full(score.shape, mean)
    variance = np.log1p((deviation / mean) ** 2)
    return np.asarray(np.exp(np.log(mean) - variance / 2 + variance**0.5 * score))


def _truncated_normal(mean: float, deviation: float, score: Array) -> Array:
    if deviation <= 0:
        return np.full(score.shape, mean)
    low, high = norm.cdf([max(-3.0, -mean / deviation), 3.0])
    share = low + norm.cdf(score) * (high - low)
    return np.asarray(mean + deviation * norm.ppf(share))


_DRAWS = {"lognormal": _lognormal, "truncated_normal": _truncated_normal}


def probability(
    section: Section,
    circles: Sequence[Circle],
    spreads: Sequence[Spread],
    *,
    samples: int,
    seed: int,
) -> Probability:
    """Return factors of safety (Bishop's simplified method) of sampled strengths.

    Parameters
    ----------
    circles
        The critical circle: it stays fixed. Or several, such as all that a search ended at: the
        least of their factors counts for each sample.
    spreads
        One for each layer of the section.
    """
    cohesion, friction = sampled_strength(section.soils, spreads, samples, seed)
    # The first row is the mean strength.
    cohesion = np.vstack([[soil.cohesion for soil in section.soils], cohesion])
    means = np.tan(np.radians([soil.friction_deg for soil in section.soils]))
    friction = np.vstack([means, friction])
    least = np.full(samples + 1, np.inf)
    for circle in circles:
        slices = slices_of(section, [circle], SLICES)
        soil = slices.soil[0]
        tangents = friction[:, soil]
        rests = slices.weight - slices.pressure * slices.width
        held = cohesion[:, soil] * slices.width + rests * tangents
        lifted = held < 0
        values, _, _ = solve(
            np.where(lifted, 0.0, held),
            np.broadcast_to(slices.drive, samples + 1),
            slices.sine,
            slices.cosine,
            np.where(lifted, 0.0, tangents),
            np.zeros(samples + 1, dtype=int),
            tolerance=1e-6,
        )
        least = np.minimum(least, values)
    return Probability(np.sort(least[1:]), float(least[0]), len(circles))


@dataclass(frozen=True)
class Influence:
    """What one input does to the factor of safety when it alone changes.

    Parameters
    ----------
    parameter
        cohesion, friction_deg, unit_weight or water.
    material
        Name of the material; "" for water.
    low, high
        The input's values; of water: how far its level moves [m], or its ratio.
    factor_low, factor_high
        Factors of safety at `low` and `high`, on the same circle; NaN where there is none.
    """

    parameter: str
    material: str
    low: float
    high: float
    factor_low: float
    factor_high: float

    @property
    def width(self) -> float:
        """How far the factor of safety moves."""
        return abs(self.factor_high - self.factor_low)


def influences(
    section: Section,
    circle: Circle,
    spreads: Sequence[Spread],
    *,
    unit_weight_share: float = 0.05,
    water_change: float = 1.0,
    ratio_change: float = 0.05,
) -> list[Influence]:
    """Return what moves the factor of safety, largest first: one input at a time.

    Strength moves by its standard deviation, unit weight by a share, a piezometric line up and
    down by `water_change`, a pore-pressure ratio by `ratio_change`. The circle stays fixed.
    """

    def factor(changed: Section) -> float:
        slices = slices_of(changed, [circle], SLICES)
        return float(bishop_simplified(slices, refuse_lifted=False).value[0])

    def soils(name: str, **values: float) -> Section:
        return section.with_soils(
            [replace(soil, **values) if soil.name == name else soil for soil in section.soils]  # type: ignore[arg-type]
        )

    found = []
    seen: set[str] = set()
    for soil, spread in zip(section.soils, spreads, strict=True):
        if soil.name in seen:
            continue
        seen.add(soil.name)
        steps = {
            "cohesion": (spread.cohesion, 0.0, np.inf),
            "friction_deg": (spread.friction_deg, LEAST_FRICTION_DEG, MOST_FRICTION_DEG),
            "unit_weight": (unit_weight_share * soil.unit_weight, 1e-9, np.inf),
        }
        for parameter, (step, least, most) in steps.items():
            if step <= 0:
                continue
            mean = getattr(soil, parameter)
            low, high = max(mean - step, least), min(mean + step, most)
            ends = [factor(soils(soil.name, **{parameter: value})) for value in (low, high)]
            found.append(Influence(parameter, soil.name, low, high, *ends))
    water = section.water
    if water.line:
        ends = [
            factor(section.with_water(raised(water, step)))
            for step in (-water_change, water_change)
        ]
        found.append(Influence("water", "", -water_change, water_change, *ends))
    elif water.ratio:
        low, high = max(water.ratio - ratio_change, 0.0), min(water.ratio + ratio_change, 0.95)
        ends = [factor(section.with_water(Water(ratio=value))) for value in (low, high)]
        found.append(Influence("water", "", low, high, *ends))
    return sorted(found, key=lambda each: (-np.nan_to_num(each.width), each.parameter))


def raised(water: Water, by: float) -> Water:
    """Return water whose line stands higher."""
    return Water(ratio=water.ratio, line=tuple((x, level + by) for x, level in water.line))
