"""Hyperbolic method: t/s grows in a straight line with t."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ingest.text import Text
from twin.models._base import HORIZON_YEARS, Array, SettlementModel, line
from twin.models._creep import CREEP_RANGE


class SettlementHyperbolic(SettlementModel):
    """Rectangular hyperbola `t/s = C + M*t`, ultimate settlement `1/M`.

    The hyperbola fits Terzaghi's curve between 60 and 90 % consolidation, but the inverse slope
    then overshoots the true ultimate settlement by 21.9 % (regression of T/U on T over that
    range: slope 8.206e-3 per %, intercept 2.441e-3 per %), so that the interval reaches down to
    0.82 of it.

    Assumes a constant load, and a curve whose time counts from it. The hyperbola has no theory of
    its own: it is a shape that consolidation curves have in that range.

    References
    ----------
    Tan's hyperbolic plot applied to James's embankments: Quarterly Journal of Engineering Geology
    4(3), 251.
    """

    name = "settlement_hyperbolic"
    least_degree, most_degree = 0.60, 0.90
    bias: ClassVar[tuple[float, float]] = (0.82, 1.0)
    #: The early part of a t/s plot is not straight (design assumption; the published line is that
    #: of 60 to 90 % consolidation).
    early_part = 0.25

    def weighted_fit(
        self,
        time: Array,
        settlement: Array,
        weight: Array,
        near: Array | None = None,  # noqa: ARG002
    ) -> Array:
        """Return C [d/mm] and M [1/mm]."""
        there = weight > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(there, time / settlement, 0.0)
        intercept, slope = line(time, ratio, weight)
        parameters = np.stack([intercept, slope], axis=1)
        # A hyperbola with a pole or a fall in the future is no settlement curve.
        sound = np.isfinite(parameters).all(axis=1) & (slope > 0) & (intercept > 0)
        parameters[~sound] = np.nan
        return parameters

    def predict(self, parameters: Array, time: Array) -> Array:
        """Return `s = t / (C + M*t)`."""
        return np.asarray(time / (parameters[:, :1] + parameters[:, 1:] * time))

    def ultimate(self, parameters: Array) -> Array:
        """Return 1/M."""
        return np.asarray(1 / parameters[:, 1])

    def primary_ends(self, parameters: Array) -> Array:
        """Return `19 C/M`, when the hyperbola has come to 95 % of its end."""
        return np.asarray(19 * parameters[:, 0] / parameters[:, 1])

    def beyond(self, degree: float) -> Text | None:
        """Return that the curve has left the range in which the method is published."""
        if degree <= self.most_degree:
            return None
        return Text(
            "By the method's own end the last load has consolidated to {degree} %: beyond the 60 "
            "to 90 % for which the method is published; the "
            "interval holds no creep up to creep of {low} to {high} of it in a tenfold of "
            "time, up to {years} years after the load",
            {
                "degree": round(100 * degree),
                "low": CREEP_RANGE[0],
                "high": CREEP_RANGE[1],
                "years": HORIZON_YEARS,
            },
        )

    def validity(self) -> Text:
        """Return under what conditions the forecast holds."""
        return Text(
            "Constant load, 60 to 90 % consolidation; on a pure consolidation curve the method "
            "overshoots by 22 %, which the interval holds, as it holds no creep up to creep of "
            "{low} to {high} of it in a tenfold of time, up to {years} years after the load",
            {"low": CREEP_RANGE[0], "high": CREEP_RANGE[1], "years": HORIZON_YEARS},
        )
