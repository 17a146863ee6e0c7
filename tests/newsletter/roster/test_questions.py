"""What a member may answer, and what it is told when an answer cannot be right."""

from __future__ import annotations

import pytest

from newsletter.roster.questions import Choice, Entry, Person, Typed, described, fingerprint, judge, revived, stored

TARO = Person(1, "山田 太郎", "環境課", "t-yamada@city.example.lg.jp", is_shared=False, reads=True, writes=False)
DESK = Person(2, "", "環境課", "kankyo@city.example.lg.jp", is_shared=True, reads=True, writes=True)
STAY = Typed("stay")


def told(one: Typed, *new: Typed) -> tuple[tuple[Entry, ...], list[tuple[str, str, str]]]:
    judged = judge([TARO, DESK], {1: one, 2: STAY}, {f"new-{place}": typed for place, typed in enumerate(new, start=1)})
    return judged.entries, [(problem.row, problem.field, problem.message) for problem in judged.problems]


def test_a_person_is_shown_with_a_masked_address_and_a_shared_mailbox_whole() -> None:
    assert TARO.shown_address == "t***@city.example.lg.jp"
    assert DESK.shown_address == "kankyo@city.example.lg.jp"
    assert (TARO.roles, DESK.roles) == ("メールの配信", "メールの配信、投稿のご担当")
    assert DESK.label_of(Choice.LEAVE) == "このアドレスはもう使わない"


@pytest.mark.parametrize(
    ("typed", "entry"),
    [
        (STAY, Entry(Choice.STAY, 1)),
        (Typed("stay", "山田 太郎", "環境課"), Entry(Choice.STAY, 1)),
        (Typed("leave"), Entry(Choice.LEAVE, 1)),
        (Typed("change", "", "環境政策課"), Entry(Choice.CHANGE, 1, "山田 太郎", "環境政策課")),
        (
            Typed("change", "山田 花", address="Ｔ-ＹＡＭＡＤＡ@city.example.lg.jp"),
            Entry(Choice.CHANGE, 1, "山田 花", "環境課"),
        ),
        (
            Typed("change", "佐藤 三郎", "", " ｓ-sato＠city.example.lg.jp ", consented=True),
            Entry(Choice.CHANGE, 1, "佐藤 三郎", "環境課", "s-sato@city.example.lg.jp"),
        ),
    ],
)
def test_what_is_right_becomes_an_entry(typed: Typed, entry: Entry) -> None:
    entries, problems = told(typed)
    assert problems == []
    assert entries == (entry, Entry(Choice.STAY, 2))


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        (Typed(""), "choice", "どれかを選んで"),
        (Typed("fire"), "choice", "どれかを選んで"),
        (Typed("stay", "佐藤 三郎"), "choice", "変更の内容が書かれています"),
        (Typed("leave", address="s@city.example.lg.jp"), "choice", "変更の内容が書かれています"),
        (Typed("change"), "choice", "どこが変わるか"),
        (Typed("change", address="s-sato"), "address", "「@」がありません"),
        (Typed("change", address="kankyo@city.example.lg.jp", consented=True), "address", "2番にあるアドレス"),
        (Typed("change", address="s-sato@city.example.lg.jp"), "consented", "ご本人の了解"),
        (Typed("change", "あ" * 101), "name", "長すぎます"),
        (Typed("change", "", "課" * 201), "department", "長すぎます"),
    ],
)
def test_what_cannot_be_right_is_told_at_its_field(typed: Typed, field: str, words: str) -> None:
    [(row, where, message)] = told(typed)[1]
    assert (row, where) == ("1", field)
    assert words in message


@pytest.mark.parametrize(
    ("new", "field", "words"),
    [
        (Typed(name="佐藤"), "address", "メールアドレスを書いて"),
        (Typed(address="s-sato@city.example.lg.jp", consented=True), "name", "お名前か部署"),
        (Typed(name="佐藤", address="s-sato@city.example.lg.jp"), "consented", "ご本人の了解"),
        (Typed(name="佐藤", address="t-yamada@city.example.lg.jp", consented=True), "address", "1番で「変更する」"),
        (Typed(name="佐藤", address="a@b@c", consented=True), "address", "「@」が2つ以上"),
        (Typed(name="佐藤", address="s-sato@city.example.lg.jp（退職）", consented=True), "address", "外す方は"),
    ],
)
def test_a_new_person_needs_an_address_a_name_and_their_consent(new: Typed, field: str, words: str) -> None:
    [(row, where, message)] = told(STAY, new)[1]
    assert (row, where) == ("new-1", field)
    assert words in message


def test_empty_rows_are_no_people_and_one_address_stands_once() -> None:
    new = Typed(name="佐藤", address="s-sato@city.example.lg.jp", consented=True)
    assert told(STAY, Typed(), new)[1] == []
    [(row, _, message)] = told(STAY, new, new)[1]
    assert (row, message) == ("new-2", "同じメールアドレスが、ほかの行にも書かれています。")


def test_at_most_thirty_people_are_added_at_once() -> None:
    new = [Typed(name="某", address=f"a{n}@city.example.lg.jp", consented=True) for n in range(31)]
    assert "30人まで" in told(STAY, *new)[1][0][2]


def test_entries_go_into_the_database_and_come_back() -> None:
    entries, _ = told(
        Typed("change", "佐藤", address="s@city.example.lg.jp", consented=True),
        Typed(name="某", address="a@b.lg.jp", consented=True, writes=True),
    )
    assert tuple(revived(stored(entries))) == entries
    assert stored(entries)[1] == {"choice": "stay", "number": 2}
    assert fingerprint(entries, ("花子", "")) != fingerprint(entries[:2], ("花子", ""))


def test_an_entry_is_said_in_words() -> None:
    assert described(Entry(Choice.LEAVE, 2), DESK) == ("2番 環境課", "このアドレスはもう使わない")
    assert described(Entry(Choice.CHANGE, 1, "佐藤", "環境課"), TARO) == ("1番 山田 太郎", "変更する：佐藤、環境課")
    assert described(Entry(Choice.LEAVE, 3), None)[0] == "3番 （登録がなくなりました）"
    assert (
        described(Entry(Choice.ADD, 0, "某", "", "a@b.lg.jp", True), None)[1] == "某、a@b.lg.jp（投稿のご担当にもなる）"
    )
