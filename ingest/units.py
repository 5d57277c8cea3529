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
    source, target = _parse(unit), _parse(canonical)
    try:
        offset = float(_registry().Quantity(0.0, source).to(target).magnitude)
        one = float(_registry().Quantity(1.0, source).to(target).magnitude)
    except pint.DimensionalityError as error:
        raise ConfigurationError(
            "unit", value=unit, legal=f"a unit that converts to {canonical}"
        ) from error
    return Conversion(one - offset, offset)


def _parse(unit: str) -> pint.Unit:
    try:
        return _registry().Unit(unit)
    except Exception as error:  # pint raises many kinds for a malformed unit
        raise ConfigurationError(
            "unit", value=unit, legal="a unit such as kPa, mm, mg/L, L/s, degC, NTU, pH"
        ) from error
