"""What an indicator is: a named number with a unit that answers one question about the site."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import ClassVar, Literal

import msgspec

from analytics.assessment import Indicator
from analytics.foretold import Foretold
from analytics.site_files import IndicatorTargets
from ingest.figure import Figure, unknown
from ingest.registry import load_family
from ingest.site import Site
from ingest.text import Text
from twin.state import SlopeState, TwinState

Group = Literal["fill", "settlement", "water", "slope", "data", "territory", "post_mining"]

#: Qualities of a figure that say nothing of the present.
NOT_CURRENT = ("stale", "unavailable")


@dataclass(frozen=True)
class Facts:
    """What an indicator may know beside the twin's state.

    Parameters
    ----------
    targets
        What the site wants of its indicators.
    last_reading
        Time of the last measured reading per instrument.
    days_with_readings
        Days (UTC, counted from 1970) of the last eight on which an instrument measured something.
    unchanged_since
        Time since which an instrument has reported exactly the same.
    foretold
        Per settlement point the oldest forecast that holds for what lies there now.
    """

    targets: IndicatorTargets = field(default_factory=IndicatorTargets)
    last_reading: Mapping[str, datetime] = field(default_factory=dict)
    days_with_readings: Mapping[str, frozenset[int]] = field(default_factory=dict)
    unchanged_since: Mapping[str, datetime] = field(default_factory=dict)
    foretold: Mapping[str, Foretold] = field(default_factory=dict)


class IndicatorModel(ABC):
    """Base of the family: one file in `analytics/indicators/` holds one of them.

    Attributes
    ----------
    name
        The file's name.
    title
        What people read.
    unit
        Unit of every value that it gives.
    group
        The page's group.
    habitual
        Whether its level stays the same while all is well, so that a change of it may be judged
        unusual (a rate or a ratio, not a sum that grows for ever).
    version
        Changes when the same readings would give another value.
    """

    name: ClassVar[str]
    title: ClassVar[Text]
    unit: ClassVar[str]
    group: ClassVar[Group]
    habitual: ClassVar[bool] = True
    version: ClassVar[str] = "1"

    @abstractmethod
    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:
        """Return the value per subject: an instrument, a zone, a section, or "" for the site.

        A value that is not known is a figure with a reason, never a guess.
        """

    def compute(self, site: Site, state: TwinState, facts: Facts) -> list[Indicator]:
        """Return the indicator of every subject."""
        target = facts.targets.figure(self.name, self.unit, state.time)
        return [
            Indicator(
                name=self.name,
                title=self.title,
                group=self.group,
                subject=subject,
                value=figure,
                target=target,
            )
            for subject, figure in self.figures(site, state, facts).items()
        ]


def taken_over(figure: Figure, unit: str) -> Figure:
    """Return a figure of the twin as an indicator; another unit or a text becomes unknown."""
    if figure.value is None:
        reason = figure.reason or Text("The twin gives no value")
        return unknown(unit, reason, time=figure.time, source=figure.source)
    if figure.unit != unit or not isinstance(figure.value, int | float):
        return unknown(
            unit,
            Text(
                "The twin gives {unit} instead of {wanted}", {"unit": figure.unit, "wanted": unit}
            ),
            time=figure.time,
            source=figure.source,
        )
    return msgspec.structs.replace(figure)


def slides_of(state: TwinState) -> dict[str, list[SlopeState]]:
    """Return the slides of every section that stands, by section in the site's order."""
    found: dict[str, list[SlopeState]] = {}
    for slide in state.slopes or []:
        if slide.stage == "standing":
            found.setdefault(slide.section, []).append(slide)
    return found


def least(figures: Sequence[Figure]) -> Figure:
    """Return the figure of least value; one that is not known comes before all that are."""
    return min(figures, key=lambda each: _order(each, 1.0))


def largest(figures: Sequence[Figure]) -> Figure:
    """Return the figure of largest value; one that is not known comes before all that are."""
    return min(figures, key=lambda each: _order(each, -1.0))


def _order(figure: Figure, sign: float) -> float:
    return sign * figure.value if isinstance(figure.value, int | float) else float("-inf")


def current_value(figure: Figure) -> float | None:
    """Return the value if it speaks of the present: a stale one does not."""
    if figure.quality in NOT_CURRENT or not isinstance(figure.value, int | float):
        return None
    return float(figure.value)


def no_plan(unit: str, state: TwinState) -> Figure:
    """Return the unknown figure of a site that has no plan."""
    return unknown(unit, Text("The site has no backfill plan"), time=state.time)


@cache
def indicator_models() -> dict[str, IndicatorModel]:
    """Return every indicator by name."""
    family = load_family("analytics.indicators", IndicatorModel)  # type: ignore[type-abstract]
    return {name: model() for name, model in family.items()}


def compute_indicators(site: Site, state: TwinState, facts: Facts) -> list[Indicator]:
    """Return the indicators of every model, by name and then by subject."""
    return [
        indicator
        for model in indicator_models().values()
        for indicator in sorted(model.compute(site, state, facts), key=lambda item: item.subject)
    ]
