"""No readings arrive."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from simulators.fault import Bools, Fault
from simulators.process import Floats


class Dropout(Fault):
    """The instrument or its link is silent; no message is sent for the readings in the window.

    Parameters
    ----------
    kept_by_logger
        The logger kept the readings and sends them all when the link is back: late, not lost.
    """

    name: ClassVar[str] = "dropout"

    fault: Literal["dropout"]
    quantity: None = None
    kept_by_logger: bool = False

    def delay(self, received: Floats, end: float, inside: Bools) -> None:
        """Let the readings arrive never, or at the end of the fault."""
        received[inside] = np.maximum(received[inside], end) if self.kept_by_logger else np.nan
