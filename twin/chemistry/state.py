"""Chemistry of the waste and of the water that leaves it, for the state."""

from __future__ import annotations

from twin.chemistry.account import accounts
from twin.chemistry.stations import acidities, limits, loads, stations, trends
from twin.current import Current
from twin.history import History
from twin.plan import Plan
from twin.state import FillState
from twin.water_file import WaterFile
from twin.water_state import WaterChemistry


def water_chemistry(
    current: Current,
    history: History,
    plan: Plan | None,
    fill: FillState | None,
    water: WaterFile | None,
) -> WaterChemistry | None:
    """Return the chemistry, None for a site without wastes and water stations."""
    streams, blended = accounts(water, plan, fill)
    if not streams and not stations(current):
        return None
    return WaterChemistry(
        streams=streams,
        blend=blended,
        acidity=acidities(current, water.lime if water else None),
        loads=loads(current, history, water.loads if water else None),
        trends=trends(current, history),
        limits=limits(current, history, water),
    )
