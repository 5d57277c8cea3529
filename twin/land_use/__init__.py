"""Land use: the six practical works of the KuzSTU guide, one file each, with its variants.

The guide is that of Kuzbass State Technical University. A formula whose image is lost in the text
that we have is marked "restored" where it stands, with how it was rebuilt.
"""

from __future__ import annotations

import csv
import importlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field, create_model

from ingest.errors import ConfigurationError
from ingest.registry import module_names
from ingest.sentence import Sentence
from ingest.site import Site
from ingest.yaml_file import Configured, read_yaml
from twin.land_use import territory
from twin.land_use._work import (
    SOURCE,
    Input,
    InputsRefused,
    Refusal,
    Result,
    Values,
    Work,
)

__all__ = [
    "SOURCE",
    "Input",
    "InputsRefused",
    "Recorded",
    "Refusal",
    "Result",
    "Values",
    "Work",
    "load_land_use",
    "recorded_inputs",
    "variants",
    "works",
]

_VARIANTS = Path(__file__).parent / "variants"


@cache
def works() -> dict[str, Work]:
    """Return the works by name, in the guide's order."""
    found = {
        name: importlib.import_module(f"twin.land_use.{name}").WORK
        for name in module_names("twin.land_use")
    }
    return dict(sorted(found.items(), key=lambda each: each[1].number))


@cache
def variants(work: str) -> dict[int, dict[str, float]]:
    """Return the guide's variants of a work: inputs by name, by the variant's number.

    A variant may hold values that the work refuses: the guide has misprints.
    """
    text = (_VARIANTS / f"{work}.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {
        int(row.pop("variant")): {name: float(value) for name, value in row.items()}
        for row in csv.DictReader(lines)
    }


@cache
def _file_model() -> type[Configured]:
    """Return the model of `land_use.yaml`: a key per work, in it a key per input.

    Work 3 has a file of its own, `territory.yaml`.
    """
    sections: dict[str, Any] = {}
    for name, work in works().items():
        if name == "territory":
            continue
        fields: dict[str, Any] = {
            each.name: (
                float | None,
                Field(default=None, ge=each.low, le=each.high, gt=each.above, lt=each.below),
            )
            for each in work.inputs
        }
        section = create_model(f"{name}_inputs", __base__=Configured, **fields)
        sections[name] = (section, section())
    return create_model("LandUseFile", __base__=Configured, source=(Sentence, ...), **sections)


def load_land_use(site: Site) -> Configured | None:
    """Return `land_use.yaml`, None when the site has recorded nothing.

    Raises
    ------
    ConfigurationError
        When a work or an input is unknown, or a value lies outside its legal values.
    """
    path = site.folder / "land_use.yaml"
    return read_yaml(path, _file_model()) if path.is_file() else None


class Recorded(NamedTuple):
    """What a site has recorded of a work: inputs by name, and where they stand."""

    values: dict[str, float]
    source: str


def recorded_inputs(site: Site) -> dict[str, Recorded]:
    """Return what a site has recorded of each work.

    Raises
    ------
    ConfigurationError
        When a file does not fit, or its inputs contradict each other.
    """
    found = {name: Recorded({}, "") for name in works()}
    file = load_land_use(site)
    if file is not None:
        content = file.model_dump(exclude_none=True)
        source = content.pop("source")
        found |= {name: Recorded(values, source) for name, values in content.items() if values}
    kept = territory.load_territory(site)
    if kept is not None:
        found["territory"] = Recorded(territory.flat(kept), kept.source)
    for name, recorded in found.items():
        _check(site, name, recorded)
    return found


def _check(site: Site, name: str, recorded: Recorded) -> None:
    """Refuse inputs that contradict; that some are not recorded is no error."""
    work = works()[name]
    if not recorded.values or (work.missing(recorded.values) and not work.partial):
        return
    try:
        work.results(recorded.values)
    except InputsRefused as error:
        first = error.refusals[0]
        section = "" if name == "territory" else f"{name}."
        raise ConfigurationError(
            f"key {section}{first.name}",
            value=first.value,
            legal=str(first.legal),
            file=site.folder / ("territory.yaml" if name == "territory" else "land_use.yaml"),
        ) from error
