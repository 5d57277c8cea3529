"""Asaoka's method: each settlement in equal steps of time is a straight line of the one before."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ingest.text import Text
from twin.models._base import HORIZON_YEARS, Array, SettlementModel, line
from twin.models._creep import CREEP_RANGE

#: Number of equal steps into which the curve is cut (design assumption): fewer blur the curve,
#: more let noise tilt the line.
STEPS = 10


class SettlementAsaoka(SettlementModel):
    """Recurrence `S_i = b0 + b1*S_(i-1)`, ultimate settlement `b0 / (1 - b1)`.

    For one-dimensional consolidation `b1 = exp(-pi^2*c_v*dt / (4*H^2))`. Not for secondary
    settlement. Data from below 50 % consolidation mislead: on an exact Terzaghi curve with steps
    of 0.04 in the time factor, eight points from U = 30 % on give 0.904 of the true ultimate,
    from 50 % on 0.993, from 60 % on 0.999. Assumes a constant load and one layer.

    References
    ----------
    Asaoka, A. (1978). Observational procedure of settlement prediction. Soils and Foundations
    18(4), 87-101.
    """

    name = "settlement_asaoka"
    needs_origin = False
    least_degree = 0.50
    #: The bias is known from U = 30 % on (the oracle above).
    least_first_degree = 0.30
    bias: ClassVar[tuple[float, float]] = (1.0, 1 / 0.904)
    #: The early points are those that mislead (design assumption).
    early_part = 0.3

    def weighted_fit(
        self,
        time: Array,
        settlement: Array,
        weight: Array,
        near: Array | None = None,
    ) -> Array:
        """Return ultimate [mm], b1 [1], step [d], last time [d] and settlement then [mm]."""
        there = weight > 0
        first = np.where(there, time, np.inf).min(axis=1)
        end = np.where(there, time, -np.inf).max(axis=1)
        step = (end - first) / STEPS
        # Each step's settlement is the mean of a third of a step, which takes the noise out.
        steps = first[:, None] + step[:, None] * np.arange(STEPS + 1)
        away = np.where(there[:, None, :], np.abs(time - steps[:, :, None]), np.inf)
        near = away <= np.maximum(step[:, None, None] / 6, away.min(axis=2, keepdims=True))
        counted = near * weight[:, None, :]
        counted = counted / counted.sum(axis=2, keepdims=True)
        stepped = (
            np.einsum("csn,cn->cs", counted, settlement)
            if len(weight) > 1
            else (settlement @ counted[0].T)
        )
        b0, b1 = recurrence(stepped)
        with np.errstate(divide="ignore", invalid="ignore"):
            ultimate = b0 / (1 - b1)
        ones = np.ones(len(settlement))
        parameters = np.stack(
            [ultimate, b1, step * ones, (counted @ time)[:, -1] * ones, stepped[:, -1]], axis=1
        )
        parameters[~((b1 > 0) & (b1 < 1))] = np.nan
        return parameters

    def predict(self, parameters: Array, time: Array) -> Array:
        """Return the curve through the last step that decays by b1 a step."""
        ultimate, b1, step, last, settled = (parameters[:, [i]] for i in range(5))
        return np.asarray(ultimate - (ultimate - settled) * b1 ** ((time - last) / step))

    def ultimate(self, parameters: Array) -> Array:
        """Return `b0 / (1 - b1)`."""
        return parameters[:, 0]

    def primary_ends(self, parameters: Array) -> Array:
        """Return when the curve has come to 95 % of its ultimate value."""
        ultimate, b1, step, last, settled = parameters.T
        left = np.log(0.05 * ultimate / np.maximum(ultimate - settled, 1e-9))
        return np.asarray(np.maximum(last + step * left / np.log(b1), step))

    def validity(self) -> Text:
        """Return under what conditions the forecast holds."""
        return Text(
            "Constant load, primary consolidation past 50 %, up to {years} years after the load; "
            "the interval holds no creep up to creep of {low} to {high} of it in a tenfold of time",
            {"years": HORIZON_YEARS, "low": CREEP_RANGE[0], "high": CREEP_RANGE[1]},
        )


def recurrence(settlement: Array) -> tuple[Array, Array]:
    """Return b0 [mm] and b1 [1] of each curve (curves x steps) of equal steps of time."""
    before, after = settlement[:, :-1], settlement[:, 1:]
    return line(before, after, np.ones_like(before))
