"""Settlement of each point, with a forecast, its interval, or the reason why there is none."""

from twin.settlement.configuration import load_rules
from twin.settlement.forecast import Forecast, forecast
from twin.settlement.methods import models
from twin.settlement.points import settlements
from twin.settlement.tilt import tilts

__all__ = ["Forecast", "forecast", "load_rules", "models", "settlements", "tilts"]
