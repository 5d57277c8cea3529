"""The command line: each command opens what it needs and calls one floor of the house."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer

from dashboard import cli_data, cli_land_use, cli_slope, cli_survey, cli_values, cli_what_if
from dashboard.cli_access import key_app, letters_app
from ingest.errors import ConfigurationError, PostmineError

if TYPE_CHECKING:
    from ingest.run import Run
    from ingest.settings import Settings
    from simulators.record import Recorded

app = typer.Typer(
    name="postmine",
    help="A digital twin that watches a mine after mining.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
risk_app = typer.Typer(help="Run the risk service, or evaluate it on a scenario.")
app.add_typer(risk_app, name="risk", invoke_without_command=True)
app.add_typer(key_app, name="key")
app.add_typer(letters_app, name="dead-letters")
cli_data.register(app)
cli_values.register(app)
cli_survey.register(app)
cli_land_use.register(app)
cli_slope.register(app)
cli_what_if.register(app)

SiteOption = Annotated[
    str | None, typer.Option("--site", help="Name of a bundled site, or the path of its folder.")
]
DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the run; one folder holds one run.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
SpeedOption = Annotated[
    float | None,
    typer.Option("--speed", min=0, help="Site seconds a second; 0: as fast as possible."),
]
LeadOption = Annotated[
    float, typer.Option("--lead", min=0, help="Days at the start that go as fast as possible.")
]
SeedOption = Annotated[int | None, typer.Option("--seed", help="Instead of the scenario's own.")]
PortOption = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Port of the page and the API.")
]
ServiceArgument = Annotated[
    str, typer.Argument(help="ingest, forward, twin, risk, serve or import.")
]

SERVICES = ("ingest", "forward", "twin", "risk", "serve", "import")


def main() -> None:
    """Run the command line; a problem is one clear line and an exit code that is not 0."""
    try:
        app()
    except PostmineError as error:
        print(f"postmine: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2 if isinstance(error, ConfigurationError) else 1)


# -- running ------------------------------------------------------------------------------------


@app.command()
def demo(
    site: SiteOption = None,
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="Name or path; default: the site's own.")
    ] = None,
    speed: SpeedOption = None,
    port: PortOption = None,
    for_s: Annotated[
        float | None, typer.Option("--for", min=0, help="Stop after so many seconds.")
    ] = None,
    data_dir: DataDirOption = None,
    seed: SeedOption = None,
) -> None:
    """Show the platform at work: broker, services and page on loopback, fed by a scenario.

    With --data-dir the run is kept, and a second start goes on where the first one stopped.
    """
    from dashboard.demo import run_demo

    settings = _settings(site, data_dir, http_port=port)
    kept = data_dir is not None or "POSTMINE_DATA_DIR" in os.environ
    run_demo(
        settings,
        stop=_stop_event(),
        scenario=scenario,
        speed=speed,
        seed=seed,
        for_s=for_s,
        kept=kept,
    )


@app.command()
def run(
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    port: PortOption = None,
    clock: Annotated[
        str | None,
        typer.Option("--clock", help="wall, or replay for a run that follows `postmine replay`."),
    ] = None,
    watch: Annotated[
        Path | None,
        typer.Option(
            "--watch",
            help="Import the files that come into this folder; default with imports in site.yaml:"
            " incoming/ in the data folder.",
        ),
    ] = None,
) -> None:
    """Run all services of a site, with a broker of its own where none is set."""
    from dashboard.demo import run_site

    if clock not in (None, "wall", "replay"):
        raise ConfigurationError("--clock", value=clock, legal="wall, replay")
    settings = _settings(site, data_dir, http_port=port)
    run_site(settings, stop=_stop_event(), clock=clock, watch=watch)  # type: ignore[arg-type]


@app.command()
def ingest(
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=16, help="Processes that share the queue.")
    ] = 1,
    watch: Annotated[
        Path | None,
        typer.Option("--watch", help="Import the files that come into this folder as well."),
    ] = None,
    worker: Annotated[int, typer.Option("--worker", hidden=True)] = 0,
) -> None:
    """Take readings from the broker into the store, and files from a folder."""
    from dashboard.ingest_workers import run_workers, worker_name
    from ingest.service import run_ingest, set_workers

    with _Opened(site, data_dir) as opened:
        stop = _stop_event()
        files: Any = contextlib.nullcontext()
        if watch is not None:
            from ingest.inbox import watching

            files = watching(opened.run, watch, stop, opened.heartbeat("import"))
        with files:
            if worker:
                name = worker_name(worker)
                run_ingest(opened.run, stop, opened.heartbeat(name), worker=worker)
            elif workers > 1:
                run_workers(opened.run, workers, stop)
            else:
                set_workers(opened.run, 1, stop)
                run_ingest(opened.run, stop, opened.heartbeat("ingest"))


@app.command()
def forward(
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    forget_follower: Annotated[
        str | None,
        typer.Option(
            "--forget",
            metavar="FOLLOWER",
            help="Forget a follower that is gone for ever, for which pruning waits, and end.",
        ),
    ] = None,
) -> None:
    """Forward the store's changes to InfluxDB (POSTMINE_INFLUXDB_URL)."""
    from ingest.forward import only_forwarder, open_forwarder
    from ingest.service_loop import run_steps

    settings = _settings(site, data_dir)
    if forget_follower is not None:
        from ingest.run import check_run
        from ingest.store.followers import forget

        check_run(settings.data_dir)
        forget(settings.data_dir, forget_follower)
        typer.echo(f"forgotten: {forget_follower}")
        return
    if not settings.influxdb_url:
        raise ConfigurationError(
            "setting POSTMINE_INFLUXDB_URL",
            value="",
            legal="http://host:port",
            cure="without it the embedded store is used, and there is nothing to forward",
        )
    with _Opened(site, data_dir) as opened, only_forwarder(opened.run.settings.data_dir):
        forwarder = open_forwarder(opened.run)
        run_steps(
            forwarder.step,
            _stop_event(),
            opened.heartbeat("forward"),
            detail=forwarder.detail,
            numbers=forwarder.numbers,
        )


