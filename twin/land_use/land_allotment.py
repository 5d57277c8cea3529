"""Practical work 1: the land that an open pit takes (KuzSTU guide, 1.1 to 1.19).

Pit field, external dump with the base that takes least land, flattening of its slopes both ways,
dust around it, stockpile of topsoil. The dip of the seam, which the guide's table 1.2 lists, is in
none of its formulas.
"""

from __future__ import annotations

import math

from ingest.text import Text
from twin.land_use._dump import (
    SHAPES,
    Base,
    Shape,
    base_growth,
    blown_dust,
    cot,
    dump_base,
    dust_zone,
    dusted_area,
    flattening_bottom_up,
    flattening_top_down,
    surface,
)
from twin.land_use._work import Input, Result, Values, Work, refuse, result

_HA = 10_000.0
_SHAPE_TITLES: dict[Shape, Text] = {
    "circle": Text("Circle"),
    "square": Text("Square"),
    "rectangle": Text("Rectangle"),
}
_BASE_NUMBERS: dict[Shape, str] = {"circle": "1.4", "square": "1.5", "rectangle": "1.6"}
_DUST_NUMBERS: dict[Shape, str] = {"circle": "1.16", "square": "1.17", "rectangle": "1.18"}
_BOTTOM_UP, _TOP_DOWN = Text("Bottom-up"), Text("Top-down")
_MEET = Text("The flattened slopes meet below the crest: no top is left")

INPUTS = (
    Input(name="pit_floor_length", title=Text("Length of the pit floor"), unit="m", above=0),
    Input(name="pit_floor_width", title=Text("Width of the pit floor"), unit="m", above=0),
    Input(name="pit_depth", title=Text("Depth of the pit"), unit="m", above=0),
    Input(
        name="pit_wall_angle", title=Text("Mean angle of the walls"), unit="deg", above=0, below=90
    ),
    Input(name="dump_height", title=Text("Height of the dump"), unit="m", above=0),
    Input(
        name="topsoil_stockpile_height",
        title=Text("Height of the topsoil stockpile"),
        unit="m",
        above=0,
    ),
    Input(name="topsoil_thickness", title=Text("Thickness of the topsoil"), unit="m", low=0),
    Input(
        name="coal_bearing_ratio",
        title=Text("Share of coal in the rock mass"),
        unit="1",
        low=0,
        below=1,
    ),
    Input(
        name="sanitary_zone_width",
        title=Text("Width of the sanitary zone"),
        unit="m",
        low=0,
        default=500,
    ),
    Input(
        name="development_factor",
        title=Text("Factor of development"),
        unit="1",
        low=1,
        high=2,
        default=1.2,
        assumed=True,
    ),
    Input(
        name="rock_bulking", title=Text("Bulking of the rock"), unit="1", low=1, high=3, default=1.4
    ),
    Input(
        name="dump_slope",
        title=Text("Slope of the dump"),
        unit="deg",
        above=0,
        below=90,
        default=38,
    ),
    Input(
        name="flattened_slope",
        title=Text("Slope after flattening"),
        unit="deg",
        above=0,
        below=90,
        default=18,
    ),
    Input(
        name="rectangle_ratio",
        title=Text("Length to width of a rectangular dump"),
        unit="1",
        low=1.5,
        high=5,
        default=2,
        assumed=True,
    ),
    Input(
        name="dust_limit",
        title=Text("Permissible dust in the air"),
        unit="mg/m3",
        above=0,
        default=2,
    ),
    Input(name="wind_speed", title=Text("Wind speed"), unit="m/s", above=0, high=50, default=5),
    Input(
        name="dust_coefficient",
        title=Text("Coefficient of dust blow-off"),
        unit="1",
        above=0,
        high=1,
        default=0.0097,
    ),
    Input(
        name="dust_exponent",
        title=Text("Exponent of dust blow-off"),
        unit="1",
        low=0,
        high=5,
        default=2.887,
    ),
    Input(
        name="topsoil_bulking",
        title=Text("Bulking of the topsoil"),
        unit="1",
        low=1,
        high=2,
        default=1.1,
    ),
    Input(
        name="stockpile_slope_factor",
        title=Text("Slope factor of the stockpile"),
        unit="1",
        above=0,
        high=1,
        default=0.75,
    ),
)


