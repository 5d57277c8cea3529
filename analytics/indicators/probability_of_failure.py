"""Probability of failure: how often the strengths that are likely would let a section slide."""

from __future__ import annotations

from analytics.indicator import Facts, IndicatorModel, largest, slides_of, taken_over
from ingest.figure import Figure
from ingest.site import Site
from ingest.text import Text
from twin.state import TwinState


class ProbabilityOfFailure(IndicatorModel):
    """Largest probability of failure of a section's slides [1], from sampled strength.

    Strength alone is uncertain in it (Duncan 2000, "Factors of safety and reliability in
    geotechnical engineering"); with other water it is computed anew.
    """

    name = "probability_of_failure"
    title = Text("Largest probability of failure")
    unit = "1"
    group = "slope"
    # The piezometers that move it are looked at themselves: it would count them twice.
    habitual = False

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the largest probability per section."""
        return {
            section: largest([taken_over(slide.probability, self.unit) for slide in slides])
            for section, slides in slides_of(state).items()
        }
