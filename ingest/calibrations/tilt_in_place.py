"""Displacement of an in-place inclinometer from the tilt of its segments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

from ingest.calibrations._profile import CasingProfile


class TiltInPlace(CasingProfile):
    """D = sum of 1000 L (sin tilt - sin zero), from the fixed end [mm].

    Source: ISO 18674-3:2017, lateral displacement over a gauge length L from its inclination.

    Parameters
    ----------
    tilt
        The axis that is read.
    gauge_lengths_m
        L of each node's segment [m], in the order of the nodes.
    zero
        Tilt of each node at the base reading [degree].
    """

    name: ClassVar[str] = "tilt_in_place"

    tilt: Literal["tilt_a", "tilt_b"] = "tilt_a"
    gauge_lengths_m: tuple[float, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Tilt [degree]."""
        return (self.tilt,)

    def increment(self, node: int, reading: Mapping[str, float]) -> float:
        """Return the lateral displacement over one segment [mm]."""
        zero = math.sin(math.radians(self.zero[node])) if self.zero else 0.0
        change = math.sin(math.radians(reading[self.tilt])) - zero
        return 1000.0 * self.gauge_lengths_m[node] * change

    def check_nodes(self, count: int) -> None:
        """Raise ValueError when a list has not one value per node."""
        super().check_nodes(count)
        if len(self.gauge_lengths_m) != count:
            given = len(self.gauge_lengths_m)
            raise ValueError(
                f"gauge_lengths_m has {given} values; the instrument has {count} nodes"
            )
