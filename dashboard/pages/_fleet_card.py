"""The cards of the fleet on the Backfill page: what it can move, what if, and the edge."""

from __future__ import annotations

from typing import Any, NamedTuple

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.components import (
    bar,
    card,
    empty,
    export_button,
    facts,
    grid,
    number,
    row,
    status_badge,
    table,
)
from dashboard.page import Update
from dashboard.queries import Queries
from dashboard.view import View
from ingest.figure import Figure
from ingest.text import Text
from twin.fleet.capacity import MEETS, Capacity, ImpossibleFleet
from twin.fleet.inputs import Fleet
from twin.fleet.what_if import FleetChanges
from twin.plan import Plan

_ROLES = {
    "loader": Text("loader"),
    "trucks": Text("trucks"),
    "bulldozer": Text("bulldozer"),
}

#: What stands before the name of an input in the address.
_PREFIX = "fleet_"


class _Asked(NamedTuple):
    """One input of the form: where it goes, its title, unit, and what it is without a change."""

    name: str
    title: str
    unit: str
    value: float


def cards(view: View) -> list[Component]:
    """Return the fleet and the edge, and the tables that they rest on."""
    return [_fleet_and_edge(view), tables_card(view)]


def _fleet_and_edge(view: View) -> Component:
    return row(
        card(
            view.t("Fleet"),
            [
                html.Div(fleet(view), id="backfill-fleet"),
                html.Div(form(view), id="backfill-fleet-form"),
                html.Div(what_if(view), id="backfill-what-if", role="status"),
            ],
            span="pm-seven",
        ),
        card(view.t("Safety at the edge"), edge(view), id="backfill-edge", span="pm-five"),
    )


def fleet(view: View) -> Component:
    """Return what the fleet can move against the plan, and what limits it."""
    state = view.twin.fleet if view.twin else None
    if state is None:
        return _none(view)
    lines: list[tuple[Any, Any]] = [
        (
            view.t("Can move in a year"),
            number(view, view.t("Can move in a year"), state.capacity),
        ),
        (view.t("Plan of a year"), number(view, view.t("Plan of a year"), state.planned)),
        (
            view.t("Pace of the last 30 days"),
            number(view, view.t("Pace of the last 30 days"), state.actual),
        ),
        (view.t("Limited by"), number(view, view.t("Limited by"), state.bottleneck)),
    ]
    parts: list[Component] = [
        facts(lines),
        html.P(
            view.t("Volumes are of the waste in place, before it is dug."), className="pm-quiet"
        ),
    ]
    if isinstance(state.share.value, int | float) and state.share.value < MEETS:
        word = view.t("The fleet does not meet the plan")
        parts.insert(0, html.Div(status_badge(view, "warning", word)))
    if isinstance(state.overload.value, int | float) and state.overload.value > 0:
        parts.append(
            html.P(
                view.t(
                    "The fullest truck carries {share} more than its payload.",
                    share=view.percent(state.overload.value, 1),
                ),
                className="pm-quiet",
            )
        )
    rows = [
        [
            view.text(_ROLES[kind.role]),
            number(view, view.text(_ROLES[kind.role]), kind.count, bare=True),
            number(view, view.text(_ROLES[kind.role]), kind.least, bare=True),
            _share_bar(kind.share),
            number(view, view.text(_ROLES[kind.role]), kind.share, percent=True),
        ]
        for kind in state.kinds
    ]
    head = [
        view.t("Machines"),
        view.t("On the list"),
        view.t("Least for the plan"),
        view.t("Against the plan (mark)"),
        view.t("Alone"),
    ]
    if rows:
        parts.insert(1, table(head, rows, view.t("Fleet")))
    return html.Div(parts, className="pm-stack")


