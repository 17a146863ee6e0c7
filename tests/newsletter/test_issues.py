"""An issue from opening to the content that the templates see."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest
from django.conf import settings
from pytest_django import DjangoAssertNumQueries

from feeds.models import Feed, Submission
from newsletter import issues, profile
from newsletter.errors import IssueError
from newsletter.issue_content import source_line
from newsletter.mail.content import Fact, ItemContent
from newsletter.models import Campaign, Issue, Placement
from tests.newsletter.issue_parts import NOW, feed_entry, load_profile, member_entry

pytestmark = pytest.mark.django_db
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture(autouse=True)
def loaded() -> None:
    load_profile()


@pytest.fixture
def issue() -> Issue:
    return issues.open_issue(NOVEMBER)


def lines(issue: Issue) -> list[str]:
    return [f"{row.section}/{row.position} {row}" for row in issues.placements(issue)]


def item(issue: Issue, number: int = 1) -> ItemContent:
    return issues.as_content(issue).items[number - 1]


# ------------------------------------------------------------ open and find
def test_an_issue_opens_with_number_release_day_and_subject() -> None:
    issue = issues.open_issue(date(2026, 11, 17))
    assert (issue.month, issue.number, issue.release_on) == (NOVEMBER, 137, date(2026, 11, 30))
    assert issue.subject == "【イクレイ日本 e-ニュース】2026年11月号（第137号）"
    assert issue.state == Issue.State.OPEN


def test_a_month_has_one_issue(issue: Issue) -> None:
    with pytest.raises(IssueError, match="2026年11月号は、すでに開いています"):
        issues.open_issue(NOVEMBER)


@pytest.mark.parametrize(("month", "number"), [(DECEMBER, 137), (DECEMBER, 100), (date(2026, 10, 1), 138)])
def test_numbers_grow_with_the_months(issue: Issue, month: date, number: int) -> None:
    with pytest.raises(IssueError, match="2026年11月号が第137号です"):
        issues.open_issue(month, number)
    assert issues.open_issue(month).number == 137 + month.month - 11


def test_an_issue_is_found_by_month_number_or_as_the_latest_open_one(issue: Issue) -> None:
    october = issues.open_issue(date(2026, 10, 1))
    assert issues.find_issue("2026-10") == issues.find_issue("第136号") == issues.find_issue("136") == october
    assert issues.find_issue() == issue
    Issue.objects.filter(pk=issue.pk).update(state=Issue.State.SENT)
    assert issues.find_issue() == october
    with pytest.raises(IssueError, match="「2027-01」の号はありません"):
        issues.find_issue("2027-01")


def test_without_an_open_issue_the_way_to_open_one_is_said() -> None:
    with pytest.raises(IssueError, match="newsletter issue open"):
        issues.find_issue()


# ------------------------------------------------------------ suggest
def test_suggest_drafts_the_issue(issue: Issue) -> None:
    member_entry("脱炭素の計画を策定しました", received_at=NOW - timedelta(days=2))
    member_entry("フォーラムを開催します", "kobe", event_starts_on=date(2026, 12, 5), event_ends_on=date(2026, 12, 6))
    feed_entry("Cities act on heat")
    feed_entry("事務局からのお知らせです", "iclei-japan")
    feed_entry("Two months old", published_at=NOW - timedelta(days=61))
    suggested = issues.suggest(issue, NOW)
    assert lines(issue) == [
        "members/1 【北九州市】脱炭素の計画を策定しました",
        "events/1 【神戸市】フォーラムを開催します（12/5-6）",
        "network/1 （未訳）Cities act on heat",
        "office/1 事務局からのお知らせです",
    ]
    assert suggested.old_entries == 1
    assert [row.is_waiting for row in issues.placements(issue)] == [False, False, True, False]
    assert issues.placements(issue)[0].text == "リードの文です。\n\n本文の一段落目です。\n\n本文の二段落目です。"


def test_suggest_names_the_first_headlines_in_subject_and_preheader(issue: Issue) -> None:
    for number, member in enumerate(["kobe", "kyoto", "iida"]):
        member_entry(f"取組{number}を発表しました", member, received_at=NOW - timedelta(days=number))
    issues.suggest(issue, NOW)
    assert issue.subject.endswith("（第137号）神戸市：取組0を発表しました／京都市：取組1を発表しました ほか")
    assert issue.preheader == "【飯田市】取組2を発表しました"


def test_suggest_leaves_a_written_subject_and_preheader_alone(issue: Issue) -> None:
    member_entry("計画を策定しました")
    issues.edit(issue, subject="職員が書いた件名", preheader="職員が書いた文")
    issues.suggest(issue, NOW)
    issue.refresh_from_db()
    assert (issue.subject, issue.preheader) == ("職員が書いた件名", "職員が書いた文")


def test_suggest_again_adds_only_what_is_new_and_moves_nothing(issue: Issue) -> None:
    first = member_entry("一つ目", received_at=NOW - timedelta(days=3))
    member_entry("二つ目", received_at=NOW - timedelta(days=4))
    issues.suggest(issue, NOW)
    issues.move(Placement.objects.get(entry=first), position=2)
    issues.write(Placement.objects.get(entry=first), headline="職員の見出し")
    member_entry("三つ目")
    added = issues.suggest(issue, NOW).added
    assert [str(row) for row in added] == ["【北九州市】三つ目"]
    assert lines(issue) == ["members/1 【北九州市】二つ目", "members/2 職員の見出し", "members/3 【北九州市】三つ目"]
    assert issues.suggest(issue, NOW).added == ()


def test_suggest_does_not_bring_back_what_was_dropped(issue: Issue) -> None:
    entry = feed_entry("Once more")
    feed_entry("Once more, elsewhere", canonical_url=entry.canonical_url)
    issues.suggest(issue, NOW)
    placed = issues.placements(issue)[0]
    issues.drop(placed)
    issues.suggest(issue, NOW)
    assert lines(issue) == []
    issues.place(issue, placed.entry)
    assert lines(issue) == [f"network/1 （未訳）{placed.entry.title}"]
    assert issue.dropped == []


def test_a_story_in_another_issue_is_not_suggested(issue: Issue) -> None:
    october = issues.open_issue(date(2026, 10, 1))
    used = feed_entry("Told in October")
    issues.place(october, used)
    feed_entry("The same page", canonical_url=used.canonical_url)
    feed_entry("The same text", fingerprint=used.fingerprint)
    assert issues.suggest(issue, NOW).added == ()


@pytest.mark.parametrize("state", [state for state in Submission.State if state != "accepted"])
def test_only_accepted_submissions_are_suggested(issue: Issue, state: str) -> None:
    member_entry("まだ決まっていません", state=state)
    assert issues.suggest(issue, NOW).added == ()


def test_old_entries_come_when_asked_for(issue: Issue) -> None:
    feed_entry("Old", published_at=NOW - timedelta(days=400))
    assert len(issues.suggest(issue, NOW, old_too=True).added) == 1


def test_two_issues_of_the_same_entries_are_drafted_alike(issue: Issue) -> None:
    for number in range(12):
        member_entry(f"取組{number}", ["kobe", "kyoto", "iida"][number % 3])
        feed_entry(f"News {number}")
    issues.suggest(issue, NOW)
    first = lines(issue)
    issue.placements.all().delete()
    issues.suggest(issue, NOW)
    assert lines(issue) == first
    assert len(first) == 8 + 5  # the limits of members and network


# ------------------------------------------------------------ place, move, drop, write
def test_an_entry_is_placed_where_staff_say(issue: Issue) -> None:
    for title in ("一", "二"):
        issues.place(issue, feed_entry(title), "office")
    issues.place(issue, feed_entry("News"), "office", 2, headline=" 職員の\n見出し ", text="本文\r\n\r\n\r\n二段落目")
    assert lines(issue) == ["office/1 （未訳）一", "office/2 職員の 見出し", "office/3 （未訳）二"]
    assert issues.placements(issue)[1].text == "本文\n\n二段落目"


def test_an_entry_stands_once_in_an_issue(issue: Issue) -> None:
    entry = feed_entry("News")
    issues.place(issue, entry)
    with pytest.raises(IssueError, match="すでにあります"):
        issues.place(issue, entry, "office")


def test_an_unknown_section_is_refused_with_the_known_ones(issue: Issue) -> None:
    with pytest.raises(IssueError, match="members（会員自治体ニュース）"):
        issues.place(issue, feed_entry("News"), "nowhere")


def test_nothing_is_placed_before_its_earliest_day(issue: Issue) -> None:
    with pytest.raises(IssueError, match=r"公開できるのは2026年12月1日（火）からです"):
        issues.place(issue, member_entry("解禁前", not_before=DECEMBER))


@pytest.mark.parametrize("state", ["received", "returned", "withdrawn"])
def test_a_submission_that_is_not_accepted_cannot_be_placed(issue: Issue, state: str) -> None:
    with pytest.raises(IssueError, match="掲載できません"):
        issues.place(issue, member_entry("未採用", state=state))


def test_positions_stay_dense_when_placements_move_and_go(issue: Issue) -> None:
    a, b, c = (issues.place(issue, feed_entry(title), headline=title) for title in "ABC")
    issues.move(c, position=1)
    assert lines(issue) == ["network/1 C", "network/2 A", "network/3 B"]
    issues.move(a, "world")
    assert lines(issue) == ["network/1 C", "network/2 B", "world/1 A"]
    issues.move(b, "world", 1)
    assert lines(issue) == ["network/1 C", "world/1 B", "world/2 A"]
    issues.move(b, position=99)
    issues.drop(a)
    assert lines(issue) == ["network/1 C", "world/1 B"]


def test_a_number_is_that_of_the_printed_order(issue: Issue) -> None:
    issues.place(issue, feed_entry("second"), "world")
    first = issues.place(issue, feed_entry("first"), "network")
    assert issues.find_placement(issue, 1) == first
    with pytest.raises(IssueError, match="3番の記事はありません（いまは2件です）"):
        issues.find_placement(issue, 3)


def test_writing_changes_only_the_part_that_is_given(issue: Issue) -> None:
    row = issues.place(issue, feed_entry("News"))
    issues.write(row, headline="見出し")
    issues.write(Placement.objects.get(pk=row.pk), text="本文")
    row.refresh_from_db()
    assert (row.headline, row.text, row.is_waiting) == ("見出し", "本文", False)


@pytest.mark.parametrize(
    ("headline", "text"), [("あ" * 201, None), ("ab\x00c", None), (None, "x\x07"), (None, "あ" * 8001)]
)
def test_text_that_cannot_be_printed_is_refused(issue: Issue, headline: str | None, text: str | None) -> None:
    row = issues.place(issue, feed_entry("News"), headline="見出し", text="本文")
    with pytest.raises(IssueError):
        issues.write(row, headline, text)
    row.refresh_from_db()
    assert (row.headline, row.text) == ("見出し", "本文")


@pytest.mark.parametrize("state", [Issue.State.APPROVED, Issue.State.SENT])
def test_an_approved_issue_is_locked(issue: Issue, state: str) -> None:
    row = issues.place(issue, feed_entry("News"))
    Issue.objects.filter(pk=issue.pk).update(state=state)
    for change in (
        lambda: issues.suggest(issue, NOW),
        lambda: issues.place(issue, feed_entry("More")),
        lambda: issues.move(row, position=1),
        lambda: issues.drop(row),
        lambda: issues.write(row, "見出し"),
        lambda: issues.edit(issue, subject="件名"),
    ):
        with pytest.raises(IssueError, match="変更できません"):
            change()
    assert Placement.objects.count() == 1


def test_reopening_unlocks_an_approved_issue_and_nothing_else(issue: Issue) -> None:
    with pytest.raises(IssueError, match="そのまま直せます"):
        issues.reopen(issue, NOW)
    Issue.objects.filter(pk=issue.pk).update(state=Issue.State.SENT)
    with pytest.raises(IssueError, match="配信済み"):
        issues.reopen(issue, NOW)
    Issue.objects.filter(pk=issue.pk).update(state=Issue.State.APPROVED)
    edition = issue.editions.create(subject="件名", html="", text="", digest="d" * 64)
    edition.approvals.create(person="例示", digest=edition.digest)
    campaign = Campaign.objects.create(edition=edition)
    with pytest.raises(IssueError, match="newsletter campaign cancel"):
        issues.reopen(issue, NOW)
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.CANCELLED)
    assert issues.reopen(issue, NOW) == 1
    assert issue.state == Issue.State.OPEN
    assert edition.approvals.get().void_at == NOW


# ------------------------------------------------------------ the content
def test_the_content_is_the_issue_and_the_association(issue: Issue) -> None:
    issues.edit(issue, lead="一段落目\n\n二段落目", preheader="前文")
    issues.place(issue, feed_entry("News"))
    content = issues.as_content(issue)
    assert (content.number, content.month, content.release_on) == (137, NOVEMBER, date(2026, 11, 30))
    assert content.lead == ("一段落目", "二段落目")
    assert content.why == profile.current().why
    assert content.next_issue == "次号（12月号）は、12月28日（月）に配信する予定です。"
    assert content.web_url == f"{settings.BASE_URL}/archive/2026-11/"
    assert content.subscribe_url == f"{settings.BASE_URL}/subscribe/"


def test_items_are_numbered_through_the_issue_and_empty_sections_left_out(issue: Issue) -> None:
    issues.place(issue, feed_entry("World"), "world")
    issues.place(issue, member_entry("会員の記事"))
    content = issues.as_content(issue)
    assert [(section.key, [it.number for it in section.items]) for section in content.sections] == [
        ("members", [1]),
        ("world", [2]),
    ]
    assert [it.anchor for it in content.items] == ["item-1", "item-2"]


def test_a_members_item_carries_its_facts_in_the_house_style(issue: Issue) -> None:
    entry = member_entry(
        "フォーラムを開催します",
        url="https://city.example.lg.jp/forum",
        event_starts_on=date(2026, 12, 5),
        event_ends_on=date(2026, 12, 6),
        event_time="10時〜16時",
        venue="例示会館",
        fee="無料",
        deadline=date(2026, 12, 1),
        pathway="circular",
        sdgs=[13, 11],
    )
    issues.place(issue, entry)
    found = item(issue)
    assert found.headline == "【北九州市】フォーラムを開催します（12/5-6）"
    assert found.facts == (
        Fact("日時", "12月5日（土）〜6日（日） 10時〜16時"),
        Fact("会場", "例示会館"),
        Fact("参加費", "無料"),
        Fact("締切", "12月1日（火）"),
    )
    assert (found.url, found.link_label) == ("https://city.example.lg.jp/forum", "詳細")
    assert found.pathway == "循環型の発展"
    assert found.sdgs == ("11 住み続けられるまちづくりを", "13 気候変動に具体的な対策を")
    assert (found.source, found.original_title) == ("", "")


def test_a_contact_is_never_printed(issue: Issue) -> None:
    issues.place(issue, member_entry("会員の記事"))
    printed = repr(issues.as_content(issue))
    for secret in ("例示 花子", "例示課", "00-0000-0000", "city.example.lg.jp"):
        assert secret not in printed


def test_a_photo_needs_permission_for_mail(issue: Issue) -> None:
    photo = {
        "photo": "photos/3f2a.jpg",
        "photo_width": 1200,
        "photo_height": 800,
        "photo_alt": "会場の様子",
        "photo_credit": "©北九州市",
    }
    issues.place(issue, member_entry("許可なし", **photo, photo_for_web=True))
    issues.place(issue, member_entry("許可あり", **photo, photo_for_mail=True))
    assert item(issue, 1).picture is None
    picture = item(issue, 2).picture
    assert picture
    assert picture.url == f"{settings.BASE_URL}/photos/3f2a.jpg"
    assert (picture.alt, picture.credit, picture.width, picture.height) == ("会場の様子", "©北九州市", 1200, 800)


@pytest.mark.parametrize(
    ("language", "label"), [("en", "詳細（英語）"), ("en-GB", "詳細（英語）"), ("nl", "詳細（外国語）")]
)
def test_a_foreign_entry_shows_source_title_and_language_and_waits(issue: Issue, language: str, label: str) -> None:
    issues.place(issue, feed_entry("Cities act", language=language))
    found = item(issue)
    assert (found.headline, found.paragraphs) == ("（未訳）Cities act", ())
    assert (found.original_title, found.original_language) == ("Cities act", language)
    assert found.source == "ICLEI – Local Governments for Sustainability"
    assert found.link_label == label


def test_a_japanese_entry_gets_its_title_and_summary(issue: Issue) -> None:
    issues.place(issue, feed_entry("お知らせ", "env-go-jp"))
    found = item(issue)
    assert (found.headline, found.paragraphs, found.link_label) == ("お知らせ", ("要約の文です。",), "詳細")
    assert (found.source, found.original_title) == ("環境省", "")


def test_content_takes_a_handful_of_queries(
    issue: Issue, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        member_entry(f"取組{number}", fingerprint=hashlib.sha256(str(number).encode()).hexdigest())
    issues.suggest(issue, NOW)
    with django_assert_max_num_queries(4):
        issues.as_content(issue)


@pytest.mark.parametrize(
    ("credit", "printed"),
    [
        ("出典: 例示省", "例示省"),
        ("出典：例示省ウェブサイト", "例示省ウェブサイト"),
        ("©Example", "©Example"),
        ("", "ICLEI"),
    ],
)
def test_a_source_is_named_in_the_words_that_it_asks_for(credit: str, printed: str) -> None:
    assert source_line(Feed(name="ICLEI", credit=credit)) == printed
