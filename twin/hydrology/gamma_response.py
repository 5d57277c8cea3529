"""Level of a well or piezometer as the delayed answer to water, evaporation, air and load.

`level = rest + A (theta * water) - F (theta * dry) + B (pressure - mean) + C (delta * load)`

`theta` is the gamma distribution by days with shape n and time a, which is the impulse response
of [1]_; `delta` the exponential distribution with time tau, the first term of one-dimensional
consolidation after an undrained step; B is a barometric coefficient; `*` is a convolution. For
given n, a and tau the rest is linear, so every candidate (n, a, tau) is solved by normal equations
at once, and a block of days is left out of their sums: judging out of sample costs hardly more than
fitting. What moves the level besides water (evaporation, air, load) is taken in only where blocks
of days are foretold better with it.

References
----------
.. [1] Besbes, M., de Marsily, G. (1984). From infiltration to recharge: use of a parametric
   transfer function. Journal of Hydrology 74, 271-293. doi:10.1016/0022-1694(84)90019-2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, lfilter
from scipy.special import gammainc

from twin.buckets import Array

#: Candidate shapes [1], times of the gamma response [d], and times in which a load's rise drains
#: away [d] (design assumption).
SHAPES = (0.6, 1.0, 1.5, 2.2)
TIMES = tuple(float(time) for time in np.geomspace(2, 500, 17))
LOADING_TIMES = (2.0, 5.0, 12.0, 30.0)

#: Columns of a design, and the causes besides water that a fit may take in.
_REST, _WATER, _DRY, _AIR, _LOAD = range(5)
_CAUSES = (
    (),
    (_DRY,),
    (_AIR,),
    (_LOAD,),
    (_DRY, _AIR),
    (_DRY, _LOAD),
    (_AIR, _LOAD),
    (_DRY, _AIR, _LOAD),
)

#: How fine the second look at the best candidate is, as factors of n and a.
_FINER = (0.8, 0.9, 1.0, 1.12, 1.25)

#: Blocks of days of which each is foretold from the others (design assumption).
BLOCKS = 4

#: What fell before the record is taken as the mean of so many first days (design assumption).
_FIRST_DAYS = 30

#: Evaporation that reaches the response, at most, as a multiple of the given one [1].
_MOST_EVAPORATION = 2.0


@dataclass(frozen=True)
class Stresses:
    """What moves a level, day by day without gaps.

    Parameters
    ----------
    water
        Rain and melt (days,) [mm/d].
    evaporation
        Potential evaporation (days,) [mm/d].
    pressure
        Air pressure (days,) [kPa]; None: no barometer.
    load
        Mass placed (days,) [thousand t/d]; None: not used.
    """

    water: Array
    evaporation: Array
    pressure: Array | None = None
    load: Array | None = None

    def __len__(self) -> int:
        return len(self.water)

    def __getitem__(self, days: slice) -> Stresses:
        return Stresses(
            self.water[days],
            self.evaporation[days],
            None if self.pressure is None else self.pressure[days],
            None if self.load is None else self.load[days],
        )


@dataclass(frozen=True)
class Response:
    """A fitted response; parts are in the unit of the level.

    Parameters
    ----------
    shape, time_d, loading_time_d
        n [1], a [d] and tau [d].
    rest
        Level without any stress, at the mean air pressure.
    water, evaporation
        Rise for a lasting millimetre a day, and fall for one of evaporation.
    pressure
        Rise for a kilopascal of the air.
    load
        Rise for a lasting thousand tonnes a day.
    mean_pressure
        Of the days that were fitted [kPa].
    """

    shape: float
    time_d: float
    loading_time_d: float
    rest: float
    water: float
    evaporation: float
    pressure: float
    load: float
    mean_pressure: float

    def parts(self, stresses: Stresses) -> dict[str, Array]:
        """Return what each cause adds to the level at rest, by name (days,)."""
        kernel = _kernel(self.shape, self.time_d, len(stresses))
        recharge = self.water * _delayed(stresses.water, kernel)
        recharge = recharge - self.evaporation * _delayed(stresses.evaporation, kernel)
        nothing = np.zeros(len(stresses))
        air, load = nothing, nothing
        if stresses.pressure is not None:
            air = self.pressure * (stresses.pressure - self.mean_pressure)
        if stresses.load is not None:
            load = self.load * _draining(stresses.load, self.loading_time_d)
        return {"water": recharge, "pressure": air, "load": load}

    def level(self, stresses: Stresses) -> Array:
        """Return the explained level (days,)."""
        return np.asarray(self.rest + sum(self.parts(stresses).values()))


@dataclass(frozen=True)
class Judged:
    """A response with what it was worth on days that it had not seen.

    Parameters
    ----------
    foretold
        Level of each day, from the other blocks of days (days,); NaN where nothing was measured.
    efficiency
        Nash-Sutcliffe efficiency of `foretold` [1].
    band
        Difference that 95 % of the foretold days stay within.
    most_water
        Most that water added on a day of the record.
    """

    response: Response
    foretold: Array
    efficiency: float
    band: float
    most_water: float

    def band_at(self, by_water: float) -> float:
        """Return the band on a day to which water adds so much.

        Beyond what the record has seen, the band grows in proportion: what is uncertain then is
        the factor of the response (design assumption).
        """
        return self.band * max(by_water / max(self.most_water, 1e-12), 1.0)

    def seen(self, by_water: float) -> bool:
        """Return whether water added as much before, or nearly."""
        return by_water <= 1.1 * self.most_water


def fit_response(level: Array, stresses: Stresses) -> Response:
    """Return the response with the least sum of squares, every cause that is given taken in.

    Parameters
    ----------
    level
        Daily means (days,); NaN where there is none.
    """
    coarse = _Design(level, stresses, _candidates(stresses))
    return _fitted(level, stresses, coarse, _causes(stresses)[-1])


def judge_response(level: Array, stresses: Stresses, blocks: int = BLOCKS) -> Judged:
    """Return the response that foretells blocks of days best from the others, and how well."""
    design = _Design(level, stresses, _candidates(stresses), blocks)
    best: tuple[float, tuple[int, ...], Array] | None = None
    for causes in _causes(stresses):
        foretold = np.full(len(level), np.nan)
        for left_out in range(blocks):
            kept = [block for block in range(blocks) if block != left_out]
            days = design.days_of(left_out)
            foretold[days] = design.foretold(*design.best(kept, causes), left_out)
        efficiency = nash_sutcliffe(level, foretold)
        if best is None or efficiency > best[0]:
            best = efficiency, causes, foretold
    assert best is not None
    efficiency, causes, foretold = best
    off = (level - foretold)[~np.isnan(level)]
    response = _fitted(level, stresses, design, causes)
    return Judged(
        response=response,
        foretold=foretold,
        efficiency=efficiency,
        band=float(np.quantile(np.abs(off), 0.95)),
        most_water=float(response.parts(stresses)["water"].max()),
    )


def _fitted(level: Array, stresses: Stresses, coarse: _Design, causes: tuple[int, ...]) -> Response:
    """Return the best response near the best candidate of a design, of all its days."""
    index, _ = coarse.best(range(coarse.blocks), causes)
    finer = _Design(level, stresses, _around(coarse.candidates[index]))
    return finer.response(*finer.best([0], causes))


def _causes(stresses: Stresses) -> list[tuple[int, ...]]:
    """Return the sets of causes that a fit may take in, the largest last."""
    missing = {_AIR} if stresses.pressure is None else set()
    missing |= {_LOAD} if stresses.load is None else set()
    return [causes for causes in _CAUSES if missing.isdisjoint(causes)]


def nash_sutcliffe(measured: Array, computed: Array) -> float:
    """Return `1 - sum (measured - computed)2 / sum (measured - mean)2` [1].

    Nash, J. E., Sutcliffe, J. V. (1970). River flow forecasting through conceptual models, part 1.
    Journal of Hydrology 10, 282-290, equation 4. Days without both are left out. A level that never
    moved tells nothing: 0.
    """
    there = ~(np.isnan(measured) | np.isnan(computed))
    off = measured[there] - computed[there]
    spread = measured[there] - measured[there].mean()
    moved = float((spread**2).sum())
    # Rounding alone does not move a level.
    if (
        moved
        <= len(spread) * (1e-9 * max(float(np.abs(measured[there]).max(initial=0)), 1e-9)) ** 2
    ):
        return 0.0
    return float(1 - (off**2).sum() / moved)


Candidate = tuple[float, float, float]


def _candidates(stresses: Stresses) -> list[Candidate]:
    """Return shapes and times whose mean delay the record can show."""
    taus = LOADING_TIMES if stresses.load is not None else LOADING_TIMES[:1]
    return [
        (shape, time, tau)
        for shape, time, tau in product(SHAPES, TIMES, taus)
        if shape * time <= len(stresses) / 3
    ]


def _around(candidate: Candidate) -> list[Candidate]:
    shape, time, tau = candidate
    return [(shape * n, time * a, tau) for n, a in product(_FINER, _FINER)]


class _Design:
    """Normal equations of every candidate, by block of days."""

    def __init__(
        self, level: Array, stresses: Stresses, candidates: Sequence[Candidate], blocks: int = 1
    ) -> None:
        self.candidates = candidates
        self._days = np.flatnonzero(~np.isnan(level))
        self.blocks = blocks
        self._blocks = np.array_split(self._days, blocks)
        self._mean = (
            0.0 if stresses.pressure is None else float(stresses.pressure[self._days].mean())
        )
        columns = self._columns(stresses)
        # In place, for these are the largest arrays of a twin.
        self._scale = np.maximum(np.maximum(columns.max(axis=2), -columns.min(axis=2)), 1e-12)
        columns /= self._scale[:, :, None]
        self._level_mean = float(level[self._days].mean())
        values = level - self._level_mean
        self._columns_of = [columns[:, :, days] for days in self._blocks]
        self._gram, self._moment, self._square = [], [], []
        for part, days in zip(self._columns_of, self._blocks, strict=True):
            self._gram.append(part @ part.transpose(0, 2, 1))
            self._moment.append(part @ values[days])
            self._square.append(float((values[days] ** 2).sum()))

    def days_of(self, block: int) -> NDArray[np.intp]:
        """Return the measured days of a block."""
        return self._blocks[block]

    def foretold(self, index: int, solved: Array, block: int) -> Array:
        """Return the level in the measured days of a block (days,)."""
        return np.asarray(solved @ self._columns_of[block][index] + self._level_mean)

    def best(self, kept: Sequence[int], causes: tuple[int, ...]) -> tuple[int, Array]:
        """Return the best candidate of the kept blocks, with its coefficients.

        Water must raise the level and evaporation lower it, by no more than a multiple; where a
        fit would have it otherwise, evaporation is left out.
        """
        gram = np.sum([self._gram[block] for block in kept], axis=0)
        moment = np.sum([self._moment[block] for block in kept], axis=0)
        square = sum(self._square[block] for block in kept)
        without_dry = tuple(cause for cause in causes if cause != _DRY)
        found: tuple[float, int, Array] | None = None
        for taken in dict.fromkeys((causes, without_dry)):
            columns = np.array((_REST, _WATER, *taken))
            part = gram[:, columns[:, None], columns]
            # A ridge too small to be seen keeps columns that say the same apart.
            part = part + 1e-9 * len(self._days) * np.eye(len(columns))
            solved = np.zeros(moment.shape)
            solved[:, columns] = np.linalg.solve(part, moment[:, columns, None])[:, :, 0]
            # |y - X b|2 = y2 - 2 b m + b G b
            left = square - 2 * (solved * moment).sum(axis=1)
            left = left + np.einsum("ci,cij,cj->c", solved, gram, solved)
            water, dry = (solved[:, column] / self._scale[:, column] for column in (_WATER, _DRY))
            legal = (water >= 0) & (dry <= 0) & (-dry <= _MOST_EVAPORATION * water)
            left = np.where(legal, left, np.inf)
            index = int(np.argmin(left))
            if np.isfinite(left[index]) and (found is None or left[index] < found[0]):
                found = (float(left[index]), index, solved[index])
        if found is None:  # water does not raise this level: what is left is its mean
            mean = np.zeros(moment.shape[1])
            mean[_REST] = moment[0, _REST] / gram[0, _REST, _REST]
            return 0, mean
        return found[1], found[2]

    def response(self, index: int, solved: Array) -> Response:
        """Return the response of a candidate's coefficients."""
        shape, time, tau = self.candidates[index]
        rest, water, dry, pressure, load = (solved / self._scale[index]).tolist()
        return Response(
            shape=shape,
            time_d=time,
            loading_time_d=tau,
            rest=rest + self._level_mean,
            water=water,
            evaporation=-dry,
            pressure=pressure,
            load=load,
            mean_pressure=self._mean,
        )

    def _columns(self, stresses: Stresses) -> Array:
        """Return what the level is a sum of (candidates x columns x days)."""
        found = np.zeros((len(self.candidates), len(_CAUSES[-1]) + 2, len(stresses)))
        found[:, _REST] = 1.0
        if stresses.pressure is not None:
            found[:, _AIR] = stresses.pressure - self._mean
        water = stresses.water.astype(float).tobytes()
        evaporation = stresses.evaporation.astype(float).tobytes()
        draining: dict[float, Array] = {}
        for place, (shape, time, tau) in enumerate(self.candidates):
            found[place, _WATER], found[place, _DRY] = _both_delayed(
                water, evaporation, shape, time
            )
            if stresses.load is not None:
                if tau not in draining:
                    draining[tau] = _draining(stresses.load, tau)
                found[place, _LOAD] = draining[tau]
        return found


# The levels of a site have the same weather: the candidates of one serve all of them. A look back
# of three years takes 18 kB here.
@lru_cache(maxsize=512)
def _both_delayed(
    water: bytes, evaporation: bytes, shape: float, time_d: float
) -> tuple[Array, Array]:
    wet, dry = np.frombuffer(water), np.frombuffer(evaporation)
    kernel = _kernel(shape, time_d, len(wet))
    found = _delayed(wet, kernel), _delayed(dry, kernel)
    for each in found:
        each.setflags(write=False)
    return found


def _kernel(shape: float, time_d: float, days: int) -> Array:
    """Return the share of a day's water that acts in each day after it (days,) [1]."""
    return np.diff(gammainc(shape, np.arange(days + 1) / time_d))


def _delayed(stress: Array, kernel: Array) -> Array:
    """Return the convolution, with the first days' mean before the record."""
    before = float(stress[:_FIRST_DAYS].mean())
    return np.asarray(before + fftconvolve(stress - before, kernel)[: len(stress)])


def _draining(load: Array, time_d: float) -> Array:
    keep = np.exp(-1 / time_d)
    before = float(load[:_FIRST_DAYS].mean())
    return np.asarray(before + lfilter([1 - keep], [1, -keep], load - before))
