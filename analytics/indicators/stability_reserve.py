"""Stability reserve: whether each section that stands has the factor of safety asked of it."""

from __future__ import annotations

import msgspec

from analytics.indicator import Facts, IndicatorModel, least, slides_of, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import SlopeState, TwinState


class StabilityReserve(IndicatorModel):
    """Least factor of safety over the required one of a section [1]; below 1 it is not kept.

    More is asked of a slide of the whole slope than of one working face (Read and Stacey 2009,
    "Guidelines for open pit slope design", table 9.9), so each slide is held against its own.
    """

    name = "stability_reserve"
    title = Text("Factor of safety over the required one")
    unit = "1"
    group = "slope"
    # The piezometers that move it are looked at themselves: it would count them twice.
    habitual = False

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the least reserve per section."""
        return {
            section: least([self._reserve(slide) for slide in slides])
            for section, slides in slides_of(state).items()
        }

    def _reserve(self, slide: SlopeState) -> Figure:
        factor = taken_over(slide.factor_of_safety, self.unit)
        required = slide.required.value
        if not isinstance(factor.value, float) or not isinstance(required, float):
            return factor
        low, high = (
            end / required if isinstance(end, float) else None for end in (factor.low, factor.high)
        )
        return msgspec.structs.replace(factor, value=factor.value / required, low=low, high=high)
