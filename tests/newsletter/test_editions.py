"""Freezing an issue, approving its digest, and what the public sees of it."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from feeds.models import Submission
from newsletter import editions, issues, links, profile
from newsletter.errors import EditionError, TemplateError
from newsletter.mail.content import PREFERENCES_SLOT, SLOTS, UNSUBSCRIBE_SLOT
from newsletter.models import Approval, Campaign, Edition, Issue
from tests.newsletter.issue_parts import NOW, feed_entry, load_profile, member_entry

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def loaded() -> None:
    load_profile()


@pytest.fixture
def issue() -> Issue:
    opened = issues.open_issue(date(2026, 11, 1))
    issues.place(opened, member_entry("計画を策定しました"))
    issues.place(opened, feed_entry("Cities act"), headline="都市が動く", text="本文です。")
    return opened


@pytest.fixture
def edition(issue: Issue) -> Edition:
    return editions.make_edition(issue, "起案 一郎", NOW)


def approve_twice(edition: Edition) -> None:
    editions.approve(edition, "承認 花子", NOW)
    editions.approve(edition, "承認 次郎", LATER)


# ------------------------------------------------------------ making
def test_an_edition_is_the_frozen_issue(issue: Issue, edition: Edition) -> None:
    assert edition.subject == issue.subject
    assert edition.html.startswith("<!doctype html>")
    assert 'lang="ja"' in edition.html
    for part in (edition.html, edition.text):
        assert UNSUBSCRIBE_SLOT in part
        assert PREFERENCES_SLOT in part
        assert "一般社団法人イクレイ日本" in part
    assert (edition.made_at, edition.made_by) == (NOW, "起案 一郎")
    with pytest.raises(EditionError, match="変更できません"):
        edition.save()


def test_the_same_content_is_the_same_edition(issue: Issue, edition: Edition) -> None:
    assert editions.make_edition(issue, "別の人", LATER) == edition
    assert Edition.objects.count() == 1


@pytest.mark.parametrize("part", ["headline", "subject", "preheader", "lead"])
def test_one_changed_character_is_another_edition(issue: Issue, edition: Edition, part: str) -> None:
    if part == "headline":
        issues.write(issues.placements(issue)[0], "【北九州市】計画を策定しました。")
    else:
        issues.edit(issue, **{part: "変えました"})
    other = editions.make_edition(issue, "起案 一郎", LATER)
    assert other.digest != edition.digest
    assert Edition.objects.count() == 2


def test_the_digest_does_not_let_text_move_between_the_parts() -> None:
    month = date(2026, 11, 1)
    digests = {
        editions.digest_of(month, "ab", "", "c", ""),
        editions.digest_of(month, "a", "b", "c", ""),
        editions.digest_of(month, "", "ab", "c", ""),
        editions.digest_of(month, "ab", "c", "", ""),
        editions.digest_of(date(2026, 12, 1), "ab", "", "c", ""),
    }
    assert len(digests) == 5


def test_the_digest_is_that_of_an_independent_computation(edition: Edition) -> None:
    parts = ["2026-11-01", edition.subject, edition.preheader, edition.html, edition.text]
    canonical = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
    assert edition.digest == hashlib.sha256(canonical).hexdigest()


def test_an_empty_issue_is_no_edition() -> None:
    with pytest.raises(EditionError, match="記事がひとつもありません"):
        editions.make_edition(issues.open_issue(date(2026, 12, 1)), "起案", NOW)


def test_placements_that_wait_are_named(issue: Issue) -> None:
    issues.place(issue, feed_entry("Not yet translated"))
    issues.place(issue, feed_entry("Headline only"), "world", headline="見出しだけ")
    with pytest.raises(EditionError) as caught:
        editions.make_edition(issue, "起案", NOW)
    assert "「（未訳）Not yet translated」: 日本語の見出しか本文がまだありません" in str(caught.value)
    assert "4番「見出しだけ」" in str(caught.value)


@pytest.mark.parametrize("state", [Submission.State.WITHDRAWN, Submission.State.RETURNED])
def test_a_submission_taken_back_after_placing_stops_the_edition(issue: Issue, state: str) -> None:
    Submission.objects.update(state=state)
    with pytest.raises(EditionError, match="1番「【北九州市】計画を策定しました」: 投稿が"):
        editions.make_edition(issue, "起案", NOW)


def test_an_earlier_release_than_a_member_allows_stops_the_edition(issue: Issue) -> None:
    Submission.objects.update(not_before=date(2026, 11, 28))
    issues.edit(issue, release_on=date(2026, 11, 27))
    with pytest.raises(EditionError, match=r"公開できるのは2026年11月28日（土）から"):
        editions.make_edition(issue, "起案", NOW)


def test_too_much_html_is_refused_with_its_size(issue: Issue) -> None:
    row = issues.placements(issue)[1]
    issues.write(row, text="\n\n".join(["長い文章です。" * 110] * 10))
    for number in range(6):
        issues.place(issue, feed_entry(f"Long {number}"), headline="長い記事", text=row.text)
    with pytest.raises(EditionError, match="100,000バイトを超える"):
        editions.make_edition(issue, "起案", NOW)


def test_a_broken_template_is_a_sentence(issue: Issue, settings: Settings, tmp_path: Path) -> None:
    settings.MAIL_TEMPLATES = tmp_path
    with pytest.raises(TemplateError, match="2026年11月号をメールにできません"):
        editions.make_edition(issue, "起案", NOW)


def test_what_the_law_asks_for_is_refused_when_it_is_lacking(issue: Issue, settings: Settings, tmp_path: Path) -> None:
    for file in settings.MAIL_TEMPLATES.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_text(file.read_text().replace("postal_address", "name_en"))
    settings.MAIL_TEMPLATES = tmp_path
    with pytest.raises(EditionError) as caught:
        editions.make_edition(issue, "起案", NOW)
    assert "HTML版に送信者の所在地がありません" in str(caught.value)
    assert "テキスト版に送信者の所在地がありません" in str(caught.value)


# ------------------------------------------------------------ approving
def test_enough_different_people_approve_and_lock_the_issue(issue: Issue, edition: Edition) -> None:
    approval = editions.approve(edition, "承認 花子", NOW)
    assert (approval.person, approval.digest, approval.at) == ("承認 花子", edition.digest, NOW)
    issue.refresh_from_db()
    assert issue.state == Issue.State.OPEN
    assert not editions.is_approved(edition)
    editions.approve(edition, "承認 次郎", LATER)
    fresh = Edition.objects.get(pk=edition.pk)
    assert fresh.issue.state == Issue.State.APPROVED
    assert editions.is_approved(fresh)
    assert editions.approvers(fresh) == ["承認 花子", "承認 次郎"]


@pytest.mark.parametrize("again", ["承認 花子", "承認　花子", " 承認  花子 "])
def test_one_person_counts_once(edition: Edition, again: str) -> None:
    editions.approve(edition, "承認 花子", NOW)
    with pytest.raises(EditionError, match="承認 花子 さんは、この版をすでに承認しています"):
        editions.approve(edition, again, LATER)
    assert Approval.objects.count() == 1


def test_an_approval_needs_a_name(edition: Edition) -> None:
    with pytest.raises(EditionError, match="名前"):
        editions.approve(edition, " \u3000", NOW)


def test_a_row_that_was_tampered_with_is_refused(edition: Edition) -> None:
    Edition.objects.filter(pk=edition.pk).update(html=edition.html.replace("都市が動く", "都市が働く"))
    with pytest.raises(EditionError, match="書き換えられています"):
        editions.approve(Edition.objects.get(pk=edition.pk), "承認 花子", NOW)


def test_tampering_after_the_approval_takes_it_away(edition: Edition) -> None:
    approve_twice(edition)
    Edition.objects.filter(pk=edition.pk).update(text=edition.text + "x")
    assert not editions.is_approved(Edition.objects.get(pk=edition.pk))


def test_an_edition_that_is_not_the_issue_any_more_is_refused(issue: Issue, edition: Edition) -> None:
    issues.edit(issue, lead="あとから書いたリード文です。")
    with pytest.raises(EditionError, match="いまの2026年11月号の内容と違います"):
        editions.approve(edition, "承認 花子", NOW)
    assert not Approval.objects.exists()


def test_reopening_makes_the_approvals_void(issue: Issue, edition: Edition) -> None:
    approve_twice(edition)
    assert issues.reopen(issue, LATER) == 2
    assert not editions.is_approved(Edition.objects.get(pk=edition.pk))
    same = editions.make_edition(issue, "起案 一郎", LATER)
    assert same == edition
    editions.approve(same, "承認 花子", LATER)
    assert not editions.is_approved(Edition.objects.get(pk=edition.pk))
    editions.approve(same, "承認 次郎", LATER)
    assert editions.is_approved(Edition.objects.get(pk=edition.pk))
    assert Approval.objects.count() == 4


def test_a_sent_issue_takes_no_new_edition_and_no_approval(issue: Issue, edition: Edition) -> None:
    Issue.objects.filter(pk=issue.pk).update(state=Issue.State.SENT)
    assert editions.make_edition(issue, "起案", LATER) == edition
    with pytest.raises(EditionError, match="配信済み"):
        editions.approve(edition, "承認 花子", NOW)
    Issue.objects.filter(pk=issue.pk).update(lead="変わりました")
    with pytest.raises(EditionError, match="新しい版は作れません"):
        editions.make_edition(issue, "起案", LATER)


# ------------------------------------------------------------ the public's view
def test_the_web_version_has_no_slot_and_no_script(edition: Edition) -> None:
    for shown in (editions.for_web(edition), editions.text_for_web(edition)):
        assert not any(slot in shown for slot in SLOTS)
        assert links.subscribe_url() in shown
        assert "<script" not in shown


def test_a_photo_without_permission_for_the_web_is_not_shown_there(issue: Issue) -> None:
    photo = {"photo": "photos/mail-only.jpg", "photo_alt": "会場", "photo_for_mail": True}
    issues.place(issue, member_entry("写真つき", **photo))
    issues.place(issue, member_entry("写真つき二", **photo | {"photo": "photos/both.jpg", "photo_for_web": True}))
    edition = editions.make_edition(issue, "起案", NOW)
    assert "photos/mail-only.jpg" in edition.html
    shown = editions.for_web(edition)
    assert "photos/mail-only.jpg" not in shown
    assert "photos/both.jpg" in shown


def test_only_a_real_campaign_that_has_begun_publishes_an_edition(edition: Edition) -> None:
    Campaign.objects.create(edition=edition)
    Campaign.objects.create(edition=edition, rehearsal=True, started_at=NOW)
    assert not editions.published().exists()
    Campaign.objects.create(edition=edition, started_at=LATER)
    assert [row.published_at for row in editions.published()] == [LATER]


def test_an_unfinished_issue_is_rendered_and_says_what_is_lacking(issue: Issue) -> None:
    issues.place(issue, feed_entry("Not yet translated"))
    content, rendered = editions.render(issue)
    assert "Not yet translated" in rendered.html
    assert len(editions.lacking(issue, content, rendered)) == 1
    assert not Edition.objects.exists()


def test_the_number_of_approvals_is_the_profiles(edition: Edition, tmp_path: Path) -> None:
    file = tmp_path / "one.toml"
    shipped = Path(profile.__file__).parent / "profiles" / "iclei-japan.toml"
    file.write_text(shipped.read_text().replace("approvals_needed = 2", "approvals_needed = 1"))
    profile.load(file, NOW)
    editions.approve(edition, "承認 花子", NOW)
    assert editions.is_approved(Edition.objects.get(pk=edition.pk))
