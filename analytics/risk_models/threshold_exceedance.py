"""Dated limits of readings and of indicators: one risk per kind of danger and zone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from analytics.assessment import Evidence, Indicator, Risk, RiskLevel
from analytics.channel import Channel, judged
from analytics.dangers import DANGERS, Danger, danger_of
from analytics.indicator import current_value
from analytics.levels import GRAVITY, calmer, gravest, in_force
from analytics.risk_model import Moment, RiskModel
from analytics.site_files import IndicatorLimit
from analytics.watch import channel_key
from ingest.figure import Figure, unknown
from ingest.freshness import freshness
from ingest.text import Text

#: How many voices that are within their limits stand beside a calm risk.
_CALM_EVIDENCE = 3


@dataclass(frozen=True)
class _Voice:
    """One channel with a level that counts at the moment.

    `voter` tells independent voices apart: two quantities of one inclinometer are one voter, two
    probes of a water station are two. A figure of the whole site has the voter "".
    """

    voter: str
    level: RiskLevel
    evidence: Evidence
    margin: float  # distance to the limit, as a part of it


class ThresholdExceedance(RiskModel):
    """Levels by limits, with persistence, hysteresis and confirmation.

    A reading is judged by the limit that was in force at its own time. A level is raised by several
    successive readings and left by several within the deadband (`analytics.channel`). One voice
    alone makes no alarm: until a second instrument of the zone, or a related danger there, says the
    same, an alarm counts as a warning, and as an advisory if the instrument disagrees with its
    neighbours. Two related dangers at advisory in one zone, such as water pressure and movement,
    count as a warning. This is voting as in IEC 61511, with the caution that nothing is voted below
    advisory; how the votes are counted is a design assumption.
    """

    name = "threshold_exceedance"

    def assess(self, moment: Moment) -> list[Risk]:
        """Return one risk per danger and zone, by danger and then by the site's order."""
        self._judge_indicators(moment)
        voices = self._voices(moment)
        doubted = _doubted(moment)
        tops = {
            key: gravest(voice.level for voice in found if voice.voter not in doubted)
            for key, found in voices.items()
        }
        return [
            self._risk(moment, danger, zone, voices[danger.name, zone], tops, doubted)
            for danger in DANGERS.values()
            for zone in _zones(danger, moment)
        ]

    def _judge_indicators(self, moment: Moment) -> None:
        """Take the indicators of this state into their channels."""
        rules = moment.plan.rules
        named: defaultdict[str, list[IndicatorLimit]] = defaultdict(list)
        for limit in moment.plan.limits:
            named[limit.indicator].append(limit)
        held = {name: in_force(limits, moment.state.time) for name, limits in named.items()}
        for item in moment.indicators:
            value = current_value(item.value)
            if value is None or not held.get(item.name):
                continue
            key = _indicator_key(item)
            moment.watch.channels[key] = judged(
                moment.watch.channels.get(key, Channel()),
                value,
                moment.state.time,
                held[item.name],
                raise_after=rules.raise_after_states,
                return_after=rules.return_after_states,
                deadband=rules.deadband,
            )

    def _voices(self, moment: Moment) -> defaultdict[tuple[str, str], list[_Voice]]:
        voices: defaultdict[tuple[str, str], list[_Voice]] = defaultdict(list)
        for instrument in moment.site:
            quantities = dict.fromkeys(limit.quantity for limit in instrument.thresholds)
            for quantity in quantities:
                danger = danger_of(quantity)
                voice = self._measured(moment, danger, instrument.name, quantity)
                if voice is not None:
                    voices[danger.name, instrument.zone].append(voice)
        for item in moment.indicators:
            for name in {
                limit.danger for limit in moment.plan.limits if limit.indicator == item.name
            }:
                voice = self._indicated(moment, item)
                if voice is not None:
                    zone = "" if DANGERS[name].of_site else _zone_of(item.subject, moment)
                    voices[name, zone].append(voice)
        return voices

    def _measured(
        self, moment: Moment, danger: Danger, instrument: str, quantity: str
    ) -> _Voice | None:
        """Return the voice of an instrument's gravest node."""
        site, watch = moment.site, moment.watch
        kind = site.type_of(instrument)
        nodes = range(site.instruments[instrument].node_count)
        found = []
        for node in nodes:
            channel = watch.channels.get(channel_key(instrument, quantity, node))
            if channel is None or channel.time is None:
                continue
            current = freshness(channel.time, kind, moment.state.time) == "current"
            if current or _held(channel, moment):
                # Beyond a limit the farthest is the gravest, within it the nearest.
                beyond = GRAVITY[channel.level] >= GRAVITY["advisory"]
                margin = _margin(channel) if beyond else -_margin(channel)
                found.append((GRAVITY[channel.level], margin, node, channel, current))
        if not found:
            return None
        _, _, node, channel, current = max(found, key=lambda entry: entry[:3])
        place = site.instruments[instrument].nodes
        source = f"{instrument}, {place[node]:g} m" if kind.nodes == "depth" else instrument
        return _voice(
            channel,
            voter=f"{instrument}/{quantity}" if danger.by_quantity else instrument,
            instrument=instrument,
            indicator=quantity,
            figure=Figure(
                value=channel.value,
                unit=kind.quantities[quantity].canonical_unit,
                time=channel.time,
                source=source,
                quality="measured" if current else "stale",
            ),
            current=current,
        )

    def _indicated(self, moment: Moment, item: Indicator) -> _Voice | None:
        channel = moment.watch.channels.get(_indicator_key(item))
        if channel is None or channel.time is None:
            return None
        current = channel.time == moment.state.time
        if not current and not _held(channel, moment):
            return None
        figure = item.value
        if not current:
            figure = msgspec.structs.replace(
                figure, value=channel.value, time=channel.time, reason=None, quality="stale"
            )
        instrument = item.subject if item.subject in moment.site.instruments else ""
        return _voice(
            channel,
            voter=item.subject,
            instrument=instrument,
            indicator=item.name,
            figure=figure,
            current=current,
            subject="" if instrument else item.subject,
        )

    def _risk(
        self,
        moment: Moment,
        danger: Danger,
        zone: str,
        voices: list[_Voice],
        tops: dict[tuple[str, str], RiskLevel],
        doubted: set[str],
    ) -> Risk:
        level = gravest(voice.level for voice in voices)
        evidence = [voice.evidence for voice in _shown(voices)]
        if danger.name == "data":
            evidence += _silent(moment)
        if voices and danger.confirmed:
            capped = _confirmed(voices, _related(danger, zone, tops), doubted)
            if capped == "advisory" and _concurs(danger, zone, tops):
                capped = "warning"
            if capped != level:
                evidence = [_weighed(item, level, capped, voices) for item in evidence]
                level = capped
        return Risk(
            name=danger.name,
            title=danger.title,
            zone=zone,
            level=level,
            score=None,
            time=moment.state.time,
            model=self.name,
            version=self.version,
            reason=None if voices else _why_unknown(moment, danger, zone),
            evidence=evidence + _not_known(moment, danger, zone),
        )


