"""What the reductions of an inclinometer casing have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from ingest.calibration import Calibration, Surroundings


class CasingProfile(Calibration):
    """Deviations of each gauge length, cumulated from the fixed end, less the first profile.

    Parameters
    ----------
    zero
        Reading of each node at the base reading, in the unit that the method says; by default
        zero for all.
    fixed
        End of the casing that does not move.
    """

    zero: tuple[float, ...] = ()
    fixed: Literal["bottom", "top"] = "bottom"

    def increment(self, node: int, reading: Mapping[str, float]) -> float:
        """Return the lateral displacement over one node's gauge length since `zero` [mm]."""
        raise NotImplementedError

    def profile(
        self, readings: Sequence[Mapping[str, float]], surroundings: Surroundings
    ) -> list[float | None]:
        """Return the cumulative displacement of each node [mm]; not known beyond a silent one."""
        nodes = sorted(range(len(readings)), key=lambda node: surroundings.depths[node])
        if self.fixed == "bottom":
            nodes.reverse()
        found: list[float | None] = [None] * len(readings)
        total = 0.0
        for node in nodes:
            if not all(name in readings[node] for name in self.inputs):
                break
            total += self.increment(node, readings[node])
            found[node] = total
        return found

    def check_nodes(self, count: int) -> None:
        """Raise ValueError when `zero` has not one value per node."""
        if self.zero and len(self.zero) != count:
            raise ValueError(f"zero has {len(self.zero)} values; the instrument has {count} nodes")
