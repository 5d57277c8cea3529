"""What analytics reads of a site's folder: targets, response plan, recorded evidence, territory."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TypeVar

from pydantic import Field, model_validator

from ingest.figure import Figure
from ingest.sentence import Sentence
from ingest.site import KeyName, Level, Site, Titles
from ingest.yaml_file import Configured, read_yaml

Model = TypeVar("Model", bound=Configured)


class Target(Configured):
    """What the site wants of an indicator, from a date on, in the indicator's unit."""

    value: float
    since: date
    source: Sentence


class IndicatorTargets(Configured):
    """`indicators.yaml`: the wanted values, each list in the order of its dates."""

    targets: dict[KeyName, tuple[Target, ...]] = Field(default_factory=dict)

    def figure(self, indicator: str, unit: str, at: datetime) -> Figure | None:
        """Return the target in force at a moment, None without one."""
        held = [t for t in self.targets.get(indicator, ()) if start_of(t.since) <= at]
        if not held:
            return None
        last = max(held, key=lambda target: target.since)
        return Figure(
            value=last.value,
            unit=unit,
            time=start_of(last.since),
            source=last.source,
            quality="planned",
        )


class IndicatorLimit(Configured):
    """A limit of one indicator, in force from a date, in the indicator's unit.

    Parameters
    ----------
    danger
        Which risk it speaks for.
    above, below
        The limit; exactly one of the two.
    """

    indicator: KeyName
    danger: KeyName
    level: Level
    since: date
    above: float | None = None
    below: float | None = None
    source: Sentence

    @property
    def start(self) -> datetime:
        """The first moment at which it holds."""
        return start_of(self.since)

    @model_validator(mode="after")
    def _check(self) -> IndicatorLimit:
        if (self.above is None) == (self.below is None):
            raise ValueError("exactly one of above and below")
        return self


class Rules(Configured):
    """When a limit that is passed becomes a level, and when a level is left again.

    The defaults are design assumptions after ISA-18.2 / IEC 62682 (on-delay, off-delay, deadband);
    the deadband of 2 % is EEMUA 191's starting value for pressures.

    Parameters
    ----------
    raise_after_readings, return_after_readings
        Successive readings beyond a limit that raise a level, and within it that lower it.
    raise_after_states, return_after_states
        The same for indicators, which the twin has smoothed already.
    deadband
        Part of the limit by which a value must come back before the level is lowered [1].
    hold_silent_d
        How long the level of an instrument that fell silent is held [d].
    off_delay_h
        How long a risk must be calmer before its alarm is lowered or returns [h].
    disagreement
        Modified z-score beyond which an instrument is doubted [1].
    """

    raise_after_readings: int = Field(default=3, ge=1)
    return_after_readings: int = Field(default=3, ge=1)
    raise_after_states: int = Field(default=2, ge=1)
    return_after_states: int = Field(default=4, ge=1)
    deadband: float = Field(default=0.02, ge=0, lt=1)
    hold_silent_d: float = Field(default=7, ge=0)
    off_delay_h: float = Field(default=24, ge=0)
    disagreement: float = Field(default=3.5, gt=0)


class ResponsePlan(Configured):
    """`response_plan.yaml`: limits of indicators and the rules by which alarms come and go."""

    source: Sentence = ""
    rules: Rules = Rules()
    limits: tuple[IndicatorLimit, ...] = ()


class RecordedEvidence(Configured):
    """One thing that the site has, for which a document stands.

    Parameters
    ----------
    since
        From when it has been so.
    until
        From when it is no longer so, None while it lasts.
    source
        The document.
    """

    item: KeyName
    since: date
    until: date | None = None
    source: Sentence
    note: Titles = Field(default_factory=dict)

    def holds(self, at: datetime) -> bool:
        """Return whether it is so at a moment."""
        return start_of(self.since) <= at and (self.until is None or at < start_of(self.until))


class PostMiningEvidence(Configured):
    """`post_mining.yaml`: what is recorded of the site; what is not listed is missing."""

    source: Sentence
    evidence: tuple[RecordedEvidence, ...] = ()

    def recorded(self, item: str, at: datetime) -> RecordedEvidence | None:
        """Return the evidence of an item that holds at a moment."""
        return next((e for e in self.evidence if e.item == item and e.holds(at)), None)


def start_of(day: date) -> datetime:
    """Return the first moment of a day (UTC)."""
    return datetime.combine(day, time(), UTC)


def load_targets(site: Site) -> IndicatorTargets:
    """Return `indicators.yaml`; a site without the file has no targets."""
    return _read(site, "indicators.yaml", IndicatorTargets) or IndicatorTargets()


def load_response_plan(site: Site) -> ResponsePlan:
    """Return `response_plan.yaml`; a site without the file has the default rules and no limits."""
    return _read(site, "response_plan.yaml", ResponsePlan) or ResponsePlan()


def load_post_mining(site: Site) -> PostMiningEvidence | None:
    """Return `post_mining.yaml`, None when the site has recorded nothing."""
    return _read(site, "post_mining.yaml", PostMiningEvidence)


def _read(site: Site, name: str, model: type[Model]) -> Model | None:
    path = site.folder / name
    return read_yaml(path, model) if path.is_file() else None
