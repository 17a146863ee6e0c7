from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from feeds import photo_files, submissions
from feeds.errors import AlreadyReceivedError, PhotoError, SubmissionError
from feeds.models import Entry, Submission
from tests.feeds.submission_parts import DRAFT, NOW, PHOTO_DRAFT, a_member, a_photo

State = Submission.State
LATER = NOW + timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


def received(**changes: Any) -> Submission:
    return submissions.receive(a_member(), replace(DRAFT, **changes), Submission.Door.CSV, NOW)


def test_a_draft_is_received_with_everything_it_says() -> None:
    submission = received(sdgs=(7, 13), event_starts_on=date(2026, 11, 23), pathway="zero")
    submission.refresh_from_db()
    assert (submission.state, submission.door, submission.received_at) == (State.RECEIVED, "csv", NOW)
    assert (submission.sdgs, submission.event_starts_on, submission.pathway) == ([7, 13], date(2026, 11, 23), "zero")


@pytest.mark.parametrize(
    "changes", [{"title": "環境フェアを 開催します"}, {"contact_name": "別の人"}, {"photo_credit": "©"}]
)
def test_the_same_text_sent_twice_is_one_submission(changes: dict[str, Any]) -> None:
    first = received()
    with pytest.raises(AlreadyReceivedError, match="同じ内容を受け付け済み") as repeated:
        submissions.receive(a_member(), replace(DRAFT, **changes), Submission.Door.WEB, LATER)
    assert repeated.value.submission_id == first.pk
    assert Submission.objects.count() == 1


def test_the_wave_dash_of_another_door_is_the_same_text() -> None:
    received(event_time="10:00～12:00")
    with pytest.raises(AlreadyReceivedError):
        received(event_time="10:00〜12:00")


def test_another_member_may_send_the_same_text() -> None:
    received()
    other = a_member("kyoto", name="京都市", code="261009")
    assert submissions.receive(other, DRAFT, Submission.Door.CSV, NOW).pk
    assert Submission.objects.count() == 2


def test_who_repeats_a_returned_text_is_told_the_reason() -> None:
    submissions.return_(received(), "会場が分かりません。", "事務局", NOW)
    with pytest.raises(AlreadyReceivedError, match="会場が分かりません"):
        received()


def test_a_withdrawn_text_that_is_sent_again_comes_back() -> None:
    first = received()
    submissions.withdraw(first, "間違い", NOW)
    again = submissions.receive(
        a_member(), replace(DRAFT, contact_name="別の人"), Submission.Door.WEB, LATER, a_photo()
    )
    assert again.pk == first.pk
    assert (again.state, again.contact_name, again.door, again.reason) == (State.RECEIVED, "別の人", "web", "")
    assert again.photo


def test_accepting_writes_an_entry_that_can_be_placed() -> None:
    submission = received(url="https://www.example.lg.jp/fair/")
    entry = submissions.accept(submission, "事務局", LATER)
    submission.refresh_from_db()
    assert (submission.state, submission.decided_by, submission.decided_at) == (State.ACCEPTED, "事務局", LATER)
    assert (entry.guid, entry.language, entry.title) == (f"submission:{submission.pk}", "ja", DRAFT.title)
    assert entry.body == "<p>1段落目 &lt;b&gt;です&lt;/b&gt;。</p>\n\n<p>2段落目です。</p>"
    assert entry.published_at == NOW
    assert entry.canonical_url
    assert entry.is_from_member


def test_an_entry_is_published_no_earlier_than_its_member_permits() -> None:
    entry = submissions.accept(received(not_before=date(2026, 12, 1)), "事務局", LATER)
    assert entry.published_at is not None
    assert entry.published_at.isoformat() == "2026-12-01T00:00:00+09:00"


def test_of_two_people_who_decide_the_second_is_told() -> None:
    submission = received()
    same = Submission.objects.get(pk=submission.pk)
    submissions.accept(submission, "一人目", NOW)
    with pytest.raises(SubmissionError, match="採用」（一人目さんが決定）"):
        submissions.return_(same, "理由", "二人目", NOW)
    with pytest.raises(SubmissionError):
        submissions.accept(same, "二人目", NOW)
    assert Entry.objects.count() == 1


def test_returning_needs_a_reason() -> None:
    submission = received()
    with pytest.raises(SubmissionError, match="理由を書いて"):
        submissions.return_(submission, " 　", "事務局", NOW)
    assert (
        submissions.return_(submission, "写真の説明がありません。", "事務局", NOW).reason == "写真の説明がありません。"
    )


def test_a_returned_submission_is_corrected_in_its_own_place() -> None:
    submission = submissions.return_(received(), "会場を書いてください。", "事務局", NOW)
    corrected = submissions.resend(submission, replace(DRAFT, venue="市民ホール"), LATER)
    assert (corrected.pk, corrected.state, corrected.reason) == (submission.pk, State.RECEIVED, "")
    assert (corrected.venue, corrected.received_at, corrected.decided_at) == ("市民ホール", LATER, None)


@pytest.mark.parametrize("state", [State.RECEIVED, State.ACCEPTED, State.USED, State.WITHDRAWN])
def test_only_a_returned_submission_can_be_sent_again(state: str) -> None:
    submission = received()
    Submission.objects.update(state=state)
    with pytest.raises(SubmissionError):
        submissions.resend(submission, DRAFT, LATER)


