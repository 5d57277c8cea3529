"""One canonical unit per quantity; conversion happens once, when configuration is loaded."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pint

from ingest.errors import ConfigurationError

#: Canonical unit of each quantity that the models know by name. A quantity that is not listed
#: keeps the unit of its instrument type.
CANONICAL_UNITS: dict[str, str] = {
    "air_temperature": "degC",
    "arsenic": "mg/L",
    "atmospheric_pressure": "kPa",
    "conductivity": "uS/cm",
    "displacement_a": "mm",
    "displacement_b": "mm",
    "flow": "L/s",
    "head": "m",
    "iron": "mg/L",
    "load_mass": "t",
    "ph": "pH",
    "pore_pressure": "kPa",
    "rain": "mm",
    "settlement": "mm",
    "sulfate": "mg/L",
    "surveyed_uncertainty": "thousand m3",
    "surveyed_volume": "thousand m3",
    "temperature": "degC",
    "turbidity": "NTU",
}

#: Units of the field that pint does not define; they convert to themselves alone.
_NAMED_UNITS = {"NTU", "pH", "1", "date", "thousand m3"}

#: Units that hand units, loggers and laboratories speak, by canonical unit: what an error and a
#: help name. Every other unit of the same dimension that pint knows is legal too.
USUAL_UNITS: dict[str, tuple[str, ...]] = {
    "kPa": ("kPa", "Pa", "hPa", "MPa", "mbar", "bar", "psi", "mmHg", "mH2O"),
    "m": ("m", "cm", "mm", "ft", "in"),
    "mm": ("mm", "cm", "m", "in", "ft"),
    "mg/L": ("mg/L", "ug/L", "g/L"),
    "L/s": ("L/s", "L/min", "m**3/s", "m**3/h", "m**3/d"),
    "degC": ("degC", "degF", "K"),
    "uS/cm": ("uS/cm", "mS/cm", "mS/m", "S/m"),
    "t": ("t", "kg"),
}


class Conversion(NamedTuple):
    """`canonical = value * scale + offset`."""

    scale: float
    offset: float


@cache
def _registry() -> pint.UnitRegistry[float]:
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


@cache
def conversion(unit: str, canonical: str) -> Conversion:
    """Return the linear conversion from `unit` to `canonical`.

    Raises
    ------
    ConfigurationError
        When a unit is not known, or the two are of different dimensions.
    """
    if unit == canonical:
        if unit not in _NAMED_UNITS:
            _parse(unit)
        return Conversion(1.0, 0.0)
    if unit in _NAMED_UNITS or canonical in _NAMED_UNITS:
        raise ConfigurationError("unit", value=unit, legal=canonical)
    source, target = _parse(unit, canonical), _parse(canonical)
    try:
        offset = float(_registry().Quantity(0.0, source).to(target).magnitude)
        one = float(_registry().Quantity(1.0, source).to(target).magnitude)
    except pint.DimensionalityError as error:
        raise ConfigurationError("unit", value=unit, legal=legal_units(canonical)) from error
    return Conversion(one - offset, offset)


def legal_units(canonical: str) -> str:
    """Return in words which units convert to a canonical one."""
    usual = ", ".join(USUAL_UNITS.get(canonical, ()))
    return f"a unit that converts to {canonical}{usual and f', such as {usual}'}"


def _parse(unit: str, canonical: str | None = None) -> pint.Unit:
    try:
        return _registry().Unit(unit)
    except Exception as error:  # pint raises many kinds for a malformed unit
        legal = "a unit such as kPa, mm, mg/L, L/s, degC, NTU, pH"
        if canonical is not None:
            legal = legal_units(canonical)
        raise ConfigurationError("unit", value=unit, legal=legal) from error
