"""The MQTT subscriber: takes what is queued, and acknowledges when it is told to.

Messages come under QoS 1 in a persistent session and are acknowledged by hand, so the broker keeps
what we have not made durable. paho's own loop reads a packet byte by byte with a system call each;
here the socket reads ahead and writes behind, driven by paho's documented outside loop
(`loop_read`, `loop_write`, `loop_misc`).
"""

from __future__ import annotations

import contextlib
import select
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import structlog
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from ingest.errors import ServiceError
from ingest.intake import Arrival

log = structlog.get_logger()

_READ_BYTES = 1 << 18
_KEEPALIVE_S = 30
_CONNECT_TIMEOUT_S = 5
_LONGEST_PAUSE_S = 30.0


class Delivery(NamedTuple):
    """An arrival and the number under which it is acknowledged (0: no need to)."""

    arrival: Arrival
    mid: int


class Address(NamedTuple):
    """Where a broker is, and who we are to it."""

    host: str
    port: int
    secure: bool
    user: str | None
    password: str | None

    def __str__(self) -> str:
        return f"{'mqtts' if self.secure else 'mqtt'}://{self.host}:{self.port}"


def parse_mqtt_url(url: str) -> Address:
    """Return the parts of `mqtt://[user:password@]host[:port]`, or of `mqtts://...`."""
    parts = urlsplit(url)
    secure = parts.scheme == "mqtts"
    return Address(
        parts.hostname or "127.0.0.1",
        parts.port or (8883 if secure else 1883),
        secure,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )


