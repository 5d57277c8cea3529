"""How often the intervals of settlement forecasts hold curves whose end is known.

Six kinds of curves (consolidation, hyperbola, creep, creep of lifts, consolidation with creep
after it, and with it) of short, usual and long histories, with white noise and with noise that
lasts. Each row tells the share of forecasts whose interval holds the truth a year ahead and in the
end, and the share whose truth lies above it: the unsafe side.

Usage: python benchmarks/settlement_coverage.py [--curves N] [--seed N] [--json]
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks._measure import Result, arguments, show
from tests.twin.ground import START
from tests.twin.settlement_truth import DAYS, KINDS, LONG, SHORT, truth
from twin.settlement import forecast

#: Histories: what `truth` is asked for.
HISTORIES: Mapping[str, Mapping[str, object]] = {
    "60 to 400 days": {"days": DAYS},
    "45 to 120 days": {"days": SHORT},
    "400 to 1500 days": {"days": LONG},
    "60 to 400 days, lasting noise": {"days": DAYS, "noise": (0.3, 1.5), "alike": 0.7},
}


def shares(kind: str, history: Mapping[str, object], curves: int, seed: int) -> list[float]:
    """Return held and above (a year ahead, in the end), relative width, and the share told [1]."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(curves):
        each = truth(kind, rng, **history)  # type: ignore[arg-type]
        one = forecast(each.means, START, each.placed)
        if not one.model:
            continue
        days = [abs((time - one.time[0]) / timedelta(days=1) - 365.25) for time in one.time]
        year = int(np.argmin(days))
        rows.append(
            (
                one.curve_low[year] <= each.in_a_year <= one.curve_high[year],
                each.in_a_year > one.curve_high[year],
                one.low <= each.ultimate <= one.high,
                each.ultimate > one.high,
                (one.high - one.low) / each.ultimate,
            )
        )
    if not rows:
        return [float("nan")] * 5 + [0.0]
    return [*np.mean(rows, axis=0).tolist(), len(rows) / curves]


def main() -> None:
    parser = arguments(__doc__, repeats=1)
    parser.add_argument("--curves", type=int, default=300, help="of each kind and history")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    results = []
    for name, history in HISTORIES.items():
        for kind in KINDS:
            year, above, end, above_end, width, told = shares(
                kind, history, options.curves, options.seed
            )
            results.append(
                Result(
                    f"{name}, {kind}: held in the end (a year ahead {year:.2f}; above "
                    f"{above_end:.2f}, {above:.2f}; width {width:.2f}; told {told:.2f})",
                    end,
                    "1",
                    target="at least 0.9, above at most 0.05",
                )
            )
    show(results, as_json=options.json)


if __name__ == "__main__":
    main()
