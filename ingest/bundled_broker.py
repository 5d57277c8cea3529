"""The bundled broker as a process of its own: `python -m ingest.bundled_broker PORT`.

It keeps sessions in memory only; a real site runs mosquitto.
"""

from __future__ import annotations

import sys

from iotcore import IotCoreBroker

from ingest.intake import LARGEST_PAYLOAD


def main() -> None:
    """Run the broker on loopback until it is ended."""
    IotCoreBroker(
        listen="127.0.0.1",
        port=int(sys.argv[1]),
        # Room for a payload that ingest refuses, so that it becomes a dead letter.
        max_payload_size=4 * LARGEST_PAYLOAD,
        max_inflight_count=1000,
    ).run_forever()


if __name__ == "__main__":
    main()
