"""What a site is: its zones, its instruments, their types and their dated thresholds.

One site is one folder; `site.yaml` in it is read here. Instrument types are YAML files in
`ingest/instruments/`, and a site may add its own under `instrument_types:`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from ingest.calibration import Calibration, parse_calibration
from ingest.errors import ConfigurationError
from ingest.quality import Flag, QualityConfiguration, QualityRule, rules_of
from ingest.sentence import Sentence
from ingest.units import CANONICAL_UNITS, Conversion, conversion
from ingest.yaml_file import Configured, line_of, read_yaml

SITES = Path(__file__).parent / "sites"
INSTRUMENT_TYPES = Path(__file__).parent / "instruments"

#: Names on the wire: kebab-case; names of types and quantities: snake_case.
WireName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
KeyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=64)]
Titles = dict[Literal["en", "ru"], str]
Level = Literal["advisory", "warning", "alarm"]


class Quantity(Configured):
    """One quantity of an instrument type.

    Parameters
    ----------
    unit
        Unit on the wire; stored values are in `canonical_unit`.
    valid_range
        Lowest and highest value that the instrument can report, in `unit`; a reading outside is
        stored and flagged `out_of_range`.
    supporting
        What results are calculated or judged from (frequency, resistance, battery), not a result;
        it is shown for the instruments that send it.
    """

    title: Titles
    unit: str
    valid_range: tuple[float, float]
    supporting: bool = False
    name: str = ""

    @property
    def canonical_unit(self) -> str:
        """Unit of the stored values."""
        return CANONICAL_UNITS.get(self.name, self.unit)

    @cached_property
    def conversion(self) -> Conversion:
        """From the wire's unit to the canonical one."""
        return conversion(self.unit, self.canonical_unit)

    @cached_property
    def canonical_range(self) -> tuple[float, float]:
        """`valid_range` in the canonical unit."""
        low, high = (self.conversion.scale * v + self.conversion.offset for v in self.valid_range)
        return low, high

    @model_validator(mode="after")
    def _check(self) -> Quantity:
        if not self.valid_range[0] < self.valid_range[1]:
            raise ValueError("valid_range: the first number must be below the second")
        return self


class InstrumentType(Configured):
    """What instruments of one kind measure and how often.

    Parameters
    ----------
    source
        Standard or data sheet that the numbers come from.
    interval_s
        Usual time between readings [s]; None for instruments that report events (a weighbridge).
    stale_after_s, unavailable_after_s
        Silence after which the last value is stale, and then unavailable [s].
    nodes
        Whether one instrument has several measuring points: what a node is ("depth" [m] or
        "stream"), or None.
    quality
        Rules of quality per quantity; a site or an instrument may say otherwise.
    """

    title: Titles
    source: Sentence
    quantities: dict[KeyName, Quantity]
    interval_s: float | None = Field(default=None, gt=0)
    stale_after_s: float = Field(gt=0)
    unavailable_after_s: float = Field(gt=0)
    nodes: Literal["depth", "stream"] | None = None
    quality: QualityConfiguration = Field(default_factory=dict)
    name: str = ""

    @property
    def results(self) -> list[str]:
        """Names of the quantities that are not supporting ones."""
        return [name for name, quantity in self.quantities.items() if not quantity.supporting]

    @model_validator(mode="before")
    @classmethod
    def _name_quantities(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("quantities"), dict):
            named = {
                name: {**body, "name": name} if isinstance(body, dict) else body
                for name, body in data["quantities"].items()
            }
            data = {**data, "quantities": named}
        return data

    @model_validator(mode="after")
    def _check(self) -> InstrumentType:
        if not self.quantities:
            raise ValueError("quantities: at least one")
        if self.unavailable_after_s < self.stale_after_s:
            raise ValueError("unavailable_after_s must not be below stale_after_s")
        for quantity in self.quantities.values():
            try:
                _ = quantity.conversion
            except ConfigurationError as error:
                raise ValueError(f"quantities.{quantity.name}.unit: {error}") from error
        return self


