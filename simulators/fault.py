"""What a fault of an instrument or of its link is."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from ingest.yaml_file import Configured
from simulators.process import Floats, Moment

Bools = npt.NDArray[np.bool_]


class Fault(Configured):
    """One thing that goes wrong for a while; what it touches is [start, end).

    A fault spoils the values, or delays the messages.

    Parameters
    ----------
    instrument
        Name of the instrument.
    start, end
        When it holds (aware).
    quantity
        The one quantity that suffers; None: all of the instrument's.
    """

    name: ClassVar[str]

    instrument: str
    start: Moment
    end: Moment
    quantity: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Fault:
        if not self.start < self.end:
            raise ValueError("start must be before end")
        return self

    def spoil(self, values: Floats, days: Floats, inside: Bools, rng: np.random.Generator) -> None:
        """Change what the instrument reports of one quantity, in place; here: nothing.

        Parameters
        ----------
        values
            Readings, (n, nodes).
        days
            Time of each reading since the fault's start, (n,) [d].
        inside
            Which readings the fault touches, (n,).
        """

    def delay(self, received: Floats, end: float, inside: Bools) -> None:
        """Change when the readings arrive, in place; NaN: never. Here: nothing.

        Parameters
        ----------
        received
            Arrival of each reading, (n,) [s since the start of the scenario].
        end
            End of the fault [s since the start of the scenario].
        inside
            Which readings the fault touches, (n,).
        """