def _related(danger: Danger, zone: str, tops: dict[tuple[str, str], RiskLevel]) -> RiskLevel:
    """Return the gravest level of the dangers that can confirm one in a zone."""
    return gravest(
        level
        for (name, other), level in tops.items()
        if name in danger.related and (other == zone or DANGERS[name].everywhere)
    )


def _concurs(danger: Danger, zone: str, tops: dict[tuple[str, str], RiskLevel]) -> bool:
    """Return whether another kind of instrument of the zone says the same as trusted ones here."""
    own = tops[danger.name, zone]
    return GRAVITY[own] >= GRAVITY["advisory"] and any(
        GRAVITY[level] >= GRAVITY["advisory"]
        for (name, other), level in tops.items()
        if name in danger.related and other == zone and not DANGERS[name].everywhere
    )


def _confirmed(voices: list[_Voice], related: RiskLevel, doubted: set[str]) -> RiskLevel:
    """Return the level that the voices make together.

    The gravest voice counts fully as far as a second voter or a related danger confirms it;
    beyond that it makes a warning. An instrument that is doubted needs a second voter, and makes
    an advisory without one.
    """
    by_voter: dict[str, RiskLevel] = {}
    for voice in voices:
        by_voter[voice.voter] = gravest([by_voter.get(voice.voter, "normal"), voice.level])
    ordered = sorted(by_voter.items(), key=lambda entry: (-GRAVITY[entry[1]], entry[0]))
    voter, top = ordered[0]
    if not voter:
        return top
    second = ordered[1][1] if len(ordered) > 1 else "normal"
    if voter in doubted:
        return gravest([second, calmer(top, "advisory")])
    confirmed = gravest([second, calmer(top, gravest([related, "normal"]))])
    return gravest([confirmed, calmer(top, "warning")])


def _weighed(
    item: Evidence, level: RiskLevel, counted: RiskLevel, voices: list[_Voice]
) -> Evidence:
    """Return the evidence, saying of the gravest why it counts less or more than by itself."""
    own = next(voice.level for voice in voices if voice.evidence is item)
    if own != level:
        return item
    if GRAVITY[counted] > GRAVITY[level]:
        why = Text("Beyond its limit, as a related danger here is too: counted as a warning")
    elif counted == "advisory":
        why = Text("Beyond its limit, but it disagrees with its neighbours: counted as an advisory")
    else:
        why = Text("Beyond its limit, but nothing else confirms it yet: counted as a warning")
    return msgspec.structs.replace(item, statement=why)


def _doubted(moment: Moment) -> set[str]:
    """Return the instruments that disagree with their neighbours."""
    return {
        item.subject
        for item in moment.indicators
        if item.name == "pore_pressure_disagreement"
        and (current_value(item.value) or 0.0) > moment.plan.rules.disagreement
    }


def _silent(moment: Moment) -> list[Evidence]:
    """Return the instruments that no longer speak of the present, in the site's order."""
    found = []
    for instrument in moment.site:
        last = moment.watch.last_reading.get(instrument.name)
        kind = moment.site.type_of(instrument.name)
        if last is None or freshness(last, kind, moment.state.time) == "current":
            continue
        statement = Text("Silent since {since}", {"since": _moment(last)})
        found.append(
            Evidence(
                instrument=instrument.name,
                indicator="data_freshness",
                value=unknown("1", statement, time=last, source=instrument.name),
                limit=None,
                statement=statement,
            )
        )
    return found


