"""Gateways on a real broker: heard on their own topics, stored once, asked for a rebirth."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ingest.message import SUBSCRIPTION, readings_topic
from ingest.run import open_run
from ingest.service import run_ingest
from ingest.settings import Settings
from ingest.store import Appended, Row
from ingest.subscriber import Subscriber
from simulators.publish import Publisher
from tests.broker import running_broker
from tests.conftest import DATA
from tests.ingest.decoders.samples import NODE_BIRTH, samples, sparkplug
from tests.processes import until

pytestmark = pytest.mark.broker


def test_other_dialects_are_heard_and_answered(tmp_path: Path) -> None:
    (uplink,) = [each for each in samples() if each.dialect == "chirpstack_v4"]
    event = json.loads(uplink.payload)
    birth = sparkplug(
        1,
        {"name": b"Level", "alias": 1, "datatype": 10, "double_value": 4.2},
        time=1704103200000,  # 2024-01-01T10:00:00Z
    )
    with running_broker("mosquitto", tmp_path / "broker") as broker:
        run = open_run(
            Settings(
                site=str(DATA / "gateway_site"), data_dir=tmp_path / "run", mqtt_url=broker.url
            )
        )
        node = Subscriber(broker.url, "edge-1", ["spBv1.0/mine/NCMD/edge-1"])
        node.connect()
        stop = threading.Event()
        ingest = threading.Thread(target=run_ingest, args=(run, stop))
        ingest.start()
        try:
            asked: list[object] = []

            def was_asked() -> bool:
                asked.extend(node.take(0.2))
                return len(asked) == 1

            until(was_asked, "the edge node is asked for its births at the start")
            with Publisher(broker.url, "gateway") as gateway:
                for late in ("2024-11-10T12:51:50Z", "2024-11-10T12:51:52Z"):
                    again = json.dumps({**event, "time": late}).encode()
                    gateway.publish(uplink.topic, again)
                gateway.publish("spBv1.0/mine/NBIRTH/edge-1", NODE_BIRTH)
                gateway.publish("spBv1.0/mine/DBIRTH/edge-1/probe", birth)
                gateway.publish("v1/gateway/telemetry", b'{"logger-8":[{"level":1}]}')
                gateway.flush()
            until(lambda: len(run.store.dead_letters()) == 1, "all messages are stored")
        finally:
            stop.set()
            ingest.join()
            node.close()
        depths = [each.value for each in run.store.readings("lv-1", "depth")]
        assert depths == [4.2, pytest.approx(4.232)], "an uplink that came twice is stored once"
        assert [each.sender for each in run.store.statuses()] == ["mine/edge-1/probe"]
        assert "'logger-8'" in run.store.dead_letters()[0].reason
        # Ingest starts again: it knows the births, and asks nobody.
        stop.clear()
        ingest = threading.Thread(target=run_ingest, args=(run, stop))
        ingest.start()
        try:
            with Publisher(broker.url, "gateway") as gateway:
                by_alias = sparkplug(2, {"alias": 1, "double_value": 4.4}, time=1704103260000)
                gateway.publish("spBv1.0/mine/DDATA/edge-1/probe", by_alias)
                gateway.flush()
            until(lambda: len(run.store.readings("lv-1", "depth")) == 3, "the alias is known")
        finally:
            stop.set()
            ingest.join()
        assert run.store.readings("lv-1", "depth")[1].value == 4.4
        run.store.close()


def test_what_the_store_cannot_take_does_not_hold_up_what_comes_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours that one message meets: the broker would send it again for ever."""

    def payload(minute: int, value: float) -> bytes:
        time = f"2024-01-01T10:{minute:02}:00Z"
        return json.dumps({"time": time, "values": {"depth": value}}).encode()

    with running_broker("mosquitto", tmp_path / "broker") as broker:
        run = open_run(
            Settings(
                site=str(DATA / "gateway_site"), data_dir=tmp_path / "run", mqtt_url=broker.url
            )
        )
        append = run.store.append

        def faulty(rows: Sequence[Row] = (), *others: Any) -> Appended:
            if any(row.values["depth"] == 6.0 for row in rows):
                raise OverflowError("too large")
            return append(rows, *others)

        monkeypatch.setattr(run.store, "append", faulty)
        stop = threading.Event()
        with Publisher(broker.url, "gateway") as gateway:
            topic = readings_topic(run.site.name, "lv-1")
            # They wait for ingest together, so that they come as one batch.
            session = Subscriber(broker.url, f"postmine-ingest-{run.name}", [SUBSCRIPTION])
            session.connect()
            session.close()
            for minute, value in enumerate((5.0, 6.0, 7.0)):
                gateway.publish(topic, payload(minute, value))
            gateway.flush()
            ingest = threading.Thread(target=run_ingest, args=(run, stop))
            ingest.start()
            try:
                until(lambda: len(run.store.dead_letters()) == 1, "the faulty one is put aside")
            finally:
                stop.set()
                ingest.join()
        (letter,) = run.store.dead_letters()
        assert letter.payload == payload(1, 6.0)
        assert letter.reason == ("postmine could not take this message: OverflowError: too large")
        assert [each.value for each in run.store.readings("lv-1", "depth")] == [5.0, 7.0]
        run.store.close()
