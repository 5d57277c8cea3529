"""Creep of rock fill under lift after lift: each lift creeps on with the logarithm of its time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ingest.text import Text
from twin.models._base import HORIZON_D, HORIZON_YEARS, Array, Lifts, SettlementModel, line


@dataclass(frozen=True)
class SettlementCreepOfLifts(SettlementModel):
    """Straight line `s = a + b * sum_k m_k/m * log10((t + d_k) / max(d_k, 1 day))`.

    Lift k was placed `d_k` days before the last one and weighed `m_k`; the last weighed `m`. Every
    lift adds its own logarithmic creep, in proportion to its mass: Boltzmann's superposition of
    Sowers' law. The law of one lift alone takes what still comes from the lifts below it for creep
    of the last one, and so calls its end too far.

    Assumes that what was weighed while the point sped up was placed on it, and that the fill below
    no longer creeps under its own weight.

    References
    ----------
    Sowers, G. F., Williams, R. C., Wallace, T. S. (1965). Compressibility of broken rock and the
    settlement of rockfills. Proc. 6th ICSMFE, Montreal, 2, 561-565. Boltzmann, L. (1876). Zur
    Theorie der elastischen Nachwirkung. Annalen der Physik 241(11), 430-432.
    """

    name = "settlement_creep_of_lifts"
    creeps = True
    needs_lifts = True
    #: The compression under the new load itself is no creep (design assumption).
    early_part, first_day = 0.4, 7.0

    lifts: Lifts = field(default_factory=lambda: Lifts(np.zeros(1), np.ones(1)))

    def under(self, lifts: Lifts) -> SettlementCreepOfLifts:
        """Return the model of a point on which lifts were placed."""
        return SettlementCreepOfLifts(lifts)

    def weighted_fit(
        self,
        time: Array,
        settlement: Array,
        weight: Array,
        near: Array | None = None,  # noqa: ARG002
    ) -> Array:
        """Return a [mm] and b [mm per tenfold time of the last lift]."""
        a, b = line(self._decades(np.maximum(time, self.first_day)), settlement, weight)
        parameters = np.stack([a, b], axis=1)
        parameters[~(b > 0)] = np.nan
        return parameters

    def predict(self, parameters: Array, time: Array) -> Array:
        """Return the sum of the lifts' creep; before the first day, its value there."""
        decades = self._decades(np.maximum(time, self.first_day))
        return np.asarray(parameters[:, :1] + parameters[:, 1:] * decades)

    def ultimate(self, parameters: Array) -> Array:
        """Return the settlement at the horizon."""
        return self.predict(parameters, np.array([HORIZON_D]))[:, 0]

    def validity(self) -> Text:
        """Return under what conditions the forecast holds."""
        return Text(
            "Dry creep of {count} lifts, each in proportion to what was weighed while the point "
            "sped up; creep has no end, so the value is that of {years} years after the load last "
            "changed",
            {"count": len(self.lifts.age), "years": HORIZON_YEARS},
        )

    def _decades(self, time: Array) -> Array:
        """Return the tenfold times that all lifts have run through since time 0 [1]."""
        age, mass = self.lifts.age[:, None], self.lifts.mass[:, None]
        return np.asarray(
            (mass / mass[-1] * np.log10((time + age) / np.maximum(age, 1.0))).sum(axis=0)
        )
