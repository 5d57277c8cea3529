from __future__ import annotations

import pytest

from ingest.errors import ConfigurationError
from ingest.units import CANONICAL_UNITS, USUAL_UNITS, conversion


@pytest.mark.parametrize(
    ("unit", "canonical"),
    [(unit, canonical) for canonical, units in USUAL_UNITS.items() for unit in units],
)
def test_every_unit_that_an_error_names_converts(unit: str, canonical: str) -> None:
    assert canonical in CANONICAL_UNITS.values()
    assert conversion(unit, canonical).scale > 0


@pytest.mark.parametrize(
    ("unit", "canonical", "scale", "offset"),
    [
        # NIST SP 811 (2008), appendix B.8: psi, conventional metre of water, ft; degF.
        ("psi", "kPa", 6.894757, 0.0),
        ("mH2O", "kPa", 9.80665, 0.0),
        ("ft", "m", 0.3048, 0.0),
        ("degF", "degC", 1 / 1.8, -32 / 1.8),
        ("m**3/h", "L/s", 1 / 3.6, 0.0),
    ],
)
def test_units_convert_as_published(unit: str, canonical: str, scale: float, offset: float) -> None:
    assert conversion(unit, canonical) == pytest.approx((scale, offset), rel=1e-6)


@pytest.mark.parametrize(
    ("unit", "canonical", "legal"),
    [
        ("psi", "mm", "converts to mm, such as mm, cm, m, in, ft"),
        ("banana", "kPa", "converts to kPa, such as kPa, Pa, hPa, MPa, mbar, bar, psi"),
        ("t/m3", "pH", "legal: pH"),
        ("V", "ohm", "a unit that converts to ohm$"),
    ],
)
def test_a_unit_that_does_not_fit_is_refused_with_those_that_do(
    unit: str, canonical: str, legal: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"unit is '{unit}'.*{legal}"):
        conversion(unit, canonical)
