"""Every dialect says why it refuses in words that can be translated."""

from __future__ import annotations

import cbor2
import pytest

from dashboard.i18n import translate
from ingest.frame_table import load_frames
from ingest.lorawan import eui, from_base64, from_hex
from ingest.message import MessageError
from ingest.senml import read_pack, resolve
from ingest.sparkplug import parse
from ingest.text import Reason, text_of


@pytest.mark.parametrize(
    ("refused", "russian"),
    [
        (lambda: read_pack(b"{}"), "не пакет SenML"),
        (lambda: read_pack(cbor2.dumps([1])), "запись 0 не является словарём"),
        (lambda: resolve([{"n": "a", "v": "b"}], 0.0), "запись 0: v – не число"),
        (lambda: resolve([{"bver": 99, "n": "a", "v": 1}], 0.0), "версия SenML 99"),
        (lambda: parse(b"\xff\xff"), "не Sparkplug B"),
        (lambda: eui("nothing"), "шестнадцать шестнадцатеричных цифр"),
        (lambda: from_base64("***", "data"), "data – не base64"),
        (lambda: from_hex("xyz", "data"), "data – не шестнадцатеричная запись"),
        (lambda: load_frames()["decentlab_dl_pr36"].decode(b"\x01"), "байт в кадре: 1"),
    ],
)
def test_a_refusal_can_be_translated(refused, russian: str) -> None:
    with pytest.raises(MessageError) as caught:
        refused()
    reason = caught.value.args[0]
    assert isinstance(reason, Reason)
    assert russian in translate(text_of(reason), "ru")
