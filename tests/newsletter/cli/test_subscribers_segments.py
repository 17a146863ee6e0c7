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
    assert said.exit_code == 0, said.output
    assert "次のすべてに当たる方: 福岡県の自治体" in said.stdout
    campaign = Campaign.objects.get()
    who = ("subscribers", "who", "--campaign", campaign.pk)
    assert run(*who, "inside@example.jp").stdout == "この配信はまだ始まっていません。いま始めると、送ります。\n"
    assert "送りません: 配信の対象（絞り込み）に当たりません" in run(*who, "outside@example.jp").stdout
    assert "登録はありません" in run(*who, "nobody@example.jp").stderr
    campaigns.start(campaign, timezone.now())
    assert "宛先に入っています: " in run(*who, "inside@example.jp").stdout
    answer = report(*who, "outside@example.jp")
    assert (answer["gets_it"], answer["reason"], answer["forecast"]) == (False, "segment", False)
