"""Creep of rock fill: settlement grows with the logarithm of time."""

from __future__ import annotations

import numpy as np

from ingest.text import Text
from twin.models._base import HORIZON_D, HORIZON_YEARS, Array, SettlementModel, line

#: Part of the time that is left out at the beginning [1], and days at least [d] (design
#: assumption): the compression under the new load itself is no creep.
EARLY_PART, FIRST_DAY = 0.4, 7.0


class SettlementLogCreep(SettlementModel):
    """Straight line `s = a + b*log10(t)`, t counted from the last change of the load [d].

    References
    ----------
    Sowers, G. F., Williams, R. C., Wallace, T. S. (1965). Compressibility of broken rock and the
    settlement of rockfills. Proc. 6th ICSMFE, Montreal, 2, 561-565.
    """

    name = "settlement_log_creep"

    def fit(self, time: Array, settlement: Array) -> Array:
        """Return a [mm] and b [mm per tenfold time]."""
        used = time >= max(FIRST_DAY, EARLY_PART * time[-1])
        a, b = line(np.log10(time[used]), settlement[:, used])
        parameters = np.stack([a, b], axis=1)
        parameters[~(b > 0)] = np.nan
        return parameters

    def predict(self, parameters: Array, time: Array) -> Array:
        """Return `a + b*log10(t)`; before the first day, its value there."""
        logarithm = np.log10(np.maximum(time, FIRST_DAY))
        return np.asarray(parameters[:, :1] + parameters[:, 1:] * logarithm)

    def ultimate(self, parameters: Array) -> Array:
        """Return the settlement at the horizon."""
        return self.predict(parameters, np.array([HORIZON_D]))[:, 0]

    def validity(self) -> Text:
        """Return under what conditions the forecast holds."""
        return Text(
            "Dry creep under constant load; creep has no end, so the value is that of {years} "
            "years after the load last changed",
            {"years": HORIZON_YEARS},
        )