class _BufferedSocket:
    """A non-blocking socket that reads ahead and writes behind."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._in, self._position, self._ended = b"", 0, False
        self._out = bytearray()

    def recv(self, size: int) -> Any:
        if not self.buffered and not self._ended:
            self._in, self._position = self._sock.recv(_READ_BYTES), 0
        start = self._position
        self._position = min(start + size, len(self._in))
        return self._in[start : self._position]

    def refill(self) -> bool:
        """Read ahead if there is anything, the end of the stream included."""
        try:
            self._in, self._position = self._sock.recv(_READ_BYTES), 0
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            self._in, self._position = b"", 0
        self._ended = not self._in
        return True

    def send(self, data: bytes) -> int:
        self._out += data
        return len(data)

    def flush(self) -> None:
        """Send what was written, as far as the socket takes it."""
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            while self._out:
                del self._out[: self._sock.send(self._out)]

    @property
    def buffered(self) -> bool:
        return self._position < len(self._in)

    @property
    def unsent(self) -> bool:
        return bool(self._out)

    def pending(self) -> int:
        return len(self._in) - self._position

    def fileno(self) -> Any:
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        self._sock.setblocking(flag)

    def close(self) -> None:
        self._sock.close()


class _Client(mqtt.Client):
    buffered_socket: _BufferedSocket | None = None

    def _create_socket(self) -> Any:
        self.buffered_socket = _BufferedSocket(super()._create_socket())
        return self.buffered_socket


class Subscriber:
    """One MQTT session that outlives this process.

    Parameters
    ----------
    url
        `mqtt://[user:password@]host[:port]` or `mqtts://...`.
    client_id
        Name of the session at the broker.
    topics
        What to subscribe to.
    left
        What this session may have subscribed to before, and does not any more.
    clean
        Begin without what the broker kept for this session, and end it with the connection.
    wall
        Monotonic clock [s], for pauses between attempts to connect.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        topics: Sequence[str],
        *,
        left: Sequence[str] = (),
        clean: bool = False,
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._session = url, client_id
        self.address = parse_mqtt_url(url)
        self._topics, self._left, self._wall = topics, left, wall
        self._deliveries: list[Delivery] = []
        self._refused: str | None = None
        self._subscribed = self._left_all = False
        self._connection = 0
        self._pause_s, self._next_attempt, self._next_misc = 1.0, 0.0, 0.0
        self._client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean,
            protocol=mqtt.MQTTv311,
            manual_ack=True,
        )
        self._client.connect_timeout = _CONNECT_TIMEOUT_S
        if self.address.user is not None:
            self._client.username_pw_set(self.address.user, self.address.password)
        if self.address.secure:
            self._client.tls_set()
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_unsubscribe = self._on_unsubscribe
        self._client.on_message = self._on_message
        # With this callback set, paho queues what it sends instead of sending it at once.
        self._client.on_socket_register_write = lambda *_: None

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us and our subscription."""
        return self._subscribed and self._client.is_connected()

    @property
    def left_all(self) -> bool:
        """Whether the broker has confirmed that the session is out of all that it is to leave."""
        return self.connected and self._left_all

    @property
    def connection(self) -> int:
        """How many times we have been connected; acknowledgements hold within one of them."""
        return self._connection

    def connect(self, timeout_s: float = 10.0) -> None:
        """Connect for the first time.

        Raises
        ------
        ServiceError
            When there is no broker at the address, or it refuses us.
        """
        deadline = self._wall() + timeout_s
        try:
            self._client.connect(self.address.host, self.address.port, _KEEPALIVE_S)
        except (OSError, ssl.SSLError) as error:
            raise ServiceError(
                f"no MQTT broker at {self.address}: {error}; start one there, or set"
                " POSTMINE_MQTT_URL to where it is"
            ) from error
        while not self.connected:
            if self._refused or self._client.socket() is None or self._wall() > deadline:
                reason = self._refused or "it does not answer"
                raise ServiceError(
                    f"MQTT broker at {self.address} does not take us: {reason}; check the user and"
                    " password in POSTMINE_MQTT_URL"
                )
            self._turn(0.1)

    def take(self, timeout_s: float, most: int = 20_000) -> list[Delivery]:
        """Return all that is queued, at most about `most`; wait up to `timeout_s` for the first.

        A lost connection is made again, with growing pauses, while waiting.
        """
        self._turn(timeout_s, most)
        taken, self._deliveries = self._deliveries, []
        return taken

    def acknowledge(self, deliveries: Sequence[Delivery], connection: int) -> None:
        """Tell the broker that these are durable, together in one write.

        After a new connection the broker sends again what was not acknowledged, under other
        numbers; so acknowledgements of an earlier `connection` are not sent.
        """
        if connection != self._connection or self._client.socket() is None:
            return
        for delivery in deliveries:
            if delivery.mid:
                self._client.ack(delivery.mid, 1)
        self._write()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message at QoS 0; while there is no connection it is let go."""
        if self._client.socket() is not None:
            self._client.publish(topic, payload, qos=0)
            self._write()

    def close(self) -> None:
        """Leave; the session stays at the broker."""
        if self._client.socket() is not None:
            self._client.disconnect()
            self._write()

    def forget(self, timeout_s: float = 10.0) -> None:
        """End the session at the broker; what it still holds is gone."""
        self.close()
        last = Subscriber(self._url, self._session, [], clean=True, wall=self._wall)
        last.connect(timeout_s)
        last.close()

    # -- inside ---------------------------------------------------------------------------------

    def _turn(self, timeout_s: float, most: int = 20_000) -> None:
        """Do what the network asks for, once; wait up to `timeout_s` for it."""
        client = self._client
        if client.socket() is None and not self._reconnect(timeout_s):
            return
        sock = client.buffered_socket
        assert sock is not None
        self._write()
        if not sock.buffered and client.socket() is not None:
            writers = [sock] if sock.unsent else []
            select.select([sock], writers, [], timeout_s)
        while client.socket() is not None and len(self._deliveries) < most:
            client.loop_read()
            if not sock.buffered and not sock.refill():
                break
        self._write()
        now = self._wall()
        if now >= self._next_misc:
            self._next_misc = now + 1.0
            client.loop_misc()
            self._write()

    def _write(self) -> None:
        if self._client.socket() is None:
            return
        if self._client.want_write():
            self._client.loop_write()
        sock = self._client.buffered_socket
        if sock is not None and self._client.socket() is not None:
            try:
                sock.flush()
            except OSError:
                # The reading side notices the loss and reports it.
                log.debug("mqtt_write_failed", broker=str(self.address))

    def _reconnect(self, timeout_s: float) -> bool:
        now = self._wall()
        if now < self._next_attempt:
            time.sleep(min(timeout_s, self._next_attempt - now))
            return False
        try:
            self._client.reconnect()
        except (OSError, ssl.SSLError) as error:
            log.warning(
                "mqtt_unreachable",
                broker=str(self.address),
                error=str(error),
                next_attempt_s=self._pause_s,
            )
            self._next_attempt = self._wall() + self._pause_s
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            return False
        return True

    def _on_connect(
        self, client: mqtt.Client, _data: Any, flags: Any, reason: Any, _properties: Any
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            log.error("mqtt_refused", broker=str(self.address), reason=str(reason))
            return
        # A session that was kept has its subscriptions, and its backlog comes before any answer.
        self._refused, self._subscribed = None, flags.session_present
        self._pause_s = 1.0
        self._connection += 1
        # What came under the connection before will come again.
        self._deliveries.clear()
        if self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        else:
            self._subscribed = True
        # Later than the new ones: between the two nothing goes past us.
        self._left_all = not self._left
        if self._left:
            client.unsubscribe(list(self._left))
        log.info("mqtt_connected", broker=str(self.address), topics=list(self._topics))

    def _on_subscribe(
        self, _client: mqtt.Client, _data: Any, _mid: int, reasons: Any, _properties: Any
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._refused = f"subscription refused: {refused[0]}"
            log.error("mqtt_refused", broker=str(self.address), reason=self._refused)
            return
        self._subscribed = True

    def _on_unsubscribe(self, *_: Any) -> None:
        self._left_all = True

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = repr(message._topic)  # noqa: SLF001  the only way to a topic that is no text
        mid = message.mid if message.qos == 1 else 0
        self._deliveries.append(Delivery(Arrival(topic, bytes(message.payload)), mid))