def edge(view: View) -> Component:
    """Return what to keep at the edge of the tier in which the front stands."""
    state = view.twin.edge if view.twin else None
    if state is None:
        return empty(
            view.t("Not configured"), view.t("The site's fleet.yaml says nothing of the edge.")
        )
    lines = [
        html.Li(
            [
                html.Div(
                    [
                        html.Span(view.text(rule.title), className="pm-list-title"),
                        number(view, view.text(rule.title), rule.value),
                    ],
                    className="pm-list-head",
                ),
                html.Span(view.text(rule.requirement), className="pm-quiet"),
            ]
        )
        for rule in state.rules
    ]
    tier = view.zone_title(state.tier) if state.tier else view.t("Tallest tier")
    parts = [
        html.P(
            [
                html.Strong(tier),
                " ",
                view.t("height {value}", value=view.value_with_unit(state.height)),
            ]
        ),
        html.Ul(lines, className="pm-list"),
    ]
    if state.height.validity is not None:
        parts.insert(1, html.P(view.text(state.height.validity), className="pm-quiet"))
    return html.Div(parts, className="pm-stack")


def what_if(view: View) -> Component:
    """Return what the changed fleet moves, beside the fleet that is, or why it cannot be."""
    found = view.queries.fleet.at(view.moment)
    if found is None:
        return html.Div()
    given = _given(view, *found)
    if not given:
        return html.P(
            view.t("Change a number above, and what the fleet would move stands here."),
            className="pm-quiet",
        )
    changes, wrong = _changes(given)
    if wrong:
        return html.P(
            view.t("Give a number: {name}", name=wrong), className="pm-field-wrong", role="alert"
        )
    try:
        answer = view.queries.fleet.what_if(view.moment, FleetChanges.model_validate(changes))
    except ImpossibleFleet as error:
        return html.P(_sentence(view, error.reason), className="pm-field-wrong", role="alert")
    assert answer is not None
    return html.Div(
        [
            _verdict(view, answer.then),
            table(
                ["", view.t("Now"), view.t("Then")],
                [
                    [
                        view.t("Plan of a year"),
                        view.with_unit(answer.now.planned, "thousand m3/y"),
                        view.with_unit(answer.then.planned, "thousand m3/y"),
                    ],
                    [
                        view.t("Can move in a year"),
                        view.with_unit(answer.now.yearly, "thousand m3/y"),
                        view.with_unit(answer.then.yearly, "thousand m3/y"),
                    ],
                    *(
                        [
                            view.t("{kind}, alone", kind=view.text(_ROLES[before.role])),
                            view.percent(before.share),
                            view.percent(after.share),
                        ]
                        for before, after in zip(answer.now.kinds, answer.then.kinds, strict=True)
                    ),
                    [
                        view.t("Limited by"),
                        view.text(_ROLES[answer.now.bottleneck]),
                        view.text(_ROLES[answer.then.bottleneck]),
                    ],
                    [
                        view.t("Fewest machines"),
                        _machines(view, found[0], answer.now),
                        _machines(view, found[0], answer.then),
                    ],
                ],
                view.t("The fleet now and then"),
            ),
            dcc.Link(view.t("Undo the changes"), href=view.href(**dict.fromkeys(_names(view)))),
        ],
        className="pm-stack",
    )


def tables(view: View) -> list[dict[str, Any]]:
    """Return the project's tables 8, 11 and 12 as rows."""
    found = view.queries.fleet_answer(view.at, view.known_at)
    if found is None:
        return []
    titles = {each.name: view.text(each.title) for each in found.machines}
    return [
        {
            "key": f"{load.material} {load.truck}",
            "material": view.stream_title(load.material),
            "truck": titles[load.truck],
            **_shown(
                view,
                buckets=load.buckets,
                volume=load.volume_m3,
                load=load.load_t,
                loader=load.loader_m3_per_shift,
                trip=load.round_trip_min,
                norm=load.truck_m3_per_shift,
                yearly=load.yearly_thousand_m3,
                working=load.working,
                listed=load.listed,
            ),
        }
        for load in found.tables.loads
    ]


def _shown(view: View, **numbers: float) -> dict[str, float | str]:
    """Return numbers to sort by, and as they are read."""
    return numbers | {f"{name}_shown": view.number(value) for name, value in numbers.items()}


