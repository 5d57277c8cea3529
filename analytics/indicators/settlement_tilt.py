"""Settlement tilt: how unevenly the surface goes down about each point."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class SettlementTilt(IndicatorModel):
    """Largest tilt between a settlement point and the neighbours that settled less [mm/m].

    Each pair speaks for the point that settled more (the first, where its tilt is not known), so
    that one pair is one voice. Tilts of 1/300 and 1/150 are the limits of first cracks and of
    damage to frames (Skempton and MacDonald 1956, "The allowable settlements of buildings").
    """

    name = "settlement_tilt"
    title = Text("Largest tilt towards the point")
    unit = "mm/m"
    group = "settlement"
    habitual = False

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the largest tilt per settlement point that has one."""
        found: dict[str, Figure] = {}
        for pair in state.tilt:
            figure = taken_over(pair.tilt, self.unit)
            difference = pair.difference.value
            towards_second = isinstance(difference, float) and difference > 0
            point = pair.second if towards_second else pair.first
            held = found.get(point)
            if held is None or _size(figure) > _size(held):
                found[point] = figure
        return found


def _size(figure: Figure) -> float:
    """Return a number by which what is not known comes last."""
    return abs(figure.value) if isinstance(figure.value, float) else -1.0
