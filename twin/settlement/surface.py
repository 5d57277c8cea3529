"""Map of settlement between the points, with its uncertainty: a Gaussian process."""

from __future__ import annotations

import warnings
from functools import lru_cache

import msgspec
import numpy as np
from scipy.spatial import Delaunay, QhullError

from ingest.site import Site
from ingest.text import Text
from twin.state import SettlementState

#: Points that a map needs, and cells along the longer side of it (design assumption).
NEEDED, CELLS = 5, 20
#: Share of the points' variance that the map has to explain between them (design assumption):
#: where it explains less, it is their mean with another colour.
LEAST_EXPLAINED = 0.25

Known = tuple[tuple[float, float, float], ...]


class SettlementSurface(msgspec.Struct, kw_only=True, frozen=True):
    """A quantity of the settlement points as a map.

    Parameters
    ----------
    quantity, unit
        What is mapped.
    x_m, y_m
        Middles of the cells on the local grid [m].
    mean, deviation
        Most likely value and its standard deviation (rows by y, columns by x); None outside the
        hull of the points.
    points, values
        Points that the map rests on, and what is known of each.
    length_m
        Distance over which settlements are alike, as fitted [m].
    explained
        Share of the points' variance that the map explains in its cells, on average [1].
    reason
        Why there is no map, None when there is one.
    """

    quantity: str
    unit: str
    x_m: list[float] = []
    y_m: list[float] = []
    mean: list[list[float | None]] = []
    deviation: list[list[float | None]] = []
    points: list[str] = []
    values: list[float] = []
    length_m: float | None = None
    explained: float | None = None
    reason: Text | None = None


#: Quantities that can be mapped, with the field of the state that they are.
QUANTITIES = ("settlement", "remaining", "rate")
UNITS = {"settlement": "mm", "remaining": "mm", "rate": "mm/d"}


def settlement_surface(
    site: Site, states: list[SettlementState], quantity: str = "settlement"
) -> SettlementSurface:
    """Return the map of a quantity of the points, or why there is none.

    Points without a current value are left out.
    """
    unit = UNITS[quantity]
    known = {
        state.point: float(figure.value)
        for state in states
        if isinstance((figure := getattr(state, quantity)).value, float)
    }
    found = SettlementSurface(
        quantity=quantity, unit=unit, points=list(known), values=list(known.values())
    )
    if len(known) < NEEDED:
        reason = Text(
            "A map needs {needed} points with a value; there are {count}",
            {"needed": NEEDED, "count": len(known)},
        )
        return msgspec.structs.replace(found, reason=reason)
    fitted = _fitted(
        tuple(
            (site.instruments[name].x_m, site.instruments[name].y_m, value)
            for name, value in known.items()
        )
    )
    if fitted is None:
        reason = Text("The points lie in one line: there is no area between them")
        return msgspec.structs.replace(found, reason=reason)
    x, y, mean, deviation, length, explained = fitted
    found = msgspec.structs.replace(found, length_m=length, explained=explained)
    if explained < LEAST_EXPLAINED:
        reason = Text(
            "Neighbouring points do not resemble each other: what lies between them is not known"
        )
        return msgspec.structs.replace(found, reason=reason)
    return msgspec.structs.replace(found, x_m=x, y_m=y, mean=mean, deviation=deviation)


_Table = list[list[float | None]]


@lru_cache(maxsize=32)
def _fitted(known: Known) -> tuple[list[float], list[float], _Table, _Table, float, float] | None:
    """Return the cells, mean and deviation in them, the length of likeness [m], what is explained.

    A Gaussian process with a squared exponential covariance and noise of its own, fitted by
    maximum likelihood (Rasmussen, C. E., Williams, C. K. I. (2006), Gaussian Processes for Machine
    Learning, sections 2.2 and 5.4).
    """
    # Slow to import, and needed by the map alone.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    table = np.array(known)
    at, value = table[:, :2], table[:, 2]
    try:
        hull = Delaunay(at)
    except QhullError:
        return None
    low, high = at.min(axis=0), at.max(axis=0)
    extent = high - low
    cell = float(extent.max()) / CELLS
    counts = np.maximum(np.ceil(extent / cell - 1e-9).astype(int), 1)
    x, y = (
        low[axis] + (np.arange(counts[axis]) + 0.5) * extent[axis] / counts[axis] for axis in (0, 1)
    )
    nearest = np.sort(np.hypot(*(at[:, None, :] - at).transpose(2, 0, 1)), axis=1)[:, 1]
    spacing = float(np.median(nearest))
    kernel = ConstantKernel(1.0, (0.05, 20.0)) * RBF(
        2 * spacing, (spacing / 2, 2 * float(extent.max()))
    ) + WhiteKernel(0.05, (1e-4, 1.0))
    process = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a bound of a length is an answer
        process.fit(at, value)
    cells = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    mean, deviation = process.predict(cells, return_std=True)
    inside = hull.find_simplex(cells) >= 0

    def rows(values: np.ndarray) -> _Table:
        rounded = np.where(inside, values, np.nan).reshape(len(y), len(x)).round(2)
        return [[None if np.isnan(each) else float(each) for each in row] for row in rounded]

    length = float(process.kernel_.k1.k2.length_scale)
    variance = float(value.var())
    explained = 1 - float(np.mean(deviation[inside] ** 2)) / variance if variance else 1.0
    return (
        x.round(1).tolist(),
        y.round(1).tolist(),
        rows(mean),
        rows(deviation),
        round(length, 1),
        round(max(explained, 0.0), 3),
    )
