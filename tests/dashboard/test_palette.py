"""Colours can be read, by everybody, in both schemes."""

from __future__ import annotations

import itertools

import pytest

from dashboard.palette import LEVELS, SERIES, STATUSES, TOKENS, style_sheet

SCHEMES = ("light", "dark")


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("ink", ["ink", "muted", "accent"])
@pytest.mark.parametrize("ground", ["surface", "ground", "raised", "hover"])
def test_text_can_be_read(scheme: str, ink: str, ground: str) -> None:
    assert contrast(TOKENS[scheme][ink], TOKENS[scheme][ground]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("status", STATUSES)
def test_a_badge_can_be_read(scheme: str, status: str) -> None:
    look = STATUSES[status]
    assert contrast(look.fill[scheme], look.ink[scheme]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_series_stands_out_from_its_ground(scheme: str) -> None:
    for colour in SERIES[scheme]:
        assert contrast(colour, TOKENS[scheme]["surface"]) >= 3


def test_no_two_abnormal_statuses_have_the_same_shape() -> None:
    abnormal = [*LEVELS[2:], "stale", "unavailable"]
    for one, other in itertools.combinations(abnormal, 2):
        assert STATUSES[one].symbol != STATUSES[other].symbol


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_style_sheet_holds_the_palette_of_each_scheme(scheme: str) -> None:
    block = style_sheet().split(f'data-mantine-color-scheme="{scheme}"')[1]
    assert f"--pm-alarm:{STATUSES['alarm'].fill[scheme]}" in block
    assert f"--pm-surface:{TOKENS[scheme]['surface']}" in block
