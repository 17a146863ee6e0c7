"""What ends a suppression: the person's new consent, or somebody of the office by name and with a reason; nothing else.

Each door is tried against each reason; the ledger says who ended it and why.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter import erasures, links, profile
from newsletter.cli import main
from subscribers import retention, signup, suppression, undo
from subscribers.addresses import read_address
from subscribers.errors import SuppressionError
from subscribers.models import ConsentEvent, ImportRun, Subscriber, Suppression
from tests.newsletter import books
from tests.subscribers.people import KEY, NOW, kinds, mark, person

pytestmark = pytest.mark.django_db

ADDRESS = "taro@example.jp"
REASONS = list(Suppression.Reason.values)
BUTTONS = ("come_back", "text_only", "monthly_only", "wrong_person", "pause")
every_reason = pytest.mark.parametrize("reason", REASONS)


def stopped(reason: str) -> Subscriber:
    """A reader whose address is suppressed; who left has left."""
    books.association()
    reader = person(ADDRESS)
    if reason == Suppression.Reason.LEFT:
        signup.leave(reader.key, None, timezone.now())
    else:
        suppression.suppress(mark(ADDRESS), Suppression.Reason(reason), timezone.now())
    reader.refresh_from_db()
    return reader


def standing() -> str:
    found = suppression.standing(mark(ADDRESS))
    return found.reason if found else ""


def subscribers(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["subscribers", *map(str, arguments)])
    return result.exit_code, result.output


def path(link: str) -> str:
    return urlsplit(link).path


@every_reason
def test_a_list_brings_nobody_back(reason: str, tmp_path: Path) -> None:
    stopped(reason)
    file = tmp_path / "list.csv"
    file.write_text("メール,氏名,状態\ntaro@example.jp,見本 太郎,購読中\n", encoding="utf-8")
    code, said = subscribers("import", file, "--apply", "--basis", "written", "--proof", "申込書", "--by", "花子")
    assert (code, "拒否" in said) == (0, True)
    assert standing() == reason
    assert Subscriber.objects.get().name == ""


def test_taking_an_import_back_ends_no_suppression(tmp_path: Path) -> None:
    books.association()
    file = tmp_path / "list.csv"
    file.write_text("メール\ntaro@example.jp\n", encoding="utf-8")
    subscribers("import", file, "--apply", "--basis", "card", "--proof", "名刺", "--by", "花子")
    suppression.suppress(mark(ADDRESS), Suppression.Reason.BOUNCED, timezone.now())
    undo.undo(ImportRun.objects.get(), "花子", timezone.now())
    assert (Subscriber.objects.exists(), standing()) == (False, "bounced")


@every_reason
def test_asking_is_no_consent_yet_and_opening_the_link_is_none_either(reason: str, client: Client) -> None:
    reader = stopped(reason)
    version = profile.current().wording.version
    client.post(reverse("subscribe"), {"email": ADDRESS, "format": "html", "wording": version})
    fields = signup.Fields(read_address(ADDRESS))
    signup.request(fields, source=None, wording=version, now=timezone.now(), fingerprint_key=KEY)
    assert standing() == reason
    confirm = path(links.confirm_url(reader.key))
    assert client.get(confirm).status_code == 200
    assert standing() == reason
    client.post(confirm)
    assert (standing(), Subscriber.objects.get().is_active) == ("", True)
    assert kinds(ADDRESS)[-2:] == ["lifted", "confirmed"]
    ended = Suppression.objects.get()
    assert (ended.lifted_by, ended.lifted_why) == ("本人", "本人の新しい同意")


@every_reason
def test_the_link_of_an_earlier_confirmation_ends_nothing(reason: str, client: Client) -> None:
    reader = stopped(reason)
    assert client.post(path(links.confirm_url(reader.key))).status_code == 410
    assert standing() == reason


@pytest.mark.parametrize("action", BUTTONS)
def test_the_buttons_after_leaving_undo_a_goodbye(action: str, client: Client) -> None:
    client.post(path(links.unsubscribe_url(stopped("left").key)), {"action": action})
    assert standing() == ""


@pytest.mark.parametrize("reason", [reason for reason in REASONS if reason != "left"])
def test_and_they_undo_nothing_else(reason: str, client: Client) -> None:
    reader = stopped(reason)
    for action in BUTTONS:
        client.post(path(links.unsubscribe_url(reader.key)), {"action": action})
        assert standing() == reason


@every_reason
def test_choosing_ends_nothing(reason: str, client: Client) -> None:
    reader = stopped(reason)
    choices = path(links.preferences_url(reader.key))
    for body in ({"format": "text", "language": "ja"}, {"action": "pause"}, {"action": "end_pause"}):
        client.post(choices, body)
    assert standing() == reason


@every_reason
def test_the_back_office_reads_suppressions_only(reason: str, client: Client) -> None:
    reader = stopped(reason)
    client.force_login(get_user_model().objects.create_superuser("hanako"))
    row = Suppression.objects.get()
    body = {"lifted_at_0": "2026-11-30", "lifted_at_1": "10:00", "lifted_by": "x", "reason": "left"}
    client.post(reverse("admin:subscribers_suppression_change", args=[row.pk]), body)
    client.post(reverse("admin:subscribers_suppression_delete", args=[row.pk]), {"post": "yes"})
    client.post(reverse("admin:subscribers_subscriber_change", args=[reader.pk]), {"state": "active", "format": "html"})
    assert standing() == reason


@every_reason
def test_the_office_ends_it_by_name_and_with_a_reason_only(reason: str) -> None:
    stopped(reason)
    assert subscribers("lift", ADDRESS, "--by", "花子")[0] == 2
    for arguments in (("--by", "花子", "--why", " "), ("--by", " ", "--why", "電話で希望")):
        assert subscribers("lift", ADDRESS, *arguments)[0] == 1
        assert standing() == reason
    knows = ["--erased"] if reason == "erased" else []
    assert subscribers("lift", ADDRESS, "--by", "花子", "--why", "電話で希望", *knows) == (0, "停止を解除しました。\n")
    ended = Suppression.objects.get()
    assert (ended.lifted_by, ended.lifted_why) == ("花子", "電話で希望")
    event = ConsentEvent.objects.get(kind=ConsentEvent.Kind.LIFTED)
    assert (event.operator, event.detail) == ("花子", {"why": "電話で希望"})
    assert Subscriber.objects.get().is_active == (reason != "left"), "who left stays away until they sign up again"


def test_no_operator_and_no_reason_is_no_way_in_code_either() -> None:
    suppression.suppress(mark(ADDRESS), Suppression.Reason.BY_HAND, NOW)
    for operator, why in (("", "電話"), ("花子", ""), (" ", "電話")):
        with pytest.raises(SuppressionError, match="必要です"):
            suppression.lift(mark(ADDRESS), NOW, operator=operator, why=why)
    assert standing() == "by_hand"


def test_time_alone_ends_nothing() -> None:
    stopped("left")
    retention.tidy(timezone.now() + timedelta(days=5000), retention.Terms(), erasures.empty_records)
    assert (Subscriber.objects.exists(), standing()) == (False, "left")
