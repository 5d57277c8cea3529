"""The risk service: follows the twin's states in order and says what each of them means."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version

import msgspec

from analytics.alarms import calmed, past_exceedance, transitions
from analytics.assessment import Assessment, decode_assessment, encode_assessment
from analytics.dangers import DANGERS, danger_of
from analytics.foretold import oldest, remember
from analytics.frames import History, habitual_row, points
from analytics.indicator import Facts, compute_indicators, indicator_models
from analytics.journal import Journal
from analytics.levels import gravest
from analytics.post_mining import Now, post_mining
from analytics.risk_model import Moment, risk_model_types
from analytics.site_files import ResponsePlan, load_post_mining, load_response_plan, load_targets
from analytics.territory import territory_indicators
from analytics.watch import PastExceedance, Watch, absorb
from ingest.clock import EPOCH, Clock, iso, to_ns
from ingest.errors import ConfigurationError, ServiceError
from ingest.site import Site
from ingest.store import Row, Store
from twin.land_use.territory import load_territory
from twin.state import TwinState, decode_state

#: The watch is kept in two places in turn, so that the one that belongs to the last assessment is
#: whole whenever the service is killed.
_WATCHES = ("risk_watch_a", "risk_watch_b")
#: Changes read at once: a state follows a few, and what is read beyond it is read again.
_CHANGES = 8


class RiskService:
    """Assesses every state of the twin once, in order; after a kill it goes on where it was.

    Parameters
    ----------
    store, journal
        Where states and alarms are kept.
    clock
        The run's clock.

    Raises
    ------
    ConfigurationError
        When a file of the site is wrong.
    """

    def __init__(
        self,
        site: Site,
        store: Store,
        journal: Journal,
        clock: Clock,
    ) -> None:
        self._site, self._store, self._journal, self._clock = site, store, journal, clock
        self._targets = load_targets(site)
        self._plan = checked_response_plan(site)
        self._evidence = load_post_mining(site)
        self._territory = territory_indicators(load_territory(site))
        self._models = [model() for model in risk_model_types().values()]
        self._version = version("postmine")
        self._last: datetime | None
        self._watch: Watch | None
        self._last, self._watch = self._restored()
        self._history = History.load(store, site, self._last)

    def step(self, limit: int = 20) -> int:
        """Assess the states of the twin that are due, at most `limit`; return how many.

        When the store refuses in the middle, what is half remembered is forgotten: the next step
        begins again from what is durable.
        """
        try:
            return self._step(limit)
        except ServiceError:
            self._watch = None
            raise

    def _step(self, limit: int) -> int:
        if self._watch is None:
            self._last, self._watch = self._restored()
        count = 0
        while count < limit:
            state = self._next_state()
            if state is None:
                break
            self._assess(state, self._watch)
            count += 1
        return count

    def detail(self) -> str:
        """Return where the service stands, for its sign of life."""
        return f"last state {iso(self._last)}" if self._last else "no state yet"

    def _next_state(self) -> TwinState | None:
        """Return the twin's first state after the last one assessed, once its time has come."""
        document = self._store.next_state("twin", self._last)
        if document is None:
            return None
        state = decode_state(document)
        return state if state.time <= self._clock.now() else None

    def _assess(self, state: TwinState, watch: Watch) -> None:
        time = state.time
        past = absorb(watch, self._arrived(watch, time), self._site, self._plan.rules, time)
        remember(watch.foretold, state)
        facts = Facts(
            targets=self._targets,
            last_reading=watch.last_reading,
            days_with_readings={name: frozenset(days) for name, days in watch.days.items()},
            unchanged_since={name: since for name, (_, since) in watch.unchanged.items()},
            foretold=oldest(watch.foretold, time),
        )
        indicators = compute_indicators(self._site, state, facts)
        moment = Moment(
            site=self._site,
            state=state,
            indicators=indicators,
            watch=watch,
            plan=self._plan,
            history=self._history,
        )
        risks = [risk for model in self._models for risk in model.assess(moment)]
        watch.time = time
        assessment = Assessment(
            site=self._site.name,
            time=time,
            known_at=state.known_at,
            version=self._version,
            level=gravest(risk.level for risk in risks),
            risks=risks,
            indicators=indicators,
            post_mining=post_mining(
                self._evidence,
                self._territory,
                Now(self._site, state, risks, watch.last_reading),
            ),
        )
        self._store.write_derived(points(self._site, indicators, time, state.known_at))
        self._record(assessment, past)
        watch.turn = 1 - watch.turn
        slot = _WATCHES[watch.turn]
        self._store.write_state(slot, EPOCH, msgspec.json.encode(watch))
        self._store.write_state("risk", time, encode_assessment(assessment))
        self._history.append(time, habitual_row(indicators))
        self._last = time

    def _record(self, assessment: Assessment, past: list[PastExceedance]) -> None:
        """Write what the assessment changes into the journal, in one transaction."""
        active = self._journal.active_alarms(self._site.name)
        changes = transitions(
            active,
            assessment.risks,
            site=self._site.name,
            time=assessment.time,
            off_delay_h=self._plan.rules.off_delay_h,
        )
        changed = {change.alarm.id for change in changes}
        waiting = [
            alarm
            for alarm in calmed(active, assessment.risks, assessment.time)
            if alarm.id not in changed
        ]
        for item in past:
            danger = danger_of(item.quantity)
            changes.append(past_exceedance(item, self._site, danger.name, danger.title))
        self._journal.record(
            changes, waiting=waiting, through=assessment.time, site=self._site.name
        )

    def _arrived(self, watch: Watch, until: datetime) -> list[Row]:
        """Return the rows that arrived after the last state and up to this one.

        A change may hold rows that arrived on both sides of a boundary: then its first part is
        taken now and the rest with the next state.
        """
        rows: list[Row] = []
        limit = to_ns(until)
        while True:
            changes = self._store.changes(watch.cursor, limit=_CHANGES)
            for change in changes:
                begun = change.sequence == watch.partial and watch.time is not None
                taken = to_ns(watch.time) if begun and watch.time is not None else -1
                rows += [row for row in change.rows if taken < row.received <= limit]
                if any(row.received > limit for row in change.rows):
                    watch.partial = change.sequence
                    return rows
                watch.cursor = change.sequence
            if len(changes) < _CHANGES:
                return rows

    def _restored(self) -> tuple[datetime | None, Watch]:
        """Return the last state that was assessed, and the watch that belongs to it."""
        document = self._store.state("risk")
        if document is None:
            return None, Watch()
        last = decode_assessment(document).time
        for slot in _WATCHES:
            stored = self._store.state(slot)
            if stored is not None:
                watch = msgspec.json.decode(stored, type=Watch)
                if watch.time == last:
                    return last, watch
        # No watch is left: read all changes again; what they crossed is in the journal already.
        watch = Watch()
        absorb(watch, self._arrived(watch, last), self._site, self._plan.rules, last)
        watch.time = last
        return last, watch


def checked_response_plan(site: Site) -> ResponsePlan:
    """Return the site's response plan, checked against the indicators and dangers that exist.

    Raises
    ------
    ConfigurationError
        When it names an indicator or a danger that does not exist.
    """
    plan = load_response_plan(site)
    path = site.folder / "response_plan.yaml"
    for limit in plan.limits:
        for key, value, legal in (
            ("indicator", limit.indicator, indicator_models()),
            ("danger", limit.danger, DANGERS),
        ):
            if value not in legal:
                raise ConfigurationError(
                    f"limits: {key}", value=value, legal=", ".join(legal), file=path
                )
    return plan
