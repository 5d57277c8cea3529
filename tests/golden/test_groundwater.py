"""Real heads, foretold on years that the fit had not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ingest.text import Text
from twin.hydrology.gamma_response import (
    Stresses,
    fit_response,
    judge_response,
    nash_sutcliffe,
)
from twin.hydrology.rebound_first_order import Rebound, fit_rebound

DATA = Path(__file__).parents[1] / "data" / "groundwater"


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / name, index_col="date", parse_dates=True)


def stresses(frame: pd.DataFrame, load: bool = False) -> Stresses:
    return Stresses(
        frame["rain_mm"].to_numpy(),
        frame["evaporation_mm"].to_numpy(),
        load=frame["pumping_m3_per_d"].to_numpy() / 1000 if load else None,
    )


# pastas 2.0 with the same weather and its gamma response, no noise model, calibrated up to 2000:
# 0.918 on the years from 2000 on (the same days).
@pytest.mark.parametrize(("split", "efficiency"), [("2000-01-01", 0.918), ("2005-01-01", 0.922)])
def test_a_head_is_foretold_for_years_that_the_fit_has_not_seen(
    split: str, efficiency: float
) -> None:
    frame = table("nb1.csv.gz").loc[:"2015-06-28"]
    level, given = frame["head_m"].to_numpy(), stresses(frame)
    seen = int(frame.index.searchsorted(pd.Timestamp(split)))
    response = fit_response(level[:seen], given[:seen])
    foretold = response.level(given)[seen:]
    assert nash_sutcliffe(level[seen:], foretold) == pytest.approx(efficiency, abs=0.006)
    # Evaporation counts for about as much as rain does, and both last for months.
    assert 100 < response.shape * response.time_d < 250
    assert response.evaporation / response.water == pytest.approx(1.4, abs=0.3)


def test_the_band_of_foretold_days_holds_most_of_the_years_after() -> None:
    frame = table("nb1.csv.gz").loc[:"2015-06-28"]
    level, given = frame["head_m"].to_numpy(), stresses(frame)
    seen = int(frame.index.searchsorted(pd.Timestamp("2005-01-01")))
    judged = judge_response(level[:seen], given[:seen])
    assert judged.efficiency == pytest.approx(0.925, abs=0.02)
    off = np.abs(level - judged.response.level(given))[seen:]
    inside = float((off[~np.isnan(off)] < judged.band).mean())
    assert inside == pytest.approx(0.95, abs=0.05)


def test_rain_of_another_place_and_time_does_not_foretell() -> None:
    frame = table("nb1.csv.gz").loc[:"2015-06-28"]
    weather = stresses(frame)
    shifted = Stresses(np.roll(weather.water, 4000), np.roll(weather.evaporation, 3817))
    judged = judge_response(frame["head_m"].to_numpy(), shifted)
    assert judged.efficiency < 0.3


def test_pumping_lowers_a_head_and_rain_alone_explains_less() -> None:
    frame = table("wellex.csv.gz")
    level = frame["head_m"].to_numpy()
    with_pumping = judge_response(level, stresses(frame, load=True))
    without = judge_response(level, stresses(frame))
    assert with_pumping.response.load < 0
    assert with_pumping.efficiency > without.efficiency + 0.1


def test_the_rebound_after_pumping_is_lost_in_the_weather_until_rain_is_taken_off() -> None:
    frame = table("wellex.csv.gz")
    level, given = frame["head_m"].to_numpy(), stresses(frame, load=True)
    stop = int(frame.index.searchsorted(pd.Timestamp("2012-08-01")))
    days = np.arange(len(level)) - stop
    refused = fit_rebound(days.astype(float), level)
    assert isinstance(refused, Text)
    assert "lost in the scatter" in str(refused)
    before = fit_response(level[:stop], given[:stop])
    rest = pd.Series(level - before.parts(given)["water"], frame.index)
    monthly = rest.iloc[stop : stop + 720].groupby(days[stop : stop + 720] // 30).mean()
    found = fit_rebound(monthly.index.to_numpy() * 30.0 + 15, monthly.to_numpy())
    assert isinstance(found, Rebound)
    # The well rises by about four tenths of a metre within half a year of the end of pumping.
    assert found.final == pytest.approx(15.84, abs=0.03)
    assert found.final - found.first == pytest.approx(0.40, abs=0.06)
    assert found.time_d == pytest.approx(55, abs=15)
