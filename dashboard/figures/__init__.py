"""Drawings, one subject a file."""

from dashboard.figures.canvas import blank, says
from dashboard.figures.completion import completion
from dashboard.figures.crater import crater_in_space, crater_section
from dashboard.figures.groundwater import groundwater, water_months
from dashboard.figures.inverse_velocity import inverse_velocity
from dashboard.figures.land import complex_ore, cutoff_grade, land_allotment, losses_dilution
from dashboard.figures.profile import profile
from dashboard.figures.s_curve import s_curve
from dashboard.figures.section import section
from dashboard.figures.series import rain, series
from dashboard.figures.settlement import settlement
from dashboard.figures.settlement_map import settlement_map
from dashboard.figures.site_plan import site_plan
from dashboard.figures.slope_factor import influence_name, slope_factor, slope_influences
from dashboard.figures.slope_section import slope_section
from dashboard.figures.soil_damage import soil_damage
from dashboard.figures.territory import territory
from dashboard.figures.variants import variants

__all__ = [
    "blank",
    "completion",
    "complex_ore",
    "crater_in_space",
    "crater_section",
    "cutoff_grade",
    "groundwater",
    "influence_name",
    "inverse_velocity",
    "land_allotment",
    "losses_dilution",
    "profile",
    "rain",
    "s_curve",
    "says",
    "section",
    "series",
    "settlement",
    "settlement_map",
    "site_plan",
    "slope_factor",
    "slope_influences",
    "slope_section",
    "soil_damage",
    "territory",
    "variants",
    "water_months",
]
