"""Creep of rock fill: settlement grows with the logarithm of time."""

from __future__ import annotations

import numpy as np

from ingest.text import Text
from twin.models._base import HORIZON_D, HORIZON_YEARS, Array, SettlementModel, line


class SettlementLogCreep(SettlementModel):
    """Straight line `s = a + b*log10(t)`, t counted from the last change of the load [d].

    Assumes dry rock fill whose grains break and slip on under a load that no longer changes. What
    lifts below the last one still add is taken for creep of the last one.

    References
    ----------
    Sowers, G. F., Williams, R. C., Wallace, T. S. (1965). Compressibility of broken rock and the
    settlement of rockfills. Proc. 6th ICSMFE, Montreal, 2, 561-565.
    """

    name = "settlement_log_creep"
    creeps = True
    #: The compression under the new load itself is no creep (design assumption).
    early_part, first_day = 0.4, 7.0

    def weighted_fit(
        self,
        time: Array,
        settlement: Array,
        weight: Array,
        near: Array | None = None,  # noqa: ARG002
    ) -> Array:
        """Return a [mm] and b [mm per tenfold time]."""
        a, b = line(np.log10(np.maximum(time, self.first_day)), settlement, weight)
        parameters = np.stack([a, b], axis=1)
        parameters[~(b > 0)] = np.nan
        return parameters

    def predict(self, parameters: Array, time: Array) -> Array:
        """Return `a + b*log10(t)`; before the first day, its value there."""
        logarithm = np.log10(np.maximum(time, self.first_day))
        return np.asarray(parameters[:, :1] + parameters[:, 1:] * logarithm)

    def ultimate(self, parameters: Array) -> Array:
        """Return the settlement at the horizon."""
        return self.predict(parameters, np.array([HORIZON_D]))[:, 0]

    def validity(self) -> Text:
        """Return under what conditions the forecast holds."""
        return Text(
            "Dry creep of one lift under constant load; creep has no end, so the value is that of "
            "{years} years after the load last changed",
            {"years": HORIZON_YEARS},
        )
