"""Dumps with a regular base: volume, flattening of their slopes, dust (KuzSTU guide, 1.4 to 1.18).

Lengths in m, areas in m2, volumes in m3, angles in degrees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Shape = Literal["circle", "square", "rectangle"]
SHAPES: tuple[Shape, ...] = ("circle", "square", "rectangle")


def cot(angle: float) -> float:
    """Return the cotangent of an angle [deg]."""
    return 1 / math.tan(math.radians(angle))


@dataclass(frozen=True)
class Base:
    """Outline of a dump at one level.

    Parameters
    ----------
    width, length
        Sides [m]; both the diameter for a circle.
    """

    shape: Shape
    width: float
    length: float

    @property
    def area(self) -> float:
        """Area [m2]."""
        return math.pi * self.width**2 / 4 if self.shape == "circle" else self.width * self.length

    @property
    def perimeter(self) -> float:
        """Perimeter [m]."""
        if self.shape == "circle":
            return math.pi * self.width
        return 2 * (self.width + self.length)

    def moved(self, distance: float) -> Base:
        """Return the outline moved outward by a distance [m]; inward it shrinks to nothing."""
        width = max(self.width + 2 * distance, 0.0)
        return Base(self.shape, width, max(self.length + 2 * distance, 0.0) if width else 0.0)


def dump_volume(base: Base, height: float, slope: float) -> float:
    """Return 1.4 to 1.6, what a dump holds [m3].

    The images of the three formulas are lost; restored from the frustum, whose outline at height z
    is the base moved inward by z*cot(slope). For the square this is h*(B^2 - B*C + C^2/3), for the
    rectangle L = n*B h*(n*B^2 - (n+1)*B*C/2 + C^2/3), both with C = 2*h*cot(slope); for the circle
    pi*h*(R^2 - R*h*cot + (h*cot)^2/3).
    """
    inward = height * cot(slope)
    corner = math.pi if base.shape == "circle" else 4.0
    return height * (base.area - base.perimeter * inward / 2 + corner * inward**2 / 3)


def dump_base(
    shape: Shape, volume: float, height: float, slope: float, ratio: float
) -> Base | None:
    """Return the base of a dump that holds a volume: 1.4 to 1.6 solved for R or B.

    Parameters
    ----------
    ratio
        Length to width of a rectangle [1].

    Returns
    -------
    The base; None when the slopes meet below the height, so that no such dump can be heaped.
    """
    inward = height * cot(slope)
    n = ratio if shape == "rectangle" else 1.0
    # area = a*w^2, perimeter = p*w with the width w: height*(a*w^2 - p*w*inward/2 + rest) = volume
    a, p, corner = (math.pi / 4, math.pi, math.pi) if shape == "circle" else (n, 2 * (1 + n), 4.0)
    rest = corner * inward**2 / 3 - volume / height
    discriminant = (p * inward / 2) ** 2 - 4 * a * rest
    if discriminant < 0:
        return None
    width = (p * inward / 2 + math.sqrt(discriminant)) / (2 * a)
    return Base(shape, width, n * width) if width >= 2 * inward else None


def flattening_bottom_up(height: float, perimeter: float, slope: float, gentle: float) -> float:
    """Return 1.7, rock to move when the toe stays where it is [m3]."""
    steep, flat = math.radians(slope), math.radians(gentle)
    turned = math.sin(steep - flat) / (2 * math.sin(flat) * math.sin(steep))
    return height**2 * perimeter * turned


def flattening_top_down(height: float, perimeter: float, slope: float, gentle: float) -> float:
    """Return 1.10, rock to move when the toe goes outward [m3].

    Restored: the image is lost, and the guide says that bottom-up costs four times as much. The
    same follows from geometry: the upper half of the slope is cut and fills the lower one.
    """
    return flattening_bottom_up(height, perimeter, slope, gentle) / 4


def base_growth(height: float, slope: float, gentle: float) -> float:
    """Return 1.11, how far top-down flattening moves the toe outward [m]."""
    return 0.5 * height * (cot(gentle) - cot(slope))


def surface(base: Base, height: float, slope: float) -> tuple[float, float]:
    """Return slopes and top of a dump, the areas whose sum is 1.14 [m2].

    The slopes rise from the base at `slope`; where they meet below the height there is no top.
    """
    top = base.moved(-height * cot(slope)).area
    return (base.area - top) / math.cos(math.radians(slope)), top


def blown_dust(wind: float, coefficient: float, exponent: float) -> float:
    """Return 1.15, dust that wind lifts from a square metre [mg/(m2 s)]; wind in m/s."""
    return coefficient * math.pow(wind, exponent)


def dust_zone(height: float, intensity: float, limit: float) -> float:
    """Return 1.12, how far from a dump the air exceeds the limit of dust [m].

    Restored: the sign of the logarithm is lost. With a minus a dustier dump has a wider zone.

    Parameters
    ----------
    intensity
        Dust from the whole surface, 1.13 [mg/s].
    limit
        Permissible concentration [mg/m3].
    """
    return math.exp((0.006 * height + 7.01 - math.log(limit / intensity)) / (0.0036 * height + 2.7))


def dusted_area(base: Base, zone: float) -> float:
    """Return 1.16 to 1.18, land around a dump that dust soils [m2].

    Restored: pi in the formulas of square and rectangle. All three are perimeter*X + pi*X^2.
    """
    return base.perimeter * zone + math.pi * zone**2
