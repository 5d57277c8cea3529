"""Settlement of each point, with a forecast, its interval, or the reason why there is none."""

from twin.settlement.forecast import Forecast, forecast
from twin.settlement.methods import models
from twin.settlement.points import settlements

__all__ = ["Forecast", "forecast", "models", "settlements"]
