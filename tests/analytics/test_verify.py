from __future__ import annotations

from analytics.verify import verifications


def test_every_published_number_is_met() -> None:
    found = verifications()
    assert len(found) == 21
    assert [item.name for item in found if not item.ok] == []


def test_corrected_numbers_say_so() -> None:
    corrected = [item for item in verifications() if "corrected" in item.source]
    assert [item.published for item in corrected] == [22.0588, 38.2722]
