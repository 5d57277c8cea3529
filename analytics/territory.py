"""Indicators of the territory among the other indicators; the twin computes them (work 3)."""

from __future__ import annotations

from analytics.assessment import Indicator
from analytics.site_files import start_of
from ingest.figure import Figure, unknown
from twin.land_use import SOURCE
from twin.land_use.territory import FORMULAS, TerritoryInputs, territory_values


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
