"""Sections for the tests of slopes."""

from __future__ import annotations

from twin.slopes.section import DRY, Layer, Section, Soil, Water


def simple(
    *,
    height: float = 10.0,
    run: float = 20.0,
    unit_weight: float = 20.0,
    cohesion: float = 10.0,
    friction_deg: float = 25.0,
    water: Water = DRY,
    scale: float = 1.0,
) -> Section:
    """Return an even slope that falls towards growing x, its toe at (run, 0)."""
    points = ((-3 * height, height), (0.0, height), (run, 0.0), (run + 3 * height, 0.0))
    return Section(
        tuple((scale * x, scale * level) for x, level in points),
        (Layer(Soil("soil", unit_weight, scale * cohesion, friction_deg)),),
        Water(water.ratio, tuple((scale * x, scale * level) for x, level in water.line)),
    )


def mirrored(section: Section) -> Section:
    """Return the section as seen from behind."""

    def turn(line: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        return tuple((-x, level) for x, level in reversed(line))

    return Section(
        turn(section.surface),
        tuple(Layer(layer.soil, turn(layer.top)) for layer in section.layers),
        Water(section.water.ratio, turn(section.water.line)),
        turn(section.rock),
        section.water_unit_weight,
    )


def line(level: float, fall: float = 0.0) -> Water:
    """Return a piezometric line over the simple section: its level above the toe, and its fall."""
    return Water(line=((-100.0, level + fall), (0.0, level + fall), (20.0, level), (100.0, level)))
