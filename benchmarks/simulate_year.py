"""A year of the site at 10 minutes, against plain NumPy drawing as many normal numbers.

Usage: python benchmarks/simulate_year.py [--repeats N] [--json]
"""

from __future__ import annotations

import numpy as np
from _measure import arguments, interleaved, median_of, seconds, show

from ingest.site import load_site
from simulators.run import simulate
from simulators.scenario import load_scenario


def main() -> None:
    options = arguments(__doc__).parse_args()
    site = load_site("abaza")
    scenario = load_scenario("abaza_first_year").model_copy(update={"every_s": 600})
    series = simulate(scenario, site).series.values()
    count = sum(values.size for one in series for values in one.values.values())

    def draw() -> np.ndarray:
        return np.random.default_rng(scenario.seed).standard_normal(count)

    runs = interleaved(
        {
            "ours": lambda: seconds(lambda: simulate(scenario, site)),
            "plain": lambda: seconds(draw),
        },
        options.repeats,
    )
    millions = f"{count / 1e6:.1f} million values"
    show(
        [
            median_of(
                f"a year at 10 minutes, {millions}",
                runs["ours"],
                "s",
                against=runs["plain"],
                target="seconds",
            ),
            median_of(f"NumPy, as many normal numbers, {millions}", runs["plain"], "s"),
        ],
        as_json=options.json,
    )


if __name__ == "__main__":
    main()
