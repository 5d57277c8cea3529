"""`slopes.yaml`: the sections of a site, their materials, their water, what is required of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ingest.errors import ConfigurationError
from ingest.sentence import Sentence
from ingest.site import KeyName, Site, Titles
from ingest.yaml_file import Configured, line_in, read_yaml
from twin.crater import SolidUnfit
from twin.slopes.crater_section import crater_section
from twin.slopes.reliability import Distribution, Spread
from twin.slopes.section import Point, Soil

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
    spans
        Lowest and highest tier that it takes with it whole: it leaves at the toe of the one or in
        front of it, and enters at the crest of the other or behind it; None: it may be a local one.
    required
        The least factor of safety of this slide; None: the file's.
    """

    title: Titles
    least_depth_m: float = Field(default=0.0, ge=0)
    reaches_m: float | None = None
    spans: tuple[KeyName, KeyName] | None = None
    required: Required | None = None


class SectionLayer(Configured):
    """A material from a level down.

    Parameters
    ----------
    top_m
        Level of its top [m above sea], or "base": the base of the fill in a section that is cut
        from the crater's solid; the first layer has none: it begins at the ground.
    """

    material: KeyName
    top_m: float | Literal["base"] | None = None


class Upslope(Configured):
    """What the water line does uphill of the last place where it is measured.

    Parameters
    ----------
    assume
        `gradient`: it rises on as it does between the last two places, at most to the ground; it
        never falls uphill. Under Dupuit's assumption a water table flattens uphill (dh/dx = q / k h
        at constant flow, and rain that enters on the way lessens q), so that this line lies rather
        too high than too low: the default. `level`: it goes on level, too low where water comes
        from behind. `boundary`: it goes straight to a head that is known elsewhere.
    head_m, place_m
        Of the boundary: head [m above sea], and where it is, from the toe, downhill positive [m].
    """

    assume: Literal["gradient", "level", "boundary"] = "gradient"
    head_m: float | None = None
    place_m: float | None = None

    @model_validator(mode="after")
    def _whole(self) -> Upslope:
        given = [value for value in (self.head_m, self.place_m) if value is not None]
        if len(given) != (2 if self.assume == "boundary" else 0):
            raise ValueError("head_m and place_m belong to assume: boundary, both or neither")
        return self


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
    upslope
        What the line does uphill of the last known place.
    ratio
        Pore-pressure ratio ru [1].
    """

    piezometers: tuple[str, ...] = ()
    least: int = Field(default=2, ge=1)
    stale_after_d: float = Field(default=7.0, gt=0)
    upslope: Upslope = Upslope()
    ratio: float | None = Field(default=None, ge=0, lt=1)
    source: Sentence

    @model_validator(mode="after")
    def _one(self) -> SectionWater:
        if bool(self.piezometers) == (self.ratio is not None):
            raise ValueError("give either piezometers or ratio")
        return self


class SectionPlan(Configured):
    """A section: tiers with their faces, or one cut from the crater's solid.

    Parameters
    ----------
    zone
        Zone of the site that it belongs to.
    tiers
        Zones of kind tier, bottom up: their levels make the ground.
    ground
        `tiers`: the ground from the levels of the tiers, and no wall of the crater. `crater`: cut
        through the middle of the full crater's solid, with its base and its wall.
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
        Level below which no slide goes [m above sea]; nor does it go through the crater's wall
        where the ground is cut from the solid.
    """

    title: Titles
    zone: KeyName
    tiers: tuple[KeyName, ...] = Field(min_length=1)
    ground: Literal["tiers", "crater"] = "tiers"
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
        if (layer.top_m is None) != (place == 0) or (
            layer.top_m == "base" and section.ground != "crater"
        ):
            raise wrong(
                f"layers.{place}.top_m",
                layer.top_m,
                "a level (of ground: crater also base), but none for the first layer",
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
    faced: tuple[str, ...] = section.tiers
    if section.ground == "crater":
        try:
            faced = crater_section(site).tiers
        except SolidUnfit as error:
            raise wrong("ground", "crater", f"tiers; {error.reason}") from error
        if section.overall_deg is not None:
            raise wrong("overall_deg", section.overall_deg, "none: the crater's solid has its own")
        if section.water.piezometers:
            raise wrong(
                "water.piezometers",
                section.water.piezometers[0],
                "ratio: the solid is cut through its middle, where no piezometer is placed",
            )
    for name_of, slide in section.slides.items():
        for tier in slide.spans or ():
            if tier not in faced or tier not in section.tiers:
                raise wrong(f"slides.{name_of}.spans", tier, ", ".join(faced))
        if slide.spans and faced.index(slide.spans[0]) > faced.index(slide.spans[1]):
            raise wrong(f"slides.{name_of}.spans", slide.spans[0], "the lower tier first")
