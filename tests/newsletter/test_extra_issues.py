"""号外: an issue beside the monthly number, from opening to the archive."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, transaction
from django.test import Client

from newsletter import archive, calendar, campaigns, editions, issues, links, previews, search
from newsletter.cli import main
from newsletter.errors import IssueError
from newsletter.models import Campaign, Edition, Issue
from newsletter.proofing import gate, reading
from tests.newsletter.archive_parts import NOVEMBER, sent_issue
from tests.newsletter.issue_parts import NOW, feed_entry, load_profile, member_entry

pytestmark = pytest.mark.django_db
TODAY, RELEASE = date(2026, 11, 24), date(2026, 11, 30)


@pytest.fixture(autouse=True)
def loaded() -> None:
    load_profile()


@pytest.fixture
def extra() -> Issue:
    opened = issues.open_extra(NOVEMBER, TODAY)
    issues.place(
        opened, member_entry("見学会の参加者を募集します"), headline="【北九州市】見学会の参加者を急募", text="本文。"
    )
    return opened


def send(issue: Issue) -> Edition:
    edition = editions.make_edition(issue, "起案", NOW)
    Campaign.objects.create(edition=edition, started_at=NOW)
    return edition


# ------------------------------------------------------------ open and find
def test_an_extra_issue_stands_beside_the_monthly_number_without_a_serial_number(extra: Issue) -> None:
    monthly, second = issues.open_issue(NOVEMBER), issues.open_extra(date(2026, 11, 20), RELEASE, "急ぎの件名")
    assert [str(issue) for issue in (monthly, extra, second)] == [
        "2026年11月号",
        "2026年11月の号外",
        "2026年11月の号外2",
    ]
    assert [issue.label for issue in (monthly, extra)] == ["2026年11月号（第137号）", "2026年11月の号外"]
    assert [issue.slug for issue in (monthly, extra, second)] == ["2026-11", "2026-11-x1", "2026-11-x2"]
    assert (monthly.number, extra.number, second.number) == (137, None, None)
    assert (issues.open_extra(NOVEMBER, TODAY).subject, second.subject) == (
        "【イクレイ日本 e-ニュース】【号外】",
        "急ぎの件名",
    )
    assert issues.open_issue(date(2026, 12, 1)).number == 138
    with pytest.raises(IntegrityError), transaction.atomic():
        Issue.objects.filter(pk=extra.pk).update(number=200)


@pytest.mark.parametrize(
    "text", ["2026-11-x1", "2026年11月の号外", "2026年11月 号外", "2026-11号外1", "2026年11月号外"]
)
def test_an_extra_issue_is_found_however_staff_write_it(extra: Issue, text: str) -> None:
    assert issues.find_issue(text) == extra


@pytest.mark.parametrize("text", ["2026-11-x0", "2026-11-x", "2026-11-x100", "号外", "2026-13の号外"])
def test_what_names_no_issue_is_said_to_name_none(text: str) -> None:
    with pytest.raises(IssueError, match="2026-11 の形で"):
        calendar.read_issue(text)


def test_the_month_alone_is_always_the_monthly_number(extra: Issue) -> None:
    with pytest.raises(IssueError, match="「2026-11」の号はありません"):
        issues.find_issue("2026-11")
    monthly = issues.open_issue(NOVEMBER)
    assert issues.find_issue("2026-11") == monthly


def test_without_a_name_nobody_guesses_between_the_monthly_number_and_an_extra_one(extra: Issue) -> None:
    assert issues.find_issue() == campaigns.issue_at_hand() == extra
    monthly = issues.open_issue(NOVEMBER)
    for choose in (issues.find_issue, campaigns.issue_at_hand):
        with pytest.raises(IssueError, match=re.escape("2026-11-x1（2026年11月の号外）")):
            choose()
    Issue.objects.filter(pk=extra.pk).update(state=Issue.State.SENT)
    assert issues.find_issue() == monthly
    Issue.objects.update(state=Issue.State.APPROVED)
    with pytest.raises(IssueError, match="どの号のことか"):
        campaigns.issue_to_send()


def test_the_first_headline_comes_behind_the_mark_of_the_extra_issue_unless_somebody_wrote_the_subject(
    extra: Issue,
) -> None:
    named = "【イクレイ日本 e-ニュース】【号外】北九州市：見学会の参加者を急募"
    assert (extra.subject, extra.preheader) == (named, "【北九州市】見学会の参加者を急募")
    issues.place(extra, feed_entry("Cities act"), headline="都市が動く", text="本文です。")
    assert extra.subject == named
    written = issues.open_extra(NOVEMBER, TODAY, "【号外】会場が変わりました")
    issues.place(written, member_entry("会場の変更"))
    assert written.subject == "【号外】会場が変わりました"


def test_what_an_extra_issue_told_is_not_suggested_for_the_monthly_number(extra: Issue) -> None:
    monthly = issues.open_issue(NOVEMBER)
    assert not issues.suggest(monthly, NOW).added
    told = extra.placements.get().entry
    assert issues.place(monthly, told).entry == told


# ------------------------------------------------------------ the mail
def test_the_mail_says_what_it_is_and_how_to_get_the_monthly_number_only(extra: Issue) -> None:
    edition = editions.make_edition(extra, "起案", NOW)
    html = re.sub(r"<[^>]+>", " ", edition.html)
    text = edition.text.replace("\n", "").replace("　", "")
    for part in (re.sub(r"\s", "", html), text):
        assert "これは臨時にお送りする号外です" in part
        assert "毎月の号だけを受け取るように変えることもできます" in part
        assert "次号（11月号）は、11月30日（月）に配信する予定です" in part
    assert re.search(r"2026年11月\s+号外\s", html)
    assert "2026年11月の号外" in edition.text
    assert "月号" not in html.split("もくじ")[0]
    assert f"{links.archive_url()}2026-11-x1/" in edition.html
    issues.edit(extra, release_on=RELEASE)
    assert "次号（12月号）" in issues.as_content(extra).next_issue


def test_the_second_extra_issue_of_a_month_says_so(extra: Issue) -> None:
    second = issues.open_extra(NOVEMBER, TODAY)
    issues.place(second, feed_entry("Cities act"), headline="都市が動く", text="本文です。")
    assert "その2" in editions.make_edition(second, "起案", NOW).html


def test_a_digest_binds_an_edition_to_its_issue_and_that_of_a_monthly_number_is_as_before() -> None:
    parts = ("件名", "", "<p>", "本文")
    of_month = editions.digest_of(NOVEMBER, *parts)
    assert of_month == "d3e79eeace144cddd6e4cfabe98c4e26c68cb934f1735ae8ea07e07ef64cff94"
    assert len({of_month, *(editions.digest_of(NOVEMBER, *parts, extra=number) for number in (1, 2))}) == 3


def test_an_extra_issue_is_proofread_previewed_and_approved_like_every_other(extra: Issue) -> None:
    issues.open_issue(date(2026, 10, 1))
    issues.edit(extra, lead="見学会の定員に余裕があります。お早めにお申し込みください。")
    assert [remark for remark in gate.proofread(extra) if remark.finding.rule.startswith("issue-")] == []
    assert reading.manuscript_of(extra).number is None
    monthly = issues.open_issue(date(2026, 12, 1))
    assert [number for _, number in reading.issues_before(monthly)] == [136]
    assert b"preview.2026-11-x1@" in previews.of_issue(extra, NOW).message
    edition = editions.make_edition(extra, "起案", NOW)
    for person in ("承認 花子", "承認 次郎"):
        editions.approve(edition, person, NOW)
    extra.refresh_from_db()
    edition.issue = extra
    assert editions.is_approved(edition)
    assert campaigns.issue_to_send() == extra


# ------------------------------------------------------------ the public's view
def test_the_archive_shows_both_newest_first_each_under_its_own_address(client: Client, extra: Issue) -> None:
    older, monthly, newer = send(extra), sent_issue(), None
    issues.edit(extra, lead="場所が変わりました。")
    newer = editions.make_edition(extra, "起案", NOW)
    Campaign.objects.create(edition=newer, started_at=NOW + timedelta(days=9))
    assert [one.edition for one in archive.latest()] == [monthly, newer]
    assert older != newer
    page = client.get("/archive/").content.decode()
    assert page.index("/archive/2026-11/") < page.index("/archive/2026-11-x1/")
    for address, words in (("2026-11", "環境の日"), ("2026-11-x1", "見学会の参加者を急募")):
        assert words in client.get(f"/archive/{address}/").content.decode()
        assert client.get(f"/archive/{address}/text/").status_code == 200
        assert client.get(f"/archive/{address}/1/").status_code == 200
    assert "場所が変わりました" in client.get("/archive/2026-11-x1/").content.decode()
    for address in ("2026-11-x2", "2026-11-x01", "2026年11月の号外"):
        assert client.get(f"/archive/{address}/").status_code == 404


def test_a_line_of_the_list_says_the_headlines_once_and_no_brackets(client: Client, extra: Issue) -> None:
    send(extra)
    page = re.sub(r"<[^>]+>", "", client.get("/archive/").content.decode())
    assert "2026年11月の号外" in page
    assert "【号外】" not in page


def test_the_feeds_tell_the_issues_of_one_month_apart_and_keep_the_id_of_the_monthly_number(
    client: Client, extra: Issue
) -> None:
    send(extra)
    sent_issue()
    rows = {row["url"]: row["id"] for row in client.get("/archive/feed.json").json()["items"]}
    assert sorted(rows.values()) == ["tag:enews.example.jp,2026-11:extra-1-issue", "tag:enews.example.jp,2026-11:issue"]
    assert rows[f"{links.archive_url()}2026-11/"].endswith(":issue")
    items = [row["id"] for row in client.get("/archive/members/feed.json").json()["items"]]
    assert sorted(items) == ["tag:enews.example.jp,2026-11:extra-1-item-1", "tag:enews.example.jp,2026-11:item-1"]


def test_the_search_finds_an_item_of_an_extra_issue(client: Client, extra: Issue) -> None:
    edition = send(extra)
    assert search.find(search.words_of("急募")) == [(edition.pk, 1)]
    assert "/archive/2026-11-x1/1/" in client.get("/archive/search/", {"q": "急募"}).content.decode()


# ------------------------------------------------------------ at the shell
def run(*arguments: str) -> str:
    return CliRunner().invoke(main, ["issue", *arguments]).output


def test_an_extra_issue_is_opened_and_named_at_the_shell() -> None:
    run("open", "2026-11")
    opened = json.loads(run("open", "2026-11", "--extra", "--release", "2026-11-25", "--json"))
    assert (opened["issue"], opened["extra"], opened["number"]) == ("2026-11-x1", 1, None)
    assert "2026年11月の号外 編集中 配信日 2026年11月25日（水）" in run("show", "2026-11-x1")
    assert "2026年11月の号外 編集中" in run("list")
    assert "どの号のことか決められません" in run("show")
    assert "号外に号数は付きません" in run("open", "2026-12", "--extra", "--number", "9")
