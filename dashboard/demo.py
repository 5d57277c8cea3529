"""All services of a run under one roof: `postmine demo` and `postmine run`."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from rich.console import Console

from dashboard.health import service_health
from dashboard.supervisor import Service, Supervisor
from ingest.broker import Broker, free_port, start_broker
from ingest.clock import iso
from ingest.errors import ConfigurationError, ServiceError
from ingest.run import ClockKind, OwnBroker, Run, open_run, remember_broker
from ingest.settings import Settings
from ingest.site import Site, load_site

_LINE_S = 10.0
_TURN_S = 0.25

#: Words for the user go to stdout as they come, also into a pipe.
_console = Console(highlight=False, soft_wrap=True)


def run_demo(
    settings: Settings,
    *,
    stop: threading.Event,
    scenario: str | None,
    speed: float | None,
    seed: int | None,
    for_s: float | None,
    kept: bool,
) -> None:
    """Run everything on loopback, fed by a scenario or a recording, until `stop` or `for_s`.

    Parameters
    ----------
    kept
        Whether the settings' data folder is used and left; else the run is of this moment only.

    Raises
    ------
    ServiceError, ConfigurationError
        When something cannot be started; everything that was started is ended.
    """
    settings = _with_port(settings)
    site = load_site(settings.site)
    player, title = _player(site, scenario, speed, seed)
    with contextlib.ExitStack() as stack:
        if not kept:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="postmine-"))
            settings = settings.model_copy(update={"data_dir": Path(folder)})
        say(f"postmine demo: site {site.name}, {title}")
        say(f"  data folder: {settings.data_dir}" + ("" if kept else " (removed at the end)"))
        run = stack.enter_context(
            contextlib.closing(
                open_run(
                    settings,
                    clock="replay",
                    name=_run_name(title),
                    state_every_s=site.demo.state_every_s,
                )
            )
        )
        _supervise(run, player, stop, for_s, logs=settings.data_dir / "logs")
    say("stopped")


def run_site(
    settings: Settings,
    *,
    stop: threading.Event,
    clock: ClockKind | None,
    watch: Path | None = None,
) -> None:
    """Run all services of a live site until `stop`.

    Parameters
    ----------
    watch
        Folder whose files are imported; None: `incoming` in the data folder, of a site that says
        how its files are read.

    Raises
    ------
    ServiceError, ConfigurationError
        When something cannot be started; everything that was started is ended.
    """
    settings = _with_port(settings)
    with contextlib.closing(open_run(settings, clock=clock)) as run:
        say(f"postmine run: site {run.site.name}, clock {run.clock_kind}")
        say(f"  data folder: {settings.data_dir}")
        if watch is None and run.site.imports:
            watch = settings.data_dir / "incoming"
        if watch is not None:
            say(f"  files are imported from: {watch}")
        _supervise(run, [], stop, None, logs=None, watch=watch)
    say("stopped")


def say(line: str) -> None:
    """Tell the user something."""
    _console.print(line, markup=False)


def _supervise(
    run: Run,
    player: list[str],
    stop: threading.Event,
    for_s: float | None,
    *,
    logs: Path | None,
    watch: Path | None = None,
) -> None:
    settings = run.settings
    with _broker(settings) as (url, kind, weakness):
        say(f"  broker: {kind} at {_without_password(url)}")
        if weakness:
            say(f"  {weakness}")
            if run.replayed:
                say("  (a demonstration works without it)")
        services = _services(settings, player, watch)
        supervisor = Supervisor(
            services, environment=_environment(settings, url), logs=logs, say=say
        )
        started = time.monotonic()
        try:
            say(f"  starting {', '.join(service.name for service in services)} ...")
            supervisor.start(stop)
            if not stop.is_set():
                say("")
                say(f"  page: http://{settings.http_host}:{settings.http_port}/")
                say(f"  API:  http://{settings.http_host}:{settings.http_port}/docs")
                say("  Ctrl-C stops everything")
                say("")
            _watch(run, supervisor, stop, started, for_s)
        finally:
            say("stopping ...")
            supervisor.stop()


def _watch(
    run: Run,
    supervisor: Supervisor,
    stop: threading.Event,
    started: float,
    for_s: float | None,
) -> None:
    """Look after the services and tell how the run goes, until it is to stop."""
    next_line = time.monotonic() + 2.0
    last: tuple[float, datetime] | None = None
    players = [service for service in supervisor.services if service.once]
    told_end = False
    while not stop.wait(_TURN_S):
        now = time.monotonic()
        if for_s is not None and now - started >= for_s:
            return
        supervisor.watch()
        if players and players[0].finished and not told_end:
            told_end = True
            say("  the scenario has ended; the page stays until Ctrl-C")
        if now < next_line or not run.replayed or told_end:
            continue
        next_line = now + _LINE_S
        site_time = run.store.run_time()
        if site_time is None:
            say("  waiting for the first reading ...")
            continue
        speed = ""
        if last is not None and now > last[0]:
            speed = f", {(site_time - last[1]).total_seconds() / (now - last[0]):,.0f} x real time"
        last = (now, site_time)
        rows = sum(run.store.counts().values())
        say(f"  {iso(site_time)[:16].replace('T', ' ')}  {rows:,} rows stored{speed}")


def _services(settings: Settings, player: list[str], watch: Path | None = None) -> list[Service]:
    names = ["ingest", "twin", "risk", "serve"]
    if settings.influxdb_url:
        names.insert(1, "forward")
    if watch is not None:
        names.append("import")

    def is_ready(name: str) -> bool:
        return service_health(settings, name).alive

    services = []
    for name in names:
        # A sign of life of an earlier start must not be taken for this one's.
        (settings.data_dir / "health" / f"{name}.json").unlink(missing_ok=True)
        words = [name] if name != "import" else [name, "--watch", str(watch)]
        services.append(Service(name, words, ready=lambda name=name: is_ready(name)))
    if player:
        services.append(Service("player", player, needs=("ingest",), once=True))
    return services


def _environment(settings: Settings, mqtt_url: str) -> dict[str, str]:
    """Return the settings as the services read them: secrets go by environment, not arguments."""
    return {
        "POSTMINE_SITE": settings.site,
        "POSTMINE_DATA_DIR": str(settings.data_dir),
        "POSTMINE_MQTT_URL": mqtt_url,
        "POSTMINE_HTTP_HOST": settings.http_host,
        "POSTMINE_HTTP_PORT": str(settings.http_port),
    }


def _player(
    site: Site, scenario: str | None, speed: float | None, seed: int | None
) -> tuple[list[str], str]:
    """Return the command that feeds the run, and what it is in words."""
    pace = ["--speed", str(site.demo.speed if speed is None else speed)]
    pace += ["--lead", str(site.demo.lead_d)]
    scenario = scenario or site.demo.scenario
    if scenario:
        from simulators.scenario import load_scenario

        described = load_scenario(scenario)
        seeds = [] if seed is None else ["--seed", str(seed)]
        command = ["simulate", scenario, "--out", "mqtt", *pace, *seeds]
        return command, f"scenario {described.name}"
    if site.demo.recording:
        return ["replay", str(site.folder / site.demo.recording), *pace], (
            f"recording {site.demo.recording}"
        )
    raise ConfigurationError(
        f"site {site.name}: demo",
        legal="a scenario or a recording in site.yaml",
        cure="or give --scenario",
    )


def _run_name(title: str) -> str:
    return title.rsplit(" ", 1)[-1].split(".")[0].rsplit("/", 1)[-1]


def _with_port(settings: Settings) -> Settings:
    """Return the settings with a port that is free; 0 means any."""
    if settings.http_port == 0:
        return settings.model_copy(update={"http_port": free_port()})
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.http_host, settings.http_port))
        except OSError as error:
            raise ServiceError(
                f"port {settings.http_port} on {settings.http_host} cannot be used:"
                f" {error.strerror}; give another with --port, or --port 0 for any free one"
            ) from error
    return settings


@contextlib.contextmanager
def _broker(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Give the broker by address, else one of the run's own for as long as it lasts.

    With its address come its kind and what its end by force can cost.
    """
    given = settings.mqtt_url.get_secret_value()
    if given:
        yield given, "yours", ""
        return
    broker: Broker = start_broker(settings.data_dir / "broker")
    remember_broker(
        settings.data_dir, OwnBroker(url=broker.url, kind=broker.kind, said=broker.said)
    )
    try:
        yield broker.url, broker.kind, broker.weakness
    finally:
        broker.stop()


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
