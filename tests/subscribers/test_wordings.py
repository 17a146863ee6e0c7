"""The text behind a version of the ledger: kept once, told in full, and its absence told as well."""

from __future__ import annotations

from datetime import timedelta

import pytest

from subscribers import consent, wordings
from subscribers.models import ConsentEvent, Wording
from tests.subscribers.people import NOW, mark, person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def agreed(*versions: str) -> list[ConsentEvent]:
    reader = person()
    for days, version in enumerate(versions):
        consent.record(reader, ConsentEvent.Kind.REQUESTED, NOW + days * DAY, basis="form", wording=version)
    return list(consent.history(mark("taro@example.jp")))


def test_a_text_is_kept_once_under_its_version() -> None:
    assert wordings.keep("2026-11", "希望します。", NOW).text == "希望します。"
    assert wordings.keep("2026-11", "別の文面", NOW + DAY).text == "希望します。"
    assert list(Wording.objects.values_list("version", "text", "since")) == [("2026-11", "希望します。", NOW)]


def test_each_version_that_the_ledger_names_is_told_once_with_its_text() -> None:
    wordings.keep("2026-11", "希望します。", NOW)
    wordings.keep("2026-12-en", "I would like to.", NOW)
    wordings.keep("2027-01", "だれも見ていません。", NOW)
    named = wordings.named_by(agreed("2026-11", "", "2026-12-en", "2026-11"))
    assert [(one.version, one.text, one.remark) for one in named] == [
        ("2026-11", "希望します。", "2026-11-24 からお見せしている文面です。"),
        ("2026-12-en", "I would like to.", "2026-11-24 からお見せしている文面です。"),
    ]


def test_a_text_that_was_never_kept_is_told_as_such() -> None:
    (named,) = wordings.named_by(agreed("2019-04"))
    assert (named.text, named.since) == ("", None)
    assert "控えが残っていません" in named.remark


def test_a_text_that_was_kept_after_the_consent_is_no_proof_of_it() -> None:
    wordings.keep("2026-11", "希望します。", NOW + DAY)
    (named,) = wordings.named_by(agreed("2026-11"))
    assert named.text == "希望します。"
    assert "それより前の記録の方が同じ文面を見たかどうかは、確かめられません" in named.remark
