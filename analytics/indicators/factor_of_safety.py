"""Factor of safety: how far each section that stands is from sliding."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, least, slides_of, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class FactorOfSafety(IndicatorModel):
    """Least factor of safety of a section [1], by Bishop's simplified method (Bishop 1955).

    The least of all slides that are looked for, with the water of the piezometers; where one of
    them is not known, the least is not known. A section that is only planned has none.
    """

    name = "factor_of_safety"
    title = Text("Least factor of safety")
    unit = "1"
    group = "slope"
    # The piezometers that move it are looked at themselves: it would count them twice.
    habitual = False

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the least factor per section."""
        return {
            section: least([taken_over(slide.factor_of_safety, self.unit) for slide in slides])
            for section, slides in slides_of(state).items()
        }
