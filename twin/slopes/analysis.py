"""The stability of any section that an engineer describes."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from pydantic import ConfigDict, Field

from ingest.text import Text
from ingest.yaml_file import Configured
from twin.slopes.bishop_simplified import bishop_simplified
from twin.slopes.circular_search import ANYWHERE, Method, search
from twin.slopes.ordinary import ordinary
from twin.slopes.section import (
    WATER_UNIT_WEIGHT,
    BadSection,
    Layer,
    Section,
    Soil,
    Water,
)
from twin.slopes.slices import Factors, Slices, cut_circle
from twin.slopes.spencer import spencer

METHODS: dict[str, Method] = {
    "ordinary": ordinary,
    "bishop_simplified": bishop_simplified,
    "spencer": spencer,
}

Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]
Polyline = Annotated[tuple[tuple[Number, Number], ...], Field(max_length=60)]

#: What a section calls its parts, and what they are called on the wire.
_KEYS = {"surface": "surface_m", "rock": "rock_m", "line": "line_m", "top": "top_m"}


class AskedLayer(Configured):
    """A material from `top_m` down; the first begins at the ground and has none."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    unit_weight_kN_per_m3: Annotated[Number, Field(gt=0)]
    cohesion_kPa: Annotated[Number, Field(ge=0)]
    friction_deg: Annotated[Number, Field(ge=0, lt=60)]
    top_m: Polyline = ()


class AskedWater(Configured):
    """Pore-pressure ratio or piezometric line; neither: dry."""

    ratio: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    line_m: Polyline = ()


class AskedCircle(Configured):
    """A slip circle: its centre and its radius."""

    x_m: Number
    level_m: Number
    radius_m: Annotated[Number, Field(gt=0)]


