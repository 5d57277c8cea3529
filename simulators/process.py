"""What a process of the true ground is, and the ground on which all of them work."""

from __future__ import annotations

import zlib
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, AwareDatetime
from scipy.signal import lfilter

from ingest.site import Site
from ingest.yaml_file import Configured

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: A time with a zone in a scenario file; inside it is UTC.
Moment = Annotated[
    AwareDatetime,
    AfterValidator(lambda time: datetime.fromisoformat(time.isoformat()).astimezone(UTC)),
]


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the random numbers of one name: a new name leaves those of the others as they are."""
    return np.random.default_rng(
        np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),))
    )


class Loads(NamedTuple):
    """Truck loads, ordered by time; the arrays have one element a load.

    Parameters
    ----------
    second
        When the load was weighed [s since the start].
    stream
        Index of the waste stream.
    mass
        True mass [t].
    volume
        Volume that it will take in the dump [m3].
    """

    second: Ints
    stream: Ints
    mass: Floats
    volume: Floats


def no_loads() -> Loads:
    """Return an empty list of loads."""
    return Loads(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


@dataclass
class Ground:
    """The true state of a site over time, filled by one process after the other.

    Parameters
    ----------
    start
        Moment of the first step (aware UTC).
    step_s
        Time between steps [s].
    steps
        Number of steps; step i stands for [i, i + 1) * step_s.
    seed
        Seed of the whole scenario.
    truth
        (quantity, subject) -> array (steps,) or (steps, nodes), in canonical units. A subject is
        an instrument, a zone, or the site's name.
    loads
        What the trucks brought.
    """

    site: Site
    start: datetime
    step_s: int
    steps: int
    seed: int
    truth: dict[tuple[str, str], Floats] = field(default_factory=dict)
    loads: Loads = field(default_factory=no_loads)

    @property
    def end(self) -> datetime:
        """End of the last step (aware UTC)."""
        return self.start + timedelta(seconds=self.steps * self.step_s)

    @cached_property
    def days(self) -> Floats:
        """Days since the start, per step [d]."""
        return np.arange(self.steps, dtype=np.float64) * (self.step_s / 86_400)

    @property
    def step_d(self) -> float:
        """Length of a step [d]."""
        return self.step_s / 86_400

    def of_site(self, quantity: str) -> Floats:
        """Return a quantity of the site as a whole, (steps,)."""
        return self.truth[quantity, self.site.name]

    def memory(self, inflow: Floats, time_d: float) -> Floats:
        """Return what a linear store holds that loses 1/time_d of its content a day.

        Parameters
        ----------
        inflow
            What enters in each step, (steps,) or (steps, n).
        time_d
            Mean time of stay [d].
        """
        keep = np.exp(-self.step_d / time_d)
        return np.asarray(lfilter([1.0], [1.0, -keep], inflow, axis=0))

    def wander(self, rng: np.random.Generator, deviation: float, time_d: float) -> Floats:
        """Return a first-order autoregressive series (steps,) of a standard deviation."""
        keep = np.exp(-self.step_d / time_d)
        shock = rng.standard_normal(self.steps) * (deviation * np.sqrt(1 - keep**2))
        shock[0] = rng.standard_normal() * deviation
        return np.asarray(lfilter([1.0], [1.0, -keep], shock))


class Process(Configured):
    """One process of the true ground; its fields are what a scenario may set.

    A process reads the truth of the processes in `needs` and adds its own.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def run(self, ground: Ground, rng: np.random.Generator) -> None:
        """Add this process's truth to the ground."""

    def instruments(self) -> tuple[str, ...]:
        """Return the instruments that the settings name, so that they can be checked."""
        return ()


def in_order(processes: Mapping[str, Process]) -> list[Process]:
    """Return the processes so that each comes after those that it needs."""
    ordered: dict[str, Process] = {}

    def visit(name: str) -> None:
        if name not in ordered:
            for needed in processes[name].needs:
                visit(needed)
            ordered[name] = processes[name]

    for name in processes:
        visit(name)
    return list(ordered.values())
