"""What instruments' devices last said of themselves: battery, firmware, whether they are there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dashboard.answers import DeviceState
from ingest.engineering import BATTERY
from ingest.message import MessageError, Status, decode_status
from ingest.quality_rules.low_battery import LowBattery
from ingest.site import Site
from ingest.store import Reading, SenderStatus


def device_states(
    site: Site,
    latest: Sequence[Reading],
    statuses: Sequence[SenderStatus],
    moment: datetime,
) -> dict[str, DeviceState]:
    """Return the state of each instrument's device, by the instrument's name.

    Of a sender only the last word is kept: one that came after `moment` says nothing of it. The
    voltage is the newer one of a reading and of a status.
    """
    read = {each.instrument: each for each in latest if each.quantity == BATTERY}
    said = {each.sender: each for each in statuses if each.received <= moment}
    found = {}
    for instrument in site:
        state, time, volts = DeviceState(), None, None
        words = [
            (_status(said[sender]), said[sender].received)
            for sender in site.senders_of(instrument.name)
            if sender in said
        ]
        if words:
            status, received = max(words, key=lambda each: each[1])
            state = DeviceState(firmware=status.firmware, online=status.state == "online")
        for status, received in words:
            if status.battery_v is not None and (time is None or received > time):
                volts, time = status.battery_v, received
        reading = read.get(instrument.name)
        if reading is not None and (time is None or reading.time > time):
            volts = reading.value
        limits = [
            rule.below
            for rules in site.rules(instrument.name).values()
            for rule in rules
            if isinstance(rule, LowBattery)
        ]
        found[instrument.name] = DeviceState(
            battery_v=volts,
            battery_low=None if volts is None or not limits else volts < max(limits),
            firmware=state.firmware,
            online=state.online,
        )
    return found


def _status(status: SenderStatus) -> Status:
    try:
        return decode_status(status.document)
    except MessageError:
        return Status(state=status.state)
