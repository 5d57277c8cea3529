"""What Prometheus scrapes at `/metrics`: the run, its services and its instruments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from dashboard.answers import ProcessHealth
from dashboard.queries import Queries

#: What services count in their heartbeats, and how it is told.
NUMBERS = {
    "broker_connected": "Whether ingest is connected to the broker",
    "messages_total": "Messages taken from the broker since the service started",
    "rows_total": "Rows that were new, stored or forwarded since the service started",
    "dead_letters_total": "Messages that could not be understood since the service started",
    "batch_messages": "Messages of the last batch: what had queued up meanwhile",
    "reading_delay_seconds": "How old the last reading was when it came",
    "refused_rows_total": "Rows that InfluxDB refused since the service started",
    "pruned_rows_total": "Rows removed from the data folder since the service started",
    "changes_behind": "Changes of the store that wait to be forwarded",
    "seconds_behind": "How long the oldest change has waited to be forwarded",
    "steps_total": "What the service has done since it started: states, blocks",
    "failures_total": "Steps that failed since the service started, and were tried again",
}


def metrics(queries: Queries) -> Response:
    """Return the answer to a scrape."""
    registry = CollectorRegistry()
    registry.register(_Run(queries))
    return Response(
        generate_latest(registry),
        headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"},
    )


class _Run(Collector):
    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def describe(self) -> Iterable[Metric]:
        return []  # registering must not read the store

    def collect(self) -> Iterator[Metric]:
        health = self._queries.health()
        store = health.store
        yield _gauge("store_ok", "Whether the store can be used", float(store.ok))
        yield _gauge("store_rows", "Rows of readings in the store", store.rows)
        yield _gauge("store_changes", "Number of the store's last change", store.last_sequence)
        waiting = "Messages that were not understood and wait for a fix and a retry"
        yield _gauge("dead_letters_waiting", waiting, health.dead_letters)
        if store.forwarded_sequence is not None:
            behind = store.last_sequence - store.forwarded_sequence
            yield _gauge("store_changes_not_forwarded", "Changes InfluxDB does not have", behind)
        yield from _processes(health.processes)
        if not store.ok:
            return
        yield _gauge("alarms_open", "Alarms that somebody must deal with", health.open_alarms)
        ages = GaugeMetricFamily(
            "postmine_state_age_seconds",
            "How far a service's last state is behind the run's clock",
            labels=["service"],
        )
        for service in health.services:
            if service.behind_s is not None:
                ages.add_metric([service.name], service.behind_s)
        yield ages
        fresh = GaugeMetricFamily(
            "postmine_instruments", "Instruments by the freshness of readings", labels=["freshness"]
        )
        for word, count in health.instruments.items():
            fresh.add_metric([word], count)
        yield fresh
        silence = GaugeMetricFamily(
            "postmine_instrument_reading_age_seconds",
            "Since when an instrument has measured nothing that we know of, on the run's clock",
            labels=["instrument", "type"],
        )
        for each in self._queries.instruments():
            if each.last_time is not None:
                age_s = (health.time - each.last_time).total_seconds()
                silence.add_metric([each.name, each.type], max(age_s, 0.0))
        yield silence


def _processes(processes: list[ProcessHealth]) -> Iterator[Metric]:
    alive = GaugeMetricFamily(
        "postmine_service_up", "Whether a service is running and content", labels=["service"]
    )
    age = GaugeMetricFamily(
        "postmine_service_heartbeat_age_seconds", "Last sign of life", labels=["service"]
    )
    for process in processes:
        alive.add_metric([process.name], float(process.alive))
        age.add_metric([process.name], process.age_s)
    yield alive
    yield age
    for number, text in NUMBERS.items():
        family = CounterMetricFamily if number.endswith("_total") else GaugeMetricFamily
        found = family(f"postmine_service_{number}", text, labels=["service"])
        for process in processes:
            if number in process.numbers:
                found.add_metric([process.name], process.numbers[number])
        if found.samples:
            yield found


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"postmine_{name}", text, value=value)