@app.command()
def twin(site: SiteOption = None, data_dir: DataDirOption = None) -> None:
    """Compute the state of the ground as readings come in."""
    from ingest.service_loop import run_steps
    from twin.service import TwinService

    with _Opened(site, data_dir) as opened:
        run_ = opened.run
        service = TwinService(run_.site, run_.store, run_.clock, state_every_s=run_.state_every_s)
        run_steps(lambda: service.step(most=1), _stop_event(), opened.heartbeat("twin"))


@risk_app.callback()
def risk(context: typer.Context, site: SiteOption = None, data_dir: DataDirOption = None) -> None:
    """Assess risks and raise alarms as states come in."""
    if context.invoked_subcommand is not None:
        return
    from analytics.journal import Journal
    from analytics.service import RiskService
    from ingest.service_loop import run_steps

    with _Opened(site, data_dir) as opened:
        run_ = opened.run
        service = RiskService(run_.site, run_.store, Journal(run_.settings.journal_url), run_.clock)
        run_steps(service.step, _stop_event(), opened.heartbeat("risk"), detail=service.detail)


@risk_app.command("evaluate")
def risk_evaluate(
    scenario: Annotated[str, typer.Argument(help="Name or path of a scenario.")],
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    seed: SeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play a scenario through twin and risk offline, and compare alarms with the truth."""
    from rich.console import Console
    from rich.progress import Progress

    from analytics.evaluate import evaluate
    from ingest.site import load_site
    from simulators.scenario import load_scenario

    settings = _settings(site, data_dir)
    loaded, played = load_site(settings.site), load_scenario(scenario)
    length_d = (played.end - played.start).total_seconds() / 86_400
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(played.name, total=length_d)
        result = evaluate(
            played,
            loaded,
            seed=seed,
            on_progress=lambda time: progress.update(
                task, completed=(time - played.start).total_seconds() / 86_400
            ),
        )
    _result(result.to_dict(), as_json, str(result))
    if not result.ok:
        raise typer.Exit(1)


@app.command()
def serve(
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: PortOption = None,
) -> None:
    """Serve the page and the REST API in one process."""
    from analytics.journal import Journal
    from dashboard.app import create_app
    from dashboard.server import serve as serve_app

    with _Opened(site, data_dir, http_host=host, http_port=port) as opened:
        run_ = opened.run
        journal = Journal(run_.settings.journal_url)
        web = create_app(run_.site, run_.store, journal, run_.clock, run_.settings)
        serve_app(web, run_.settings.http_host, run_.settings.http_port)


@app.command()
def health(
    service: ServiceArgument,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a service of this run is alive; exit code 1 when it is not."""
    from dashboard.health import service_health

    if service not in SERVICES:
        raise ConfigurationError("service", value=service, legal=", ".join(SERVICES))
    found = service_health(_settings(site, data_dir), service)
    _result(
        {"service": service, "alive": found.alive, "detail": found.detail},
        as_json,
        f"{service}: {'alive' if found.alive else 'not alive'}; {found.detail}",
    )
    if not found.alive:
        raise typer.Exit(1)


# -- scenarios and recordings -------------------------------------------------------------------


@app.command()
def simulate(
    scenario: Annotated[str, typer.Argument(help="Name or path of a scenario.")],
    out: Annotated[str, typer.Option("--out", help="FILE.ndjson, FILE.ndjson.gz, mqtt or store.")],
    seed: SeedOption = None,
    speed: SpeedOption = 0.0,
    lead_d: LeadOption = 0.0,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Simulate a scenario into a file, to the broker, or straight into the run's store."""
    from ingest.site import load_site
    from simulators.record import write_ndjson
    from simulators.run import simulate as simulate_scenario
    from simulators.scenario import load_scenario

    if out not in ("mqtt", "store") and not out.endswith((".ndjson", ".ndjson.gz")):
        raise ConfigurationError(
            "--out", value=out, legal="FILE.ndjson, FILE.ndjson.gz, mqtt, store"
        )
    settings = _settings(site, data_dir)
    loaded = load_site(settings.site)
    described = load_scenario(scenario)
    messages = simulate_scenario(described, loaded, seed=seed).messages()
    if out == "mqtt":
        count = _play(settings, messages, speed or 0.0, lead_d)
    elif out == "store":
        count = _store(settings, messages, described.name)
    else:
        count = write_ndjson(messages, Path(out))
    _result(
        {"scenario": described.name, "out": out, "messages": count},
        as_json,
        f"{described.name}: {count} messages to {out}",
    )


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A recording: .ndjson or .ndjson.gz.")],
    speed: SpeedOption = 0.0,
    lead_d: LeadOption = 0.0,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a recording to the broker, with its own pauses divided by the speed."""
    from simulators.replay import read_ndjson

    settings = _settings(site, data_dir)
    count = _play(settings, read_ndjson(file), speed or 0.0, lead_d)
    _result({"file": str(file), "messages": count}, as_json, f"{file}: {count} messages sent")


@app.command()
def record(
    out: Annotated[Path, typer.Argument(help="Where to: FILE.ndjson or FILE.ndjson.gz.")],
    for_s: Annotated[
        float | None, typer.Option("--for", min=0, help="Stop after so many seconds.")
    ] = None,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record what the broker carries for this site, until Ctrl-C."""
    from dashboard.recording import record_broker

    count = record_broker(_settings(site, data_dir), out, _stop_event(), for_s)
    _result({"file": str(out), "messages": count}, as_json, f"{out}: {count} messages recorded")


# -- checking and setting up --------------------------------------------------------------------


@app.command("check-site")
def check_site(
    site: SiteOption = None, data_dir: DataDirOption = None, as_json: JsonOption = False
) -> None:
    """Check every file of a site and say what is in it."""
    from analytics.service import checked_response_plan
    from analytics.site_files import load_post_mining, load_targets
    from ingest.import_map import load_map
    from ingest.site import load_site
    from twin.fleet.inputs import load_fleet
    from twin.grading import load_grading
    from twin.land_use import recorded_inputs
    from twin.plan import load_plan
    from twin.settlement import load_rules
    from twin.slopes.configuration import load_slopes
    from twin.water_file import load_water
    from twin.what_if.configuration import load_what_if

    loaded = load_site(_settings(site, data_dir).site)
    plan = load_plan(loaded)
    load_grading(loaded, plan, load_fleet(loaded, plan))
    load_water(loaded, plan)
    load_what_if(loaded, plan)
    for check in (
        load_targets,
        checked_response_plan,
        load_post_mining,
        recorded_inputs,
        load_slopes,
        load_rules,
    ):
        check(loaded)
    for rule in loaded.imports:
        load_map(loaded.folder / rule.map, loaded)
    result = {
        "name": loaded.name,
        "folder": str(loaded.folder),
        "zones": len(loaded.zones),
        "instruments": len(loaded.instruments),
        "plan": plan is not None,
    }
    _result(
        result,
        as_json,
        f"{loaded.name}: {len(loaded.instruments)} instruments in {len(loaded.zones)} zones,"
        f" {'with' if plan else 'without'} a calendar plan; every file is well",
    )


@app.command("influxdb-init")
def influxdb_init(
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    retention_days: Annotated[
        int, typer.Option("--retention-days", min=0, help="0: keep for ever.")
    ] = 0,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="Where a new token is written (mode 600).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make organisation, bucket and a token of its own in InfluxDB; repeating changes nothing."""
    from ingest.influxdb_init import initialise

    settings = _settings(site, data_dir)
    done = initialise(settings, retention_days=retention_days, token_file=token_file)
    _result(done, as_json, "; ".join(f"{key}: {value}" for key, value in done.items()))


@app.command("broker-config")
def broker_config(
    out: Annotated[Path, typer.Option("--out", help="Folder for the files.")],
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 1883,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", help="PEM certificate of the broker, for TLS.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Its PEM key.")] = None,
    self_signed: Annotated[
        bool, typer.Option("--self-signed", help="Make certificate and key by openssl.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write mosquitto.conf for a broker of one's own that loses nothing and knows its senders."""
    from dashboard.broker_files import write_broker_files
    from ingest.site import load_site

    loaded = load_site(_settings(site, data_dir).site)
    written = write_broker_files(
        loaded,
        out,
        host=host,
        port=port,
        certificate=tls_cert,
        key=tls_key,
        self_signed=self_signed,
    )
    _result(written, as_json, "\n".join(f"{key}: {value}" for key, value in written.items()))


@app.command()
def verify(
    site: SiteOption = None, data_dir: DataDirOption = None, as_json: JsonOption = False
) -> None:
    """Print published numbers beside the computed ones; exit code 1 when one is not met."""
    from dashboard.verification import print_report, verified

    _settings(site, data_dir)
    if as_json:
        typer.echo(json.dumps([row.to_dict() for row in verified()], ensure_ascii=False, indent=2))
    else:
        print_report()
    if not all(row.ok for row in verified()):
        raise typer.Exit(1)


# -- inside -------------------------------------------------------------------------------------


class _Opened:
    """The run that a service works on, opened for the time of a `with`.

    With `existing` it must be there: what only reads makes nothing in a folder without a run.
    """

    def __init__(
        self,
        site: str | None,
        data_dir: Path | None,
        *,
        existing: bool = False,
        **given: object,
    ) -> None:
        self._settings, self._existing = _settings(site, data_dir, **given), existing

    def __enter__(self) -> _Opened:
        from ingest.run import open_run

        self.run: Run = open_run(self._settings, existing=self._existing)
        return self

    def __exit__(self, *_: object) -> None:
        self.run.close()

    def heartbeat(self, service: str) -> Any:
        from ingest.heartbeat import Heartbeat

        return Heartbeat(self._settings.data_dir, service)


def _settings(site: str | None, data_dir: Path | None, **given: object) -> Settings:
    from ingest.settings import load_settings

    _configure_logs()
    return load_settings(site=site, data_dir=data_dir, **given)


def _configure_logs() -> None:
    """Log to stderr: for people on a terminal, as JSON lines elsewhere."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _stop_event() -> threading.Event:
    """Return an event that Ctrl-C and SIGTERM set."""
    stop = threading.Event()

    def set_stop(_number: int, _frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGINT, set_stop)
    signal.signal(signal.SIGTERM, set_stop)
    return stop


def _play(settings: Settings, messages: Iterable[Recorded], speed: float, lead_d: float) -> int:
    """Send messages to the broker; a replay run goes on where its clock stands."""
    from ingest.run import broker_url, open_run, run_clock_kind
    from ingest.site import load_site
    from simulators.publish import Publisher
    from simulators.replay import replay as replay_messages

    stop = _stop_event()
    replayed = run_clock_kind(settings.data_dir) == "replay"
    resume_after = None
    if replayed:
        opened = open_run(settings)
        resume_after = opened.store.run_time()
        opened.close()
    site = load_site(settings.site)
    sender = f"postmine-replay-{site.name}"
    with Publisher(broker_url(settings), sender, site=site.name) as publisher:
        done = replay_messages(
            messages,
            publisher,
            site=site.name,
            speed=speed,
            lead_d=lead_d,
            send_clock=replayed,
            resume_after=resume_after,
            stop=stop,
        )
    return done.count


def _store(settings: Settings, messages: Iterable[Recorded], name: str) -> int:
    """Put messages into the run's store through the same checks, without a network."""
    from ingest.offline import store_messages
    from ingest.run import open_run

    opened = open_run(settings, clock="replay", name=name)
    try:
        return store_messages(
            opened, ((message.received, message.topic, message.payload) for message in messages)
        )
    finally:
        opened.close()


def _result(result: dict[str, Any], as_json: bool, text: str) -> None:
    typer.echo(json.dumps(result, ensure_ascii=False, indent=2) if as_json else text)


if __name__ == "__main__":
    main()
