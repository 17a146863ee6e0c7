"""The ledger in words that a lawyer can read."""

from __future__ import annotations

from typing import Any

import pytest

from subscribers import consent
from subscribers.models import ConsentEvent
from tests.subscribers.people import NOW, mark, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"basis": "form", "wording": "2026-11", "source": "192.0.2.7"},
            "根拠: ウェブフォーム、文面の版: 2026-11、送信元: 192.0.2.7",
        ),
        ({"detail": {"how": "one_click", "delivery": 41}}, "方法: メールソフトのワンクリック解除、配信番号: 41"),
        (
            {"basis": "card", "operator": "事務局", "detail": {"file": "list.csv", "row": 12, "proof": "名刺ファイル"}},
            "根拠: 名刺交換、名簿: list.csv 12行目、証跡: 名刺ファイル、操作者: 事務局",
        ),
        ({"detail": {"changed": ["format", "sections"]}}, "変更: 形式、希望する欄"),
        (
            {"detail": {"changed": ["paused_until"], "paused_until": "2027-02-28"}},
            "変更: お休みを始めた（2027年2月28日まで）",
        ),
        ({"detail": {"changed": ["paused_until"], "paused_until": ""}}, "変更: お休みを終えた"),
        ({"detail": {"changed": ["paused_until"]}}, "変更: お休み"),
        ({"detail": {"why": "come_back"}}, "理由: 解除のあとのページで元に戻した"),
        ({"detail": {"reason": "bounced"}}, "理由: 宛先不明"),
        ({"detail": {"why": "new_consent"}}, "理由: 本人の新しい同意"),
        ({"detail": {"why": "先方の依頼"}, "operator": "事務局"}, "理由: 先方の依頼、操作者: 事務局"),
        (
            {"detail": {"how": "come_back", "why": "wrong_person"}},
            "方法: 解除のあとのページで再開、理由: ほかの方の購読を誤って解除したため",
        ),
        ({"detail": {"known": True}}, "理由: すでに購読中の宛先への申込"),
        ({}, ""),
    ],
)
def test_a_step_is_described(fields: dict[str, Any], words: str) -> None:
    assert consent.describe(ConsentEvent(**fields)) == words


def test_the_history_survives_the_person() -> None:
    reader = person()
    consent.record(reader, ConsentEvent.Kind.REQUESTED, NOW)
    reader.delete()
    assert [event.kind for event in consent.history(mark("taro@example.jp"))] == ["requested"]
