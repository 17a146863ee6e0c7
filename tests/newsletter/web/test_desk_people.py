"""One person at the desk: found without an address in any link, shown whole, stopped, disclosed, erased."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from feeds.models import Contributor, Member
from newsletter import erasures, links
from newsletter.models import Delivery, RosterAnswer
from newsletter.roster.questions import Typed
from subscribers import by_hand, consent, moves, signup, suppression, wordings
from subscribers.models import ConsentEvent, ImportRun, Subscriber, Suppression
from tests.newsletter import books
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.roster.parts import answered, city
from tests.newsletter.web.list_parts import colleague, logged_in
from tests.subscribers.people import kinds, mark, person, suppressed

pytestmark = pytest.mark.django_db
SEARCH = "/staff/subscribers/"
VIEWER = ["view_subscriber"]


@pytest.fixture
def staff() -> Client:
    return logged_in(colleague(last_name="見本", first_name="花子"))


def page_of(address: str = "taro@example.jp") -> str:
    return f"{SEARCH}of/{mark(address)}/"


def search(client: Client, text: str, **more: str) -> str:
    answer = client.post(SEARCH, {"text": text, **more})
    assert answer.status_code == 200
    return str(answer.content.decode())


# ------------------------------------------------------------ finding
def test_people_are_found_by_any_part_and_the_link_holds_no_address(staff: Client) -> None:
    person("taro@example.jp", name="見本 太郎", organisation="見本市役所")
    person("hanako@example.jp", name="見本 花子", organisation="見本県庁")
    assert page_of() in search(staff, "ＴＡＲＯ＠example")
    assert page_of() in search(staff, "見本市")
    assert page_of("hanako@example.jp") not in search(staff, "見本市")
    page = search(staff, "見本")
    assert page_of() in page
    assert page_of("hanako@example.jp") in page
    assert 'href="/staff/subscribers/of/' in page
    assert "?text=" not in page


def test_a_get_finds_nobody(staff: Client) -> None:
    person("taro@example.jp", name="見本 太郎")
    assert "taro@" not in staff.get(f"{SEARCH}?text=taro").content.decode()


def test_fifty_at_a_time(staff: Client) -> None:
    for number in range(60):
        person(f"reader{number:02}@example.jp")
    first = search(staff, "reader")
    assert "reader49@" in first
    assert "reader50@" not in first
    assert "次の50人" in first
    second = search(staff, "reader", page="2")
    assert "reader50@" in second
    assert "reader49@" not in second
    assert "前の50人" in second
    assert "見つかりませんでした" in search(staff, "nobody", page="²")


def test_nothing_to_look_for_is_told(staff: Client) -> None:
    assert "さがす言葉を入力してください" in search(staff, " \x00 ")


def test_an_address_that_is_not_registered_has_a_page_too(staff: Client) -> None:
    assert "あらかじめ止める" in search(staff, "unknown@example.jp")
    suppressed("gone@example.jp", Suppression.Reason.ERASED)
    page = search(staff, "gone@example.jp")
    assert "記録を見る" in page
    page = staff.get(page_of("gone@example.jp")).content.decode()
    assert "登録のない宛先" in page
    assert "本人の求めで消去" in page
    assert "gone@" not in page


# ------------------------------------------------------------ showing
def test_the_whole_history_is_there_in_words(staff: Client) -> None:
    load_profile()
    reader = person(name="見本 太郎", municipality="401005")
    at = timezone.now() - timedelta(days=3)
    version = "2026-12"
    consent.record(reader, ConsentEvent.Kind.REQUESTED, at, basis="form", wording=version, source="192.0.2.17")
    consent.record(reader, ConsentEvent.Kind.CONFIRMED, at + timedelta(hours=1), wording=version)
    signup.leave(reader.key, None, at + timedelta(days=1), {"how": "one_click"})
    page = staff.get(page_of()).content.decode()
    for words in (
        "購読の申込がありました。", "<dt>根拠</dt><dd>ウェブフォーム</dd>", "<dt>送信元</dt><dd>192.0.2.17</dd>",
        "このアドレスに届いた確認のメールから、受け取ることに同意しました。", "購読をやめました。",
        "メールソフトのワンクリック解除", "お届けしません", "福岡県北九州市（401005）",
    ):  # fmt: skip
        assert words in page, words
    assert page.index("購読の申込がありました") < page.index("購読をやめました")


BUTTONS = {
    "come_back": ("配信停止のあとのページのボタンで、購読が元に戻りました。", "解除のあとのページで元に戻した"),
    "pause": ("配信停止のあとのページのボタンで、購読が元に戻りました。", "お休みを始めた（"),
    "wrong_person": ("の「この方の配信を元に戻す」で、購読が元に戻りました。", "ほかの方の購読を誤って解除したため"),
}


@pytest.mark.parametrize("button", BUTTONS)
def test_a_button_of_the_page_after_leaving_is_told_as_no_consent_from_the_mailbox(
    button: str, staff: Client, client: Client
) -> None:
    load_profile()
    address = links.unsubscribe_url(person().key)
    for action in ("leave", button):
        client.post(urlsplit(address).path, {"action": action})
    page = staff.get(page_of()).content.decode()
    for words in ("購読をやめました。", *BUTTONS[button]):
        assert words in page, words
    for words in ("確認のメールから", "本人の新しい同意"):
        assert words not in page, words


def test_who_lifts_a_stop_is_told_that_the_persons_own_goodbye_stands(staff: Client) -> None:
    signup.leave(person().key, None, timezone.now())
    suppression.suppress(mark("taro@example.jp"), Suppression.Reason.BOUNCED, timezone.now())
    told, standing = "その停止は続きます", "配信を止めています：本人が解除"
    page = staff.post(f"{page_of()}lift/", {"why": "アドレスが復旧したため"}, follow=True).content.decode()
    assert (told in page, standing in page) == (True, True)
    page = staff.post(f"{page_of()}lift/", {"why": "ご本人が電話で希望"}, follow=True).content.decode()
    assert (told in page, "配信を止めています" in page) == (False, False)


def test_a_goodbye_that_somebody_else_entered_is_told_as_theirs_also_when_nothing_names_a_person_any_more(
    staff: Client,
) -> None:
    load_profile()
    for address in ("taro@example.jp", "hanako@example.jp"):
        person(address)
    run = ImportRun.objects.create(file="名簿", basis=ConsentEvent.Basis.MEMBER, proof="回答", operator="花子")
    moves.depart({Subscriber.objects.get(address="taro@example.jp").pk: 1}, run, timezone.now())
    by_hand.stop(mark("hanako@example.jp"), Suppression.Reason.LEFT, timezone.now(), "花子")
    assert "会員の申出（異動・退職など）により、購読を終えました。" in staff.get(page_of()).content.decode()
    assert "ご本人の申出により、事務局が" in staff.get(page_of("hanako@example.jp")).content.decode()
    consent.make_anonymous([mark("taro@example.jp")])
    assert "会員の申出（異動・退職など）により、購読を終えました。" in staff.get(page_of()).content.decode()


def test_the_text_that_each_consent_names_is_shown_and_that_it_was_never_kept_is_said(staff: Client) -> None:
    load_profile()
    reader = person()
    wordings.keep("2025-04", "以前の文面です。", timezone.now())
    for version in ("2026-12", "2025-04", "2019-04"):
        consent.record(reader, ConsentEvent.Kind.REQUESTED, timezone.now(), wording=version)
    page = staff.get(page_of()).content.decode()
    assert page.count("お示しした文面") == 2
    assert "以前の文面です。" in page
    assert "いつでも止められます。" in page
    assert page.count("この版の文面は、控えが残っていません。") == 1
    dossier = staff.post(f"{page_of()}held/").content.decode()
    for line in ("　以前の文面です。", "同意の文面（版 2019-04）: この版の文面は、控えが残っていません。"):
        assert line in dossier, line


def test_what_was_sent_is_listed_with_the_newest_first(staff: Client) -> None:
    person()
    for answer in ({"state": "sent"}, {"state": "refused", "reply_code": 550, "reply_text": "5.1.1 no such user"}):
        campaign = books.running()
        Delivery.objects.filter(campaign=campaign).update(**answer, settled_at=timezone.now())
    page = staff.get(page_of()).content.decode()
    assert "お届けします" in page
    assert page.index("no such user") < page.index("送信済み")


def test_nothing_else_is_a_person(staff: Client) -> None:
    for wrong in ("taro@example.jp", "x" * 64, "A" * 64, "a" * 63):
        assert staff.get(f"{SEARCH}of/{wrong}/").status_code == 404


# ------------------------------------------------------------ acting
def test_an_address_is_stopped_and_the_stop_is_lifted_in_somebodys_name(staff: Client) -> None:
    person()
    page = staff.post(f"{page_of()}stop/", {"reason": "by_hand", "note": "電話"}, follow=True).content.decode()
    assert "配信を止めました" in page
    assert "事務局が停止" in page
    standing = suppression.standing(mark("taro@example.jp"))
    assert standing
    assert (standing.operator, standing.note) == ("見本 花子", "電話")
    again = staff.post(f"{page_of()}stop/", {"reason": "by_hand"}, follow=True).content.decode()
    assert "すでに止まっています" in again

    refused = staff.post(f"{page_of()}lift/", {"why": " "})
    assert refused.status_code == 422
    assert "停止を解除する理由を書いてください" in refused.content.decode()
    short = staff.post(f"{page_of()}lift/", {"why": "電話で！！"})
    assert (short.status_code, "5文字以上" in short.content.decode()) == (422, True)
    staff.post(f"{page_of()}lift/", {"why": "本人から電話"})
    assert not suppression.is_suppressed(mark("taro@example.jp"))
    assert Suppression.objects.get().lifted_by == "見本 花子"
    assert (
        "停止されていません" in staff.post(f"{page_of()}lift/", {"why": "本人から電話"}, follow=True).content.decode()
    )


def test_who_was_erased_is_let_go_by_somebody_who_says_that_they_know_it(staff: Client) -> None:
    suppressed("gone@example.jp", Suppression.Reason.ERASED)
    suppressed("stopped@example.jp", Suppression.Reason.BY_HAND)
    assert 'name="erased"' not in staff.get(page_of("stopped@example.jp")).content.decode()
    page = staff.get(page_of("gone@example.jp")).content.decode()
    assert "ご本人の求めで個人情報を消去した方です" in page
    assert "名簿の取込で登録できるようになります" in page
    refused = staff.post(f"{page_of('gone@example.jp')}lift/", {"why": "本人が窓口で希望"})
    assert refused.status_code == 422
    assert "承知のしるしを付けてください" in refused.content.decode()
    assert suppression.is_suppressed(mark("gone@example.jp"))
    staff.post(f"{page_of('gone@example.jp')}lift/", {"why": "本人が窓口で希望", "erased": "on"})
    assert not suppression.is_suppressed(mark("gone@example.jp"))


def test_who_asked_to_leave_by_telephone_has_left(staff: Client) -> None:
    person()
    staff.post(f"{page_of()}stop/", {"reason": "left"})
    assert Subscriber.objects.get().state == "left"
    assert kinds() == ["left"]
    assert staff.post(f"{page_of()}stop/", {"reason": "erased"}).status_code == 422


def test_a_dossier_is_a_file_that_everybody_can_read(staff: Client) -> None:
    person(name="見本 太郎")
    answer = staff.post(f"{page_of()}held/")
    assert answer.content.startswith("\ufeff保有個人データの開示\r\n".encode())
    assert "taro@example.jp" in answer.content.decode()
    assert "example" not in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"].count("no-store") == 1


def test_a_dossier_without_an_entry_wants_the_same_address(staff: Client) -> None:
    suppressed("gone@example.jp", Suppression.Reason.ERASED)
    address = page_of("gone@example.jp")
    for wrong in ("", "other@example.jp", "nonsense"):
        assert staff.post(f"{address}held/", {"address": wrong}).status_code == 422
    text = staff.post(f"{address}held/", {"address": "Ｇone@example.jp"}).content.decode()
    assert "登録はありません。" in text
    answer = staff.post(f"{page_of('none@example.jp')}held/", {"address": "none@example.jp"}, follow=True)
    assert "持っているものはありません" in answer.content.decode()


def test_erasing_asks_first_and_gives_an_account(staff: Client) -> None:
    person()
    Delivery.objects.filter(campaign=books.running()).update(state="sent", reply_text="250 taro")
    page = staff.get(f"{page_of()}erase/").content.decode()
    assert "元に戻せません" in page
    assert "配信台帳の通数" in page
    assert Subscriber.objects.exists()
    page = staff.post(f"{page_of()}erase/").content.decode()
    assert "消去しました" in page
    assert "残したものと、その理由" in page
    assert "taro@" not in page
    assert not Subscriber.objects.exists()
    assert Delivery.objects.get().reply_text == ""
    again = staff.post(f"{page_of()}erase/", follow=True).content.decode()
    assert "消せるものはありません" in again
    assert "個人情報を消去しました。" in again  # the ledger


def test_whom_only_a_members_answer_names_is_found_disclosed_and_erased(staff: Client) -> None:
    sheet = city()
    new = Typed(name="見本 太郎", department="総務", address="taro@example.jp", consented=True)
    answered(sheet, {}, [new])
    found = staff.post(SEARCH, {"text": "taro@example.jp"}).content.decode()
    assert "ほかの記録があります" in found
    page = staff.get(page_of()).content.decode()
    assert "「宛先の確認」の記録にもあります" in page
    assert "消去の内容を見る" in page
    assert (
        "見本 太郎、総務、taro@example.jp"
        in staff.post(f"{page_of()}held/", {"address": "taro@example.jp"}).content.decode()
    )
    assert erasures.ANSWERS in staff.get(f"{page_of()}erase/").content.decode()
    assert "消去しました" in staff.post(f"{page_of()}erase/").content.decode()
    assert "taro" not in str(RosterAnswer.objects.get().entries)


def test_a_contact_of_members_goes_only_with_its_mark(staff: Client) -> None:
    load_profile()
    Member.objects.get(key="kitakyushu").contributors.create(email="taro@example.jp")
    assert "消去の内容を見る" in staff.get(page_of()).content.decode()
    assert "その印を付けてください" in staff.post(f"{page_of()}erase/").content.decode()
    assert Contributor.objects.exists()
    staff.post(f"{page_of()}erase/", {"with_contacts": "yes"})
    assert not Contributor.objects.exists()


# ------------------------------------------------------------ who
def test_who_may_only_look_is_offered_nothing_else_and_can_do_nothing_else() -> None:
    person()
    client = logged_in(colleague(permissions=VIEWER))
    page = client.get(page_of()).content.decode()
    assert "配信を止める" not in page
    assert "消去の内容を見る" not in page
    assert "名簿の取込</a>" not in page
    for verb in ("stop", "lift", "erase"):
        assert client.post(f"{page_of()}{verb}/", {"reason": "by_hand", "why": "x"}).status_code == 403
    assert Subscriber.objects.get().is_active
    assert not Suppression.objects.exists()


def test_nobody_else_sees_anything() -> None:
    person()
    for client in (Client(), logged_in(colleague(permissions=[])), logged_in(colleague("taro", is_staff=False))):
        for address in (SEARCH, page_of(), f"{page_of()}erase/"):
            assert client.get(address).status_code in (302, 403)
            assert b"taro@" not in client.post(address, {"text": "taro"}).content


def test_changes_are_posts(staff: Client) -> None:
    person()
    for verb in ("stop", "lift", "held"):
        assert staff.get(f"{page_of()}{verb}/").status_code == 405
