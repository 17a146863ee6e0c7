"""The frozen audience: everybody is either to get the mail, or excluded for a reason."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsletter import audiences, campaigns, delivery, previews
from newsletter.cli import main
from newsletter.mail.providers import mailbox, provider_of
from newsletter.models import Campaign, Exclusion
from subscribers import signup, suppression
from subscribers.models import Subscriber, Suppression
from tests.newsletter import books
from tests.newsletter.books import NOW

pytestmark = pytest.mark.django_db


def _why(campaign: Campaign) -> dict[str, str]:
    rows = campaign.exclusions.select_related("subscriber")
    return {row.subscriber.address: row.reason for row in rows if row.subscriber}


def test_candidates_are_those_to_send_to_and_those_excluded_each_with_a_reason() -> None:
    books.readers(3)
    books.reader("pending@example.jp", state=Subscriber.State.PENDING)
    books.reader("left@example.jp", state=Subscriber.State.LEFT)
    for reason in ("bounced", "complained", "by_hand"):
        stopped = books.reader(f"{reason}@example.jp")
        suppression.suppress(stopped.fingerprint, Suppression.Reason(reason), NOW)
    campaign = books.running()
    assert campaign.deliveries.count() + campaign.exclusions.count() == Subscriber.objects.count()
    assert _why(campaign) == {
        f"{reason}@example.jp": reason for reason in ("pending", "left", "bounced", "complained", "by_hand")
    }


def test_one_mailbox_under_several_tags_gets_one_mail() -> None:
    for address in (
        "taro@gmail.com", "taro+news@gmail.com", "t.a.r.o@gmail.com", "taro@outlook.jp", "taro+x@outlook.jp",
        "t.aro@outlook.jp", "taro@example.jp", "taro+x@example.jp",
    ):  # fmt: skip
        books.reader(address)
    campaign = books.running()
    assert _why(campaign) == dict.fromkeys(
        ("taro+news@gmail.com", "t.a.r.o@gmail.com", "taro+x@outlook.jp"), "duplicate"
    )
    keys = Subscriber.objects.order_by("pk").values_list("address_key", flat=True)
    first = {mailbox(key): key for key in reversed(keys)}  # the pure rule says the same as the statement
    assert set(keys) - set(first.values()) == set(_why(campaign))


def test_a_tag_of_somebody_who_left_keeps_nobody_from_the_mail() -> None:
    books.reader("taro@gmail.com", state=Subscriber.State.LEFT)
    books.reader("taro+news@gmail.com")
    campaign = books.running()
    assert _why(campaign) == {"taro@gmail.com": "left"}


def test_who_confirms_after_the_start_stays_excluded() -> None:
    books.readers(1)
    late = books.reader("late@example.jp", state=Subscriber.State.PENDING)
    campaign = books.running()
    Subscriber.objects.filter(pk=late.pk).update(state=Subscriber.State.ACTIVE)
    assert delivery.queue_campaign(campaign, NOW) == 0
    assert _why(campaign) == {"late@example.jp": "pending"}


# ------------------------------------------------------------ the monthly number only
def test_who_wants_the_monthly_number_only_is_excluded_from_an_extra_issue_alone() -> None:
    books.readers(2)
    Subscriber.objects.filter(address="reader2@example.jp").update(only_monthly=True)
    planned = campaigns.plan(books.edition(extra=1), "担当", NOW)
    one = Subscriber.objects.get(address="reader2@example.jp")
    answer = audiences.explain(planned, one, NOW)
    assert answer.exclusion is not None
    assert answer.exclusion.get_reason_display() == "毎月の号だけを希望しています（号外は送りません）"
    campaigns.start(planned, NOW)
    assert _why(planned) == {"reader2@example.jp": "only_monthly"}
    assert planned.deliveries.count() == 1
    assert _why(books.running()) == {}


def test_who_chooses_the_monthly_number_only_while_an_extra_issue_goes_out_is_left_out_at_the_claim() -> None:
    books.readers(2)
    extra, monthly = books.running(books.edition(extra=1)), books.running()
    reader = Subscriber.objects.get(address="reader1@example.jp")
    signup.change_preferences(reader.key, signup.Preferences(only_monthly=True), None, NOW)
    assert [claim.addressee.address for claim in delivery.claim("w", 9, NOW, extra).claims] == ["reader2@example.jp"]
    assert len(delivery.claim("w", 9, NOW, monthly).claims) == 2
    left_out = extra.deliveries.get(subscriber=reader)
    assert (left_out.state, left_out.reason) == ("cancelled", "毎月の号だけを希望しています（号外は送りません）")


def test_the_question_before_sending_and_the_preview_know_who_gets_the_extra_issue() -> None:
    books.readers(3)
    Subscriber.objects.filter(address="reader3@example.jp").update(only_monthly=True)
    made = books.edition(extra=1)
    shown = CliRunner().invoke(main, ["campaign", "send", made.issue.slug, "--by", "担当"])
    assert f"2件・{made.issue}・" in shown.stderr
    preview = previews.find_addressee("reader3@example.jp", extra=True)
    assert preview.hindrance == "毎月の号だけを希望しています（号外は送りません）"
    assert previews.find_addressee("reader3@example.jp").hindrance == ""


def test_who_may_have_the_edition_already_is_excluded_for_that() -> None:
    books.readers(2)
    made = books.edition()
    first = books.running(made)
    (claim,) = delivery.claim("w", 1, NOW, first).claims
    delivery.settle("w", [delivery.Settlement(claim.delivery_id, delivery.State.SENT, NOW)], NOW)
    campaigns.cancel(first, "担当", NOW)
    assert Counter(_why(books.running(made)).values()) == {"had_it": 1}


def test_a_rehearsal_keeps_the_number_of_the_excluded_and_forgets_who_they_are() -> None:
    books.readers(1)
    books.reader("left@example.jp", state=Subscriber.State.LEFT)
    campaign = books.running(rehearsal=True)
    campaigns.cancel(campaign, "担当", NOW)
    assert [(row.subscriber, row.reason) for row in Exclusion.objects.all()] == [(None, "left")]


def test_an_erased_person_leaves_only_the_reason() -> None:
    books.readers(1)
    gone = books.reader("left@example.jp", state=Subscriber.State.LEFT)
    campaign = books.running()
    gone.delete()
    assert [(row.subscriber, row.reason) for row in campaign.exclusions.all()] == [(None, "left")]


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("a@docomo.ne.jp", "docomo"),
        ("a@a2.ezweb.ne.jp", "au"), ("a@au.com", "au"), ("a@t.vodafone.ne.jp", "softbank"),
        ("a@yahoo.co.jp", "yahoo_jp"), ("a@gmail.com", "gmail"), ("a@hotmail.co.jp", "outlook"),
        ("a@city.example.lg.jp", "city.example.lg.jp"), ("a@example.jp", "example.jp"),
        ("a@notgmail.com", "notgmail.com"),
    ],
)  # fmt: skip
def test_sql_and_python_agree_on_the_provider(address: str, provider: str) -> None:
    books.reader(address)
    campaign = books.running()
    assert campaign.deliveries.get().provider == provider == provider_of(address)


def test_erasure_takes_the_domain_with_it() -> None:
    person = books.reader("taro@taro-yamada.example.jp")
    campaign = books.running()
    delivery.forget_words(person)
    assert campaign.deliveries.get().provider == "other"


def test_freezing_takes_few_statements_however_many_there_are(django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    books.readers(30)
    campaign = campaigns.plan(books.edition(), "担当", NOW)
    with django_assert_max_num_queries(6):
        assert audiences.freeze(campaign, NOW) == 30


def test_the_command_counts_the_excluded_and_writes_them_out(tmp_path: Path) -> None:
    books.readers(1)
    books.reader("left@example.jp", state=Subscriber.State.LEFT)
    books.running()
    shown = CliRunner().invoke(main, ["campaign", "excluded"])
    assert ("本人が解除しました\t1" in shown.stdout, "@" in shown.stdout) == (True, False)
    report = json.loads(CliRunner().invoke(main, ["campaign", "report", "--json"]).stdout)
    assert (report["candidates"], report["total"], report["excluded"]) == (2, 1, {"left": 1})
    file = tmp_path / "excluded.csv"
    assert CliRunner().invoke(main, ["campaign", "excluded", "--csv", str(file)]).exit_code == 0
    assert "left@example.jp,本人が解除しました" in file.read_text("utf-8-sig")