def test_a_correction_that_repeats_another_submission_is_refused() -> None:
    other = received(title="別のお知らせ")
    submission = submissions.return_(received(), "理由", "事務局", NOW)
    with pytest.raises(AlreadyReceivedError) as repeated:
        submissions.resend(submission, replace(DRAFT, title="別のお知らせ"), LATER)
    assert repeated.value.submission_id == other.pk
    submission.refresh_from_db()
    assert submission.state == State.RETURNED


@pytest.mark.parametrize("state", [State.RECEIVED, State.RETURNED])
def test_what_is_not_used_yet_can_be_withdrawn(state: str) -> None:
    submission = received()
    Submission.objects.update(state=state)
    assert submissions.withdraw(submission, "中止", LATER).state == State.WITHDRAWN


def test_withdrawing_an_accepted_submission_takes_its_entry_away() -> None:
    submission = received()
    submissions.accept(submission, "事務局", NOW)
    submissions.withdraw(submission, "中止", LATER)
    assert not Entry.objects.exists()


def test_a_submission_that_stands_in_an_issue_is_not_withdrawn_behind_the_offices_back() -> None:
    from newsletter.models import Issue, Placement

    submission = received()
    entry = submissions.accept(submission, "事務局", NOW)
    issue = Issue.objects.create(month=date(2026, 11, 1), release_on=date(2026, 11, 30), subject="件名")
    Placement.objects.create(issue=issue, entry=entry, section="members", position=1)
    with pytest.raises(SubmissionError, match="号に置かれています"):
        submissions.withdraw(submission, "中止", LATER)
    submission.refresh_from_db()
    assert submission.state == State.ACCEPTED
    assert submissions.mark_used([entry]) == 1
    with pytest.raises(SubmissionError, match="掲載済み"):
        submissions.withdraw(submission, "中止", LATER)
    assert submissions.mark_used([entry]) == 0


def test_a_photo_is_kept_under_the_hash_of_its_content(media: Path) -> None:
    photo = a_photo()
    submission = submissions.receive(a_member(), PHOTO_DRAFT, Submission.Door.WEB, NOW, photo)
    assert submission.photo.name == f"photos/{photo.digest}.jpg"
    assert (submission.photo_width, submission.photo_height) == (400, 300)
    assert (media / submission.photo.name).read_bytes() == photo.jpeg
    assert photo_files.load(submission) == photo


def test_a_photo_that_was_only_half_written_is_written_again(media: Path) -> None:
    photo = a_photo()
    (media / "photos").mkdir(parents=True)
    (media / f"photos/{photo.digest}.jpg").write_bytes(photo.jpeg[:100])
    assert photo_files.keep(photo) == f"photos/{photo.digest}.jpg"
    assert (media / f"photos/{photo.digest}.jpg").read_bytes() == photo.jpeg


@pytest.mark.django_db(transaction=True)
def test_a_withdrawn_photo_is_deleted_unless_another_submission_shows_it(media: Path) -> None:
    photo = a_photo()
    first = submissions.receive(a_member(), PHOTO_DRAFT, Submission.Door.WEB, NOW, photo)
    second = submissions.receive(a_member(), replace(PHOTO_DRAFT, title="二つ目"), Submission.Door.WEB, NOW, photo)
    submissions.withdraw(first, "", LATER)
    assert (media / f"photos/{photo.digest}.jpg").exists()
    submissions.withdraw(second, "", LATER)
    assert not (media / f"photos/{photo.digest}.jpg").exists()


@pytest.mark.django_db(transaction=True)
def test_a_corrected_photo_replaces_the_old_one(media: Path) -> None:
    submission = submissions.receive(a_member(), PHOTO_DRAFT, Submission.Door.WEB, NOW, a_photo("red"))
    submissions.return_(submission, "理由", "事務局", NOW)
    submissions.resend(submission, PHOTO_DRAFT, LATER, a_photo("green"))
    assert [path.name for path in (media / "photos").iterdir()] == [f"{a_photo('green').digest}.jpg"]


def test_a_photo_waits_for_a_day_and_is_then_forgotten() -> None:
    from django.utils import timezone

    now = timezone.now()
    key = photo_files.wait(a_photo())
    assert photo_files.waiting(key, now) == a_photo()
    tomorrow = now + timedelta(hours=25)
    with pytest.raises(PhotoError, match="もう一度選んで"):
        photo_files.waiting(key, tomorrow)
    kept = photo_files.keep(a_photo("red"))
    used = submissions.receive(a_member(), PHOTO_DRAFT, Submission.Door.WEB, NOW, a_photo("green"))
    assert photo_files.tidy(now) == 0
    assert photo_files.tidy(tomorrow) == 2
    assert not default_storage.exists(kept)
    assert default_storage.exists(used.photo.name)


@pytest.mark.parametrize("key", ["", "../photos/x", "a" * 32, "a" * 31 + "/"])
def test_a_key_that_leads_to_no_waiting_photo_is_refused(key: str) -> None:
    with pytest.raises(PhotoError):
        photo_files.waiting(key, NOW)


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_by_two_at_the_same_moment_is_one_submission() -> None:
    member, outcomes, gate = a_member(), [], threading.Barrier(2)

    def send() -> None:
        gate.wait()
        try:
            outcomes.append(submissions.receive(member, DRAFT, Submission.Door.WEB, NOW).pk)
        except AlreadyReceivedError as repeated:
            outcomes.append(repeated.submission_id)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 2
    assert len(set(outcomes)) == 1
    assert Submission.objects.count() == 1
