"""What `what_if.yaml` says of a site: drains that could be built, and unit costs."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field

from ingest.errors import ConfigurationError
from ingest.sentence import Sentence
from ingest.site import KeyName, Site
from ingest.yaml_file import Configured, read_yaml
from twin.plan import Plan

FILE = "what_if.yaml"


class Drains(Configured):
    """Drains that the site does not have yet.

    Parameters
    ----------
    lowered_m
        How far they would lower the water table [m].
    """

    lowered_m: float = Field(gt=0, le=60)
    source: Sentence


class Costs(Configured):
    """Unit costs.

    Parameters
    ----------
    placing_per_t
        Of loading, dumping and levelling a tonne.
    haul_per_t_km
        Of hauling a tonne a kilometre; for the streams that the fleet hauls.
    streams_per_t
        Of a tonne of streams that cost something else, all in all.
    drains
        Of building the drains.
    """

    currency: str = Field(min_length=1)
    placing_per_t: float = Field(ge=0)
    haul_per_t_km: float = Field(ge=0)
    streams_per_t: dict[KeyName, float] = Field(default_factory=dict)
    drains: float | None = Field(default=None, ge=0)
    source: Sentence


class WhatIfFile(Configured):
    """What `what_if.yaml` says; each part may be missing."""

    source: Sentence
    drains: Drains | None = None
    costs: Costs | None = None


def load_what_if(site: Site, plan: Plan | None) -> WhatIfFile | None:
    """Return what `what_if.yaml` says, None for a site without one.

    Raises
    ------
    ConfigurationError
        When it is wrong, or names a stream that the plan does not have.
    """
    path = site.folder / FILE
    if not path.is_file():
        return None
    file = _read(path, path.stat().st_mtime_ns)
    streams = plan.stream_names if plan else []
    for name in file.costs.streams_per_t if file.costs else ():
        if name not in streams:
            raise ConfigurationError(
                f"key costs.streams_per_t.{name}", value=name, legal=", ".join(streams), file=path
            )
    return file


@lru_cache(maxsize=8)
def _read(path: Path, _stamp: int) -> WhatIfFile:
    return read_yaml(path, WhatIfFile)
