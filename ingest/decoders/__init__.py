"""One payload dialect per file; `ingest.decoder` is the base class."""
