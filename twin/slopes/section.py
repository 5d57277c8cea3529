"""What is analysed: the ground in section, its layers with their strength, and its water.

Lengths, unit weights and cohesions are in any consistent units; the house's own are m, kN/m3 and
kPa. A section is two-dimensional and one metre thick.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np

from ingest.text import Text
from twin.buckets import Array

Point = tuple[float, float]

#: Unit weight of water [kN/m3].
WATER_UNIT_WEIGHT = 9.81


class BadSection(ValueError):
    """A section that cannot be analysed; `text` says why and `key` where."""

    def __init__(self, key: str, text: Text) -> None:
        super().__init__(f"{key}: {text}")
        self.key, self.text = key, text


@dataclass(frozen=True)
class Soil:
    """A material: unit weight [kN/m3], effective cohesion [kPa], friction angle [deg]."""

    name: str
    unit_weight: float
    cohesion: float
    friction_deg: float


@dataclass(frozen=True)
class Layer:
    """A material from `top` down to the top of the next layer.

    Parameters
    ----------
    top
        Polyline (x, level), level beyond its ends; empty: the ground.
    """

    soil: Soil
    top: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Water:
    """Pore pressure in the section: exactly one of the kinds, or dry.

    Parameters
    ----------
    ratio
        Pore-pressure ratio ru [1]: pore pressure over the weight of the ground above.
    line
        Piezometric line (x, level), level beyond its ends. The pressure is that of the vertical
        distance below it (hydrostatic); where the line lies above the ground it counts as
        artesian pressure, and no water stands on the ground.
    """

    ratio: float = 0.0
    line: tuple[Point, ...] = ()

    @property
    def kind(self) -> str:
        """What it is: dry, ru or piezometric_line."""
        return "piezometric_line" if self.line else "ru" if self.ratio else "dry"


DRY = Water()


@dataclass(frozen=True)
class Section:
    """A slope in section.

    Parameters
    ----------
    surface
        The ground: polyline (x, level), x growing.
    layers
        From the ground down; the first has no top of its own.
    rock
        Polyline (x, level) below which no circle goes; empty: none.
    water_unit_weight
        Unit weight of water [kN/m3].

    Raises
    ------
    BadSection
        When there is nothing that could be analysed.
    """

    surface: tuple[Point, ...]
    layers: tuple[Layer, ...]
    water: Water = DRY
    rock: tuple[Point, ...] = ()
    water_unit_weight: float = WATER_UNIT_WEIGHT
    #: 1 when the ground falls towards growing x, -1 when it falls the other way.
    direction: int = field(init=False)

    def __post_init__(self) -> None:
        _check(self)
        falls = self.surface[0][1] > self.surface[-1][1]
        object.__setattr__(self, "direction", 1 if falls else -1)

    @property
    def height(self) -> float:
        """Difference between the highest and the lowest point of the ground."""
        levels = [level for _, level in self.surface]
        return max(levels) - min(levels)

    @property
    def soils(self) -> tuple[Soil, ...]:
        """The materials, from the ground down."""
        return tuple(layer.soil for layer in self.layers)

    def ground(self, x: Array) -> Array:
        """Return the level of the ground at x (any shape)."""
        return at(self.surface, x)

    def with_soils(self, soils: Sequence[Soil]) -> Section:
        """Return this section with other materials in its layers."""
        pairs = zip(self.layers, soils, strict=True)
        return replace(self, layers=tuple(replace(layer, soil=soil) for layer, soil in pairs))

    def with_water(self, water: Water) -> Section:
        """Return this section with other water."""
        # What else is checked is as it was: this is asked for in every state.
        _check_water(water)
        changed = copy(self)
        object.__setattr__(changed, "water", water)
        return changed


def at(line: Sequence[Point], x: Array) -> Array:
    """Return the levels of a polyline at x (any shape); level beyond its ends."""
    points = np.asarray(line, dtype=float)
    return np.asarray(np.interp(x, points[:, 0], points[:, 1]))


def _check(section: Section) -> None:
    lines = {"surface": section.surface, "rock": section.rock}
    lines |= {f"layers.{index}.top": layer.top for index, layer in enumerate(section.layers)}
    for key, line in lines.items():
        _check_line(key, line, least=2 if key == "surface" else 0)
    if section.surface[0][1] == section.surface[-1][1]:
        raise BadSection("surface", Text("Both ends stand at one level: nothing says which way"))
    if not section.layers:
        raise BadSection("layers", Text("There is no layer"))
    for index, layer in enumerate(section.layers):
        if bool(layer.top) != bool(index):
            reason = Text("The first layer begins at the ground, every other has a top of its own")
            raise BadSection(f"layers.{index}.top", reason)
        soil = layer.soil
        if not (np.isfinite(soil.unit_weight) and soil.unit_weight > 0):
            raise BadSection(
                f"layers.{index}.unit_weight",
                Text("{value} is not above 0", {"value": soil.unit_weight}),
            )
        if not (np.isfinite(soil.cohesion) and soil.cohesion >= 0):
            raise BadSection(
                f"layers.{index}.cohesion", Text("{value} is below 0", {"value": soil.cohesion})
            )
        if not 0 <= soil.friction_deg < 60:
            reason = Text("{value} is not from 0 to 60 degrees", {"value": soil.friction_deg})
            raise BadSection(f"layers.{index}.friction_deg", reason)
    _check_water(section.water)


def _check_water(water: Water) -> None:
    _check_line("water.line", water.line, least=0)
    if not 0 <= water.ratio < 1 or (water.ratio and water.line):
        reason = Text("Give a ratio from 0 to below 1, or a line, not both")
        raise BadSection("water.ratio", reason)


def _check_line(key: str, line: Sequence[Point], least: int) -> None:
    if len(line) < least:
        reason = Text("Only {count} of {needed} points", {"count": len(line), "needed": least})
        raise BadSection(key, reason)
    if not line:
        return
    points = np.asarray(line, dtype=float)
    if not np.isfinite(points).all():
        raise BadSection(key, Text("Not every number is finite"))
    if len(points) > 1 and (np.diff(points[:, 0]) <= 0).any():
        place = int((np.diff(points[:, 0]) <= 0).argmax()) + 1
        reason = Text("x does not grow at point {place}", {"place": place + 1})
        raise BadSection(key, reason)
