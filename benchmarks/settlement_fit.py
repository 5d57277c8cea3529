"""Forecast of 500 settlement points, against one plain hyperbola a point with scipy's curve_fit.

Ours fits every method robustly, continues each from four earlier days, refuses or ranks them, and
resamples an interval; the yardstick fits one hyperbola and stops.

Usage: python benchmarks/settlement_fit.py [--points N] [--repeats N] [--json]
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from _measure import arguments, interleaved, median_of, seconds, show
from scipy.optimize import curve_fit

from twin.models.terzaghi_consolidation import average_consolidation
from twin.settlement import forecast

START = datetime(2022, 1, 1, tzinfo=UTC)
DAYS, QUIET = 365, 20


def curves(count: int) -> list[np.ndarray]:
    """Return settlement by day of a year [mm]: consolidation, hyperbolae and creep by turns."""
    rng = np.random.default_rng(500)
    t = np.arange(DAYS - QUIET) + 0.5
    found = []
    for index in range(count):
        size = rng.uniform(40, 300)
        curve = (
            size * average_consolidation(t * rng.uniform(0.2, 1.0) / t[-1]),
            size * t / (rng.uniform(20, 150) + t),
            size / 4 * np.log10(1 + t / rng.uniform(0.5, 4)),
        )[index % 3]
        found.append(np.concatenate([np.zeros(QUIET), curve]) + rng.normal(0, 0.3, DAYS))
    return found


def hyperbola(t: np.ndarray, c: float, m: float) -> np.ndarray:
    return t / (c + m * t)


def main() -> None:
    parser = arguments(__doc__, repeats=3)
    parser.add_argument("--points", type=int, default=500)
    options = parser.parse_args()
    measured = curves(options.points)
    t = np.arange(DAYS - QUIET) + 0.5

    def ours() -> None:
        for curve in measured:
            forecast(curve, START)

    def plain() -> None:
        for curve in measured:
            settled = curve[QUIET:] - curve[QUIET]
            curve_fit(hyperbola, t, settled, p0=(0.5, 1 / settled[-1]), maxfev=2000)

    runs = interleaved(
        {"ours": lambda: seconds(ours), "plain": lambda: seconds(plain)}, options.repeats
    )
    told = sum(1 for curve in measured if forecast(curve, START).model)
    show(
        [
            median_of(
                f"{options.points} points, {told} told, every method with refusals and intervals",
                runs["ours"],
                "s",
                against=runs["plain"],
                target="seconds",
            ),
            median_of(
                f"one hyperbola a point with curve_fit, {options.points}", runs["plain"], "s"
            ),
        ],
        as_json=options.json,
    )


if __name__ == "__main__":
    main()
