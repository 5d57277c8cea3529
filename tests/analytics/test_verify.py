from __future__ import annotations

from analytics.verify import verifications as all_verifications
from twin.verifications.land_use import verifications
from twin.verify import verifications as twin_verifications


def test_every_published_number_is_met() -> None:
    found = verifications()
    assert len(found) == 22
    assert [item.name for item in found if not item.ok] == []


def test_corrected_numbers_say_so() -> None:
    corrected = [item for item in verifications() if "corrected" in item.source]
    assert [item.published for item in corrected] == [22.0588, 38.2722]


def test_all_of_them_are_those_of_the_twin_and_of_analytics_by_subject() -> None:
    found = all_verifications()
    assert len(found) >= len(twin_verifications())
    assert {"calendar_plan", "consolidation", "land_use"} <= {item.subject for item in found}
    assert len({(item.subject, item.name) for item in found}) == len(found)
