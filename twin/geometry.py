"""Shape of the dump: level against volume, and the sliding prism at its edge."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from twin.plan import Tier


class StageVolume:
    """Level of the fill against the volume placed since the plan's start.

    Parametric: within a tier the volume grows evenly with the level (a prism between toe and
    crest), because the source gives no surveyed surface. The level is therefore that of a level
    surface which holds the volume, not that of any point of the real front.

    Parameters
    ----------
    tiers
        The tiers, bottom up.
    """

    def __init__(self, tiers: Mapping[str, Tier]) -> None:
        self.names = list(tiers)
        self._levels = np.array(
            [next(iter(tiers.values())).base_m, *(tier.crest_m for tier in tiers.values())]
        )
        self._volumes = np.concatenate(
            ([0.0], np.cumsum([tier.capacity_thousand_m3 for tier in tiers.values()]))
        )

    @property
    def capacity(self) -> float:
        """Volume of all tiers [thousand m3]."""
        return float(self._volumes[-1])

    def level(self, volume: float) -> float:
        """Return the level at which a volume [thousand m3] stands [m above sea]."""
        return float(np.interp(volume, self._volumes, self._levels))

    def volume(self, level: float) -> float:
        """Return the volume [thousand m3] up to a level [m above sea]."""
        return float(np.interp(level, self._levels, self._volumes))

    def tier(self, volume: float) -> str:
        """Return the name of the tier that a volume [thousand m3] has reached."""
        index = int(np.searchsorted(self._volumes, volume, side="right")) - 1
        return self.names[min(max(index, 0), len(self.names) - 1)]

    def filled(self, volume: float) -> dict[str, float]:
        """Return how much of a volume lies in each tier, bottom up [thousand m3]."""
        parts = np.diff(np.clip(volume, 0, self._volumes))
        # The clipped edges grow to the volume, so their differences are the parts.
        return dict(zip(self.names, parts.tolist(), strict=True))


def sliding_prism_width(repose_deg: float, stable_deg: float, height_m: float) -> float:
    """Return the width of the sliding prism at the crest of a tier [m].

    `P = (cot(a) - cot(b)) * H` (reclamation project 073/20-TX, safety of unloading).

    Parameters
    ----------
    repose_deg
        Angle of repose of the settled waste, a [deg].
    stable_deg
        Angle of temporary stability, b [deg], not below a.
    height_m
        Height of the tier, H [m].
    """
    cotangents = [1 / math.tan(math.radians(angle)) for angle in (repose_deg, stable_deg)]
    return (cotangents[0] - cotangents[1]) * height_m
