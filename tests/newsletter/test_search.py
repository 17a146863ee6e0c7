"""Past items are found by any of their words, however they are written."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest

from newsletter import corrections, search
from newsletter.models import Edition, SearchText
from tests.newsletter.archive_parts import number_of, sent, sent_issue
from tests.newsletter.issue_parts import NOW, feed_entry, load_profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition() -> Edition:
    load_profile()
    return sent_issue()


def numbers(query: str) -> list[int]:
    return [item for _, item in search.find(search.words_of(query))]


@pytest.mark.parametrize(
    "query",
    [
        "水",  # one character
        "水素",
        "水素バス",
        "ばす",  # hiragana finds katakana
        "ﾊﾞｽ",  # half width
        "バス　例示会館",  # two words, in the text and in a fact
        "会場：例示",
        "北九州",
    ],
)
def test_words_of_any_length_and_width_find_the_item(edition: Edition, query: str) -> None:
    assert numbers(query) == [number_of(edition, "環境の日")]


@pytest.mark.parametrize("query", ["ごみ", "ゴミ", "CITIES", "ｃｉｔｉｅｓ act"])
def test_kana_capitals_and_width_do_not_matter(edition: Edition, query: str) -> None:
    assert numbers(query) == [number_of(edition, "都市が動く")]


@pytest.mark.parametrize("query", ["", "　", "海水浴", "水素 都市が動く", "%", "_", "\\", "'; DROP TABLE", "\x00"])
def test_what_stands_nowhere_is_not_found(edition: Edition, query: str) -> None:
    assert numbers(query) == []


def test_all_words_must_stand_in_the_same_item(edition: Edition) -> None:
    assert numbers("ゴミ 水素") == []
    assert len(numbers("ます")) == 2


def test_headlines_come_first_then_the_newest() -> None:
    load_profile()
    for month, headline, text in (
        (date(2026, 9, 1), "森の話", "水の話も少し。"),
        (date(2026, 10, 1), "海の話", "水の話も少し。"),
        (date(2026, 8, 1), "水の話", "森です。"),
    ):
        sent(month, (feed_entry(f"n{month}"), headline, text))
    found = [Edition.objects.get(pk=pk).issue.month.month for pk, _ in search.find(["水"])]
    assert found == [8, 10, 9]


def test_only_what_went_out_is_found(edition: Edition) -> None:
    edition.campaigns.update(started_at=None)
    assert numbers("水素") == []


def test_corrected_words_are_found_and_the_wrong_ones_are_not(edition: Edition) -> None:
    assert len(numbers("水素")) == 1
    number = number_of(edition, "環境の日")
    corrections.correct(edition.issue, number, "水素バス", "電気バス", "例示 花子", NOW + timedelta(days=1))
    assert numbers("水素") == []
    assert numbers("電気") == [number]


def test_an_edition_from_before_there_were_items_is_found_as_a_whole(edition: Edition) -> None:
    Edition.objects.filter(pk=edition.pk).update(content=[])
    assert numbers("水素") == [0]
    hit = search.show(search.find(["水素"]), ["水素"])[0]
    assert hit.item is None
    assert ("水素", True) in hit.excerpt


def test_searching_twice_writes_the_index_once(edition: Edition) -> None:
    numbers("水素")
    before = list(SearchText.objects.values_list("pk", flat=True))
    numbers("水素")
    assert list(SearchText.objects.values_list("pk", flat=True)) == before
    assert len(before) == 2


def test_an_excerpt_shows_the_word_in_its_own_spelling() -> None:
    text = "まえがき" * 20 + "㈱例示がﾊﾞｽを走らせます。" + "あとがき" * 60
    pieces = search.excerpt(text, search.words_of("(株)例示 ばす"))
    assert [words for words, marked in pieces if marked] == ["㈱例示", "バス"]
    assert pieces[0][0].startswith("…")
    assert pieces[-1][0].endswith("…") or pieces[-1] == ("…", False)
    assert sum(len(words) for words, _ in pieces) < 140


def test_a_query_is_cut_to_its_limits() -> None:
    assert len(search.words_of("a b c d e f g")) == search.MOST_WORDS
    assert search.words_of("水" * 500) == ("水" * search.LONGEST_QUERY,)
    assert search.words_of("ＡＢＣ　abc") == ("abc",)


def test_thirty_years_are_searched_in_no_time(edition: Edition) -> None:
    words = search.fold("世界の都市が気候変動に取り組んでいます。" * 20)
    rows = [SearchText(edition=edition, item=number, headline="見出し", words=words) for number in range(100, 5000)]
    numbers("水素")
    SearchText.objects.bulk_create(rows)
    started = time.monotonic()
    numbers("水素")
    assert time.monotonic() - started < 10  # it needs a thirtieth of a second
