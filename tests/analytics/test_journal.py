from __future__ import annotations

import threading
from pathlib import Path

import pytest

from analytics.alarms import transitions
from analytics.journal import Journal, UnknownAlarm
from ingest.errors import ConfigurationError, ServiceError
from tests.analytics.states import T0, hours
from tests.analytics.test_alarms import risk


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'new folder' / 'journal.sqlite'}"


def raise_alarm(journal: Journal, *, hour: int = 0, name: str = "pore_pressure", level="warning"):
    time = T0 + hours(hour)
    found = transitions(
        journal.active_alarms("abaza"),
        [risk(level, name)],
        site="abaza",
        time=time,
        off_delay_h=0,
    )
    journal.record(found, through=time, site="abaza")


def test_what_was_recorded_is_there_after_a_restart(url: str) -> None:
    first = Journal(url)
    raise_alarm(first)
    first.close()
    again = Journal(url)
    (alarm,) = again.open_alarms()
    assert (alarm.id, alarm.level, alarm.raised) == (1, "warning", T0)
    assert again.progress("abaza") == T0
    assert [change.kind for change in again.transitions(1)] == ["raised"]


def test_the_same_state_twice_changes_nothing(url: str) -> None:
    journal = Journal(url)
    for _ in range(2):
        found = transitions([], [risk("warning")], site="abaza", time=T0, off_delay_h=0)
        journal.record(found, through=T0, site="abaza")
        journal.record(found)
    assert len(journal.alarms()) == 1
    assert len(journal.transitions(1)) == 1


def test_pages_go_back_without_gap_or_repetition(url: str) -> None:
    journal = Journal(url)
    for number in range(7):
        raise_alarm(journal, hour=number, name=f"danger_{number}")
    seen, before = [], None
    while page := journal.alarms(limit=3, before=before):
        seen += [alarm.id for alarm in page]
        before = page[-1].id
    assert seen == [7, 6, 5, 4, 3, 2, 1]


def test_an_acknowledgement_is_kept_once_and_survives_the_next_states(url: str) -> None:
    journal = Journal(url)
    raise_alarm(journal)
    active = journal.active_alarms()
    alarm = journal.acknowledge(1, "shift engineer", "inspected", T0 + hours(1))
    assert alarm.acknowledged is not None
    assert alarm.acknowledged.author == "shift engineer"
    again = journal.acknowledge(1, "somebody else", "", T0 + hours(2))
    assert again.acknowledged == alarm.acknowledged
    # A state that was being judged while the operator acknowledged.
    time = T0 + hours(6)
    back = transitions(active, [risk("normal")], site="abaza", time=time, off_delay_h=0)
    journal.record(back, through=time, site="abaza")
    (returned,) = journal.alarms()
    assert returned.returned == time
    assert returned.acknowledged == alarm.acknowledged
    assert journal.open_alarms() == []


def test_an_alarm_that_does_not_exist_cannot_be_acknowledged(url: str) -> None:
    with pytest.raises(UnknownAlarm, match="no alarm 12"):
        Journal(url).acknowledge(12, "engineer", "", T0)


def test_many_threads_and_two_journals_lose_nothing(url: str) -> None:
    journals = [Journal(url), Journal(url)]
    for number in range(10):
        raise_alarm(journals[0], hour=number, name=f"danger_{number}")
    errors: list[Exception] = []

    def acknowledge(number: int) -> None:
        try:
            journals[number % 2].acknowledge(number + 1, f"engineer {number}", "", T0)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=acknowledge, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert all(alarm.acknowledged for alarm in journals[1].alarms())


def test_a_wrong_address_and_a_folder_that_cannot_be_written_stop_the_start(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigurationError, match="POSTMINE_DATABASE_URL"):
        Journal("not an address")
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match="folder cannot be used"):
        Journal(f"sqlite:///{tmp_path / 'file' / 'journal.sqlite'}")


def test_the_journal_is_known_as_it_stood_at_a_time(url: str) -> None:
    journal = Journal(url)
    raise_alarm(journal, hour=0)
    raise_alarm(journal, hour=2, level="alarm")
    journal.acknowledge(1, "shift engineer", "inspected", T0 + hours(3))
    raise_alarm(journal, hour=5, name="movement")
    assert journal.alarms_known(T0 - hours(1)) == []
    (first,) = journal.alarms_known(T0 + hours(1))
    assert (first.level, first.acknowledged) == ("warning", None)
    (risen,) = journal.alarms_known(T0 + hours(2), open_only=True)
    assert (risen.level, risen.acknowledged) == ("alarm", None)
    (seen,) = journal.alarms_known(T0 + hours(4))
    assert seen.acknowledged is not None
    now = journal.alarms_known(T0 + hours(9), site="abaza")
    assert now == journal.alarms()
    assert [alarm.id for alarm in journal.alarms_known(T0 + hours(9), limit=1)] == [now[0].id]
    assert journal.alarms_known(T0 + hours(9), before=2) == now[1:]
    assert journal.alarms_known(T0 + hours(9), site="elsewhere") == []
