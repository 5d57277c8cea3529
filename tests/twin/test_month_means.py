"""Means of whole months, on which trends and their ties rest."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twin.chemistry.stations import MONTH_DAYS, month_means

EDGES = [3, 34, 62, 93]


def test_a_month_is_the_mean_of_its_known_days_or_not_known() -> None:
    means = np.arange(100.0)
    means[34:62] = np.nan
    means[40 : 40 + MONTH_DAYS - 1] = 1.0
    found = month_means(means, EDGES)
    assert found[0] == np.arange(3, 34).mean()
    assert np.isnan(found[1])
    assert found[2] == np.arange(62, 93).mean()
    means[50] = 1.0
    assert month_means(means, EDGES)[1] == 1.0
    assert len(month_means(means, EDGES[:1])) == 0


@given(st.floats(1e-6, 1e6), st.sets(st.integers(0, 92), max_size=30))
def test_months_of_one_value_are_ties_whatever_days_are_missing(
    value: float, missing: set[int]
) -> None:
    """Mann-Kendall counts them as equal: the last digits of a sum must not order them."""
    means = np.full(93, value)
    means[list(missing)] = np.nan
    found = month_means(means, EDGES)
    assert len(np.unique(found[~np.isnan(found)])) <= 1
