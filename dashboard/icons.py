"""Line icons, drawn for this dashboard: each is a style class, coloured by the text around it."""

from __future__ import annotations

from dash import html

#: Paths on a grid of 24 by 24, stroked.
PATHS = {
    "overview": "M3 20h18M4 16l5-7 4 4 7-9M20 4v4M20 4h-4",
    "instruments": "M12 3v18M8 6h8M8 10h8M8 14h8M9 18h6",
    "backfill": "M3 6l5 13h8l5-13M6.2 14h11.6M4.7 10h6",
    "settlement": "M3 5h18M12 8v9M8.5 13.5L12 17l3.5-3.5M3 20c5-2 13-2 18 0",
    "slopes": "M3 20L13 5h8M3 20h18M9 16l5-7M13 17l3-5",
    "water": "M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11zM9 14a3 3 0 0 0 3 3",
    "risk": "M12 4l9 16H3zM12 10v4M12 17v.5",
    "land": "M3 7l6-3 6 3 6-3v13l-6 3-6-3-6 3zM9 4v13M15 7v13",
    "post_mining": "M12 21v-8M12 13c0-4-3-6-7-6 0 4 3 6 7 6zM12 11c0-4 3-7 8-7 0 4-3 7-8 7M5 21h14",
    "data_health": "M3 12h4l2-6 4 12 3-8 1.5 2H21",
    "what_if": "M4 12h5M9 12c4 0 4-6 11-6M9 12c4 0 4 6 11 6M17 3.5L20 6l-3 2.5M17 15.5l3 2.5-3 2.5",
    "verification": "M3 7h8M3 12h5M3 17h8M13 13l3 3 5-8",
    "menu": "M4 6h16M4 12h16M4 18h16",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2",
    "scheme": "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
    "bell": "M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15zM10 21h4",
    "info": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5.5M12 7.5v.5",
    "export": "M12 4v10M8 10.5l4 4 4-4M4 19h16",
    "empty": "M4 13l3-8h10l3 8v6H4zM4 13h5l1.5 2.5h3L15 13h5",
    "failed": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 9l6 6M15 9l-6 6",
    "check": "M5 12.5l4.5 4.5L19 7.5",
    "missing": "M6 12h12",
}


def icon(name: str, size: int = 18) -> html.Span:
    """Return an icon; it says nothing to a screen reader, so a word must stand beside it."""
    return html.Span(
        className=f"pm-icon pm-icon-{name}",
        style={"width": size, "height": size},
        **{"aria-hidden": "true"},
    )


def style_sheet() -> str:
    """Return the style classes of the icons; nothing is fetched."""
    return "".join(
        f'.pm-icon-{name}{{--pm-path:url("data:image/svg+xml,{_svg(path)}")}}'
        for name, path in PATHS.items()
    )


def _svg(path: str) -> str:
    return (
        "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' "
        "stroke='black' stroke-width='1.75' stroke-linecap='round' stroke-linejoin='round'%3E"
        f"%3Cpath d='{path}'/%3E%3C/svg%3E"
    )
