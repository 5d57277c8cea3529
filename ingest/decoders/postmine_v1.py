"""Our own contract: `postmine/v1/{site}/{instrument}/readings`, described in docs/message.md."""

from __future__ import annotations

import msgspec

from ingest.decoder import Decoded, Decoder, Heard, Sent
from ingest.message import (
    NAIVE_TIME,
    SUBSCRIPTION,
    MessageError,
    decode_clock,
    decode_messages,
    decode_status,
    parse_topic,
)
from ingest.store import SenderStatus


class PostmineV1(Decoder):
    """Our own contract, JSON: a device is an instrument and its channels are its quantities."""

    name = "postmine_v1"
    topics = (SUBSCRIPTION,)

    def decode(self, sent: Sent) -> Decoded:
        """Return readings, a status or the clock of a replay."""
        site, sender, kind = parse_topic(sent.topic)
        if site != self.site.name:
            raise MessageError(f"site {site!r}; legal: {self.site.name}")
        if kind == "readings":
            messages, wrong = decode_messages(sent.payload)
            return Decoded(
                [Heard(sender, message) for message in messages],
                [f"part {index}: {reason}" for index, reason in wrong],
            )
        if kind == "status":
            status = decode_status(sent.payload)
            if status.time is not None and status.time.tzinfo is None:
                raise MessageError(NAIVE_TIME.format(time=status.time.isoformat()))
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
