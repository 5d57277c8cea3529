"""Arsenic against its limit: how much of what is allowed is used up."""

from __future__ import annotations

import msgspec

from analytics.indicator import Facts, IndicatorModel, taken_over
from ingest.figure import Figure, unknown
from ingest.site import Site, Threshold
from ingest.text import Text
from twin.state import TwinState


class ArsenicLimitShare(IndicatorModel):
    """Arsenic over the lowest limit in force at the time of the reading [1].

    The limits are the dated thresholds of the site file, with their sources there.
    """

    name = "arsenic_limit_share"
    title = Text("Arsenic against its limit")
    unit = "1"
    group = "water"

    def figures(self, site: Site, state: TwinState, facts: Facts) -> dict[str, Figure]:  # noqa: ARG002
        """Return the share per station."""
        return {
            item.station: self._share(site, item.station, taken_over(item.value, "mg/L"))
            for item in state.water
            if item.quantity == "arsenic"
        }

    def _share(self, site: Site, station: str, value: Figure) -> Figure:
        if not isinstance(value.value, int | float):
            return msgspec.structs.replace(value, unit=self.unit)
        limit = _lowest_limit(site.instruments[station].thresholds, value)
        if limit is None:
            return unknown(
                self.unit,
                Text("The site file gives no limit for arsenic at this time"),
                time=value.time,
                source=station,
            )
        return msgspec.structs.replace(
            value,
            value=value.value / limit,
            unit=self.unit,
            quality="stale" if value.quality == "stale" else "derived",
        )


def _lowest_limit(thresholds: tuple[Threshold, ...], value: Figure) -> float | None:
    """Return the lowest limit: of each level, the one that came into force last."""
    latest: dict[str, Threshold] = {}
    for threshold in thresholds:
        held = value.time is None or threshold.start <= value.time
        if threshold.quantity != "arsenic" or threshold.above is None or not held:
            continue
        before = latest.get(threshold.level)
        if before is None or before.since <= threshold.since:
            latest[threshold.level] = threshold
    limits = [threshold.above for threshold in latest.values() if threshold.above]
    return min(limits, default=None)
