"""Water that leaves the fill: how much, and what it carries."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from ingest.yaml_file import Configured
from simulators.process import Floats, Ground, Process
from simulators.processes.fill import outline_area


class Station(Configured):
    """Where a water station stands on the water's way.

    Parameters
    ----------
    delay_d
        Time that the water mixes on its way, as in a pond [d]; 0: at the fill itself.
    settles
        Share of iron, arsenic and turbidity that is left behind on the way [1].
    stream_L_per_s
        Flow of clean water that it is mixed into [L/s].
    """

    delay_d: float = Field(default=0.0, ge=0)
    settles: float = Field(default=0.0, ge=0, le=1)
    stream_L_per_s: float = Field(default=0.0, ge=0)


#: Clean water of the stream (design assumption) [mg/L, NTU].
STREAM = {"sulfate": 22.0, "iron": 0.08, "arsenic": 0.001, "turbidity": 3.0, "acidity": 0.0}


class Drainage(Process):
    """A fast and a slow linear store for water; salts that dry spells make and wet ones flush.

    Sulfide oxidation leaves salts in the fill all year; water that passes dissolves a share of
    them, so that the first flush after a dry spell is the strongest and a long wet spell runs
    thin. Sulfate, iron, arsenic and acidity go together, as they come from the same sulfide
    (tailings with 2.3 % S and 0.2 % As, but with much carbonate: the water stays near neutral).
    All parameters are a design assumption.

    Parameters
    ----------
    runoff_share
        Share of rain and melt that reaches the drain [1]; the rest evaporates or stays.
    fast_share, fast_d, slow_d
        Share of that water that runs off fast [1], and the mean times of stay [d].
    base_L_per_s
        Flow that never stops: mine water and groundwater [L/s].
    base_sulfate_mg_per_L
        Its sulfate [mg/L].
    salt_kg_per_d
        Sulfate that oxidation leaves in the fill a day [kg/d].
    flush_per_mm
        Share of the stock that a millimetre of slow water takes along [1/mm].
    wetting_mm_per_d
        Slow flow that wets as much again of the fill, and takes twice that share [mm/d].
    stations
        Places by station; a station that is not named stands at the fill.
    """

    name: ClassVar[str] = "drainage"
    needs: ClassVar[tuple[str, ...]] = ("weather",)

    runoff_share: float = Field(default=0.45, ge=0, le=1)
    fast_share: float = Field(default=0.35, ge=0, le=1)
    fast_d: float = Field(default=0.35, gt=0)
    slow_d: float = Field(default=9.0, gt=0)
    base_L_per_s: float = Field(default=6.0, gt=0)
    base_sulfate_mg_per_L: float = Field(default=310.0, gt=0)
    salt_kg_per_d: float = Field(default=170.0, ge=0)
    flush_per_mm: float = Field(default=0.007, ge=0)
    wetting_mm_per_d: float = Field(default=1.5, gt=0)
    stations: dict[str, Station] = Field(default_factory=dict)

    def instruments(self) -> tuple[str, ...]:
        """Return the stations that the settings place."""
        return tuple(self.stations)

    def run(self, ground: Ground, rng: np.random.Generator) -> None:
        """Add what every water station would measure."""
        del rng
        site = ground.site
        fast, slow = self.runoff(ground)
        millimetres = slow * 86_400 * ground.step_d / self._catchment_m2(ground)
        share = self.flush_per_mm * (1 + millimetres / ground.step_d / self.wetting_mm_per_d)
        stock, flushed = salt_stock(
            self.salt_kg_per_d * 30,  # a dry month before the start
            self.salt_kg_per_d * ground.step_d,
            np.minimum(share * millimetres, 1.0),
        )
        ground.truth["salt_stock", site.name] = stock
        flow = self.base_L_per_s + fast + slow
        # kg a step -> mg/L
        per_litre = flushed * 1e6 / (flow * 86_400 * ground.step_d)
        sulfate = self.base_sulfate_mg_per_L * self.base_L_per_s / flow + per_litre
        fresh = np.maximum(sulfate - 0.6 * self.base_sulfate_mg_per_L, 0.0)
        leaving = {
            "sulfate": sulfate,
            "iron": 0.25 + 0.0018 * fresh,
            "arsenic": 0.008 + 0.00009 * fresh,
            "acidity": 0.0016 * fresh,
            "turbidity": 4.0 + 0.4 * fast**1.5,
        }
        air = ground.of_site("air_temperature")
        keep = np.exp(-ground.step_d / 6.0)
        warmth = ground.memory((air - air[0]) * (1 - keep), 6.0) + air[0]
        for instrument in site.with_quantity("ph"):
            place = self.stations.get(instrument.name, Station())
            water = {
                name: self._on_the_way(ground, name, values, place)
                for name, values in leaving.items()
            }
            out = self._mixed(ground, flow, place)
            ratio = out / (out + place.stream_L_per_s)
            for name, clean in STREAM.items():
                water[name] = ratio * water[name] + (1 - ratio) * clean
            salinity = 130.0 + 1.75 * water["sulfate"]
            truth = {
                "ph": 7.75 - water["acidity"] + 0.05 * np.sin(2 * np.pi * ground.days),
                "conductivity": salinity,
                "sulfate": water["sulfate"],
                "iron": water["iron"],
                "arsenic": water["arsenic"],
                "turbidity": water["turbidity"],
                # Water under ice stays just above freezing.
                "temperature": np.maximum(0.55 * warmth + 2.0, 0.3),
                "flow": out + place.stream_L_per_s,
            }
            for quantity, values in truth.items():
                ground.truth[quantity, instrument.name] = values

    def runoff(self, ground: Ground) -> tuple[Floats, Floats]:
        """Return the fast and the slow flow out of the fill, (steps,) each [L/s]."""
        water = (ground.of_site("rain") + ground.of_site("melt")) * self.runoff_share
        litres = water * self._catchment_m2(ground)  # a millimetre on a square metre is a litre
        flows = []
        for share, time_d in ((self.fast_share, self.fast_d), (1 - self.fast_share, self.slow_d)):
            held = ground.memory(litres * share, time_d)
            leaving = held * (1 - np.exp(-ground.step_d / time_d))
            flows.append(leaving / ground.step_s)
        return flows[0], flows[1]

    def _catchment_m2(self, ground: Ground) -> float:
        zones = ground.site.of_zone_kind("backfill")
        return outline_area(ground.site.zones[zones[0]]) if zones else 100_000.0

    def _on_the_way(self, ground: Ground, name: str, values: Floats, place: Station) -> Floats:
        kept = 1.0 if name in ("sulfate", "acidity") else 1 - place.settles
        return self._mixed(ground, values, place) * kept

    def _mixed(self, ground: Ground, values: Floats, place: Station) -> Floats:
        if place.delay_d == 0:
            return values
        keep = np.exp(-ground.step_d / place.delay_d)
        first = float(values[0])
        return first + ground.memory((values - first) * (1 - keep), place.delay_d)


def salt_stock(first: float, made: float, taken: Floats) -> tuple[Floats, Floats]:
    """Return the stock of salts after each step, and what each step takes along [kg].

    Parameters
    ----------
    first
        Stock before the first step [kg].
    made
        What each step adds [kg].
    taken
        Share of the stock that each step takes along (steps,) [1].
    """
    stock = np.empty(taken.size)
    flushed = np.empty(taken.size)
    now = first
    for step, share in enumerate(taken.tolist()):
        now += made
        flushed[step] = now * share
        now -= flushed[step]
        stock[step] = now
    return stock, flushed
