from __future__ import annotations

from pathlib import Path

from ingest.errors import ServiceError
from ingest.heartbeat import Heartbeat, read_beat
from ingest.text import Reason, Text


def test_a_sign_of_life_tells_a_service_error_made_of_a_translatable_sentence(
    tmp_path: Path,
) -> None:
    error = ServiceError(Reason(Text("{name} does not answer", {"name": "InfluxDB"})))
    Heartbeat(tmp_path, "forward").beat(ok=False, detail=str(error))
    beat = read_beat(tmp_path, "forward")
    assert beat is not None
    assert beat.detail == "InfluxDB does not answer"
