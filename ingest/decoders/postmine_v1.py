"""Our own contract: `postmine/v1/{site}/{instrument}/readings`, described in docs/message.md."""

from __future__ import annotations

import msgspec

from ingest.decoder import Decoded, Decoder, Heard, Sent
from ingest.message import (
    SUBSCRIPTION,
    Message,
    MessageError,
    Topic,
    decode_clock,
    decode_messages,
    decode_status,
    naive_time,
    parse_topic,
)
from ingest.store import SenderStatus
from ingest.text import Reason, Text


class PostmineV1(Decoder):
    """Our own contract, JSON: a device is an instrument and its channels are its quantities."""

    name = "postmine_v1"
    topics = (SUBSCRIPTION,)

    def readings(self, topic: str, payload: bytes) -> tuple[str, list[Message], list[str]] | None:
        """Return instrument, messages and refusals; None for what is no readings.

        Most of all messages take this way, which makes nothing else on it.
        """
        _, sender, kind = self._topic(topic)
        if kind != "readings":
            return None
        messages, wrong = decode_messages(payload)
        return sender, messages, [f"part {index}: {reason}" for index, reason in wrong]

    def decode(self, sent: Sent) -> Decoded:
        """Return readings, a status or the clock of a replay."""
        found = self.readings(sent.topic, sent.payload)
        if found is not None:
            instrument, messages, refusals = found
            return Decoded([Heard(instrument, message) for message in messages], refusals)
        _, sender, kind = self._topic(sent.topic)
        if kind == "status":
            status = decode_status(sent.payload)
            if status.time is not None and status.time.tzinfo is None:
                raise MessageError(naive_time(status.time))
            return Decoded(
                statuses=[
                    SenderStatus(
                        sender=sender,
                        state=status.state,
                        received=sent.received,
                        document=msgspec.json.encode(status),
                    )
                ]
            )
        return Decoded(run_time=decode_clock(sent.payload))

    def _topic(self, topic: str) -> Topic:
        said = parse_topic(topic)
        if said.site != self.site.name:
            raise MessageError(
                Reason(
                    Text(
                        "site {given}; legal: {site}",
                        {"given": repr(said.site), "site": self.site.name},
                    )
                )
            )
        return said
