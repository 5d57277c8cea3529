"""Indicators of a mined territory, 3.1 to 3.21 of the KuzSTU practical guide.

The formulas are pure functions; the names of their parameters are the names of the inputs in
`territory.yaml` or of the indicators that they build on. Areas in ha, masses in Mt a year.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from inspect import signature
from typing import Any

from pydantic import Field

from analytics.assessment import Indicator
from analytics.site_files import start_of
from ingest.figure import Figure, unknown
from ingest.site import Site
from ingest.text import Text
from ingest.yaml_file import Configured, read_yaml

SOURCE = "KuzSTU practical guide"


class Crop(Configured):
    """One use of reclaimed farm land.

    Parameters
    ----------
    area_ha
        Area on reclaimed land [ha].
    yield_reclaimed, yield_farm
        Yield on reclaimed and on undisturbed farm land [c/ha], 1 c (centner) = 100 kg.
    price
        Wholesale price [rub/c].
    """

    area_ha: float = Field(ge=0)
    yield_reclaimed: float = Field(ge=0)
    yield_farm: float = Field(ge=0)
    price: float = Field(ge=0)


class TerritoryInputs(Configured):
    """`territory.yaml`: what is recorded of a territory; None is not recorded.

    Parameters
    ----------
    coal
        Yearly output [Mt].
    overburden
        Yearly rock mass moved, output included, as the guide's example uses it [Mt].
    internal_dumping
        Yearly rock placed in mined-out space, without delivery to the surface [Mt].
    employees, residents
        People.
    land_value
        Cadastral value of land [rub/ha].
    district, sanitary_zone, built_up, recreation, railways, roads, mined_out
        Areas [ha].
    external_dumps, external_dumps_reclaimed, internal_dumps, internal_dumps_reclaimed
        Areas of dumps, and how much of them is reclaimed [ha].
    trackless_dumps
        Area of internal dumps made without haulage [ha].
    crops
        Uses of the reclaimed farm land.
    """

    source: str
    since: date
    coal: float | None = Field(default=None, ge=0)
    overburden: float | None = Field(default=None, ge=0)
    internal_dumping: float | None = Field(default=None, ge=0)
    employees: float | None = Field(default=None, ge=0)
    residents: float | None = Field(default=None, ge=0)
    land_value: float | None = Field(default=None, ge=0)
    district: float | None = Field(default=None, ge=0)
    sanitary_zone: float | None = Field(default=None, ge=0)
    built_up: float | None = Field(default=None, ge=0)
    recreation: float | None = Field(default=None, ge=0)
    railways: float | None = Field(default=None, ge=0)
    roads: float | None = Field(default=None, ge=0)
    mined_out: float | None = Field(default=None, ge=0)
    external_dumps: float | None = Field(default=None, ge=0)
    external_dumps_reclaimed: float | None = Field(default=None, ge=0)
    internal_dumps: float | None = Field(default=None, ge=0)
    internal_dumps_reclaimed: float | None = Field(default=None, ge=0)
    trackless_dumps: float | None = Field(default=None, ge=0)
    crops: tuple[Crop, ...] | None = None


def reclaimed(external_dumps_reclaimed: float, internal_dumps_reclaimed: float) -> float:
    """Return the reclaimed area S_rz [ha], the sum that the guide uses in 3.1, 3.6 and 3.12."""
    return external_dumps_reclaimed + internal_dumps_reclaimed


def solid_waste(overburden: float, coal: float) -> float:
    """Return the yearly solid waste [Mt].

    Restored: the guide's 3.7 reads 68e6 - 10e6, its example's rock mass less its coal.
    """
    return overburden - coal


def disturbed_land(
    sanitary_zone: float, reclaimed: float, recreation: float, built_up: float
) -> float:
    """Return 3.1, technogenically disturbed land [ha]."""
    return sanitary_zone - (reclaimed + recreation + built_up)


def linear_disturbance(mined_out: float, railways: float, roads: float, district: float) -> float:
    """Return 3.2, density of linear disturbance of the district [%]."""
    return _share(mined_out + railways + roads, district)


def zone_disturbance(disturbed_land: float, sanitary_zone: float) -> float:
    """Return 3.3, disturbance of the sanitary zone [%]."""
    return _share(disturbed_land, sanitary_zone)


def district_disturbance(disturbed_land: float, district: float) -> float:
    """Return 3.4, disturbance of the mining district [%]."""
    return _share(disturbed_land, district)


def disturbance_per_output(disturbed_land: float, coal: float) -> float:
    """Return 3.5, disturbed land for 1000 t of yearly output [ha/kt]."""
    return _ratio(disturbed_land, coal * 1000)


def absolute_land_loss(disturbed_land: float, reclaimed: float, district: float) -> float:
    """Return 3.6, absolute loss of land of the district [%]."""
    return _share(disturbed_land - reclaimed, district)


def waste_density(solid_waste: float, sanitary_zone: float) -> float:
    """Return 3.7, yearly solid waste on a hectare of the sanitary zone [t/ha]."""
    return _ratio(solid_waste * 1e6, sanitary_zone)


def waste_utilisation(internal_dumping: float, overburden: float) -> float:
    """Return 3.8, part of the overburden that is placed in mined-out space [%]."""
    return _share(internal_dumping, overburden)


def waste_concentration(
    internal_dumps: float, external_dumps: float, trackless_dumps: float, sanitary_zone: float
) -> float:
    """Return 3.9, part of the sanitary zone that lies under dumps [%]."""
    return _share(internal_dumps + external_dumps + trackless_dumps, sanitary_zone)


def waste_per_employee(solid_waste: float, employees: float) -> float:
    """Return 3.10, yearly solid waste of one employee [t]."""
    return _ratio(solid_waste * 1e6, employees)


def waste_per_resident(solid_waste: float, residents: float) -> float:
    """Return 3.11, yearly solid waste of one resident [t]."""
    return _ratio(solid_waste * 1e6, residents)


def restoration(reclaimed: float, sanitary_zone: float) -> float:
    """Return 3.12, restored part of the sanitary zone [%]."""
    return _share(reclaimed, sanitary_zone)


def agricultural_restoration(crops: tuple[Crop, ...], reclaimed: float) -> float:
    """Return 3.13, part of the reclaimed land that is farmed [%]."""
    return _share(sum(crop.area_ha for crop in crops), reclaimed)


def agro_potential_reclaimed(crops: tuple[Crop, ...]) -> float:
    """Return 3.14, gross agricultural potential of the reclaimed land [rub]."""
    return sum(crop.price * crop.yield_reclaimed * crop.area_ha for crop in crops)


def agro_potential_farm(crops: tuple[Crop, ...]) -> float:
    """Return 3.15, gross potential of the same areas with the yields of farm land [rub]."""
    return sum(crop.price * crop.yield_farm * crop.area_ha for crop in crops)


def hectare_productivity(agro_potential_reclaimed: float, crops: tuple[Crop, ...]) -> float:
    """Return 3.16, productivity of a hectare of reclaimed farm land [rub/ha]."""
    return _ratio(agro_potential_reclaimed, sum(crop.area_ha for crop in crops))


def agro_identity(agro_potential_reclaimed: float, agro_potential_farm: float) -> float:
    """Return 3.17, how near reclaimed land comes to farm land [%]."""
    return _share(agro_potential_reclaimed, agro_potential_farm)


def disturbance_damage(land_value: float, disturbed_land: float) -> float:
    """Return 3.18, damage by disturbance, from the value of the land [rub]."""
    return land_value * disturbed_land


def yield_damage(crops: tuple[Crop, ...]) -> float:
    """Return 3.19, damage by lower yields on reclaimed land [rub]."""
    return sum(
        (crop.yield_farm - crop.yield_reclaimed) * crop.price * crop.area_ha for crop in crops
    )


def total_damage(disturbance_damage: float, yield_damage: float) -> float:
    """Return 3.20, total damage [rub]."""
    return disturbance_damage + yield_damage


def specific_damage(total_damage: float, disturbed_land: float) -> float:
    """Return 3.21, damage for a hectare of disturbed land [rub/ha]."""
    return _ratio(total_damage, disturbed_land)


@dataclass(frozen=True)
class Formula:
    """One numbered indicator of the guide."""

    number: str
    title: Text
    unit: str
    compute: Callable[..., float]

    @property
    def name(self) -> str:
        """Name of the indicator."""
        return self.compute.__name__


FORMULAS = (
    Formula("3.1", Text("Disturbed land"), "ha", disturbed_land),
    Formula("3.2", Text("Density of linear disturbance"), "%", linear_disturbance),
    Formula("3.3", Text("Disturbance of the sanitary zone"), "%", zone_disturbance),
    Formula("3.4", Text("Disturbance of the mining district"), "%", district_disturbance),
    Formula("3.5", Text("Disturbed land per 1000 t of output"), "ha/kt", disturbance_per_output),
    Formula("3.6", Text("Absolute loss of land"), "%", absolute_land_loss),
    Formula("3.7", Text("Solid waste per hectare"), "t/ha", waste_density),
    Formula("3.8", Text("Utilisation of solid waste"), "%", waste_utilisation),
    Formula("3.9", Text("Concentration of solid waste"), "%", waste_concentration),
    Formula("3.10", Text("Solid waste per employee"), "t", waste_per_employee),
    Formula("3.11", Text("Solid waste per resident"), "t", waste_per_resident),
    Formula("3.12", Text("Restoration of land"), "%", restoration),
    Formula("3.13", Text("Agricultural restoration"), "%", agricultural_restoration),
    Formula("3.14", Text("Agricultural potential, reclaimed"), "rub", agro_potential_reclaimed),
    Formula("3.15", Text("Agricultural potential, farm land"), "rub", agro_potential_farm),
    Formula("3.16", Text("Productivity of a hectare"), "rub/ha", hectare_productivity),
    Formula("3.17", Text("Agricultural identity"), "%", agro_identity),
    Formula("3.18", Text("Damage by disturbance"), "rub", disturbance_damage),
    Formula("3.19", Text("Damage by lower yields"), "rub", yield_damage),
    Formula("3.20", Text("Total damage"), "rub", total_damage),
    Formula("3.21", Text("Damage per hectare"), "rub/ha", specific_damage),
)

#: Values that are no numbered indicators, but that several of them build on.
_INTERMEDIATE = (reclaimed, solid_waste)


class NoBase(ValueError):
    """A ratio has no base: its denominator is zero."""


def territory_values(
    inputs: TerritoryInputs | None,
) -> dict[str, tuple[float | None, Text | None]]:
    """Return value, or why it is not known, of every indicator by name."""
    known: dict[str, Any] = {}
    if inputs is not None:
        known = {
            name: value
            for name in TerritoryInputs.model_fields
            if (value := getattr(inputs, name)) is not None
        }
    lacking: dict[str, set[str]] = {}
    values: dict[str, tuple[float | None, Text | None]] = {}
    for compute in (*_INTERMEDIATE, *(formula.compute for formula in FORMULAS)):
        needed = list(signature(compute).parameters)
        missing = set().union(*(lacking.get(name, {name}) for name in needed if name not in known))
        name = compute.__name__
        if missing:
            lacking[name] = missing
            listed = ", ".join(sorted(missing))
            values[name] = None, Text("Not recorded: {inputs}", {"inputs": listed})
            continue
        try:
            known[name] = compute(**{parameter: known[parameter] for parameter in needed})
            values[name] = known[name], None
        except NoBase:
            lacking[name] = set(needed)
            values[name] = None, Text("Its base is zero")
    return {formula.name: values[formula.name] for formula in FORMULAS}


def territory_indicators(inputs: TerritoryInputs | None) -> list[Indicator]:
    """Return the 21 indicators in the guide's order; unknown ones say what is not recorded."""
    values = territory_values(inputs)
    time = None if inputs is None else start_of(inputs.since)
    indicators = []
    for formula in FORMULAS:
        value, reason = values[formula.name]
        source = f"{SOURCE}, {formula.number}"
        figure = (
            unknown(formula.unit, reason, time=time, source=source)
            if reason is not None
            else Figure(value=value, unit=formula.unit, time=time, source=source, version="1")
        )
        indicators.append(
            Indicator(
                name=formula.name, title=formula.title, group="territory", subject="", value=figure
            )
        )
    return indicators


def load_territory(site: Site) -> TerritoryInputs | None:
    """Return `territory.yaml`, None when the site has recorded nothing."""
    path = site.folder / "territory.yaml"
    return read_yaml(path, TerritoryInputs) if path.is_file() else None


def _ratio(part: float, base: float) -> float:
    if base == 0:
        raise NoBase
    return part / base


def _share(part: float, base: float) -> float:
    return 100 * _ratio(part, base)
