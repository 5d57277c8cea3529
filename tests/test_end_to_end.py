"""The main job as its user runs it: from the wire to the API, through every process."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from analytics.evaluate import evaluate
from ingest.broker import free_port
from ingest.run import broker_url
from ingest.settings import Settings
from ingest.site import load_site
from ingest.store.embedded import EmbeddedStore
from simulators.publish import Publisher
from simulators.run import simulate
from simulators.scenario import load_scenario
from tests.conftest import DATA
from tests.processes import get, run, started, until

SCENARIO = DATA / "six_days.yaml"
API = "/api/v1/sites/abaza"


class Played:
    """A demonstration that has played its scenario and still serves its page."""

    def __init__(self, port: int, data_dir: Path, log: Path) -> None:
        self.port, self.data_dir, self.log = port, data_dir, log

    def get(self, path: str) -> object:
        return get(self.port, API + path)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("demo")
    port, log, data_dir = free_port(), folder / "demo.log", folder / "run"
    arguments = [
        "demo", "--scenario", str(SCENARIO), "--speed", "0", "--port", str(port),
        "--data-dir", str(data_dir),
    ]  # fmt: skip
    with started(*arguments, log=log) as process:
        until(lambda: "scenario has ended" in log.read_text(), "the scenario plays", 300, log)
        demo = Played(port, data_dir, log)
        last = load_scenario(str(SCENARIO)).end - timedelta(hours=6)

        def assessed() -> bool:
            time = demo.get("/risks")["time"]  # type: ignore[index]
            return time is not None and time >= last.isoformat()

        until(assessed, "the risk service comes to the last state", 300, log)
        children = psutil.Process(process.pid).children(recursive=True)
        yield demo
    assert process.returncode == 0, log.read_text()
    _, alive = psutil.wait_procs(children, 60)
    assert alive == [], "Ctrl-C left processes behind"


def test_every_reading_that_was_sent_is_stored(played: Played) -> None:
    site = load_site("abaza")
    sent: Counter[str] = Counter()
    for message in simulate(load_scenario(str(SCENARIO)), site).messages():
        if not message.topic.endswith("/readings"):
            continue
        instrument = message.topic.split("/")[3]
        content = json.loads(message.payload)
        for part in content if isinstance(content, list) else [content]:
            for value in part["values"].values():
                values = value if isinstance(value, list) else [value]
                sent[instrument] += sum(1 for each in values if each is not None)
    store = EmbeddedStore(played.data_dir, site)
    stored: Counter[str] = Counter()
    for instrument in site:
        for quantity in site.type_of(instrument.name).quantities:
            frame = store.frame(instrument.name, quantity, trusted=False)
            stored[instrument.name] += int(frame.count().sum())
    assert stored == sent
    assert played.get("/dead-letters")["dead_letters"] == []  # type: ignore[index]
    store.close()


def test_the_api_shows_what_the_twin_and_the_risks_know(played: Played) -> None:
    state = played.get("/twin")
    assert state["fill"]["volume_in_dump"]["value"] > 0  # type: ignore[index]
    assert len(state["settlement"]) == 12  # type: ignore[index,arg-type]
    risks = played.get("/risks")
    assert {risk["level"] for risk in risks["risks"]} <= {  # type: ignore[index]
        "unknown", "normal", "advisory", "warning", "alarm",
    }  # fmt: skip
    assert played.get("/indicators")


def test_the_wire_and_the_offline_path_know_the_same(played: Played, tmp_path: Path) -> None:
    """The same scenario and seed give the same states, at any speed and by any way."""
    site = load_site("abaza")
    offline = tmp_path / "offline"
    evaluate(
        load_scenario(str(SCENARIO)), site, folder=offline, state_every_s=site.demo.state_every_s
    )
    ours, theirs = EmbeddedStore(played.data_dir, site), EmbeddedStore(offline, site)
    scenario = load_scenario(str(SCENARIO))
    compared = 0
    moment = scenario.start + timedelta(days=1)
    while moment < scenario.end - timedelta(hours=2):
        for service in ("twin", "risk"):
            assert ours.state(service, known_at=moment) == theirs.state(service, known_at=moment)
        compared += 1
        moment += timedelta(seconds=site.demo.state_every_s)
    assert compared > 10
    ours.close()
    theirs.close()


def test_a_careless_gateway_is_listed_and_does_no_harm(played: Played) -> None:
    settings = Settings(data_dir=played.data_dir, _env_file=None)  # type: ignore[call-arg]
    wrong = {
        "postmine/v1/abaza/pz-650-01/readings": b"\xff\x00 not text",
        "postmine/v1/abaza/pz-650-02/readings": b'{"time":"2022-03-01T00:00:00","values":{}}',
        "postmine/v1/abaza/no-such/readings": b"{}",
        "postmine/v1/mars/pz-650-01/readings": b"{}",
        "postmine/v1/abaza/pz-650-03/readings": b"x" * 1_000_001,
    }
    before = len(played.get("/dead-letters")["dead_letters"])  # type: ignore[index]
    with Publisher(broker_url(settings), "careless") as publisher:
        for topic, payload in wrong.items():
            publisher.publish(topic, payload)
        publisher.flush()

    def listed() -> list[dict[str, object]]:
        found = played.get("/dead-letters")["dead_letters"]  # type: ignore[index]
        return found if len(found) >= before + len(wrong) else []

    found = until(listed, "the dead letters are listed", 30, played.log)
    assert {letter["topic"] for letter in found} >= set(wrong)
    assert all(letter["reason"] for letter in found)


def test_unknown_paths_are_problems_in_json(played: Played) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"http://127.0.0.1:{played.port}/api/v1/nothing", timeout=10)
    assert caught.value.code == 404
    assert caught.value.headers["content-type"] == "application/problem+json"
    assert json.load(caught.value)["status"] == 404


def test_a_port_in_use_is_one_clear_line(played: Played, tmp_path: Path) -> None:
    done = run("demo", "--port", str(played.port), data_dir=tmp_path / "other")
    assert done.returncode == 1
    assert f"port {played.port}" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_data_folder_belongs_to_one_run(played: Played) -> None:
    done = run("check-site", "--site", "nowhere")
    assert done.returncode == 2
    assert "legal: abaza, brabant" in done.stderr
    done = run("twin", "--site", "brabant", "--data-dir", str(played.data_dir))
    assert done.returncode == 2
    assert "one folder holds one run" in done.stderr


def test_no_broker_is_one_clear_line(tmp_path: Path) -> None:
    port = free_port()
    done = run("ingest", data_dir=tmp_path / "run", mqtt_url=f"mqtt://127.0.0.1:{port}")
    assert done.returncode == 1
    assert f"no MQTT broker at mqtt://127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_disk_is_one_clear_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    done = run("twin", data_dir=blocked / "run")
    assert done.returncode == 1
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_health_of_a_service_that_does_not_run(tmp_path: Path) -> None:
    done = run("health", "twin", "--json", data_dir=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout)["alive"] is False


def test_a_killed_demo_leaves_nothing_behind_and_goes_on_where_it_was(tmp_path: Path) -> None:
    port, log, data_dir = free_port(), tmp_path / "demo.log", tmp_path / "run"
    arguments = [
        # Six days would be sent at once, as the lead of a demo is: a kill might come after all.
        "demo", "--scenario", "abaza_first_year", "--speed", "3000", "--port", str(port),
        "--data-dir", str(data_dir),
    ]  # fmt: skip

    def rows() -> int:
        health = get(port, "/api/v1/health")
        return health["store"]["rows"] if health else 0

    with started(*arguments, log=log) as process:
        until(rows, "readings come in", log=log)
        children = psutil.Process(process.pid).children(recursive=True)
        assert {"mosquitto", "python"} & {child.name()[:9] for child in children}
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(children, 120)
        assert alive == []
    store = EmbeddedStore(data_dir, load_site("abaza"))
    before, stood = sum(store.counts().values()), store.run_time()
    assert stood is not None
    with started(*arguments, log=log):
        until(lambda: store.run_time() > stood, "the clock of the run goes on", log=log)
        until(lambda: rows() > before, "the page shows more readings", log=log)
        assert get(port, API + "/dead-letters")["dead_letters"] == []
    store.close()
