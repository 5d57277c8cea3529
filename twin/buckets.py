"""Equal buckets of a quantity as plain arrays: counts and means by bucket and node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ingest.site import Site
from ingest.store import Store

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Buckets:
    """What the store's engine aggregated.

    Parameters
    ----------
    count
        Values in each bucket (buckets x nodes) [1].
    mean
        Their mean (buckets x nodes); NaN in an empty bucket.
    """

    count: Array
    mean: Array

    @property
    def total(self) -> Array:
        """Sum of the values (buckets x nodes)."""
        return np.where(self.count > 0, self.count * np.nan_to_num(self.mean), 0.0)


def read_buckets(
    site: Site,
    store: Store,
    instrument: str,
    quantity: str,
    *,
    start: datetime,
    end: datetime,
    count: int,
    known_at: datetime,
) -> Buckets:
    """Return `count` equal buckets of [start, end), flagged values left out."""
    shape = (count, site.instruments[instrument].node_count)
    counts, means = np.zeros(shape), np.full(shape, np.nan)
    found = store.bucket_values(
        instrument,
        quantity,
        start=start,
        end=end,
        count=count,
        known_at=known_at,
        trusted=True,
    )
    counts[found.bucket, found.node] = found.values
    means[found.bucket, found.node] = found.mean
    return Buckets(counts, means)