def tables_card(view: View) -> Component:
    """Return the project's tables of loader and trucks, to sort and export."""
    columns = [
        {"field": "material", "headerName": view.t("Stream"), "width": 220, "pinned": "left"},
        {"field": "truck", "headerName": view.t("Truck"), "width": 150},
        *(
            {
                "field": field,
                "headerName": title,
                "width": 110,
                "type": "rightAligned",
                "valueFormatter": {"function": f"params.data.{field}_shown"},
            }
            for field, title in (
                ("buckets", view.t("Buckets")),
                ("volume", view.t("In the body, m³")),
                ("load", view.t("Load, t")),
                ("loader", view.t("Loader, m³/shift")),
                ("trip", view.t("Round trip, min")),
                ("norm", view.t("Truck, m³/shift")),
                ("yearly", view.t("Haul, 10³ m³/year")),
                ("working", view.t("At work")),
                ("listed", view.t("On the list")),
            )
        ),
    ]
    return card(
        view.t("Loading and hauling (tables 8, 11 and 12)"),
        grid(view, "backfill-fleet-grid", columns, tables(view), key="key", height="15rem"),
        aside=export_button(view, "backfill-fleet-grid"),
    )


UPDATES = (
    Update("backfill-fleet", "children", fleet),
    Update("backfill-what-if", "children", what_if, "choice"),
    Update("backfill-edge", "children", edge),
    Update("backfill-fleet-grid", "rowData", tables),
)


