"""Keys: hashed, shown once, ended for good."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics.keys import ROLES, Keys, is_enough
from ingest.errors import ConfigurationError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    opened = Keys(f"sqlite:///{tmp_path / 'journal.sqlite'}")
    yield opened
    opened.close()


def test_a_secret_finds_its_key_and_is_not_kept(keys: Keys, tmp_path: Path) -> None:
    assert not keys.exist()
    key, secret = keys.add("Control room", "operator", NOW)
    assert keys.exist()
    assert keys.holder(secret) == key
    assert keys.all() == [key]
    keys.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in kept
    assert secret.rpartition("_")[2].encode() not in kept


def test_what_is_nearly_the_secret_is_not(keys: Keys) -> None:
    _, secret = keys.add("one", "viewer", NOW)
    _, other = keys.add("two", "admin", NOW)
    assert keys.holder(secret[:-1]) is None
    assert keys.holder(secret.replace("pm_1_", "pm_2_")) is None
    assert keys.holder(other.replace("pm_2_", "pm_9_")) is None
    assert keys.holder("") is None
    assert keys.holder("pm_١_" + "a" * 43) is None


def test_a_revoked_key_is_none_and_its_name_is_not_given_again(keys: Keys) -> None:
    key, secret = keys.add("one", "viewer", NOW)
    sealed = keys.seal(key.id, "until", b"server")
    assert sealed is not None
    assert keys.holder(secret) is not None
    assert keys.revoke("one", NOW).revoked == NOW
    assert keys.holder(secret) is None
    assert keys.seal(key.id, "until", b"server") is None
    assert keys.exist(), "who was once closed is not opened by revoking the last key"
    with pytest.raises(ConfigurationError, match="a name that no key has had"):
        keys.add("one", "admin", NOW)


def test_a_seal_needs_the_secret_of_the_server(keys: Keys) -> None:
    key, _ = keys.add("one", "viewer", NOW)
    ours, theirs = keys.seal(key.id, "x", b"ours"), keys.seal(key.id, "x", b"theirs")
    assert ours is not None
    assert theirs is not None
    assert ours[1] != theirs[1]


@pytest.mark.parametrize("name", ["", " x", "a\nb", "n" * 65])
def test_a_name_is_one_line(keys: Keys, name: str) -> None:
    with pytest.raises(ConfigurationError, match="1 to 64 characters"):
        keys.add(name, "viewer", NOW)


def test_unknown_roles_and_names_say_what_there_is(keys: Keys) -> None:
    with pytest.raises(ConfigurationError, match="viewer, operator, engineer, admin"):
        keys.add("one", "root", NOW)
    keys.add("one", "viewer", NOW)
    with pytest.raises(ConfigurationError, match="'two'; legal: one"):
        keys.revoke("two", NOW)


def test_each_role_may_do_what_those_before_it_may() -> None:
    allowed = [[is_enough(role, wanted) for wanted in ROLES] for role in ROLES]
    assert [sum(row) for row in allowed] == [1, 2, 3, 4]
    assert not is_enough("viewer", "operator")
