"""訂正: what is accepted, what is refused, and what never changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter import archive, corrections, editions, issues
from newsletter.errors import CorrectionError, EditionError
from newsletter.models import Correction, Edition
from tests.newsletter.archive_parts import NOVEMBER, number_of, sent_issue
from tests.newsletter.issue_parts import NOW, feed_entry, load_profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition() -> Edition:
    load_profile()
    return sent_issue()


def correct(edition: Edition, old: str, new: str, number: int | None = None, **more: str) -> Correction:
    number = number_of(edition, "環境の日") if number is None else number
    return corrections.correct(edition.issue, number, old, new, "例示 花子", NOW + timedelta(days=1), **more)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("開きます", "ひらきます", "headline"),
        ("水素バス", "電気バス", "paragraph-1"),
        ("のお越しを", "", "paragraph-2"),
        ("例示会館", "見本会館", "fact-2"),
        ("/day", "/days", "url"),
    ],
)
def test_the_right_words_stand_where_the_wrong_ones_were(edition: Edition, old: str, new: str, field: str) -> None:
    row = correct(edition, old, new)
    assert (row.field, row.old, row.new, row.by) == (field, old, new, "例示 花子")
    found = archive.find("2026-11")
    assert found is not None
    item = found.item(row.item)
    assert item is not None
    assert old not in str(item) or new.startswith(old)
    assert new in str(item)


def test_a_correction_of_a_correction_sees_the_corrected_words(edition: Edition) -> None:
    correct(edition, "水素バス", "電気バス")
    with pytest.raises(CorrectionError, match="「水素バス」はありません"):
        correct(edition, "水素バス", "路面電車")
    correct(edition, "電気バス", "路面電車")
    item = corrections.items(edition)[number_of(edition, "環境の日") - 1]
    assert item.paragraphs[0] == "路面電車が走ります。"


def test_the_sent_edition_stays_as_it_was(edition: Edition) -> None:
    before = Edition.objects.values().get(pk=edition.pk)
    correct(edition, "水素バス", "電気バス")
    assert Edition.objects.values().get(pk=edition.pk) == before
    assert editions.is_untouched(edition)
    with pytest.raises(EditionError):
        edition.save()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("路面電車", "電気バス", "ありません"),
        ("す", "した", "か所あります"),
        ("水素バス", "水素バス", "違う文字で"),
        ("", "電気バス", "違う文字で"),
        ("水素バス", "電気\u200bバス", "使えない文字"),
        ("水素バス", "電" * 2001, "2000文字以内"),
        ("【北九州市】環境の日を開きます", "", "見出しを空"),
        ("https://city", "javascript:city", "正しいアドレス"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(edition: Edition, old: str, new: str, words: str) -> None:
    with pytest.raises(CorrectionError, match=words):
        correct(edition, old, new)
    assert not Correction.objects.exists()


def test_an_item_that_is_not_there_cannot_be_corrected(edition: Edition) -> None:
    with pytest.raises(CorrectionError, match="9番の記事はありません（2件です）"):
        correct(edition, "水素バス", "電気バス", 9)


def test_the_issue_as_a_whole_can_be_corrected_across_line_breaks(edition: Edition) -> None:
    row = correct(edition, "発行日：2026年11月30日（月）\n発行元", "発行日：2026年12月1日（火）\n発行元", 0)
    assert row.field == "issue"
    with pytest.raises(CorrectionError, match="テキスト版のとおりに"):
        correct(edition, "どこにもない", "ある", 0)


def test_before_sending_the_issue_itself_is_put_right() -> None:
    load_profile()
    issue = issues.open_issue(NOVEMBER)
    issues.place(issue, feed_entry("News"), headline="都市が動く", text="本文です。")
    editions.make_edition(issue, "起案", NOW)
    with pytest.raises(CorrectionError, match="まだ配信していません"):
        corrections.correct(issue, 1, "都市", "まち", "例示 花子", NOW)


def test_an_edition_from_before_there_were_items_takes_corrections_of_the_whole(edition: Edition) -> None:
    Edition.objects.filter(pk=edition.pk).update(content=[])
    with pytest.raises(CorrectionError, match="番号を 0 に"):
        correct(edition, "水素バス", "電気バス", 1)
    assert correct(edition, "水素バス", "電気バス", 0).item == 0
