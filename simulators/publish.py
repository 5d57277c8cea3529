"""The one place that speaks MQTT on the sending side: QoS 1, bounded in flight."""

from __future__ import annotations

import threading
from types import TracebackType
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from ingest.errors import ServiceError
from ingest.message import status_topic

#: Messages that the broker has not acknowledged yet.
IN_FLIGHT = 1000

#: Silence of the broker after which we give up [s].
PATIENCE_S = 30.0


class Publisher:
    """Publishes to a broker; a context manager.

    With a site it has a status of its own: `online` when it is connected, `offline` when it has
    left or died (last will), both retained.

    Parameters
    ----------
    mqtt_url
        `mqtt://[user:password@]host[:port]` or `mqtts://...`.
    client_id
        Name of this client at the broker.
    site
        Site for the status topic `postmine/v1/{site}/{client_id}/status`; None: no status.
    """

    def __init__(self, mqtt_url: str, client_id: str, *, site: str | None = None) -> None:
        url = urlsplit(mqtt_url)
        secure = url.scheme == "mqtts"
        self._host = url.hostname or "127.0.0.1"
        self._port = url.port or (8883 if secure else 1883)
        self._status = status_topic(site, client_id) if site else None
        self._changed = threading.Condition()
        self._sent = self._acknowledged = 0
        self._answer: ReasonCode | None = None
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv311
        )
        client.max_inflight_messages_set(IN_FLIGHT)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        if url.username:
            client.username_pw_set(unquote(url.username), unquote(url.password or ""))
        if secure:
            client.tls_set()
        if self._status:
            client.will_set(self._status, b'{"state":"offline"}', qos=1, retain=True)

    def __enter__(self) -> Publisher:
        try:
            self._client.connect(self._host, self._port, keepalive=30)
        except (OSError, ValueError) as error:
            raise ServiceError(
                f"no MQTT broker answers at {self._host}:{self._port} ({error}); "
                "start one, or set POSTMINE_MQTT_URL"
            ) from error
        self._client.loop_start()
        with self._changed:
            self._changed.wait_for(lambda: self._answer is not None, timeout=10)
            answer = self._answer
        if answer is None or answer.is_failure:
            self._client.loop_stop()
            raise ServiceError(
                f"the MQTT broker at {self._host}:{self._port} refuses us: "
                f"{answer or 'no answer'}; check the user and password in POSTMINE_MQTT_URL"
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.flush()
            if self._status and self._client.is_connected():
                self._send(self._status, b'{"state":"offline"}', retain=True).wait_for_publish(5)
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Hand a message to the broker; waits while too many are not acknowledged.

        Raises
        ------
        ServiceError
            When the broker has acknowledged nothing for a while.
        """
        self._wait_below(IN_FLIGHT)
        self._send(topic, payload, retain)

    def flush(self) -> None:
        """Wait until the broker has acknowledged everything.

        Raises
        ------
        ServiceError
            When it has acknowledged nothing for a while.
        """
        self._wait_below(1)

    def _send(self, topic: str, payload: bytes, retain: bool) -> mqtt.MQTTMessageInfo:
        # Counted before, and sent without our lock: paho calls `_on_publish` under a lock of its
        # own, which `publish` takes too.
        with self._changed:
            self._sent += 1
        return self._client.publish(topic, payload, qos=1, retain=retain)

    def _wait_below(self, limit: int) -> None:
        with self._changed:
            while self._sent - self._acknowledged >= limit:
                before = self._acknowledged
                if not self._changed.wait(PATIENCE_S) and self._acknowledged == before:
                    raise ServiceError(
                        f"the MQTT broker at {self._host}:{self._port} has acknowledged nothing "
                        f"for {PATIENCE_S:.0f} s; "
                        f"{self._sent - self._acknowledged} messages are not delivered"
                    )

    # paho calls these in its network thread.

    def _on_connect(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: object,
    ) -> None:
        del client, userdata, flags, properties
        if self._status and not reason.is_failure:
            self._send(self._status, b'{"state":"online"}', retain=True)
        with self._changed:
            self._answer = reason
            self._changed.notify_all()

    def _on_publish(
        self,
        client: mqtt.Client,
        userdata: object,
        message_id: int,
        reason: ReasonCode,
        properties: object,
    ) -> None:
        del client, userdata, message_id, reason, properties
        with self._changed:
            self._acknowledged += 1
            self._changed.notify_all()
