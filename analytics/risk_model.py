"""What a risk model is: it reads one moment of the site and says which dangers speak, and why."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from analytics.assessment import Indicator, Risk
from analytics.frames import History
from analytics.site_files import ResponsePlan
from analytics.watch import Watch
from ingest.registry import load_family
from ingest.site import Site
from twin.state import TwinState


@dataclass(frozen=True)
class Moment:
    """Everything that a risk model may look at.

    Parameters
    ----------
    state
        The twin's state; its `time` is the moment.
    indicators
        The indicators of that state.
    watch
        What is remembered of the readings; a model may keep its own part of it up to date.
    history
        The indicators of all states before this one.
    """

    site: Site
    state: TwinState
    indicators: list[Indicator]
    watch: Watch
    plan: ResponsePlan
    history: History


class RiskModel(ABC):
    """Base of the family: one file in `analytics/risk_models/` holds one of them.

    A model holds no memory that cannot be rebuilt from `Moment`: after a kill the same moment gives
    the same risks.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"

    @abstractmethod
    def assess(self, moment: Moment) -> list[Risk]:
        """Return the risks of one moment; what cannot be judged is unknown, with the reason."""


@cache
def risk_model_types() -> dict[str, type[RiskModel]]:
    """Return every risk model by name."""
    return load_family("analytics.risk_models", RiskModel)  # type: ignore[type-abstract]
