"""`newsletter subscribers segment` and `who`, and a campaign that is planned for a segment."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone

from newsletter import campaigns
from newsletter.cli import main
from newsletter.models import Campaign
from subscribers.models import Subscriber
from tests.newsletter import books
from tests.smtp_server import receiving

pytestmark = pytest.mark.django_db


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def report(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(autouse=True)
def _people() -> None:
    books.association()
    books.reader("inside@example.jp")
    books.reader("outside@example.jp")
    Subscriber.objects.filter(address="inside@example.jp").update(municipality="401005")


def test_a_segment_is_shown_as_a_sentence_and_a_count() -> None:
    said = run("subscribers", "segment", "prefecture=福岡県").stdout
    assert said.splitlines()[:2] == ["次のすべてに当たる方: 福岡県の自治体", "いま送る相手: 1人"]
    assert report("subscribers", "segment")["recipients"] == 2
    wrong = run("subscribers", "segment", "opened=yes")
    assert wrong.exit_code == 1
    assert "「opened=yes」は条件として読めません。" in wrong.stderr


def test_a_campaign_is_planned_for_a_segment_and_says_who_gets_it() -> None:
    books.edition()
    said = run("campaign", "plan", "--segment", "prefecture=福岡県")
    assert (said.exit_code, Campaign.objects.exists()) == (1, False)
    assert "予定しませんでした" in said.stderr
    said = run("campaign", "plan", "--segment", "prefecture=福岡県", "--yes")
    assert said.exit_code == 0, said.output
    assert said.stderr.splitlines()[0].startswith("1件・")
    assert said.stderr.splitlines()[1:] == [
        "次のすべてに当たる方: 福岡県の自治体", "この条件に当たらないので送らない方: 1人",
    ]  # fmt: skip
    for shown in (run("campaign", "status"), run("campaign", "report")):
        assert "対象: 次のすべてに当たる方: 福岡県の自治体" in shown.stdout
    told = report("campaign", "report")
    assert (told["segment"], told["sentence"]) == ({"prefecture": ["福岡県"]}, "次のすべてに当たる方: 福岡県の自治体")
    campaign = Campaign.objects.get()
    who = ("subscribers", "who", "--campaign", campaign.pk)
    assert run(*who, "inside@example.jp").stdout == "この配信はまだ始まっていません。いま始めると、送ります。\n"
    assert "送りません: 配信の対象（絞り込み）に当たりません" in run(*who, "outside@example.jp").stdout
    assert "登録はありません" in run(*who, "nobody@example.jp").stderr
    campaigns.start(campaign, timezone.now())
    assert "宛先に入っています: " in run(*who, "inside@example.jp").stdout
    answer = report(*who, "outside@example.jp")
    assert (answer["gets_it"], answer["reason"], answer["forecast"]) == (False, "segment", False)


def test_a_campaign_is_sent_to_a_segment_after_its_sentence_and_count_were_shown(settings: Any) -> None:
    books.edition()
    books.reader("left@example.jp", state=Subscriber.State.LEFT)
    to_fukuoka = ("campaign", "send", "--segment", "prefecture=福岡県")
    refused = run(*to_fukuoka)
    assert (refused.exit_code, Campaign.objects.exists()) == (1, False)
    shown = ["次のすべてに当たる方: 福岡県の自治体", "この条件に当たらないので送らない方: 2人"]
    assert refused.stderr.splitlines()[1:3] == shown
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        sent = run(*to_fukuoka, "--yes", "--by", "担当")
    assert sent.exit_code == 0, sent.output
    assert [one.recipients for one in server.received] == [("inside@example.jp",)]
    assert Campaign.objects.get().segment == {"prefecture": ["福岡県"]}


def test_a_planned_campaign_keeps_the_segment_it_was_planned_with() -> None:
    books.edition()
    run("campaign", "plan", "--segment", "prefecture=福岡県", "--yes")
    for arguments in (("send",), ("send", "--campaign", Campaign.objects.get().pk)):
        other = run("campaign", *arguments, "--segment", "prefecture=北海道", "--yes")
        assert (other.exit_code, "もう予定されています" in other.stderr) == (1, True)
    same = run("campaign", "send", "--segment", "prefecture=福岡県")
    assert "この条件に当たらないので送らない方: 1人" in same.stderr


def test_the_monthly_number_goes_to_everybody_whatever_they_wish_for_and_a_special_one_may_not() -> None:
    books.edition()
    refused = run("campaign", "plan", "--segment", "pathway=circular", "--yes")
    assert (refused.exit_code, "毎月の号は、欄や道筋の希望では絞れません。" in refused.stderr) == (1, True)
    assert run("campaign", "send", "--segment", "section=events", "--yes").exit_code == 1
    assert not Campaign.objects.exists()
    special = books.edition(extra=1)
    Subscriber.objects.filter(address="outside@example.jp").update(pathways=["zero"])
    planned = run("campaign", "plan", special.issue.slug, "--segment", "pathway=循環型の発展", "--yes")
    assert planned.exit_code == 0, planned.output
    assert "次のすべてに当たる方: 道筋「循環型の発展」を希望" in planned.stderr
    assert planned.stderr.startswith("1件・")
