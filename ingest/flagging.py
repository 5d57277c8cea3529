"""What an engineer may say of flags: checked here for the command line and the API alike."""

from __future__ import annotations

from ingest.errors import ConfigurationError
from ingest.quality import FLAGS
from ingest.site import Site
from ingest.store import Store
from ingest.store.ground import FlagEntry


def write_flag(site: Site, store: Store, entry: FlagEntry) -> FlagEntry:
    """Keep an engineer's word on a flag and apply it; return it as it was kept.

    Raises
    ------
    ConfigurationError
        When a name is not known, the stretch is empty, or author or reason is missing.
    """
    if entry.instrument not in site.instruments:
        raise ConfigurationError(
            "instrument", value=entry.instrument, legal=", ".join(site.instruments)
        )
    quantities = site.type_of(entry.instrument).quantities
    if entry.quantity not in quantities:
        raise ConfigurationError("quantity", value=entry.quantity, legal=", ".join(quantities))
    count = site.instruments[entry.instrument].node_count
    if entry.node is not None and not 0 <= entry.node < count:
        raise ConfigurationError("node", value=entry.node, legal=f"0 to {count - 1}")
    if entry.flag not in FLAGS:
        raise ConfigurationError("flag", value=entry.flag, legal=", ".join(FLAGS))
    if entry.start is not None and entry.end is not None and entry.start >= entry.end:
        raise ConfigurationError("to", value=entry.end, legal="a time behind `from`")
    for name, text in (("author", entry.author), ("reason", entry.reason)):
        if not text.strip():
            raise ConfigurationError(name, value=text, legal="some words")
    store.write_flag(entry)
    return store.flag_journal(limit=1)[0]