def callbacks(app: Dash, queries: Queries) -> None:
    """Register that the inputs of the form go into the address."""

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input({"type": "fleet-input", "input": ALL}, "value"),
        State({"type": "fleet-input", "input": ALL}, "id"),
        State("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def change(values: list[Any], ids: list[dict[str, str]], search: str, path: str) -> Any:
        if not ctx.triggered or not ids or path != "/backfill":
            return no_update
        view = View(queries, "/backfill", search or "")
        found = queries.fleet.at(view.moment)
        if found is None:
            return no_update
        standing = {each.name: f"{each.value:g}" for each in _inputs(view, *found)}
        changes: dict[str, str | None] = {}
        for each, value in zip(ids, values, strict=True):
            name, text = each["input"], str(value if value is not None else "").strip()
            text = text.replace(",", ".")
            kept = text in ("", standing.get(name, ""))
            changes[_PREFIX + name] = None if kept else text
        changed = view.search(**changes)
        return no_update if changed == (search or "") else changed

    # The inputs are made anew only when the address holds other values than they do: who types
    # on while an answer comes must not lose what is being typed.
    @app.callback(
        Output("backfill-fleet-form", "children"),
        Input("url", "search"),
        State({"type": "fleet-input", "input": ALL}, "id"),
        State({"type": "fleet-input", "input": ALL}, "value"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def follow(search: str, ids: list[dict[str, str]], values: list[Any], path: str) -> Any:
        view = View(queries, path or "/", search or "")
        found = queries.fleet.at(view.moment)
        if path != "/backfill" or found is None:
            return no_update
        shown = {
            each["input"]: str("" if value is None else value).replace(",", ".")
            for each, value in zip(ids, values, strict=True)
        }
        return no_update if shown == _asked(view, *found) else form(view)


def _none(view: View) -> Component:
    return empty(
        view.t("Not configured"), view.t("A fleet.yaml in the site's folder gives it one.")
    )


def form(view: View) -> Component:
    """Return what can be changed, with what it is now."""
    found = view.queries.fleet.at(view.moment)
    if found is None:
        return html.Div()
    asked = _asked(view, *found)
    fields = [
        html.Label(
            [
                html.Span(f"{each.title}, {each.unit}" if each.unit else each.title),
                dcc.Input(
                    id={"type": "fleet-input", "input": each.name},
                    value=_written(view, asked[each.name]),
                    debounce=True,
                    inputMode="decimal",
                    autoComplete="off",
                ),
            ]
        )
        for each in _inputs(view, *found)
    ]
    return html.Details(
        [
            html.Summary(view.t("What if…")),
            html.Div(fields, className="pm-form pm-fleet-fields"),
        ],
        open=bool(_given(view, *found)),
        className="pm-fleet-form",
    )


def _inputs(view: View, fleet: Fleet, plan: Plan) -> list[_Asked]:
    streams = plan.streams_at(view.moment).by_name
    hauling, working = fleet.hauling, fleet.working
    return [
        _Asked("distance_km", view.t("Distance one way"), view.unit("km"), hauling.distance_km),
        _Asked("speed_km_h", view.t("Mean speed"), view.unit("km/h"), hauling.speed_km_h),
        *(
            _Asked(f"trucks.{each.name}", view.text(each.title), "", each.count)
            for each in fleet.trucks
        ),
        _Asked("loaders", view.text(fleet.loader.title), "", fleet.loader.count),
        _Asked("bulldozers", view.text(fleet.bulldozer.title), "", fleet.bulldozer.count),
        _Asked("readiness", view.t("Readiness of trucks"), "", hauling.readiness),
        _Asked("shift_h", view.t("Length of a shift"), view.unit("h"), working.shift_h),
        _Asked("shifts_per_day", view.t("Shifts a day"), "", working.shifts_per_day),
        _Asked("working_days", view.t("Working days of a year"), "", working.days_per_year),
        *(
            _Asked(
                f"masses.{name}",
                view.t("Mass: {stream}", stream=view.stream_title(name)),
                view.t("10³ t/year"),
                streams[name].mass_per_year,
            )
            for name in fleet.materials
            if name in streams
        ),
        *(
            _Asked(
                f"densities.{name}",
                view.t("Density: {stream}", stream=view.stream_title(name)),
                view.unit("t/m3"),
                material.density_t_per_m3,
            )
            for name, material in fleet.materials.items()
        ),
    ]


def _given(view: View, fleet: Fleet, plan: Plan) -> dict[str, str]:
    """Return the changed inputs by name, as they stand in the address."""
    names = [each.name for each in _inputs(view, fleet, plan)]
    return {
        name: view.parameters[_PREFIX + name]
        for name in names
        if view.parameters.get(_PREFIX + name)
    }


def _asked(view: View, fleet: Fleet, plan: Plan) -> dict[str, str]:
    """Return what stands in the inputs, as an address writes it."""
    standing = {each.name: f"{each.value:g}" for each in _inputs(view, fleet, plan)}
    return standing | _given(view, fleet, plan)


def _names(view: View) -> list[str]:
    return [name for name in view.parameters if name.startswith(_PREFIX)]


def _changes(given: dict[str, str]) -> tuple[dict[str, Any], str]:
    """Return the changes of a fleet, and the input that is no number, "" when all are."""
    changes: dict[str, Any] = {}
    for name, text in given.items():
        whole = name.split(".")[0] in ("trucks", "loaders", "bulldozers", "shifts_per_day")
        try:
            value: float = int(text) if whole else float(text)
        except ValueError:
            return {}, text
        if not abs(value) < float("inf"):
            return {}, text
        field, _, key = name.partition(".")
        if key:
            changes.setdefault(field, {})[key] = value
        else:
            changes[field] = value
    return changes, ""


def _verdict(view: View, then: Capacity) -> Component:
    words = {
        "share": view.percent(then.share),
        "limit": view.text(_ROLES[then.bottleneck]),
    }
    if then.meets:
        return html.P(
            html.Strong(view.t("Meets the plan: {share} of it, limited by: {limit}", **words))
        )
    word = view.t("Does not meet the plan: {share} of it, limited by: {limit}", **words)
    return html.Div(status_badge(view, "warning", word))


def _machines(view: View, fleet: Fleet, found: Capacity) -> str:
    if not found.least:
        return view.t("no fleet of a reasonable size")
    titles = {
        each.name: view.text(each.title) for each in (fleet.loader, *fleet.trucks, fleet.bulldozer)
    }
    return ", ".join(f"{count} × {titles[name]}" for name, count in found.least.items() if count)


def _share_bar(share: Figure) -> Component:
    value = share.value
    known = isinstance(value, int | float)
    return bar(float(value) / 1.5 if known else None, planned=1 / 1.5)  # type: ignore[arg-type]


def _sentence(view: View, text: Text) -> str:
    """Return a refusal with streams by their titles."""
    values = {
        name: view.stream_title(value) if name == "material" else value
        for name, value in text.values.items()
    }
    return view.text(Text(text.template, values))  # type: ignore[arg-type]


def _written(view: View, text: str) -> str:
    return text.replace(".", ",") if view.language == "ru" else text
