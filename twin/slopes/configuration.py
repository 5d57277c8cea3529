"""`slopes.yaml`: the sections of a site, their materials, their water, what is required of them."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ingest.errors import ConfigurationError
from ingest.sentence import Sentence
from ingest.site import KeyName, Site, Titles
from ingest.yaml_file import Configured, line_in, read_yaml
from twin.slopes.reliability import Distribution, Spread
from twin.slopes.section import Layer, Point, Section, Soil

FILE = "slopes.yaml"


class Measure(Configured):
    """A mean with its standard deviation, and where it is from."""

    mean: float = Field(ge=0)
    deviation: float = Field(default=0.0, ge=0)
    basis: Literal["source", "assumed"]
    source: Sentence


class Material(Configured):
    """A material of the slopes.

    Parameters
    ----------
    unit_weight_kN_per_m3, cohesion_kPa, friction_deg
        Mean and standard deviation.
    correlation
        Of cohesion and friction angle [1].
    distribution
        Of both.
    """

    title: Titles
    unit_weight_kN_per_m3: Measure
    cohesion_kPa: Measure
    friction_deg: Measure
    correlation: float = Field(default=0.0, gt=-1, lt=1)
    distribution: Distribution = "lognormal"
    source: Sentence

    @model_validator(mode="after")
    def _possible(self) -> Material:
        if self.unit_weight_kN_per_m3.mean <= 0:
            raise ValueError("unit_weight_kN_per_m3.mean must be above 0")
        if self.friction_deg.mean >= 60:
            raise ValueError("friction_deg.mean must be below 60")
        return self

    def soil(self, name: str) -> Soil:
        """Return the material at its mean."""
        return Soil(
            name,
            self.unit_weight_kN_per_m3.mean,
            self.cohesion_kPa.mean,
            self.friction_deg.mean,
        )

    @property
    def spread(self) -> Spread:
        """How its strength scatters."""
        return Spread(
            self.cohesion_kPa.deviation,
            self.friction_deg.deviation,
            self.correlation,
            self.distribution,
        )


class Required(Configured):
    """The least factor of safety that is asked for."""

    factor: float = Field(gt=0)
    source: Sentence


class Slide(Configured):
    """A kind of slide that is looked for in a section.

    Parameters
    ----------
    least_depth_m
        Depth that it has somewhere: what is shallower is a trickle of the face, not a slide [m].
    reaches_m
        Level that it reaches down to [m above sea]; None: any.
    required
        The least factor of safety of this slide; None: the file's.
    """

    title: Titles
    least_depth_m: float = Field(default=0.0, ge=0)
    reaches_m: float | None = None
    required: Required | None = None


class SectionLayer(Configured):
    """A material from a level down.

    Parameters
    ----------
    top_m
        Level of its top [m above sea]; the first layer has none: it begins at the ground.
    """

    material: KeyName
    top_m: float | None = None


class SectionWater(Configured):
    """Where the water of a section comes from: piezometers, or an assumed pore-pressure ratio.

    Parameters
    ----------
    piezometers
        Instruments whose heads, by their place along the section, make the piezometric line.
    least
        Places along the section that must be known.
    stale_after_d
        How old a head may be, shown as stale, before it is not known [d].
    ratio
        Pore-pressure ratio ru [1].
    """

    piezometers: tuple[str, ...] = ()
    least: int = Field(default=2, ge=1)
    stale_after_d: float = Field(default=7.0, gt=0)
    ratio: float | None = Field(default=None, ge=0, lt=1)
    source: Sentence

    @model_validator(mode="after")
    def _one(self) -> SectionWater:
        if bool(self.piezometers) == (self.ratio is not None):
            raise ValueError("give either piezometers or ratio")
        return self


class SectionPlan(Configured):
    """A section: tiers with their faces, or a surface of its own.

    Parameters
    ----------
    zone
        Zone of the site that it belongs to.
    tiers
        Zones of kind tier, bottom up: their levels make the ground.
    face_deg
        Angle of a tier's face [deg].
    overall_deg
        Angle from the toe of the lowest to the crest of the highest tier [deg]; between the faces
        lie platforms that make it so.
    toe_m
        Where the toe stands on the site's grid (x, y) [m].
    azimuth_deg
        Direction down the slope, clockwise from north [deg].
    layers
        From the ground down.
    rock_m
        Level below which no slide goes [m above sea].
    """

    title: Titles
    zone: KeyName
    tiers: tuple[KeyName, ...] = Field(min_length=1)
    face_deg: float = Field(gt=0, lt=80)
    overall_deg: float | None = Field(default=None, gt=0, lt=80)
    toe_m: Point | None = None
    azimuth_deg: float = Field(default=180.0, ge=0, lt=360)
    layers: tuple[SectionLayer, ...] = Field(min_length=1)
    rock_m: float
    water: SectionWater
    slides: dict[KeyName, Slide] = Field(min_length=1)
    source: Sentence


class Sampling(Configured):
    """How the probability of failure is found.

    Parameters
    ----------
    samples
        Strengths that are drawn.
    seed
        Of the generator: the same seed draws the same.
    circle
        Whether the critical circle stays fixed, or the least of all circles that the search ended
        at counts for each draw.
    confidence
        Of the interval of the factor of safety [1].
    """

    samples: int = Field(default=2000, ge=100, le=100_000)
    seed: int = 650
    circle: Literal["fixed", "searched"] = "searched"
    confidence: float = Field(default=0.9, gt=0, lt=1)


class SlopesPlan(Configured):
    """Everything that `slopes.yaml` says."""

    source: Sentence
    required: Required
    sampling: Sampling = Sampling()
    materials: dict[KeyName, Material]
    sections: dict[KeyName, SectionPlan]


@lru_cache(maxsize=64)
def _read(path: Path, _changed: float) -> SlopesPlan:
    return read_yaml(path, SlopesPlan)


def load_slopes(site: Site) -> SlopesPlan | None:
    """Return the slopes of a site, None when it has no `slopes.yaml`.

    Raises
    ------
    ConfigurationError
        When the file does not fit, or names what the site does not have.
    """
    path = site.folder / FILE
    if not path.is_file():
        return None
    plan = _read(path, path.stat().st_mtime)
    for name, section in plan.sections.items():
        _check(site, plan, path, name, section)
    return plan


def _check(site: Site, plan: SlopesPlan, path: Path, name: str, section: SectionPlan) -> None:
    def wrong(key: str, value: object, legal: str) -> ConfigurationError:
        parts = [int(part) if part.isdigit() else part for part in key.split(".")]
        return ConfigurationError(
            f"key sections.{name}.{key}",
            value=value,
            legal=legal,
            file=path,
            line=line_in(path, ["sections", name, *parts]),
        )

    if section.zone not in site.zones:
        raise wrong("zone", section.zone, ", ".join(site.zones))
    levelled = [key for key, zone in site.zones.items() if zone.base_m is not None and zone.crest_m]
    for tier in section.tiers:
        if tier not in levelled:
            raise wrong("tiers", tier, f"zones with base_m and crest_m: {', '.join(levelled)}")
    for lower, upper in zip(section.tiers[:-1], section.tiers[1:], strict=True):
        if site.zones[lower].crest_m != site.zones[upper].base_m:
            raise wrong("tiers", upper, f"a tier that begins at the crest of {lower}")
    for place, layer in enumerate(section.layers):
        if layer.material not in plan.materials:
            raise wrong(f"layers.{place}.material", layer.material, ", ".join(plan.materials))
        if (layer.top_m is None) != (place == 0):
            raise wrong(
                f"layers.{place}.top_m", layer.top_m, "a level, but none for the first layer"
            )
    for instrument in section.water.piezometers:
        found = site.instruments.get(instrument)
        quantities = site.type_of(instrument).quantities if found else {}
        if found is None or not {"pore_pressure", "head"} & set(quantities):
            legal = [
                each.name
                for quantity in ("pore_pressure", "head")
                for each in site.with_quantity(quantity)
            ]
            raise wrong("water.piezometers", instrument, ", ".join(legal))
        if "pore_pressure" in quantities and found.z_m is None:
            raise wrong("water.piezometers", instrument, "an instrument with z_m")
        if section.toe_m is not None and (found.x_m is None or found.y_m is None):
            raise wrong("water.piezometers", instrument, "an instrument with x_m and y_m")
    if section.water.piezometers and section.toe_m is None:
        raise wrong("toe_m", None, "x and y on the site's grid: piezometers need their places")
    if section.overall_deg is not None and section.overall_deg > section.face_deg:
        raise wrong("overall_deg", section.overall_deg, f"at most face_deg, {section.face_deg}")


def ground_of(site: Site, plan: SectionPlan) -> tuple[tuple[Point, ...], float]:
    """Return the ground (x from the toe, level above the toe), and the toe's level [m].

    The ground falls towards growing x. It is drawn on by the slope's height at both ends.
    """
    zones = [site.zones[tier] for tier in plan.tiers]
    heights = [float(zone.crest_m or 0) - float(zone.base_m or 0) for zone in zones]
    toe, height = float(zones[0].base_m or 0), sum(heights)
    slope = 1 / math.tan(math.radians(plan.face_deg))
    platform = 0.0
    if plan.overall_deg is not None and len(heights) > 1:
        run = height / math.tan(math.radians(plan.overall_deg))
        platform = (run - height * slope) / (len(heights) - 1)
    points: list[Point] = [(1.5 * height, 0.0), (0.0, 0.0)]
    x = level = 0.0
    for place, rise in enumerate(heights):
        x, level = x - rise * slope, level + rise
        points.append((x, level))
        if platform > 0 and place < len(heights) - 1:
            x -= platform
            points.append((x, level))
    points.append((x - 1.5 * height, level))
    return tuple(reversed(points)), toe


def section_of(site: Site, plan: SlopesPlan, name: str) -> tuple[Section, float]:
    """Return a section without water, levels above its toe, and the toe's level [m above sea]."""
    section = plan.sections[name]
    ground, toe = ground_of(site, section)
    left, right = ground[0][0], ground[-1][0]

    def level(value: float) -> tuple[Point, Point]:
        return (left, value - toe), (right, value - toe)

    layers = tuple(
        Layer(
            plan.materials[layer.material].soil(layer.material),
            () if layer.top_m is None else level(layer.top_m),
        )
        for layer in section.layers
    )
    return Section(ground, layers, rock=level(section.rock_m)), toe


def place_along(plan: SectionPlan, x: float, y: float) -> float:
    """Return where a point of the site's grid lies along a section: from its toe, down positive."""
    toe = plan.toe_m or (0.0, 0.0)
    angle = math.radians(plan.azimuth_deg)
    return (x - toe[0]) * math.sin(angle) + (y - toe[1]) * math.cos(angle)
