"""Write docs/reference.md from the registries: `make docs`.

What is registered is documented; tests/test_docs.py fails while the file is out of date.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import typer
from fastapi.routing import APIRoute
from typer.core import TyperCommand, TyperGroup

from dashboard.cli import app
from ingest.frame_table import load_frames
from ingest.influxdb_init import InfluxAdministrator
from ingest.registry import module_names
from ingest.settings import Settings
from ingest.site import instrument_types, load_site, site_names
from ingest.units import CANONICAL_UNITS
from simulators.scenario import load_scenario, scenario_names

TARGET = Path(__file__).parent / "reference.md"
#: Families of one file each: heading, package, and what to say of them.
FAMILIES = (
    ("Payload dialects", "ingest.decoders", "What gateways send; docs/message.md says more."),
    ("Import formats", "ingest.importers", "Files that `postmine import` reads."),
    ("Calibrations", "ingest.calibrations", "Published methods that reduce raw readings."),
    ("Rules of quality", "ingest.quality_rules", "Each sets the flag of its name."),
    ("Twin models", "twin.models", "Published methods, each named after what it is."),
    (
        "Land-use works",
        "twin.land_use",
        "The practical works of the KuzSTU guide, for `postmine land-use` and the Land page.",
    ),
    ("Indicators", "analytics.indicators", "Each answers one question about the site."),
    ("Risk models", "analytics.risk_models", "Each says how grave things are, and what speaks."),
    ("Processes", "simulators.processes", "What happens in the simulated ground."),
    ("Faults", "simulators.faults", "What goes wrong with a simulated instrument."),
    ("Pages", "dashboard.pages", "Each answers the question of its title."),
)


def reference() -> str:
    """Return the whole document."""
    parts = [
        "# Reference\n\nWritten by `make docs` from what is registered: do not edit by hand.\n",
        _section("Sites", "One folder each, in `ingest/sites/`.", _sites()),
        _section(
            "Instrument types",
            "One file each, in `ingest/instruments/`. The unit is the one on the wire; values are "
            "stored in the canonical unit.",
            _instrument_types(),
        ),
        _section(
            "Canonical units", "What each quantity is stored and computed in.", _canonical_units()
        ),
        *(_section(title, text, _family(package)) for title, package, text in FAMILIES),
        _section(
            "Device frames",
            "Tables in `ingest/frames/` by which frames of LoRaWAN devices are read.",
            _frames(),
        ),
        _section("Scenarios", "One file each, in `simulators/scenarios/`.", _scenarios()),
        _section(
            "Settings",
            "Environment variables. None has a secret as its default.",
            _settings(),
        ),
        _section("Routes", "`/docs` of a running dashboard shows them with examples.", _routes()),
        _section(
            "Commands",
            "`postmine COMMAND --help` says more. A command that yields a result takes `--json`.",
            _commands(),
        ),
    ]
    return "\n".join(parts)


def _section(title: str, text: str, table: str) -> str:
    return f"## {title}\n\n{text}\n\n{table}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    escaped = ([str(cell).replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in escaped)


def _sites() -> str:
    sites = [load_site(name) for name in site_names()]
    rows = [
        [f"`{s.name}`", s.title["en"], str(len(s.instruments)), _sentence(s.source)] for s in sites
    ]
    return _table(["name", "what", "instruments", "source"], rows)


def _instrument_types() -> str:
    rows = []
    for name, kind in instrument_types().items():
        for index, quantity in enumerate(kind.quantities.values()):
            low, high = quantity.valid_range
            rows.append(
                [
                    f"`{name}`" if index == 0 else "",
                    kind.title["en"] if index == 0 else "",
                    _interval(kind.interval_s) if index == 0 else "",
                    f"`{quantity.name}`",
                    quantity.unit,
                    f"{low:g} to {high:g}",
                    f"per {kind.nodes}" if kind.nodes else "",
                ]
            )
    return _table(["type", "what", "every", "quantity", "unit", "valid range", "nodes"], rows)


def _canonical_units() -> str:
    return _table(
        ["quantity", "unit"], [[f"`{name}`", unit] for name, unit in CANONICAL_UNITS.items()]
    )


def _family(package: str) -> str:
    rows = []
    for name in module_names(package):
        module = importlib.import_module(f"{package}.{name}")
        members = [
            value
            for value in vars(module).values()
            if inspect.isclass(value)
            and value.__module__ == module.__name__
            and name in (getattr(value, "name", None), _default(value, "fault"))
        ]
        documented = members[0] if members else module
        rows.append([f"`{name}`", _sentence(inspect.getdoc(documented) or "")])
    return _table(["name", "what"], rows)


def _frames() -> str:
    rows = [
        [
            f"`{name}`",
            frame.title,
            ", ".join(f"`{channel}` [{each.unit}]" for channel, each in frame.channels.items()),
        ]
        for name, frame in load_frames().items()
    ]
    return _table(["name", "what", "channels"], rows)


def _scenarios() -> str:
    rows = []
    for name in scenario_names():
        scenario = load_scenario(name)
        span = f"{scenario.start:%Y-%m-%d} to {scenario.end:%Y-%m-%d}"
        rows.append([f"`{name}`", scenario.title["en"], f"`{scenario.site}`", span])
    return _table(["name", "what", "site", "span"], rows)


def _settings() -> str:
    rows = []
    for model in (Settings, InfluxAdministrator):
        told = _parameters(inspect.getdoc(model) or "")
        prefix = model.model_config["env_prefix"]
        rows += [[f"`{prefix}{name.upper()}`", told[name]] for name in model.model_fields]
    return _table(["variable", "what"], rows)


def _routes() -> str:
    rows = []
    for name in module_names("dashboard.api.routes"):
        router = importlib.import_module(f"dashboard.api.routes.{name}").router
        for route in router.routes:
            if isinstance(route, APIRoute):
                method = ", ".join(sorted(route.methods))
                path = f"{method} /api/v1{route.path}"
                rows.append([f"`{path}`", _sentence(route.description)])
    return _table(["route", "what"], sorted(rows))


def _commands() -> str:
    rows = []
    for words, command in commands(typer.main.get_command(app)):
        options = [
            max(parameter.opts, key=len)
            for parameter in command.params
            if parameter.param_type_name == "option" and not parameter.hidden
        ]
        named = ", ".join(f"`{option}`" for option in options if option != "--help")
        arguments = [
            (parameter.metavar or parameter.name).upper()
            for parameter in command.params
            if parameter.param_type_name == "argument"
        ]
        usage = " ".join(["postmine", *words, *arguments])
        rows.append([f"`{usage}`", _sentence(command.help or ""), named])
    return _table(["command", "what", "options"], rows)


def commands(
    command: TyperCommand | TyperGroup, words: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], TyperCommand | TyperGroup]]:
    """Return every command that can be typed, with its words, in the order of the help."""
    if not isinstance(command, TyperGroup):
        return [(words, command)]
    found = [(words, command)] if command.invoke_without_command else []
    for name, inner in command.commands.items():
        if not inner.hidden:
            found += commands(inner, (*words, name))
    return found


def _parameters(docstring: str) -> dict[str, str]:
    """Return what a numpydoc section "Parameters" says of each name."""
    told: dict[str, str] = {}
    for names, text in re.findall(r"^(\w[\w, ]*)\n((?:    .+\n?)+)", docstring, re.MULTILINE):
        for name in names.split(","):
            told[name.strip()] = " ".join(text.split())
    return told


def _default(model: type, field: str) -> object:
    fields = getattr(model, "model_fields", {})
    return fields[field].default if field in fields else None


def _sentence(text: str) -> str:
    """Return the first paragraph on one line, without marks of a citation."""
    first = " ".join(text.strip().split("\n\n")[0].split())
    return re.sub(r" ?\[\d+\]_", "", first)


def _interval(seconds: float | None) -> str:
    if seconds is None:
        return "event"
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
