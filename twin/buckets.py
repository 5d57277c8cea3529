"""Equal buckets of a quantity as plain arrays: counts and means by bucket and node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ingest.clock import to_ns
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
    frame = store.buckets(
        instrument,
        quantity,
        start=start,
        end=end,
        count=count,
        known_at=known_at,
        trusted=True,
    )
    if len(frame):
        width = -(-(to_ns(end) - to_ns(start)) // count)
        starts = frame["start"].to_numpy("datetime64[ns]").astype(np.int64)
        row = (starts - to_ns(start)) // width
        node = frame["node"].to_numpy(dtype=np.int64)
        counts[row, node] = frame["count"].to_numpy(dtype=float)
        means[row, node] = frame["mean"].to_numpy(dtype=float)
    return Buckets(counts, means)
