"""docker-compose.yml keeps to Compose's rules, holds no secret, and runs commands that exist."""

import queue
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
import typer
from ruamel.yaml import YAML
from typer.testing import CliRunner

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docker-compose.yml"
SECRET = re.compile(r"PASSWORD|TOKEN|SECRET")
#: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`; `$$` is a dollar.
PLACE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?:(?P<how>:-|:\?)(?P<text>[^}]*))?\}")

# Compose specification, "Services top-level element": the keys that this file uses or may come to.
SERVICE_KEYS = {
    "build",
    "cap_drop",
    "command",
    "container_name",
    "depends_on",
    "deploy",
    "entrypoint",
    "environment",
    "expose",
    "healthcheck",
    "image",
    "init",
    "labels",
    "logging",
    "networks",
    "ports",
    "profiles",
    "read_only",
    "restart",
    "security_opt",
    "stop_grace_period",
    "stop_signal",
    "tmpfs",
    "user",
    "volumes",
    "working_dir",
}
HEALTH_KEYS = {"test", "interval", "timeout", "retries", "start_period", "start_interval"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
DURATION = re.compile(r"(\d+(h|m|s|ms))+")


def load() -> dict:
    return YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8"))


COMPOSE = load()
SERVICES: dict[str, dict] = COMPOSE["services"]
#: A job ends by itself; everything else is watched.
JOBS = {name for name, service in SERVICES.items() if service["restart"] == "no"}
OURS = {name: s for name, s in SERVICES.items() if s["image"].startswith("postmine:")}


def places(node: object) -> list[re.Match[str]]:
    """Return every place that Compose fills, anywhere under a node."""
    if isinstance(node, dict):
        return [place for value in node.values() for place in places(value)]
    if isinstance(node, list):
        return [place for value in node for place in places(value)]
    return list(PLACE.finditer(node)) if isinstance(node, str) else []


def commands() -> list[tuple[str, list[str]]]:
    """Return (service, arguments) of each postmine command: what runs, and what checks health."""
    found = [(name, service["command"]) for name, service in OURS.items()]
    found += [
        (f"{n}-health", s["healthcheck"]["test"][1:]) for n, s in OURS.items() if n not in JOBS
    ]
    return found


def test_the_services_are_those_of_a_site() -> None:
    assert set(SERVICES) == {
        "mosquitto",
        "influxdb",
        "influxdb-init",
        "ingest",
        "forward",
        "twin",
        "risk",
        "serve",
    }
    assert set(OURS) == set(SERVICES) - {"mosquitto", "influxdb"}
    assert sorted(JOBS) == ["influxdb-init"]


def test_top_level_keys_are_known() -> None:
    unknown = {key for key in COMPOSE if not key.startswith("x-")}
    assert unknown <= {"name", "services", "volumes", "networks", "secrets", "configs"}
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", COMPOSE["name"])


@pytest.mark.parametrize("name", SERVICES)
def test_service_keys_are_known(name: str) -> None:
    assert set(SERVICES[name]) <= SERVICE_KEYS


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert image
    assert re.fullmatch(r"\d+(\.\d+)*(-[a-z]+)?", tag), "a version, never latest"


def test_influxdb_is_version_2() -> None:
    """Version 3 Core limits queries to short ranges; `latest` moves to it."""
    assert SERVICES["influxdb"]["image"].partition(":")[2].split(".")[0] == "2"


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in JOBS])
def test_every_service_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert set(check) <= HEALTH_KEYS
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert all(isinstance(word, str) for word in check["test"])
    for key in ("interval", "timeout", "start_period"):
        assert DURATION.fullmatch(check[key])
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_dependencies_can_be_met(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        assert how["condition"] in CONDITIONS
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        if how["condition"] == "service_completed_successfully":
            assert other in JOBS, "a service that never ends never completes"


def test_the_start_order_has_no_circle() -> None:
    waiting = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    while waiting:
        ready = {name for name, others in waiting.items() if not others & set(waiting)}
        assert ready, f"these wait for one another: {sorted(waiting)}"
        for name in ready:
            del waiting[name]


def test_readers_start_after_what_they_read() -> None:
    needs = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    assert "mosquitto" in needs["ingest"]
    assert "influxdb" in needs["influxdb-init"]
    for reader in ("forward", "twin", "risk", "serve"):
        assert "influxdb-init" in needs[reader]


@pytest.mark.parametrize("name", SERVICES)
def test_volumes_are_declared_and_files_exist(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, target = volume.split(":")[:2]
        assert target.startswith("/")
        if source.startswith("."):
            assert (ROOT / source).exists()
        else:
            assert source in COMPOSE["volumes"]


def test_every_declared_volume_is_used() -> None:
    used = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    assert set(COMPOSE["volumes"]) <= used


def test_all_our_services_share_one_run() -> None:
    for service in OURS.values():
        assert service["volumes"] == ["run:/data"]
        assert service["environment"]["POSTMINE_DATA_DIR"] == "/data"


@pytest.mark.parametrize("name", OURS)
def test_our_services_can_do_no_more_than_they_need(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert re.search(r"^USER (?!root)", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", SERVICES)
def test_logs_are_rotated(name: str) -> None:
    assert set(SERVICES[name]["logging"]["options"]) == {"max-size", "max-file"}


@pytest.mark.parametrize("name", [name for name, s in SERVICES.items() if "ports" in s])
def test_ports_open_on_loopback_unless_told_otherwise(name: str) -> None:
    for port in SERVICES[name]["ports"]:
        bound = PLACE.sub(lambda place: place["text"] or "", port)
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", bound)


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_the_file(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if SECRET.search(variable):
            place = PLACE.fullmatch(value)
            assert place, f"{variable} is written out"
            assert place["how"] == ":?"
        assert not re.search(r"//[^$@/]*:[^$@/]+@", str(value)), f"{variable} holds a password"


def test_every_secret_is_demanded_with_the_way_to_make_it() -> None:
    demanded = [place for place in places(SERVICES) if place["how"] == ":?"]
    assert {place["name"] for place in demanded} == {
        "POSTMINE_MQTT_PASSWORD",
        "POSTMINE_GATEWAY_PASSWORD",
        "POSTMINE_INFLUXDB_PASSWORD",
        "POSTMINE_INFLUXDB_TOKEN",
        "POSTMINE_HTTP_TOKEN",
    }
    for place in demanded:
        assert "openssl rand" in place["text"]
        assert ".env.example" in place["text"]
    assert not [place for place in places(SERVICES) if place["how"] is None and place["name"]]


def test_the_example_names_every_variable_and_no_secret() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    given = dict(
        match.groups() for line in lines if (match := re.fullmatch(r"#? ?(\w+)=(.*)", line))
    )
    used = {place["name"]: place for place in places(SERVICES) if place["name"]}
    assert set(given) == set(used)
    for name, place in used.items():
        assert given[name] == ("" if place["how"] == ":?" else place["text"])
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_serve_listens_outside_its_container_with_a_token_only() -> None:
    environment = SERVICES["serve"]["environment"]
    assert environment["POSTMINE_HTTP_HOST"] == "0.0.0.0"
    assert "POSTMINE_HTTP_TOKEN" in environment


def test_every_variable_of_a_service_is_a_setting() -> None:
    from ingest.settings import Settings

    known = {f"POSTMINE_{name.upper()}" for name in Settings.model_fields}
    for service in OURS.values():
        assert set(service["environment"]) <= known


def options_of(text: str) -> dict[str, str]:
    """Return the options of a mosquitto.conf."""
    return dict(line.split(maxsplit=1) for line in text.splitlines() if line and line[0] != "#")


def test_the_broker_keeps_what_waits() -> None:
    """It holds what our own broker holds: mosquitto's defaults drop messages and sessions."""
    from ingest.broker import mosquitto_configuration

    options = options_of((ROOT / "deploy/mosquitto/mosquitto.conf").read_text(encoding="utf-8"))
    journal = Path("/usr/local/lib/broker_journal.so")
    access = "allow_anonymous false\nacl_file x"
    ours = options_of(mosquitto_configuration(1883, Path("x"), access=access, journal=journal))
    for name in (
        "allow_anonymous",
        "autosave_interval",
        "max_inflight_messages",
        "max_queued_messages",
        "persistence",
        "plugin",
        "plugin_opt_access",
        "plugin_opt_sync_ms",
        "queue_qos0_messages",
    ):
        assert options[name] == ours[name]
    assert options["plugin_opt_folder"] == options["persistence_location"].rstrip("/")
    # Where the image has it.
    assert f"/broker_journal.so {options['plugin']}" in (ROOT / "deploy/Dockerfile").read_text()
    mounted = SERVICES["mosquitto"]["volumes"]
    assert any(options["persistence_location"].startswith(v.split(":")[1]) for v in mounted)


@pytest.mark.broker
def test_the_broker_starts_and_knows_its_users(tmp_path: Path) -> None:
    """The files of deploy/mosquitto, moved to a folder and a port of this test."""
    from ingest.broker import find_mosquitto, free_port
    from ingest.message import SUBSCRIPTION
    from simulators.publish import Publisher

    mosquitto, passwd = find_mosquitto(), shutil.which("mosquitto_passwd")
    if mosquitto is None or passwd is None:
        pytest.skip("mosquitto is not installed; on Debian: apt install mosquitto")
    plugin = built_as_in_the_image(tmp_path)
    config, data, run = tmp_path / "config", tmp_path / "data", tmp_path / "run"
    for folder in (config, data, run):
        folder.mkdir()
    for file in (ROOT / "deploy/mosquitto").iterdir():
        text = file.read_text(encoding="utf-8")
        text = text.replace("/mosquitto/config", str(config)).replace("/run/mosquitto", str(run))
        text = text.replace("/mosquitto/data", str(data))
        text = text.replace("/usr/local/lib/broker_journal.so", str(plugin))
        (config / file.name).write_text(text, encoding="utf-8")
    port = free_port()
    configuration = config / "mosquitto.conf"
    text = configuration.read_text(encoding="utf-8")
    # As root it would become the user "mosquitto", who may not read this test's folder.
    configuration.write_text(text.replace("listener 1883", f"user root\nlistener {port} 127.0.0.1"))
    environment = {
        "PATH": f"{Path(mosquitto).parent}:{Path(passwd).parent}:/usr/bin:/bin",
        "XDG_CONFIG_HOME": str(run),
        "POSTMINE_MQTT_PASSWORD": "of-ingest",
        "POSTMINE_GATEWAY_PASSWORD": "of-gateways",
    }
    broker = subprocess.Popen(
        ["sh", str(config / "start.sh")], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        heard: queue.Queue[str] = queue.Queue()
        ingest = connected(port, "ingest", "of-ingest")
        ingest.on_message = lambda _client, _userdata, message: heard.put(message.topic)
        ingest.on_subscribe = lambda *_: heard.put("subscribed")
        ingest.subscribe(SUBSCRIPTION, qos=1)
        assert heard.get(timeout=60) == "subscribed"
        with Publisher(f"mqtt://gateway:of-gateways@127.0.0.1:{port}", "gateway-1") as gateway:
            for topic in ("postmine/v1/abaza/clock", "postmine/v1/abaza/pz-650-01/readings"):
                gateway.publish(topic, b"{}")
            gateway.flush()
        assert heard.get(timeout=60) == "postmine/v1/abaza/pz-650-01/readings", "only readings"
        journal = b"".join(path.read_bytes() for path in data.glob("journal-*"))
        assert b"pz-650-01" in journal
        assert b"clock" not in journal, "what is not allowed is not kept"
        ingest.disconnect()
        with pytest.raises(ConnectionRefusedError, match="Not authorized"):
            connected(port, "gateway", "a wrong one")
        assert "of-ingest" not in (run / "passwords").read_text(encoding="utf-8")
    finally:
        broker.terminate()
        broker.wait(10)


def built_as_in_the_image(folder: Path) -> Path:
    """Build the broker journal by the command of the Dockerfile."""
    lines = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8").splitlines()
    (command,) = (line.removeprefix("RUN ") for line in lines if line.startswith("RUN cc "))
    plugin = folder / "broker_journal.so"
    command = command.replace("/broker_journal.so", str(plugin))
    command = command.replace("/src/", f"{ROOT / 'ingest'}/")
    built = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    if built.returncode and ("not found" in built.stderr or ".h" in built.stderr):
        pytest.skip("no compiler; on Debian: apt install gcc libc6-dev mosquitto-dev")
    assert built.returncode == 0, built.stderr
    return plugin


def wait_for(port: int) -> None:
    """Return when something listens on a port of loopback."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on {port}")


def connected(port: int, user: str, password: str) -> mqtt.Client:
    """Return a connected client; ConnectionRefusedError when the broker does not let it in."""
    answers: queue.Queue[object] = queue.Queue()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.username_pw_set(user, password)
    client.on_connect = lambda _client, _userdata, _flags, reason, _properties: answers.put(reason)
    client.connect("127.0.0.1", port)
    client.loop_start()
    reason = answers.get(timeout=60)
    if reason.is_failure:  # type: ignore[attr-defined]
        client.disconnect()
        client.loop_stop()
        raise ConnectionRefusedError(str(reason))
    return client


@pytest.mark.parametrize(("service", "command"), commands(), ids=lambda value: str(value)[:20])
def test_commands_are_those_of_the_cli(service: str, command: list[str]) -> None:
    from dashboard import cli

    app = cli.app
    assert command[0] == "postmine"
    group = typer.main.get_command(app)
    name, found, rest = group.resolve_command(group.make_context("postmine", ["x"]), command[1:])
    assert found is not None, f"postmine has no command {name}"
    found.make_context(name, [*rest])
    result = CliRunner().invoke(app, [*command[1:], "--help"])
    assert result.exit_code == 0
    if name == "health":
        assert rest[0] in cli.SERVICES


def test_docker_reads_the_file() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], check=False).returncode:
        pytest.skip("docker compose is not installed")
    secrets = {place["name"]: "x" for place in places(SERVICES) if place["how"] == ":?"}
    command = [docker, "compose", "--file", str(FILE), "config", "--quiet"]
    run = subprocess.run(command, env=secrets, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    refused = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert refused.returncode != 0, "it starts without its secrets"
    assert ".env.example" in refused.stderr