def pit_field(floor: float, perimeter: float, spread: float, zone: float) -> float:
    """Return 1.2, the pit field [m2].

    Parameters
    ----------
    floor, perimeter
        Area [m2] and perimeter [m] of the pit floor.
    spread
        Width of the walls in plan, H*cot(g) [m].
    zone
        Width of the sanitary zone [m].
    """
    return floor + perimeter * (spread + zone) + math.pi * (spread + zone) ** 2


def overburden(
    floor: float, perimeter: float, depth: float, spread: float, coal: float, bulking: float
) -> float:
    """Return 1.3, the overburden as it lies in the dump [m3].

    Parameters
    ----------
    coal
        Part of the rock mass that is coal [1].
    """
    mass = floor * depth + 0.5 * perimeter * depth * spread + math.pi / 3 * depth * spread**2
    return mass * (1 - coal) * bulking


def topsoil_stockpile(
    disturbed: float, thickness: float, bulking: float, height: float, slope_factor: float
) -> float:
    """Return 1.19, area of the topsoil stockpile [m2]; `disturbed` is the stripped area [m2]."""
    return disturbed * thickness * bulking / (height * slope_factor)


def allotment(field: float, dump: float, topsoil: float, factor: float) -> float:
    """Return 1.1, the area of the allotment, in the unit of the three areas."""
    return (field + dump + topsoil) * factor


def compute(values: Values) -> list[Result]:
    """Return the results of work 1.

    Raises
    ------
    InputsRefused
        When the slope after flattening is not gentler, or no dump of this height can be heaped.
    """
    v = values
    if v["flattened_slope"] >= v["dump_slope"]:
        raise refuse(
            "flattened_slope",
            v["flattened_slope"],
            Text("gentler than the slope of the dump, {slope}°", {"slope": v["dump_slope"]}),
        )
    floor = v["pit_floor_length"] * v["pit_floor_width"]
    around = 2 * (v["pit_floor_length"] + v["pit_floor_width"])
    spread = v["pit_depth"] * cot(v["pit_wall_angle"])
    field = pit_field(floor, around, spread, v["sanitary_zone_width"])
    pit = pit_field(floor, around, spread, 0)
    volume = overburden(
        floor, around, v["pit_depth"], spread, v["coal_bearing_ratio"], v["rock_bulking"]
    )
    bases = {
        shape: dump_base(shape, volume, v["dump_height"], v["dump_slope"], v["rectangle_ratio"])
        for shape in SHAPES
    }
    possible = [base for base in bases.values() if base is not None]
    if not possible:
        raise refuse(
            "dump_height",
            v["dump_height"],
            Text(
                "at most {height} m: with so little rock the slopes meet before",
                {"height": round(_highest(volume, v["dump_slope"]), 1)},
            ),
        )
    best = min(possible, key=lambda base: base.area)
    return [
        result("1.2", "pit_field", Text("Pit field with its sanitary zone"), field / _HA, "ha"),
        result("1.2", "pit_opening", Text("Pit without the sanitary zone"), pit / _HA, "ha"),
        result("1.3", "overburden", Text("Overburden in the dump"), volume / 1000, "thousand m3"),
        *(each for shape, base in bases.items() for each in _base_results(shape, base)),
        result(
            "1.4-1.6",
            "best_shape",
            Text("Base that takes least land"),
            _SHAPE_TITLES[best.shape].template,
            "1",
        ),
        *_scheme(v, "bottom_up", field, pit, best),
        *_scheme(v, "top_down", field, pit, best),
    ]


def _highest(volume: float, slope: float) -> float:
    """Return the height of the cone that holds a volume [m]."""
    return float((3 * volume / (math.pi * cot(slope) ** 2)) ** (1 / 3))


