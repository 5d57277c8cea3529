"""What analytics says of a site at one moment: indicators, risks and open alarms, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from ingest.figure import Figure
from ingest.text import Text

#: From calm to grave; "unknown" when there is no ground for a judgement.
RiskLevel = Literal["unknown", "normal", "advisory", "warning", "alarm"]


class Evidence(msgspec.Struct, kw_only=True):
    """One instrument or indicator that speaks for a risk."""

    instrument: str  # "" when an indicator of a zone, a section or the whole site speaks
    indicator: str
    value: Figure
    limit: float | None
    statement: Text
    subject: str = ""  # zone or section of slopes.yaml that the indicator speaks of


class Risk(msgspec.Struct, kw_only=True):
    """One risk, its level, and what speaks for it."""

    name: str
    title: Text
    zone: str  # "" for the whole site
    level: RiskLevel
    score: float | None  # [0, 1], high = anomalous; None when the model gives none
    time: datetime
    model: str
    version: str
    reason: Text | None  # why the level is unknown
    evidence: list[Evidence]


class Indicator(msgspec.Struct, kw_only=True):
    """One indicator of the site, or of one instrument or zone."""

    name: str
    title: Text
    group: Literal["fill", "settlement", "water", "slope", "data", "territory", "post_mining"]
    subject: str  # instrument or zone; "" for the whole site
    value: Figure
    target: Figure | None = None


class Component(msgspec.Struct, kw_only=True):
    """One of the seven components of post-mining 6.0."""

    name: str
    title: Text
    fraction: Figure  # 1: recorded evidence / asked evidence
    present: list[Text]
    missing: list[Text]


class PostMining(msgspec.Struct, kw_only=True):
    """The stage that the recorded evidence supports, and the seven components."""

    stage: Figure  # value "1.0" ... "6.0"
    stage_title: Text
    explanation: list[Text]
    components: list[Component]
    territory: list[Indicator]


class Assessment(msgspec.Struct, kw_only=True):
    """All that analytics says of a site at `time`."""

    site: str
    time: datetime
    known_at: datetime
    version: str
    level: RiskLevel  # the gravest of the risks
    risks: list[Risk]
    indicators: list[Indicator]
    post_mining: PostMining


def encode_assessment(assessment: Assessment) -> bytes:
    """Return the assessment as JSON."""
    return msgspec.json.encode(assessment)


def decode_assessment(document: bytes) -> Assessment:
    """Return the assessment that `encode_assessment` made."""
    return msgspec.json.decode(document, type=Assessment)
