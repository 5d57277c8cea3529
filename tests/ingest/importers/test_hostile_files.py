"""Hostile files: no crash, no hang, and each refusal has its line and reason."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.import_map import Column, ImportMap, MonitoringType
from ingest.importer import Entry, ImportProblem, Refused, importers
from ingest.site import Site

PZ = Column(instrument="pz-1", quantity="pore_pressure")
IPI = Column(instrument="ipi-1", quantity="displacement_a", node=2.0)
MAPS = {
    "csv": ImportMap(
        format="csv", time_zone="Europe/London", decimal=",", delimiter=";", columns={"p": PZ}
    ),
    "toa5": ImportMap(format="toa5", time_zone="+07:00", columns={"T": PZ, "A": IPI}),
    "ags4": ImportMap(
        format="ags4",
        time_zone="UTC",
        types={"PRES": MonitoringType(quantity="pore_pressure")},
    ),
}
WORDS = [
    *("time", "p", "T", "A", "TOA5", "TIMESTAMP", "RECORD", "TS", "RN", "NAN", "1e999", "-1,5"),
    *("GROUP", "HEADING", "UNIT", "TYPE", "DATA", "MOND", "LOCA_ID", "MONG_ID", "MOND_DTIM"),
    *("MOND_TYPE", "MOND_RDNG", "MOND_UNIT", "PRES", "kPa", "pz-1", "2026-02-01T00:00:00"),
    *("0001-01-01 00:00:00", "9999-12-31T23:59:59", "2025-10-26 01:30", "1" * 400, "٣", "1_0"),
    *("time,received,instrument,node,pore_pressure [kPa]", "[", "ipi-1", "nan", "0x10", "\x00"),
]
cells = st.sampled_from(WORDS) | st.text(max_size=8)
marks = st.sampled_from([",", ";", '","', '"', "\n", "\r\n", "\r", '"\n"', " ", ""])
tables = st.lists(st.tuples(cells, marks), max_size=40).map(
    lambda parts: "".join(cell + mark for cell, mark in parts).encode("utf-8", "surrogatepass")
)


def check(name: str, content: bytes, site: Site, *, mapped: bool) -> None:
    lines = content.count(b"\n") + 1
    importer = importers()[name]()
    refused: ImportProblem | None = None
    try:
        for entry in importer.read(io.BytesIO(content), site, MAPS[name] if mapped else None):
            assert 1 <= entry.line <= lines
            if isinstance(entry, Refused):
                assert entry.reason
                assert len(entry.reason) < 2_000
            else:
                assert isinstance(entry, Entry)
                assert entry.message.time.utcoffset() is not None
                assert entry.instrument in site.instruments
    except ImportProblem as problem:
        refused = problem
    if refused is not None:
        assert refused.reason
        assert 0 <= refused.line <= lines + 1


GOOD_TOA5 = (
    b'"TOA5","s","CR6","1","os","prog","0","t"\n"TIMESTAMP","RECORD","T","A"\n"TS","RN","",""\n'
    b'"","","",""\n"2021-06-19 00:00:00",1,4.5,7\n'
)
GOOD_AGS4 = (
    b'"GROUP","MOND"\r\n'
    b'"HEADING","LOCA_ID","MONG_ID","MOND_DTIM","MOND_TYPE","MOND_RDNG","MOND_UNIT"\r\n'
    b'"DATA","BH1","pz-1","2026-02-01T00:00:00","PRES","83.2","kPa"\r\n'
)
GOOD_CSV = b"time;p\n2026-02-01 00:00;1,5\n"


@settings(max_examples=300)
@given(st.sampled_from(sorted(MAPS)), tables | st.binary(max_size=200), st.booleans())
@example("csv", b'time;p\n"', True)
@example("ags4", b"\n\n\n", True)
@example("csv", b"time,received,instrument,node,x [\n", False)
def test_any_bytes_are_read_or_refused(
    small_site: Site, name: str, content: bytes, mapped: bool
) -> None:
    check(name, content, small_site, mapped=mapped)


@settings(max_examples=300)
@given(
    st.sampled_from([("toa5", GOOD_TOA5), ("ags4", GOOD_AGS4), ("csv", GOOD_CSV)]),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=3)), min_size=1, max_size=5),
)
def test_a_good_file_with_wrong_bytes_is_read_or_refused(
    small_site: Site, good: tuple[str, bytes], changes: list[tuple[int, bytes]]
) -> None:
    name, content = good
    for place, given_bytes in changes:
        at = place % (len(content) + 1)
        content = content[:at] + given_bytes + content[at + 1 :]
    check(name, content, small_site, mapped=True)


@pytest.mark.parametrize("good", [("toa5", GOOD_TOA5), ("ags4", GOOD_AGS4), ("csv", GOOD_CSV)])
def test_the_good_ones_are_good(small_site: Site, good: tuple[str, bytes]) -> None:
    name, content = good
    found = list(importers()[name]().read(io.BytesIO(content), small_site, MAPS[name]))
    assert found
    assert all(isinstance(entry, Entry) for entry in found)


class Endless(io.RawIOBase):
    """A file without an end: the same bytes again and again, up to a size."""

    def __init__(self, piece: bytes, size: int) -> None:
        self._piece, self._left, self._line = piece, size, b""

    def readline(self, limit: int | None = -1) -> bytes:  # type: ignore[override]
        if self._left <= 0:
            return b""
        wanted = limit if limit is not None and limit >= 0 else 1_000_000
        if b"\n" in self._piece:
            made = self._piece[:wanted]
        else:
            made = (self._piece * (wanted // len(self._piece) + 1))[:wanted]
        self._left -= len(made)
        return made


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("csv", b"x"),
        ("csv", b'"'),
        ("csv", b'"x\n'),
        ("csv", b"\n"),
        ("ags4", b'"GROUP","A"\n'),
        ("ags4", b"\n"),
        ("toa5", b"\x00"),
        ("toa5", b"a,\n"),
    ],
)
def test_memory_is_bounded(small_site: Site, name: str, piece: bytes) -> None:
    importer = importers()[name]()
    tracemalloc.start()
    try:
        with pytest.raises(ImportProblem):
            for _ in importer.read(
                Endless(piece, 200_000 if b"\n" in piece else 2_000_000), small_site, MAPS[name]
            ):  # type: ignore[arg-type]
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


def test_every_importer_is_tried() -> None:
    assert set(importers()) == set(MAPS)


def test_the_fixture_files_have_their_licence() -> None:
    folder = Path(__file__).parents[2] / "data" / "toa5"
    assert "LGPL" in (folder / "SOURCE.txt").read_text(encoding="utf-8")
    assert (folder / "LICENSE.LGPL-3.0.txt").is_file()
