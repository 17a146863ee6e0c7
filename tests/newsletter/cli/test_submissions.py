"""`newsletter submissions …` as a person at the shell meets it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from feeds import submissions as verbs
from feeds.models import Contributor, Entry, Member, Submission
from newsletter.models import Letter
from tests.feeds.submission_parts import DRAFT, NOW, PHOTO_DRAFT, a_member, a_photo
from tests.newsletter.cli.submission_parts import report, run
from tests.newsletter.issue_parts import load_profile

State = Submission.State

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def association(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    load_profile()


def received(**changes: Any) -> Submission:
    from dataclasses import replace

    return verbs.receive(a_member(), replace(DRAFT, **changes), Submission.Door.CSV, NOW)


def test_help_is_japanese_and_needs_no_django() -> None:
    assert "会員自治体の投稿を受け付け" in run("--help").output
    for command in ("list", "show", "accept", "return", "withdraw", "form", "import", "link", "contributor"):
        assert command in run("--help").output
        assert run(command, "--help").exit_code == 0


def test_the_list_is_plain_in_a_pipe_and_can_be_narrowed() -> None:
    first, second = received(), received(title="とても長い見出し" * 10)
    verbs.accept(second, "事務局", NOW)
    lines = run("list").output.splitlines()
    assert lines[0].split("\t")[:3] == ["受付番号", "状態", "会員"]
    assert "とても長い見出し" * 10 in run("list").output
    assert [row["number"] for row in report("list", "--state", "received")] == [first.pk]
    assert report("list", "--member", "京都市") == []
    assert run("list", "--state", "unknown").exit_code == 2


def test_show_tells_everything_about_one() -> None:
    submission = verbs.receive(a_member(), PHOTO_DRAFT, "web", NOW, a_photo())
    text = run("show", submission.pk).output
    for words in (
        "状態: 受付",
        "会員: 札幌市",
        "見出し: 環境フェアを開催します",
        "写真のクレジット: ©見本市",
        "メールへの掲載を許可: はい",
    ):
        assert words in text
    facts = report("show", submission.pk)
    assert (facts["title"], facts["state"], facts["contact_email"]) == (DRAFT.title, "received", "hanako@example.lg.jp")
    assert facts["photo"].endswith(".jpg")


def test_accepting_several_is_all_or_none() -> None:
    first, second = received(), received(title="二つ目")
    result = run("accept", first.pk, second.pk, 999)
    assert result.exit_code == 1
    assert "受付番号999の投稿はありません" in result.stderr
    assert not Entry.objects.exists()
    assert [row["state"] for row in report("accept", first.pk, second.pk, "--by", "見本")] == ["accepted"] * 2
    assert set(Submission.objects.values_list("decided_by", flat=True)) == {"見本"}
    again = run("accept", first.pk)
    assert again.exit_code == 1
    assert "見本さんが決定" in again.stderr


def test_a_returned_submission_sends_its_reason_to_the_contact() -> None:
    submission = received()
    assert run("return", submission.pk).exit_code == 2
    assert run("return", submission.pk, "--reason", " ").exit_code == 1
    assert "差し戻し" in run("return", submission.pk, "--reason", "会場を書いてください。", "--by", "見本").output
    letter = Letter.objects.get()
    assert (letter.kind, letter.address) == ("returned", "hanako@example.lg.jp")
    assert "会場を書いてください。" in letter.text
    submission.refresh_from_db()
    assert submission.state == State.RETURNED


def test_withdrawing_from_the_shell() -> None:
    submission = received()
    assert report("withdraw", submission.pk, "--reason", "中止")[0]["state"] == "withdrawn"
    assert run("withdraw", submission.pk).exit_code == 1


def test_an_unknown_member_is_one_sentence() -> None:
    for arguments in (("form", "ない市"), ("link", "ない市"), ("list", "--member", "ない市")):
        result = run(*arguments)
        assert result.exit_code == 1
        assert "「ない市」という会員はありません" in result.stderr


def test_photos_that_nobody_sent_are_tidied_away(settings: Any) -> None:
    import os

    waiting = settings.MEDIA_ROOT / "photos-waiting" / f"{'a' * 32}.jpg"
    waiting.parent.mkdir(parents=True)
    waiting.write_bytes(b"old")
    os.utime(waiting, (0, 0))
    assert report("tidy") == {"deleted": 1}
    assert "0枚消去しました" in run("tidy").output
    assert not waiting.exists()


def test_only_members_from_whom_nothing_came_are_reminded() -> None:
    verbs.receive(a_member(), DRAFT, "csv", timezone.now())
    spoken, silent = a_member(), Member.objects.get(key="kyoto")
    for member, email in ((spoken, "a@example.lg.jp"), (silent, "b@example.lg.jp")):
        Contributor.objects.create(member=member, name="見本 花子", email=email)
    deadline = f"{timezone.localdate() + timedelta(days=5):%Y-%m-%d}"
    assert report("remind", "--deadline", deadline, "--dry-run")["members"] == ["kyoto"]
    assert not Letter.objects.exists()
    assert report("remind", "--deadline", deadline)["letters"] == 1
    letter = Letter.objects.get()
    assert (letter.kind, letter.address) == ("reminder", "b@example.lg.jp")
    assert "/s/kyoto." in letter.text
    assert run("remind", "--deadline", "2020-01-01").exit_code == 2