def _not_known(moment: Moment, danger: Danger, zone: str) -> list[Evidence]:
    """Return what is watched by a limit in force but is not known: no alarm, and no calm either."""
    limits = [limit for limit in moment.plan.limits if limit.danger == danger.name]
    found = []
    for name in dict.fromkeys(limit.indicator for limit in in_force(limits, moment.state.time)):
        items = [
            item
            for item in moment.indicators
            if item.name == name and (danger.of_site or _zone_of(item.subject, moment) == zone)
        ]
        blank = [item for item in items if item.value.value is None]
        if blank:
            found.append(
                Evidence(
                    instrument="",
                    indicator=name,
                    value=blank[0].value,
                    limit=None,
                    statement=Text(
                        "Not known for {count} of {all}", {"count": len(blank), "all": len(items)}
                    ),
                )
            )
    return found


def _voice(
    channel: Channel,
    *,
    voter: str,
    instrument: str,
    indicator: str,
    figure: Figure,
    current: bool,
    subject: str = "",
) -> _Voice:
    return _Voice(
        voter=voter,
        level=channel.level,
        evidence=Evidence(
            instrument=instrument,
            indicator=indicator,
            value=figure,
            limit=channel.limit,
            statement=_statement(channel, current=current),
            subject=subject,
        ),
        margin=_margin(channel),
    )


def _statement(channel: Channel, *, current: bool) -> Text:
    if not current and channel.time is not None:
        return Text("Silent since {since}; its level is held", {"since": _moment(channel.time)})
    since = {"since": _moment(channel.since)} if channel.since else {"since": "?"}
    if channel.level == "alarm":
        return Text("Beyond its alarm limit since {since}", since)
    if channel.level == "warning":
        return Text("Beyond its warning limit since {since}", since)
    if channel.level == "advisory":
        return Text("Beyond its advisory limit since {since}", since)
    return Text("Within its limits")


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _margin(channel: Channel) -> float:
    """Return how far a value is from its limit, as a part of the limit."""
    if channel.limit is None:
        return float("inf")
    return abs(channel.value - channel.limit) / max(abs(channel.limit), 1e-9)


def _held(channel: Channel, moment: Moment) -> bool:
    """Return whether a silent channel's level still counts: an alarm does not end in silence."""
    if channel.time is None or GRAVITY[channel.level] < GRAVITY["advisory"]:
        return False
    limit = timedelta(days=moment.plan.rules.hold_silent_d)
    return moment.state.time - channel.time <= limit


def _shown(voices: list[_Voice]) -> list[_Voice]:
    """Return every voice beyond a limit, farthest first, or the few that are nearest to theirs."""
    speaking = [voice for voice in voices if GRAVITY[voice.level] >= GRAVITY["advisory"]]
    if speaking:
        return sorted(speaking, key=lambda voice: (-GRAVITY[voice.level], -voice.margin))
    return sorted(voices, key=lambda voice: voice.margin)[:_CALM_EVIDENCE]


def _indicator_key(item: Indicator) -> str:
    return f"{item.name}/{item.subject}"


def _zone_of(subject: str, moment: Moment) -> str:
    site = moment.site
    if subject in site.instruments:
        return site.instruments[subject].zone
    if subject in site.zones:
        return subject
    sections = (each.zone for each in moment.state.slopes or [] if each.section == subject)
    return next(sections, "")


def _zones(danger: Danger, moment: Moment) -> list[str]:
    """Return the zones in which a danger can be watched, in the site's order."""
    site = moment.site
    zones = {
        instrument.zone
        for instrument in site
        if danger.quantities & set(site.type_of(instrument.name).quantities)
    }
    limited = {limit.indicator for limit in moment.plan.limits if limit.danger == danger.name}
    zones |= {_zone_of(item.subject, moment) for item in moment.indicators if item.name in limited}
    if danger.of_site:
        zones = {""}
    return [zone for zone in ["", *site.zones] if zone in zones]


def _why_unknown(moment: Moment, danger: Danger, zone: str) -> Text:
    """Return why nothing speaks for or against a danger."""
    site = moment.site
    limited = any(
        limit.quantity in danger.quantities
        for instrument in site
        if instrument.zone == zone
        for limit in instrument.thresholds
    )
    wanted = {limit.indicator for limit in moment.plan.limits if limit.danger == danger.name}
    of_zone = [
        item
        for item in moment.indicators
        if item.name in wanted and (danger.of_site or _zone_of(item.subject, moment) == zone)
    ]
    if not limited and not of_zone:
        return Text("No limit is recorded for it")
    if not limited and all(item.value.value is not None for item in of_zone):
        return Text("No limit is in force yet")
    reasons = [item.value.reason for item in of_zone if item.value.reason is not None]
    return reasons[0] if reasons and not limited else Text("No instrument gives a current value")
