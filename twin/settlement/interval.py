"""Interval of a forecast: resampled continuations by every method that was not refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twin.buckets import Array
from twin.models._base import HORIZON_D, SettlementModel
from twin.models._creep import decades, drawn
from twin.settlement.background import Background, crept
from twin.settlement.methods import Fitted, end_rate

CONFIDENCE = 0.90

#: Resampled curves of each method, and the seed that makes them the same every time.
RESAMPLED = 50
SEED = 20220101

#: Error below which methods are equally good, so that luck on a smooth curve does not choose [1].
LEAST_ERROR = 0.03

#: Least spread of the error of a method's growth [1]: the day on which the load came is found to
#: a week only, which no fit from that day on can see (design assumption; with it the interval
#: holds the truth of synthetic curves as often as it says).
LEAST_STRETCH = 0.06

#: A method is left out whose weight is less than this part of the largest [1].
NEGLIGIBLE = 0.01

#: Creep of a point whose primary consolidation is over is no faster than this multiple of the
#: rate that is measured (design assumption: a third to spare for its error).
FASTEST = 1.3

#: Longest time ahead in which the end of settlement is looked for [d], and the moments of it.
FARTHEST_D, MOMENTS = 100 * 365.25, 80


@dataclass(frozen=True)
class Branch:
    """Continuations by one method, a row each.

    Parameters
    ----------
    model, parameters
        The method and its fits to resampled curves (m x parameters).
    end
        Time of the last value of the curve [d].
    bias, whole
        Factor on the growth that the method foresees without end [1], and that growth [mm]
        (m x 1).
    stretch
        Factor on the growth (m x 1) [1].
    noise
        Of the last value (m x 1) [mm].
    creep
        After primary consolidation, in a tenfold of time (m x 1) [mm]; 0 for a method that knows
        its own.
    primary
        Time at which primary consolidation ends (m x 1) [d].
    late
        Whether creep begins only then (m x 1).
    weight
        Of each row (m).
    rate, age
        Of what was settling before the load last changed (m x 1) [mm/d], [d].
    """

    model: SettlementModel
    parameters: Array
    end: float
    bias: Array
    whole: Array
    stretch: Array
    noise: Array
    creep: Array
    primary: Array
    late: Array
    weight: Array
    rate: Array
    age: Array

    def _bent(self, grown: Array) -> Array:
        """Return growth (m x k) [mm] that begins at the rate of the curve and ends biased.

        `1/g' = 1/g + (1/b - 1)/G`, b the bias of the growth G that the method foresees without
        end: of a hyperbola the one that has the same rate now and ends at b*G. What is biased is
        the end: the present rate is measured.
        """
        return np.asarray(grown / (1 + grown * (1 / self.bias - 1) / self.whole))

    def growth(self, ahead: Array) -> tuple[Array, Array]:
        """Return what still settles without and with creep (m x 1 + k) [mm].

        That of the horizon first, then at times after the end of the curve (k) [d].
        """
        times = np.concatenate(([self.end, max(HORIZON_D, self.end)], self.end + ahead))
        curve = self.model.predict(self.parameters, times)
        grown = self._bent(np.maximum(curve[:, 1:] - curve[:, :1], 0.0))
        before = crept(self.rate, self.age, times)
        other = before[:, 1:] - before[:, :1] + self.noise
        if self.model.creeps:
            found = grown * self.stretch + other
            return found, found
        passed = decades(times / self.primary, self.late)
        tail = self.creep * (passed[:, 1:] - passed[:, :1])
        return grown * self.stretch + other, (grown + tail) * self.stretch + other


@dataclass(frozen=True)
class Fan:
    """Continuations of a curve by every method.

    Four sources of doubt are sampled. Noise: each method is fitted again to curves that are
    resampled by a moving block bootstrap of its residuals (Kuensch, H. R. (1989), Annals of
    Statistics 17(3), 1217-1241). Error of the method: its growth is stretched by a factor with the
    spread of its error out of the sample, and either end of its known bias is as likely as the
    other. Choice of the method: rows of all methods are taken together, each weighted by
    1/error^4. Creep: what a method of primary consolidation foresees is continued without any
    creep and with creep as in the literature. A curve that has not shown it yet says nothing of
    it, so the low end of the interval is that without, the high end that with it, and the value
    lies midway between both medians: the interval is wide rather than short of settlement.

    What was settling before the load last changed goes on below all that (`Background`). On the
    simulated ground of Abaza, where the old fill creeps under its own weight, 723 forecasts over a
    month and more of constant load (eight seeds that were not used for its design) fall short by
    0.5 % in the median, 89 % of their intervals hold the truth and 11 % of the truths lie above;
    without the background it was 1.2 %, 74 % and 26 %. Where it is known 91 % hold it, up to the
    horizon as well. Where fewer than three weeks at rest were measured before the load it is not
    known and not held: 83 %, and up to the horizon 4 %, all others above the interval.
    """

    branches: list[Branch]

    def growth(self, ahead: Array) -> Array:
        """Return value, low and high of what still settles (3 x 1 + k) [mm].

        That of the horizon first, then at times after the end of the curve (k) [d].
        """
        found = self._quantiles([branch.growth(ahead) for branch in self.branches])
        # The ground does not rise again.
        return np.maximum(found, 0.0)

    def left(self, ahead: float) -> Array:
        """Return value, low and high of what still settles after a time (3) [mm].

        Row by row, so that an error in what has settled until then counts once.

        Parameters
        ----------
        ahead
            Time after the end of the curve [d].
        """
        found = []
        for branch in self.branches:
            without, crept = (
                np.maximum(grown[:, :1] - grown[:, 1:], 0.0)
                for grown in branch.growth(np.array([ahead]))
            )
            found.append((without, crept))
        return self._quantiles(found)[:, 0]

    def slow_after(self, since: float, rate: float) -> Array:
        """Return value, low and high of the days until settlement is slower for good (3) [d].

        Infinite when that is not so within a hundred years.

        Parameters
        ----------
        since
            Days from the end of the curve to the day from which they count [d].
        rate
            The limit [mm/d].
        """
        ahead = np.concatenate(([0.0], np.geomspace(1.0, FARTHEST_D, MOMENTS)))
        both = np.concatenate([since + ahead, since + ahead + 1.0])
        found = []
        for branch in self.branches:
            without, crept = (
                _slow(ahead, np.diff(grown[:, 1:].reshape(len(grown), 2, -1), axis=1)[:, 0], rate)
                for grown in branch.growth(both)
            )
            found.append((without, crept))
        return self._quantiles(found)[:, 0]

    def _quantiles(self, found: list[tuple[Array, Array]]) -> Array:
        """Return value, low and high (3 x columns) of rows without and with creep."""
        weights = np.concatenate([branch.weight for branch in self.branches])
        without, crept = (np.concatenate(rows) for rows in zip(*found, strict=True))
        low, middle = _weighted_quantiles(without, weights, ((1 - CONFIDENCE) / 2, 0.5))
        upper, high = _weighted_quantiles(crept, weights, (0.5, (1 + CONFIDENCE) / 2))
        return np.stack([(middle + upper) / 2, low, high])


def fan(fits: list[Fitted], time: Array, settled: Array, before: Mapping[str, Background]) -> Fan:
    """Return the continuations of a curve (n) [d], [mm] by methods.

    Parameters
    ----------
    before
        What was settling before the load last changed, by method.
    """
    random = np.random.default_rng(SEED)
    least = NEGLIGIBLE * max(_weight(fitted) for fitted in fits)
    return Fan(
        [
            _branch(fitted, time, settled, before[fitted.model.name], random)
            for fitted in fits
            if _weight(fitted) > least
        ]
    )


def _weight(fitted: Fitted) -> float:
    """Return the weight of a method."""
    return float(max(fitted.error, LEAST_ERROR) ** -4)


def _branch(
    fitted: Fitted, time: Array, settled: Array, before: Background, random: np.random.Generator
) -> Branch:
    """Return the continuations by one method."""
    model, end = fitted.model, float(time[-1])
    settled = settled - before.settled(time)
    rate = max(end_rate(time, settled), 0.0)
    curve = model.predict(fitted.parameters, time)
    used = model.used(time)[0]
    # Outliers are drawn in.
    residuals = ((settled - curve[0]) * fitted.weight[0])[used]
    residuals = residuals - residuals.mean()
    parameters = _resampled(fitted, time, curve, residuals, random)
    count = len(parameters)
    normal = random.standard_normal((3, count, 1))
    bias, whole = np.ones((count, 1)), np.ones((count, 1))
    creep, primary = np.zeros((count, 1)), np.full((count, 1), end)
    if not model.creeps:
        ultimate = model.ultimate(parameters)[:, None]
        if model.bias != (1.0, 1.0):
            now = model.predict(parameters, time[-1:])
            factor = random.choice(model.bias, (count, 1))
            # An end that the point has passed already is none.
            factor = np.where(ultimate * factor > now, factor, 1.0)
            whole = np.maximum(ultimate - now, 1e-9)
            bias = np.maximum((ultimate * factor - now) / whole, 1e-9)
        primary = model.primary_ends(parameters)[:, None]
        creep = ultimate * drawn(random, count)[:, None]
        creep = np.where(primary < end, np.minimum(creep, FASTEST * rate * np.log(10) * end), creep)
    rates, ages = before.drawn(random, count)
    return Branch(
        model,
        parameters,
        end,
        bias=bias,
        whole=whole,
        stretch=np.exp(max(fitted.error, LEAST_STRETCH) * normal[0]),
        noise=float(residuals.std()) * normal[1],
        creep=creep,
        primary=primary,
        late=np.arange(count)[:, None] % 2 == 1,
        weight=np.full(count, _weight(fitted) / count),
        rate=rates,
        age=ages,
    )


def _resampled(
    fitted: Fitted, time: Array, curve: Array, residuals: Array, random: np.random.Generator
) -> Array:
    """Return the parameters of resampled curves that can be fitted (curves x parameters)."""
    model, count = fitted.model, len(time)
    length = min(max(round(len(residuals) ** (1 / 3)), 1), len(residuals))
    starts = random.integers(0, len(residuals) - length + 1, size=(RESAMPLED, -(-count // length)))
    index = (starts[:, :, None] + np.arange(length)).reshape(RESAMPLED, -1)[:, :count]
    parameters = model.refit(time, curve + residuals[index], fitted.weight, random)
    ultimate = model.ultimate(parameters)
    sound = np.isfinite(parameters).all(axis=1) & np.isfinite(ultimate) & (ultimate > 0)
    return parameters[sound] if sound.any() else fitted.parameters


def _slow(ahead: Array, rates: Array, limit: float) -> Array:
    """Return the days (rows x 1) after which rates (rows x times) stay below a limit [mm/d]."""
    last = rates.shape[1] - 1 - (rates > limit)[:, ::-1].argmax(axis=1)
    rows = np.arange(len(rates))
    after = np.minimum(last + 1, rates.shape[1] - 1)
    here, then = (np.maximum(rates[rows, place], 1e-12) for place in (last, after))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(np.log(here / limit) / np.log(here / then), 0.0, 1.0)
    days = ahead[last] + share * (ahead[after] - ahead[last])
    days = np.where(last == rates.shape[1] - 1, np.inf, days)
    return np.where((rates > limit).any(axis=1), days, 0.0)[:, None]


def _weighted_quantiles(values: Array, weights: Array, ends: tuple[float, ...]) -> Array:
    """Return quantiles (ends x columns) of the columns of values (samples x columns)."""
    order = np.argsort(values, axis=0)
    passed = np.cumsum(weights[order], axis=0) / weights.sum()
    rows = [np.minimum((passed < end).sum(axis=0), len(values) - 1) for end in ends]
    columns = np.arange(values.shape[1])
    return np.stack([values[order[row, columns], columns] for row in rows])