class SlopeQuestion(Configured):
    """A section whose stability is asked for.

    Parameters
    ----------
    surface_m
        The ground: points (x, level), x growing.
    rock_m
        Line below which no circle goes.
    circle
        The circle to be computed; without it the one of the least factor is looked for.
    least_depth_m
        Depth that a slide must have somewhere, when it is looked for.
    enters_m, leaves_m
        Between which x it enters the ground above and leaves it below, when it is looked for; a
        slide of the whole slope enters behind the crest and leaves in front of the toe.
    slices
        Slices of the circle whose table is given.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "surface_m": [[-30, 10], [0, 10], [20, 0], [50, 0]],
                "layers": [
                    {
                        "name": "fill",
                        "unit_weight_kN_per_m3": 20,
                        "cohesion_kPa": 3,
                        "friction_deg": 19.6,
                    }
                ],
                "method": "bishop_simplified",
                "slices": 10,
            }
        }
    )

    surface_m: Annotated[Polyline, Field(min_length=2)]
    layers: Annotated[tuple[AskedLayer, ...], Field(min_length=1, max_length=20)]
    water: AskedWater = AskedWater()
    rock_m: Polyline = ()
    water_unit_weight_kN_per_m3: Annotated[Number, Field(gt=0)] = WATER_UNIT_WEIGHT
    method: Literal["ordinary", "bishop_simplified", "spencer"] = "bishop_simplified"
    circle: AskedCircle | None = None
    least_depth_m: Annotated[Number, Field(ge=0)] = 0.0
    enters_m: tuple[Number, Number] | None = None
    leaves_m: tuple[Number, Number] | None = None
    slices: Annotated[int, Field(ge=10, le=500)] = 50

    def section(self) -> Section:
        """Return the section.

        Raises
        ------
        BadSection
            When it cannot be analysed; the key is that of the question.
        """
        layers = tuple(
            Layer(
                Soil(
                    layer.name,
                    layer.unit_weight_kN_per_m3,
                    layer.cohesion_kPa,
                    layer.friction_deg,
                ),
                layer.top_m,
            )
            for layer in self.layers
        )
        try:
            return Section(
                self.surface_m,
                layers,
                Water(self.water.ratio, self.water.line_m),
                self.rock_m,
                self.water_unit_weight_kN_per_m3,
            )
        except BadSection as error:
            key = ".".join(_KEYS.get(part, part) for part in error.key.split("."))
            raise BadSection(key, error.text) from error


class SlopeFactor(msgspec.Struct, kw_only=True):
    """A factor of safety by one method, or why there is none."""

    method: str
    value: float | None
    reason: Text | None


class SlipCircle(msgspec.Struct, kw_only=True):
    """A slip circle, and where it enters and leaves the ground."""

    x_m: float
    level_m: float
    radius_m: float
    start_m: float
    end_m: float


class Slice(msgspec.Struct, kw_only=True):
    """One slice, per metre of thickness.

    `normal_kN` and `shear_kN` are the effective normal force and the shear force that act on its
    base at the factor of safety; null where there is none.
    """

    x_m: float
    width_m: float
    base_m: float
    height_m: float
    inclination_deg: float
    weight_kN: float
    pore_pressure_kPa: float
    material: str
    cohesion_kPa: float
    friction_deg: float
    normal_kN: float | None
    shear_kN: float | None


class SlopeAnswer(msgspec.Struct, kw_only=True):
    """What is said of a section.

    `factors` holds every method on the same circle, so that they can be compared;
    `factor_of_safety` is that of the method that was asked for. `searched` says whether the circle
    was looked for among `tried` ones.
    """

    method: str
    factor_of_safety: float | None
    reason: Text | None
    factors: list[SlopeFactor]
    inclination_deg: float | None
    circle: SlipCircle | None
    searched: bool
    tried: int
    lifted: int
    water: str
    slices: list[Slice]


def analyse(question: SlopeQuestion) -> SlopeAnswer:
    """Return factor of safety, circle and slices of a section.

    A circle that is given is refused when water lifts a slice; one that is looked for counts the
    strength of such a slice as nothing, and `lifted` says how many there are.

    Raises
    ------
    BadSection
        When the section cannot be analysed.
    """
    section = question.section()
    method = METHODS[question.method]
    tried = 1
    given = question.circle
    if given is None:
        found = search(
            section,
            method=method,
            least_depth=question.least_depth_m,
            enters=question.enters_m or ANYWHERE,
            leaves=question.leaves_m or ANYWHERE,
        )
        tried = found.tried
        if found.circle is None:
            return _none(question, section, found.reason, tried)
        slices = cut_circle(
            section,
            found.circle.x,
            found.circle.level,
            found.circle.radius,
            question.slices,
        )
    else:
        slices = cut_circle(section, given.x_m, given.level_m, given.radius_m, question.slices)
    answers = {
        name: each(slices, refuse_lifted=given is not None) for name, each in METHODS.items()
    }
    asked = answers[question.method]
    if given is not None and slices.refused[0]:
        return _none(question, section, asked.reason(), tried)
    value = _number(asked.value[0])
    tilt = float(asked.inclination[0])
    return SlopeAnswer(
        method=question.method,
        factor_of_safety=value,
        reason=asked.reason(),
        factors=[
            SlopeFactor(method=name, value=_number(each.value[0]), reason=each.reason())
            for name, each in answers.items()
        ],
        inclination_deg=math.degrees(tilt) if question.method == "spencer" and value else None,
        circle=_circle(slices),
        searched=given is None,
        tried=tried,
        lifted=int(slices.lifted.sum()),
        water=section.water.kind,
        slices=_rows(section, slices, asked),
    )


def _none(
    question: SlopeQuestion, section: Section, reason: Text | None, tried: int
) -> SlopeAnswer:
    return SlopeAnswer(
        method=question.method,
        factor_of_safety=None,
        reason=reason,
        factors=[],
        inclination_deg=None,
        circle=None,
        searched=question.circle is None,
        tried=tried,
        lifted=0,
        water=section.water.kind,
        slices=[],
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _circle(slices: Slices) -> SlipCircle:
    x, level, radius = (float(value) for value in slices.circles[0])
    half = float(slices.width[0, 0]) / 2
    return SlipCircle(
        x_m=x,
        level_m=level,
        radius_m=radius,
        start_m=float(slices.x[0, 0]) - half,
        end_m=float(slices.x[0, -1]) + half,
    )


def _rows(section: Section, slices: Slices, found: Factors) -> list[Slice]:
    factor = found.value[0]
    known = bool(np.isfinite(factor))
    names: list[str] = [soil.name for soil in section.soils]
    strength = slices.cohesion * slices.length + found.normal * slices.friction
    mobilised = np.maximum(strength, 0) / factor
    return [
        Slice(
            x_m=float(slices.x[0, place]),
            width_m=float(slices.width[0, 0]),
            base_m=float(slices.base[0, place]),
            height_m=float(slices.height[0, place]),
            inclination_deg=float(
                np.degrees(np.arctan2(slices.sine[0, place], slices.cosine[0, place]))
            ),
            weight_kN=float(slices.weight[0, place]),
            pore_pressure_kPa=float(slices.pressure[0, place]),
            material=names[int(slices.soil[0, place])],
            cohesion_kPa=float(slices.cohesion[0, place]),
            friction_deg=float(np.degrees(np.arctan(slices.friction[0, place]))),
            normal_kN=float(found.normal[0, place]) if known else None,
            shear_kN=float(mobilised[0, place]) if known else None,
        )
        for place in range(slices.x.shape[1])
    ]
