"""The kinds of danger that limits speak for, and which of them confirm each other."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.text import Text


@dataclass(frozen=True)
class Danger:
    """One kind of danger.

    Parameters
    ----------
    quantities
        Measured quantities whose limits speak for it.
    related
        Dangers that confirm it in the same zone, because one leads to the other.
    confirmed
        Whether one voice alone must not make an alarm of it.
    by_quantity
        Whether each quantity of an instrument is a voice of its own (probes of a water station).
    everywhere
        Whether it confirms others in every zone (rain falls on all slopes).
    of_site
        Whether it is judged for the whole site.
    """

    name: str
    title: Text
    quantities: frozenset[str] = frozenset()
    related: frozenset[str] = frozenset()
    confirmed: bool = True
    by_quantity: bool = False
    everywhere: bool = False
    of_site: bool = False


DANGERS: dict[str, Danger] = {
    danger.name: danger
    for danger in (
        Danger(
            name="slope_movement",
            title=Text("Slope movement"),
            quantities=frozenset({"displacement_a", "displacement_b"}),
            related=frozenset({"pore_pressure", "rain_load", "slope_stability"}),
        ),
        # Its water is that of the piezometers: they do not confirm it, what moves does.
        Danger(
            name="slope_stability",
            title=Text("Slope short of its factor of safety"),
            related=frozenset({"slope_movement"}),
        ),
        Danger(
            name="pore_pressure",
            title=Text("Pore pressure in the fill"),
            quantities=frozenset({"pore_pressure", "head"}),
            related=frozenset({"slope_movement", "rain_load"}),
        ),
        Danger(
            name="settlement",
            title=Text("Settlement out of the ordinary"),
            quantities=frozenset({"settlement"}),
        ),
        Danger(
            name="drainage_chemistry",
            title=Text("Drainage turning bad"),
            quantities=frozenset({"ph", "conductivity", "sulfate", "iron", "arsenic", "turbidity"}),
            by_quantity=True,
        ),
        Danger(
            name="rain_load",
            title=Text("Heavy or lasting rain"),
            quantities=frozenset({"rain"}),
            confirmed=False,
            everywhere=True,
        ),
        Danger(
            name="schedule",
            title=Text("Backfill behind its plan"),
            confirmed=False,
            of_site=True,
        ),
        Danger(
            name="data",
            title=Text("Data that cannot be relied on"),
            confirmed=False,
            of_site=True,
        ),
        Danger(
            name="other_limits",
            title=Text("Another limit of the site file"),
        ),
    )
}

_BY_QUANTITY = {quantity: danger for danger in DANGERS.values() for quantity in danger.quantities}


def danger_of(quantity: str) -> Danger:
    """Return the danger that a quantity's limits speak for."""
    return _BY_QUANTITY.get(quantity, DANGERS["other_limits"])
