"""Where a number comes from, in the visitor's language.

A source travels as English words: an instrument, a model, a sentence of the site's files, or
several of them in a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from dashboard import i18n
from dashboard.i18n import Language
from ingest.sentence import translations
from ingest.text import Text

#: Sources that the house itself writes, beside titles of works, which stay as they are printed.
_PHRASES = (
    Text("reclamation project 073/20-TX, volume 3 book 1"),
    Text("safety of unloading"),
    Text("printed as working * 0.85, its numbers and the right formula are working / 0.85"),
    Text("the source goes on with truncated means"),
    Text("the source goes on with 0.93 for a loss factor of 0.925, and with 44 s"),
    Text("printed as 6: the sum of 0.4, 0.4, 2.5, 2.5"),
    Text("unrounded it is 1.0004, which counts as 1: within 0.5 %"),
    Text("corrected: the guide prints 25.8, dividing by 58 where its formula asks for 68"),
    Text("corrected: the guide prints 39 for (688 + 796 + 164) / 4306"),
    Text("work 1: the volume grows four times"),
    Text("analytic oracle"),
    Text("value: analytic oracle"),
    Text("analytic oracle: Sowers (1965) by Boltzmann's superposition, 10*(2 + log10 2)"),
    Text("Terzaghi consolidation, table of CEG 4012 lecture notes (2011)"),
    Text("regression over 60-90 % of Terzaghi's curve"),
    Text("laboratory line, disputed"),
    Text("laboratory line of the Horsley fill (ICE 149(2), 129)"),
    Text("discussion of the Horsley opencast fill, ICE Geotechnical Engineering 149(2), 129"),
    Text("scipy.optimize.least_squares(loss='huber') on the same curve"),
    Text("Verruijt's example by code_aster V6.03.006"),
    Text("mean of 18 answers by Bishop's method"),
    Text("referee's answer 1.00"),
    Text("inputs: Das, Principles of Geotechnical Engineering, 9th ed., problem 15.3"),
    Text("GATE 2014, civil engineering, question 1.16 (11.3 deg)"),
    Text("data of Montgomery, example 9.1, weight 0.1, L = 2.7"),
    Text("recomputed"),
    Text("recomputed from Z"),
    Text("test of MannKendall.jl: 1 to 100"),
    Text("acid-base accounting of sample VD-E1 (scribd.com document 336000945)"),
    Text("31.25 kg CaCO3/t by molar masses; the AMIRA handbook rounds to 30.6"),
    Text("equation of Kirby and Cravotta (2005), by hand; no published pair was readable"),
    Text("quoted from memory"),
    Text("no state yet"),
    Text("store"),
    Text("ingest"),
    Text("weighbridge"),
    Text("backfill"),
)

#: Sources that are made of a number or a name, and how they are said.
_MADE = (
    (re.compile(r"(?P<count>\d+) instruments"), Text("{count} instruments")),
    (
        re.compile(r"(?P<name>\S+) and (?P<count>\d+) neighbours"),
        Text("{name}, {count} neighbours"),
    ),
    (re.compile(r"(?P<name>\S+), (?P<depth>[\d.]+) m"), Text("{name}, depth {depth} m")),
    (re.compile(r"tables? (?P<number>[\d-]+)"), Text("table {number}")),
    (re.compile(r"section (?P<number>[\d.]+)"), Text("section {number}")),
    (re.compile(r"page (?P<number>\d+)"), Text("page {number}")),
    (re.compile(r"example (?P<number>[\d.]+)"), Text("example {number}")),
    (re.compile(r"(?P<count>\d+) rows stored"), Text("{count} rows stored")),
    (re.compile(r"(?P<count>\d+) rows forwarded"), Text("{count} rows forwarded")),
    (re.compile(r"(?P<count>\d+) dead letters"), Text("{count} dead letters")),
    (re.compile(r"broker (?P<address>\S+)"), Text("broker {address}")),
    (re.compile(r"broker (?P<address>\S+) not connected"), Text("broker {address} not connected")),
    (re.compile(r"last state (?P<time>\S+)"), Text("last state {time}")),
    (re.compile(r"SQLite in (?P<folder>.+)"), Text("SQLite in {folder}")),
    (re.compile(r"printed as (?P<number>[\d.-]+)"), Text("printed as {number}")),
)
_REMARK = re.compile(r"(?P<source>.+) \((?P<remark>[^()]+)\)")


@cache
def _known(folder: Path, language: Language) -> dict[str, str]:
    """Return what the house and the files of a site's folder say in a language, by the English."""
    site = translations(sorted(folder.glob("*.yaml")))
    return {**i18n.catalogue(language), **site.get(language, {})}


def said(
    source: str, folder: Path, language: Language, name: Callable[[str], str] = lambda key: key
) -> str:
    """Return a source in a language; what nobody has translated stays as it is.

    Parameters
    ----------
    source
        English words, or what a model or an instrument is called inside.
    folder
        The site's files, which give sentences in several languages.
    name
        Returns the title of something by its name.
    """
    known = _known(folder, language)
    if source in known:
        return known[source]
    for pattern, text in _MADE:
        found = pattern.fullmatch(source)
        if found is not None:
            return i18n.translate(Text(text.template, dict(found.groupdict())), language)
    remarked = _REMARK.fullmatch(source)
    if remarked is not None:
        before, remark = (said(each, folder, language, name) for each in remarked.groups())
        return f"{before} ({remark})"
    for mark in ("; ", ", ", ": "):
        parts = source.split(mark)
        if len(parts) > 1:
            return mark.join(
                said(each, folder, language, name) for each in _longest(parts, mark, known)
            )
    return name(source)


def _longest(parts: list[str], mark: str, known: dict[str, str]) -> list[str]:
    """Join again what was one sentence before it was split."""
    joined: list[str] = []
    while parts:
        end = next((end for end in range(len(parts), 1, -1) if mark.join(parts[:end]) in known), 1)
        joined.append(mark.join(parts[:end]))
        parts = parts[end:]
    return joined
