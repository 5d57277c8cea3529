"""What a scenario file says: span, seed, processes, sampling, faults, and the truth to be found."""

from __future__ import annotations

import operator
from functools import reduce
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, create_model, model_validator

from ingest.errors import ConfigurationError
from ingest.registry import load_family
from ingest.site import Level, Site, Titles
from ingest.yaml_file import Configured, read_yaml
from simulators.fault import Fault
from simulators.process import Moment, Process

SCENARIOS = Path(__file__).parent / "scenarios"

_processes = load_family("simulators.processes", Process)
_faults = load_family("simulators.faults", Fault)

#: A key per file of `simulators/processes`, with its own defaults.
Processes: Any = create_model(
    "Processes",
    __base__=Configured,
    **{name: (process, process()) for name, process in _processes.items()},  # type: ignore[call-overload]
)
AnyFault: Any = Annotated[
    reduce(operator.or_, _faults.values()),  # type: ignore[arg-type]
    Field(discriminator="fault"),
]


class TruthWindow(Configured):
    """When something was really wrong, and where: what a monitoring system should find.

    Parameters
    ----------
    zone
        Zone of the site.
    instruments
        Those that can show it.
    level
        How bad it was.
    """

    title: Titles
    zone: str
    instruments: tuple[str, ...] = Field(min_length=1)
    start: Moment
    end: Moment
    level: Level

    @model_validator(mode="after")
    def _check(self) -> TruthWindow:
        if not self.start < self.end:
            raise ValueError("start must be before end")
        return self


class Expectation(Configured):
    """What a monitoring system should make of the scenario.

    Parameters
    ----------
    detected
        Whether the truth windows must be found.
    latest_detection_h
        At most this long after a window's start [h].
    false_alarms_max
        At most this many alarms outside the windows.
    """

    detected: bool
    latest_detection_h: float | None = Field(default=None, gt=0)
    false_alarms_max: int = Field(default=0, ge=0)


class Scenario(Configured):
    """One story of a site.

    Parameters
    ----------
    site
        Name of the site that it is written for.
    seed
        Seed of all random numbers.
    start, end
        Span (aware); the first reading is at `start`, the last before `end`.
    step_s
        Step of the true processes [s].
    sampling_s
        Time between readings by instrument type [s]; an instrument type that is not named is read
        at its usual interval.
    every_s
        Time between readings for all instruments alike [s], in place of `sampling_s`.
    delay_s
        Time from the measurement to its arrival [s].
    """

    title: Titles
    site: str
    seed: int = Field(ge=0)
    start: Moment
    end: Moment
    step_s: int = Field(default=600, ge=60, le=3600)
    sampling_s: dict[str, int] = Field(default_factory=dict)
    every_s: int | None = Field(default=None, ge=60)
    delay_s: float = Field(default=20, ge=0)
    processes: Processes = Processes()
    faults: tuple[AnyFault, ...] = ()
    truth: tuple[TruthWindow, ...] = ()
    expect: Expectation
    name: str = ""

    @model_validator(mode="after")
    def _check(self) -> Scenario:
        span = (self.end - self.start).total_seconds()
        if span <= 0 or span % self.step_s:
            raise ValueError("end: later than start by a multiple of step_s")
        for kind, every in {**self.sampling_s, "every_s": self.every_s or self.step_s}.items():
            if every <= 0 or every % self.step_s:
                raise ValueError(f"{kind}: a multiple of step_s ({self.step_s})")
        for window in self.truth:
            if window.start < self.start or window.end > self.end:
                raise ValueError(f"truth: {window.start} to {window.end} leaves the span")
        return self

    def interval_s(self, site: Site, instrument: str) -> int | None:
        """Return the time between an instrument's readings [s]; None: it reports events."""
        kind = site.instruments[instrument].type
        usual = site.type_of(instrument).interval_s
        if usual is None:
            return None
        # The usual interval of a type need not be a multiple of the step.
        steps = max(round(usual / self.step_s), 1)
        return self.every_s or self.sampling_s.get(kind, steps * self.step_s)

    def check(self, site: Site) -> None:
        """Check what the scenario says of a site's instruments and zones.

        Raises
        ------
        ConfigurationError
            When it is written for another site, or names what the site does not have.
        """
        if self.site != site.name:
            raise ConfigurationError(
                f"scenario {self.name}: site", value=site.name, legal=self.site
            )
        named = [fault.instrument for fault in self.faults]
        for window in self.truth:
            named += window.instruments
            if window.zone not in site.zones:
                raise ConfigurationError(
                    f"scenario {self.name}: zone", value=window.zone, legal=", ".join(site.zones)
                )
        for process in self.members().values():
            named += process.instruments()
        for name in named:
            if name not in site.instruments:
                raise ConfigurationError(
                    f"scenario {self.name}: instrument",
                    value=name,
                    legal=", ".join(site.instruments),
                )
        for fault in self.faults:
            quantities = site.type_of(fault.instrument).quantities
            if fault.quantity is not None and fault.quantity not in quantities:
                raise ConfigurationError(
                    f"scenario {self.name}: {fault.fault} of {fault.instrument}",
                    value=fault.quantity,
                    legal=", ".join(quantities),
                )

    def members(self) -> dict[str, Process]:
        """Return the processes by name, with this scenario's settings."""
        return {name: getattr(self.processes, name) for name in _processes}


def scenario_names() -> list[str]:
    """Return the names of the scenarios that come with the package."""
    return sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


def load_scenario(scenario: str | Path) -> Scenario:
    """Return a scenario by its name, or by the path of its file.

    Raises
    ------
    ConfigurationError
        When there is no such scenario, or its file is wrong.
    """
    text = str(scenario)
    path = SCENARIOS / f"{text}.yaml" if text in scenario_names() else Path(text)
    if not path.is_file():
        raise ConfigurationError(
            "scenario",
            value=text,
            legal=", ".join(scenario_names()),
            cure="or give the path of a scenario's file",
        )
    return read_yaml(path, Scenario).model_copy(update={"name": path.stem})
