"""What one visitor asks to see, and in which language: everything that stands in the address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from analytics.assessment import Assessment
from dashboard import i18n, sources
from dashboard.answers import InstrumentSummary, SiteSummary
from dashboard.i18n import Language
from dashboard.palette import Scheme
from dashboard.queries import Queries
from ingest.clock import iso
from ingest.figure import Figure
from ingest.text import Text
from twin.state import TwinState

#: Spans of time that a visitor can choose; None: everything.
RANGES: dict[str, timedelta | None] = {
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "1y": timedelta(days=365),
    "all": None,
}


#: How old a state may be before a page says so [s]: shorter delays are usual in a fast replay.
_LATE_S = 2 * 86_400

#: Names that the house uses inside and people read.
NAMES = {
    "settlement_hyperbolic": Text("hyperbolic method"),
    "consolidation_with_creep": Text("consolidation with creep"),
    "settlement_asaoka": Text("Asaoka's method"),
    "settlement_log_creep": Text("logarithmic creep"),
    "settlement_creep_of_lifts": Text("creep of all lifts"),
    "terzaghi_consolidation": Text("Terzaghi's consolidation"),
    "ordinary": Text("ordinary"),
    "bishop_simplified": Text("Bishop's simplified method"),
    "spencer": Text("Spencer's method"),
    "infinite_slope": Text("infinite slope"),
    "inverse_velocity": Text("inverse velocity"),
    "fleet_capacity": Text("capacity of the fleet"),
    "edge_safety": Text("rules at the edge"),
    "grading_readiness": Text("readiness for grading"),
    "isolation_forest": Text("isolation forest"),
    "threshold_exceedance": Text("limits"),
    "gamma_response": Text("delayed answer to rain, air and load"),
    "rebound_first_order": Text("first-order rise after pumping"),
    "water_balance": Text("water balance"),
    "acid_base_account": Text("acid-base account"),
    "acidity_kirby_cravotta": Text("acidity after Kirby and Cravotta"),
    "mann_kendall": Text("Mann-Kendall test"),
    "seasonal_kendall": Text("seasonal Kendall test"),
    "twin": Text("twin"),
    "analytics": Text("analysis of risks"),
    "post_mining.yaml and current data": Text("post_mining.yaml of the site, and current data"),
    "KuzSTU practical guide": Text("KuzSTU practical guide"),
    "waste_rock": Text("waste rock"),
    "dry_magnetic_separation_tailings": Text("dry magnetic separation tailings"),
    "mine_water_treatment_sludge": Text("mine water treatment sludge"),
    "coal_ash_and_slag": Text("coal ash and slag"),
    "coal": Text("output of coal"),
    "overburden": Text("overburden"),
    "internal_dumping": Text("overburden dumped internally"),
    "employees": Text("employees"),
    "residents": Text("residents"),
    "land_value": Text("value of the land"),
    "district": Text("area of the mining district"),
    "sanitary_zone": Text("area of the sanitary zone"),
    "built_up": Text("built-up land"),
    "recreation": Text("land for recreation"),
    "railways": Text("area of railways and lines"),
    "roads": Text("area of roads"),
    "mined_out": Text("mined-out area"),
    "external_dumps": Text("external dumps"),
    "external_dumps_reclaimed": Text("reclaimed external dumps"),
    "internal_dumps": Text("internal dumps"),
    "internal_dumps_reclaimed": Text("reclaimed internal dumps"),
    "trackless_dumps": Text("trackless dumps"),
    "crops": Text("crops"),
}


class View:
    """One page view: the data it may see, the language, the time, and the selection.

    Parameters
    ----------
    queries
        The one module through which pages read.
    path, search
        The address ("/settlement", "?lang=ru&at=2022-07-01T00:00:00Z").
    scheme
        Light or dark.
    """

    def __init__(
        self, queries: Queries, path: str = "/", search: str = "", scheme: Scheme = "light"
    ) -> None:
        self.queries = queries
        self.path = path
        self.scheme: Scheme = scheme
        self.parameters = dict(parse_qsl((search or "").lstrip("?")))
        asked = self.parameters.get("lang", "")
        self.language: Language = next((key for key in i18n.LANGUAGES if key == asked), "en")
        self.at = _time(self.parameters.get("at"))
        self.known_at = None if self.at else _time(self.parameters.get("known_at"))
        self.zone = ZoneInfo(queries.site.time_zone)

    # What is asked for

    @property
    def live(self) -> bool:
        """Whether the page follows the run instead of showing a moment of the past."""
        return self.at is None and self.known_at is None

    @property
    def moment(self) -> datetime:
        """The time that the page speaks of."""
        return self.at or self.known_at or self.queries.now()

    @property
    def frame(self) -> str:
        """What asks for a whole new page when it changes, as against a selection in it."""
        times = [self.parameters.get(key, "") for key in ("at", "known_at")]
        return "|".join([self.path, self.language, *times])

    def chosen(self, name: str, legal: list[str], default: str = "") -> str:
        """Return what the address selects, or the default when it selects nothing legal."""
        value = self.parameters.get(name, "")
        if value in legal:
            return value
        return default or (legal[0] if legal else "")

    def start(self, default: str = "90d") -> datetime | None:
        """Return where the chosen range of time begins."""
        span = RANGES[self.chosen("range", list(RANGES), default)]
        return None if span is None else self.moment - span

    def search(self, **changes: str | None) -> str:
        """Return the query part of this address with some parameters changed; None removes one."""
        merged = {**self.parameters, **changes}
        query = urlencode({key: value for key, value in merged.items() if value})
        return f"?{query}" if query else ""

    def href(self, path: str | None = None, **changes: str | None) -> str:
        """Return an address: of this page, or of another with the same language and time."""
        if path is None:
            return self.path + self.search(**changes)
        kept = {key: self.parameters.get(key) for key in ("lang", "at", "known_at")}
        query = urlencode({key: value for key, value in (kept | changes).items() if value})
        return f"{path}?{query}" if query else path

    # What there is to see

    @cached_property
    def site(self) -> SiteSummary:
        """The site and the time of its run."""
        return self.queries.site_summary()

    @cached_property
    def twin(self) -> TwinState | None:
        """The state of the ground, None when there is none yet."""
        return self.queries.twin(at=self.at, known_at=self.known_at)

    @cached_property
    def assessment(self) -> Assessment | None:
        """What analytics said, None when there is nothing yet."""
        return self.queries.assessment(known_at=self.at or self.known_at)

    def late(self, state_time: datetime) -> bool:
        """Return whether a state is so old that the page must not pass it off as the present."""
        allowed = max(4 * self.queries.site.state_every_s, _LATE_S)
        return (self.moment - state_time).total_seconds() > allowed

    @cached_property
    def instruments(self) -> dict[str, InstrumentSummary]:
        """The site's instruments by name."""
        found = self.queries.instruments(at=self.at, known_at=self.known_at)
        return {each.name: each for each in found}

    # How it is said

    def t(self, template: str, **values: Any) -> str:
        """Return a text of the page in the visitor's language."""
        return i18n.translate(Text(template, values), self.language)

    def text(self, text: Text | Mapping[str, str] | str | None) -> str:
        """Return a sentence from deeper in the house, or a title, in the visitor's language."""
        if text is None:
            return ""
        if isinstance(text, Text) and text.values:
            values = {
                name: self.unit(str(value)) if name in ("unit", "wanted") else self._word(value)
                for name, value in text.values.items()
            }
            text = Text(text.template, values)
        return i18n.translate(text, self.language)

    def _word(self, value: str | int | float) -> str | int | float:
        """Return what fills a place of a sentence: names by their titles, times by locale."""
        if not isinstance(value, str):
            return value
        if value in self.queries.site.zones:
            return self.zone_title(value)
        plan = self.queries.plan()
        if plan is not None and value in plan.file.stream_titles:
            return self.text(dict(plan.file.stream_titles[value].items()))
        moment = value.removesuffix(" UTC")
        if re.match(r"\d{4}-\d\d-\d\d[T ]", moment) and (time := _time(moment)) is not None:
            return self.time(time)
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return self.day(value)
        if re.fullmatch(r"[a-z_]+(, [a-z_]+)*", value):
            return ", ".join(self.name(each) for each in value.split(", "))
        return value

    def name(self, key: str) -> str:
        """Return the title of a quantity, an indicator, a model or an input by its name."""
        title = self.quantity_title(key)
        if title != key:
            return title
        for each in self.assessment.indicators if self.assessment else []:
            if each.name == key:
                return i18n.translate(each.title, self.language)
        work, comma, place = key.partition(", ")
        if comma and work in NAMES:  # a numbered place of a work that has a name
            return f"{i18n.translate(NAMES[work], self.language)}, {place}"
        plain = key.replace("_", " ") if re.fullmatch(r"[a-z_]+", key) else key
        return i18n.translate(NAMES.get(key, plain), self.language)

    def source(self, words: str) -> str:
        """Return where something comes from, or a note of the site, in the visitor's language."""
        return sources.said(words, self.queries.site.folder, self.language, self.name)

    def number(self, value: float | None, unit: str = "") -> str:
        """Return a number without its unit."""
        return i18n.number(value, unit, self.language)

    def unit(self, unit: str) -> str:
        """Return a unit as people write it."""
        return i18n.unit_name(unit, self.language)

    def with_unit(self, value: float | None, unit: str) -> str:
        """Return a number with its unit."""
        text = self.number(value, unit)
        name = self.unit(unit)
        return _joined(text, name) if value is not None else text

    def percent(self, value: float | None, digits: int = 0) -> str:
        """Return a ratio in percent."""
        return i18n.percent(value, self.language, digits)

    def day(self, value: date | datetime | str) -> str:
        """Return a calendar day of the site's time zone."""
        return i18n.day(value, self.language, self.zone)

    def time(self, value: datetime | None) -> str:
        """Return day and time of day of the site's time zone."""
        return i18n.moment(value, self.language, self.zone)

    def ago(self, value: datetime) -> str:
        """Return how long before the page's time a moment was."""
        return i18n.ago(value, self.moment, self.language)

    def value(self, figure: Figure) -> str:
        """Return a figure's value without its unit; a dash when it is not known."""
        if figure.value is None:
            return i18n.UNKNOWN
        if isinstance(figure.value, str):
            if figure.unit == "date":
                return self.day(figure.value)
            zone = self.queries.site.zones.get(figure.value)
            return self.text(dict(zone.title)) if zone else self.text(figure.value)
        return self.number(figure.value, figure.unit)

    def value_with_unit(self, figure: Figure) -> str:
        """Return a figure's value with its unit."""
        name = self.unit(figure.unit)
        text = self.value(figure)
        known = figure.value is not None and not isinstance(figure.value, str)
        return _joined(text, name) if known else text

    def zone_title(self, zone: str) -> str:
        """Return a zone's title; the site's own for an empty name."""
        found = self.queries.site.zones.get(zone)
        return self.text(dict(found.title if found else self.queries.site.title))

    def stream_title(self, stream: str) -> str:
        """Return the title of a waste stream; its name when the site has no plan."""
        fill = self.twin.fill if self.twin else None
        for each in fill.streams if fill else []:
            if each.stream == stream:
                return self.text(each.title)
        return stream.replace("_", " ")

    def quantity_title(self, quantity: str) -> str:
        """Return the title of a quantity of any instrument of this site."""
        for kind in self.queries.site.instrument_types.values():
            if quantity in kind.quantities:
                return i18n.translate(dict(kind.quantities[quantity].title), self.language)
        return quantity

    @property
    def separators(self) -> str:
        """Decimal and thousands mark, for plotly."""
        return i18n.SEPARATORS[self.language]


def _joined(number: str, unit: str) -> str:
    """Return a number with its unit; degrees of an angle stand at the number."""
    return number + ("" if unit in ("", "°") else "\u00a0") + unit


def utc(value: datetime) -> str:
    """Return a moment as it stands in addresses and behind local times."""
    return iso(value.replace(microsecond=0))


def _time(text: str | None) -> datetime | None:
    try:
        value = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