class Zone(Configured):
    """A part of the site.

    Parameters
    ----------
    kind
        "backfill" is the crater as a whole, "tier" one of its tiers.
    outline
        Corners in the site's local grid, x east and y north [m]; empty for a zone without area.
    base_m, crest_m
        Levels of a tier's toe and crest [m above sea].
    """

    title: Titles
    kind: Literal["backfill", "tier", "rim", "drainage", "weather", "logistics", "area"]
    outline: tuple[tuple[float, float], ...] = ()
    base_m: float | None = None
    crest_m: float | None = None


class Threshold(Configured):
    """A limit of one quantity, in force from a date, in the canonical unit.

    Parameters
    ----------
    since
        First day on which it holds (UTC).
    above, below
        The limit; exactly one of the two.
    source
        Where the limit comes from.
    """

    quantity: KeyName
    level: Level
    since: date
    above: float | None = None
    below: float | None = None
    source: Sentence

    @property
    def start(self) -> datetime:
        """The first moment at which it holds."""
        return datetime.combine(self.since, time(), UTC)

    @model_validator(mode="after")
    def _check(self) -> Threshold:
        if (self.above is None) == (self.below is None):
            raise ValueError("exactly one of above and below")
        return self


class Instrument(Configured):
    """One instrument in the ground.

    Parameters
    ----------
    x_m, y_m
        Position in the site's local grid, east and north [m].
    z_m
        Level of the measuring point [m above sea].
    nodes
        Depths of the nodes below the collar [m], or names of the streams.
    calibrations
        How results are calculated from what it sends, each in force from its date.
    quality
        Rules of quality per quantity; they replace the type's and the site's of the same name,
        and null switches a rule off.
    """

    type: KeyName
    zone: str
    x_m: float = 0.0
    y_m: float = 0.0
    z_m: float | None = None
    nodes: tuple[float | str, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    calibrations: tuple[Calibration, ...] = ()
    quality: QualityConfiguration = Field(default_factory=dict)
    note: Sentence = ""
    name: str = ""

    @field_validator("calibrations", mode="before")
    @classmethod
    def _known_methods(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return tuple(parse_calibration(block) for block in value)

    @property
    def node_count(self) -> int:
        """How many values one reading holds."""
        return len(self.nodes) or 1


class Demonstration(Configured):
    """What `postmine demo` plays for this site: a scenario's name, or a recording beside it.

    Parameters
    ----------
    speed
        Seconds of the site in a second of ours [1].
    lead_d
        Days at the start that are played as fast as possible, so that the first look shows a run
        that is under way [d].
    state_every_s
        Time between two states of the twin [s]; None: the site's own.
    """

    scenario: str | None = None
    recording: str | None = None
    speed: float = Field(default=50_000, gt=0)
    lead_d: float = Field(default=0, ge=0)
    state_every_s: float | None = Field(default=None, gt=0)


class Gateway(Configured):
    """Who sends to our broker in a dialect of its own, and on which topics.

    Parameters
    ----------
    dialect
        A file of `ingest/decoders/`.
    topics
        Topic filters to listen to; none: the dialect's usual ones.
    device
        The device that speaks on these topics, where neither topic nor payload names it.
    instruments
        Of our own dialect: the instruments that it may speak for; none: all of the site
        (`postmine broker-config`).
    """

    dialect: KeyName = "postmine_v1"
    topics: tuple[str, ...] = ()
    device: str | None = None
    instruments: tuple[str, ...] = ()


class Channel(Configured):
    """What one of a device's channels measures.

    Parameters
    ----------
    quantity
        A quantity of the instrument's type.
    unit
        The channel's unit; None: the one that the dialect tells, else the instrument type's.
    instrument
        Where a logger feeds several instruments: which one. None: the device's.
    node
        Where the instrument has nodes: which one, as its `nodes` name it.
    """

    quantity: KeyName
    unit: str | None = None
    instrument: str | None = None
    node: float | str | None = None


class Device(Configured):
    """A device of the field, as its gateway names it, and what its channels measure.

    Parameters
    ----------
    id
        The device's name in its dialect: a DevEUI, a SenML base name, a Sparkplug
        `group/edge/device`.
    dialect
        A file of `ingest/decoders/`.
    instrument
        Which instrument it feeds.
    frame
        For LoRaWAN: the table in `ingest/frames/` that its frames are read by. None: the network
        server decodes them.
    time_zone
        In which its times are that say no zone; None: such times are refused.
    channels
        Its channels by their own names.
    ignore
        Channels that are not stored; "*": all that `channels` does not name.
    """

    id: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    dialect: KeyName = "postmine_v1"
    instrument: str
    frame: KeyName | None = None
    time_zone: str | None = None
    channels: dict[str, Channel] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return value if value is None else _time_zone(value)

    def instrument_of(self, channel: Channel) -> str:
        """Return the name of the instrument that a channel feeds."""
        return channel.instrument or self.instrument


class ImportRule(Configured):
    """Which map reads which files (`postmine import`, and the watched folder).

    Parameters
    ----------
    match
        Names of files, such as "pz_*.dat"; the first rule that matches holds.
    map
        Path of the map in the site's folder.
    """

    match: str = Field(min_length=1)
    map: str = Field(min_length=1)


class Site(Configured):
    """One site: what `site.yaml` says.

    Parameters
    ----------
    assumptions
        What the source does not say and was assumed, for people to read.
    future_tolerance_s
        How far a reading's time may lie ahead of ours before it is refused [s].
    state_every_s
        Time between two states of the twin [s].
    untrusted_flags
        Flags that keep a value out of the twin and the analysis.
    quality
        Rules of quality per instrument type and quantity, in place of the type's own.
    imports
        How files are read, by their names; with it, `postmine run` watches a folder for them.
    """

    name: WireName
    title: Titles
    time_zone: str
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    source: Sentence
    assumptions: tuple[Titles, ...] = ()
    future_tolerance_s: float = Field(default=300, ge=0)
    state_every_s: float = Field(default=3600, gt=0)
    untrusted_flags: tuple[Flag, ...] = ("out_of_range", "spike", "stuck", "rejected")
    quality: dict[KeyName, QualityConfiguration] = Field(default_factory=dict)
    zones: dict[KeyName, Zone]
    instrument_types: dict[KeyName, InstrumentType] = Field(default_factory=dict)
    instruments: dict[WireName, Instrument]
    gateways: dict[WireName, Gateway] = Field(default_factory=dict)
    devices: tuple[Device, ...] = ()
    demo: Demonstration = Demonstration()
    imports: tuple[ImportRule, ...] = ()
    folder: Path = Path()

    @model_validator(mode="before")
    @classmethod
    def _name_instruments(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict):
            return data
        types = dict(info.context["types"]) if info.context else {}
        own = data.get("instrument_types") or {}
        if isinstance(own, dict):
            types |= {
                name: {**body, "name": name} if isinstance(body, dict) else body
                for name, body in own.items()
            }
        named = data.get("instruments")
        if isinstance(named, dict):
            named = {
                name: {**body, "name": name} if isinstance(body, dict) else body
                for name, body in named.items()
            }
        folder = info.context["folder"] if info.context else Path()
        return {**data, "instrument_types": types, "instruments": named, "folder": folder}

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return _time_zone(value)

    def __iter__(self) -> Iterator[Instrument]:  # type: ignore[override]
        return iter(self.instruments.values())

    def senders_of(self, instrument: str) -> tuple[str, ...]:
        """Return who speaks for an instrument: itself, its devices, the gateway before it."""
        devices = [
            device.id
            for device in self.devices
            if instrument
            in {device.instrument, *map(device.instrument_of, device.channels.values())}
        ]
        behind = [
            name for name, gateway in self.gateways.items() if instrument in gateway.instruments
        ]
        return tuple(dict.fromkeys([instrument, *devices, *behind]))

    def instruments_of(self, sender: str) -> list[str]:
        """Return the instruments for which a sender speaks."""
        return [name for name in self.instruments if sender in self.senders_of(name)]

    def type_of(self, instrument: str) -> InstrumentType:
        """Return the type of an instrument of this site."""
        return self.instrument_types[self.instruments[instrument].type]

    def rules(self, instrument: str) -> dict[str, tuple[QualityRule, ...]]:
        """Return the rules of quality of an instrument: per quantity, by the rules' names."""
        here = self.instruments[instrument]
        kind = self.instrument_types[here.type]
        return rules_of(kind.quality, self.quality.get(here.type, {}), here.quality)

    def of_type(self, *types: str) -> list[Instrument]:
        """Return the instruments of the types, in the file's order."""
        return [instrument for instrument in self if instrument.type in types]

    def with_quantity(self, quantity: str) -> list[Instrument]:
        """Return the instruments that measure a quantity, in the file's order."""
        return [
            instrument
            for instrument in self
            if quantity in self.instrument_types[instrument.type].quantities
        ]

    def of_zone_kind(self, kind: str) -> list[str]:
        """Return the names of the zones of a kind, in the file's order."""
        return [name for name, zone in self.zones.items() if zone.kind == kind]


def _time_zone(value: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("a time zone such as Asia/Krasnoyarsk or UTC") from error
    return value


def site_names() -> list[str]:
    """Return the names of the sites that come with the package."""
    return sorted(path.parent.name for path in SITES.glob("*/site.yaml"))


def load_site(site: str | Path) -> Site:
    """Return a site by its name, or by the path of its folder or of its `site.yaml`.

    Raises
    ------
    ConfigurationError
        When there is no such site, or its file is wrong.
    """
    text = str(site)
    folder = SITES / text if text in site_names() else Path(text)
    if folder.name == "site.yaml":
        folder = folder.parent
    path = folder / "site.yaml"
    if not path.is_file():
        raise ConfigurationError(
            "site",
            value=text,
            legal=", ".join(site_names()),
            cure="or give the path of a folder that holds a site.yaml",
        )
    types = instrument_types()
    loaded = read_yaml(path, Site, {"types": types, "folder": folder.resolve()})
    _check_references(loaded, path)
    return loaded


def instrument_types() -> dict[str, InstrumentType]:
    """Return the instrument types that come with the package, by name."""
    return {
        path.stem: read_yaml(path, InstrumentType).model_copy(update={"name": path.stem})
        for path in sorted(INSTRUMENT_TYPES.glob("*.yaml"))
    }


def _check_references(site: Site, path: Path) -> None:
    """Check what one key of the file says of another."""
    _check_instruments(site, path)
    if site.gateways or site.devices:
        _check_devices(site, path)


def _check_devices(site: Site, path: Path) -> None:
    from ingest.decoder import decoders
    from ingest.frame_table import load_frames

    family = decoders()

    def wrong(value: object, legal: str, *location: str | int) -> ConfigurationError:
        from ruamel.yaml import YAML

        content = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
        return ConfigurationError(
            f"key {'.'.join(map(str, location))}",
            value=value,
            legal=legal,
            file=path,
            line=line_of(content, location),
        )

    for name, gateway in site.gateways.items():
        if gateway.dialect not in family:
            raise wrong(gateway.dialect, ", ".join(family), "gateways", name, "dialect")
        for index, instrument in enumerate(gateway.instruments):
            if instrument not in site.instruments:
                legal = ", ".join(site.instruments)
                raise wrong(instrument, legal, "gateways", name, "instruments", index)
    seen: set[tuple[str, str]] = set()
    for index, device in enumerate(site.devices):
        at = ("devices", index)
        if device.dialect not in family:
            raise wrong(device.dialect, ", ".join(family), *at, "dialect")
        dialect = family[device.dialect]
        identity = (device.dialect, dialect.normal_id(device.id))
        if identity in seen:
            raise wrong(device.id, "each device once", *at, "id")
        seen.add(identity)
        if device.instrument not in site.instruments:
            raise wrong(device.instrument, ", ".join(site.instruments), *at, "instrument")
        if device.frame is not None:
            if not dialect.carries_frames:
                raise wrong(device.frame, f"no frame for {device.dialect}", *at, "frame")
            frames = load_frames()
            if device.frame not in frames:
                raise wrong(device.frame, ", ".join(frames), *at, "frame")
            known = frames[device.frame].channels
            for name in device.channels:
                if name not in known:
                    raise wrong(name, ", ".join(known), *at, "channels", name)
        for name, channel in device.channels.items():
            _check_channel(site, device, name, channel, at, wrong)


def _check_channel(
    site: Site,
    device: Device,
    name: str,
    channel: Channel,
    at: tuple[str | int, ...],
    wrong: Callable[..., ConfigurationError],
) -> None:
    location = (*at, "channels", name)
    target = device.instrument_of(channel)
    if target not in site.instruments:
        raise wrong(target, ", ".join(site.instruments), *location, "instrument")
    quantities = site.type_of(target).quantities
    if channel.quantity not in quantities:
        raise wrong(channel.quantity, ", ".join(quantities), *location, "quantity")
    nodes = site.instruments[target].nodes
    if nodes and channel.node not in nodes:
        raise wrong(channel.node, ", ".join(map(str, nodes)), *location, "node")
    if not nodes and channel.node is not None:
        raise wrong(channel.node, f"no node: {target} has none", *location, "node")
    if channel.unit is not None:
        unit = quantities[channel.quantity].unit
        try:
            conversion(channel.unit, unit)
        except ConfigurationError as error:
            raise wrong(
                channel.unit, f"a unit that converts to {unit}", *location, "unit"
            ) from error


def _check_instruments(site: Site, path: Path) -> None:
    for name, instrument in site.instruments.items():

        def wrong(
            key: str, value: object, legal: str, *deeper: str | int, name: str = name
        ) -> ConfigurationError:
            from ruamel.yaml import YAML

            location = ["instruments", name, *key.split("."), *deeper]
            content = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
            return ConfigurationError(
                f"key {'.'.join(map(str, location))}",
                value=value,
                legal=legal,
                file=path,
                line=line_of(content, location),
            )

        if instrument.zone not in site.zones:
            raise wrong("zone", instrument.zone, ", ".join(site.zones))
        if instrument.type not in site.instrument_types:
            raise wrong("type", instrument.type, ", ".join(site.instrument_types))
        kind = site.instrument_types[instrument.type]
        if kind.nodes and not instrument.nodes:
            raise wrong("nodes", None, f"a list with the {kind.nodes} of each node")
        if instrument.nodes and not kind.nodes:
            raise wrong("nodes", list(instrument.nodes), f"no nodes for a {instrument.type}")
        wanted = str if kind.nodes == "stream" else float
        for node in instrument.nodes:
            if not isinstance(node, wanted):
                raise wrong("nodes", node, f"a {kind.nodes} per node")
        if len(set(instrument.nodes)) != len(instrument.nodes):
            raise wrong("nodes", list(instrument.nodes), "each node once")
        for index, calibration in enumerate(instrument.calibrations):
            for quantity in (calibration.quantity, *calibration.inputs):
                if quantity not in kind.quantities:
                    raise wrong("calibrations", quantity, ", ".join(kind.quantities), index)
            barometers = [
                each.name
                for each in site.with_quantity("atmospheric_pressure")
                if not any(one.barometer for one in each.calibrations) and each.name != name
            ]
            if calibration.barometer and calibration.barometer not in barometers:
                raise wrong("calibrations", calibration.barometer, ", ".join(barometers), index)
            try:
                calibration.check_nodes(instrument.node_count)
            except ValueError as error:
                raise wrong("calibrations", calibration.method, str(error), index) from error
        try:
            rules = site.rules(name)
        except ValueError as error:
            raise wrong("quality", instrument.quality, str(error)) from error
        for quantity, found in rules.items():
            if quantity not in kind.quantities:
                raise wrong("quality", quantity, ", ".join(kind.quantities))
            for rule in found:
                for needed in rule.quantities:
                    if needed not in kind.quantities:
                        raise wrong("quality", needed, ", ".join(kind.quantities), quantity)
                if rule.partner and (
                    rule.partner not in site.instruments
                    or rule.partner == name
                    or quantity not in site.type_of(rule.partner).quantities
                ):
                    others = [each.name for each in site.with_quantity(quantity)]
                    raise wrong("quality", rule.partner, ", ".join(others), quantity)
        for index, threshold in enumerate(instrument.thresholds):
            if threshold.quantity not in kind.quantities:
                raise wrong(
                    "thresholds", threshold.quantity, ", ".join(kind.quantities), index, "quantity"
                )