def _base_results(shape: Shape, base: Base | None) -> list[Result]:
    number, case = _BASE_NUMBERS[shape], _SHAPE_TITLES[shape]
    reason = None if base else Text("With this base the slopes meet below the height of the dump")
    side = Text("Diameter of the dump's base") if shape == "circle" else Text("Width of the base")
    width, area = (base.width, base.area / _HA) if base else (None, None)
    return [
        result(number, f"dump_width_{shape}", side, width, "m", case=case, note=reason),
        result(
            number,
            f"dump_area_{shape}",
            Text("Land under the dump"),
            area,
            "ha",
            case=case,
            note=reason,
        ),
    ]


def _scheme(v: Values, scheme: str, field: float, pit: float, base: Base) -> list[Result]:
    """Return what one way of flattening gives for the chosen base (table 1.1 of the guide).

    The guide leaves open which surface raises dust after bottom-up flattening; here it is the
    flattened one of height h*, as after top-down flattening that of the grown base.
    """
    steep, gentle, height = v["dump_slope"], v["flattened_slope"], v["dump_height"]
    bottom_up = scheme == "bottom_up"
    case = _BOTTOM_UP if bottom_up else _TOP_DOWN
    found: list[Result] = []

    def add(
        number: str, name: str, title: Text, value: float, unit: str, note: Text | None = None
    ) -> None:
        found.append(result(number, f"{name}_{scheme}", title, value, unit, case=case, note=note))

    if bottom_up:
        moved = flattening_bottom_up(height, base.perimeter, steep, gentle)
        add("1.7", "flattening", Text("Rock to move"), moved / 1000, "thousand m3")
        top = surface(base, height, steep)[1]
        if top == 0:
            raise refuse("dump_height", height, Text("lower: a dump without a top cannot rise"))
        rise = moved / top
        after, final = base, height + rise
        add("1.8", "rise", Text("Rise of the dump"), rise, "m")
    else:
        moved = flattening_top_down(height, base.perimeter, steep, gentle)
        add("1.10", "flattening", Text("Rock to move"), moved / 1000, "thousand m3")
        growth = base_growth(height, steep, gentle)
        after, final = base.moved(growth), height
        add("1.11", "growth", Text("Growth of the base on each side"), growth, "m")
    slopes, top = surface(after, final, gentle)
    note = _MEET if top == 0 else None
    add("1.9", "height", Text("Height after flattening"), final, "m", note)
    add("1.11", "dump_area", Text("Land under the dump"), after.area / _HA, "ha")
    add("1.14", "dump_surface", Text("Surface of the dump"), (slopes + top) / _HA, "ha", note)
    lifted = blown_dust(v["wind_speed"], v["dust_coefficient"], v["dust_exponent"])
    intensity = lifted * (slopes + top)
    add("1.13", "dust_intensity", Text("Dust that the wind lifts"), intensity, "mg/s")
    zone = dust_zone(final, intensity, v["dust_limit"])
    add("1.12", "dust_zone", Text("Width of the dust zone"), zone, "m")
    soiled = dusted_area(after, zone)
    add(
        _DUST_NUMBERS[base.shape],
        "dusted_area",
        Text("Land soiled by dust"),
        soiled / _HA,
        "ha",
    )
    stockpile = topsoil_stockpile(
        pit + after.area,
        v["topsoil_thickness"],
        v["topsoil_bulking"],
        v["topsoil_stockpile_height"],
        v["stockpile_slope_factor"],
    )
    add("1.19", "topsoil_area", Text("Topsoil stockpile"), stockpile / _HA, "ha")
    whole = allotment(field, after.area, stockpile, v["development_factor"])
    add("1.1", "allotment", Text("Land allotment"), whole / _HA, "ha")
    return found


WORK = Work(
    number=1,
    title=Text("Land allotment of an open pit"),
    inputs=INPUTS,
    compute=compute,
    remarks=(
        Text("1.1: the guide gives a factor of development of 1.15 to 1.2; 1.2 is assumed"),
        Text("1.4-1.6: the printed formulas are lost; restored from the frustum"),
        Text("1.6: the guide leaves the ratio of the sides free from 1.5 to 5; 2 is assumed"),
        Text("1.10: restored as a quarter of 1.7: the guide says that bottom-up costs four times"),
        Text("1.12: the sign of the logarithm is restored"),
        Text("1.14: the guide leaves open which surface raises dust; the flattened one is assumed"),
        Text("1.17, 1.18: pi is restored"),
    ),
)
