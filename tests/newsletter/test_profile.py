"""The association's profile: read with remarks that name their key, loaded without surprises."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feeds.members import municipalities
from feeds.models import Feed, Member
from newsletter import profile
from newsletter.association.document import contrast, read_document
from newsletter.association.facts import Numbering
from newsletter.association.loading import Action, ProfileChange
from newsletter.errors import ProfileError
from newsletter.models import Association, Issue
from subscribers.models import Wording
from tests.newsletter.issue_parts import NOW, PROFILE, feed_entry

LATER = NOW + timedelta(days=1)
WRONG = sorted((Path(__file__).parents[1] / "data" / "profiles").glob("*.toml"))


def document() -> dict[str, Any]:
    return tomllib.loads(PROFILE.read_text())


def remarks(changed: dict[str, Any]) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        read_document(changed, "", {place.code: place.name for place in municipalities()})
    return str(caught.value).splitlines()


def file_with(folder: Path, *replacements: tuple[str, str]) -> Path:
    text = PROFILE.read_text()
    for before, after in replacements:
        assert before in text
        text = text.replace(before, after)
    file = folder / "profile.toml"
    file.write_text(text)
    return file


def changed(changes: list[ProfileChange]) -> list[tuple[str, str, Action]]:
    return [(change.kind, change.key, change.action) for change in changes if change.action is not Action.SAME]


# ------------------------------------------------------------ reading
def test_the_shipped_profile_is_that_of_the_association() -> None:
    found = profile.read(PROFILE)
    assert found.publisher.legal_name == "一般社団法人イクレイ日本"
    assert found.publisher.postal_address.startswith("東京都港区西新橋")
    assert [member.kind for member in found.members].count("full") == 27
    assert [member.kind for member in found.members].count("special") == 6
    assert len(found.pathways) == 5
    assert list(found.sdgs) == list(range(1, 18))
    assert found.sections[0].title == "会員自治体ニュース"
    assert {section.kind.value for section in found.sections} == {"member", "event", "network", "office"}
    assert found.approvals_needed == 2


def test_mail_is_sent_from_an_invented_domain_until_the_association_sets_its_own() -> None:
    sender = profile.read(PROFILE).sender
    for address in (sender.address, sender.reply_to, sender.bounce_address, sender.unsubscribe_address):
        assert address.endswith("@example.jp")


def test_numbers_follow_from_one_known_month() -> None:
    numbering = Numbering(date(2026, 11, 1), 137)
    assert numbering.of(date(2026, 11, 1)) == 137
    assert numbering.of(date(2027, 1, 1)) == 139
    assert numbering.of(date(2016, 6, 1)) == 12
    assert numbering.of(date(2015, 7, 1)) == 1
    assert numbering.of(date(2015, 6, 1)) is None


@pytest.mark.parametrize("file", WRONG, ids=lambda file: file.stem)
def test_a_wrong_profile_is_refused_with_every_remark_and_its_key(file: Path) -> None:
    """Each file changes the shipped profile at a few keys; its neighbour lists the remarks."""
    wrong = document()
    for key, value in tomllib.loads(file.read_text()).items():
        *path, last = key.split("/")
        table: Any = wrong
        for step in path:
            table = table[int(step) if step.isdigit() else step]
        table[last] = value
    assert "\n".join(remarks(wrong)) + "\n" == file.with_suffix(".txt").read_text()


def test_a_name_that_is_not_the_one_of_the_code_is_an_error() -> None:
    wrong = document()
    wrong["members"] = [{"key": "sapporo", "name": "札幌", "code": "011002"}]
    assert remarks(wrong) == ["members[1].name: 「札幌」の団体コード 011002 は、全国の一覧では「札幌市」です。"]


def test_a_code_that_no_government_has_is_an_error() -> None:
    wrong = document()
    wrong["members"] = [{"key": "nowhere", "name": "例示市", "code": "999997"}]
    assert "全国の一覧にありません" in remarks(wrong)[0]


def test_a_missing_table_is_one_remark() -> None:
    wrong = document()
    del wrong["sender"]
    assert remarks(wrong | {"members": []}) == ["sender: [sender] の項目がありません。"]


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x83\x43\x83\x4e\x83\x8c\x83\x43", "UTF-8で保存"),
        ('[association]\nname = "イクレイ\n'.encode(), "2行目"),
        (b"[enews]\n[enews]\n", "2回"),
        (b'a = 1\na = "2"\n', "2回"),
        (b"# " + b"x" * 1_000_001, "大きすぎます"),
    ],
    ids=["cp932", "open quote", "table twice", "key twice", "huge"],
)
def test_a_file_that_is_no_toml_says_where(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "profile.toml"
    file.write_bytes(content)
    with pytest.raises(ProfileError, match=words) as caught:
        profile.read(file)
    assert str(file) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"nothing\.toml: ファイルを読めません"):
        profile.read(tmp_path / "nothing.toml")


# ------------------------------------------------------------ loading
@pytest.mark.django_db
def test_before_loading_there_is_none() -> None:
    assert profile.current_or_none() is None
    with pytest.raises(ProfileError, match="newsletter profile load"):
        profile.current()


@pytest.mark.django_db
def test_loading_writes_members_and_feeds_and_makes_the_profile_current() -> None:
    changes = profile.load(PROFILE, NOW)
    assert {change.action for change in changes} == {Action.ADDED}
    assert profile.current() == profile.read(PROFILE)
    assert Member.objects.filter(active=True).count() == 33
    sapporo = Member.objects.get(key="sapporo")
    assert (sapporo.code, sapporo.prefecture, sapporo.kana) == ("011002", "北海道", "さっぽろし")
    assert sapporo.website.startswith("https://")
    assert Feed.objects.get(key="un-habitat").state == Feed.State.ACTIVE
    assert Feed.objects.get(key="unfccc").state == Feed.State.PAUSED


@pytest.mark.django_db
def test_loading_the_same_file_again_changes_nothing() -> None:
    profile.load(PROFILE, NOW)
    before = [list(model.objects.order_by("pk").values()) for model in (Association, Member, Feed)]
    changes = profile.load(PROFILE, LATER)
    assert {change.action for change in changes} == {Action.SAME}
    assert [list(model.objects.order_by("pk").values()) for model in (Association, Member, Feed)] == before


@pytest.mark.django_db
def test_what_changed_in_the_file_is_changed_and_said(tmp_path: Path) -> None:
    profile.load(PROFILE, NOW)
    file = file_with(
        tmp_path, ("approvals_needed = 2", "approvals_needed = 1"), ('name = "CityTalk"', 'name = "シティトーク"')
    )
    changes = profile.load(file, LATER)
    assert changed(changes) == [("association", "enews", Action.CHANGED), ("feed", "citytalk", Action.CHANGED)]
    assert ("名称: CityTalk → シティトーク",) in [change.details for change in changes]
    assert profile.current().approvals_needed == 1
    assert Association.objects.count() == 1


@pytest.mark.django_db
def test_a_member_that_is_not_in_the_file_is_inactive_and_may_come_back(tmp_path: Path) -> None:
    profile.load(PROFILE, NOW)
    without = file_with(tmp_path, ('[[members]]\nkey = "kobe"\nname = "神戸市"\ncode = "281000"\n', ""))
    assert changed(profile.load(without, LATER)) == [("member", "kobe", Action.LEFT)]
    assert not Member.objects.get(key="kobe").active
    assert changed(profile.load(without, LATER)) == []
    assert changed(profile.load(PROFILE, LATER)) == [("member", "kobe", Action.CHANGED)]
    assert Member.objects.get(key="kobe").active


@pytest.mark.django_db
def test_a_code_cannot_pass_to_another_key_unnoticed(tmp_path: Path) -> None:
    profile.load(PROFILE, NOW)
    file = file_with(tmp_path, ('key = "kobe"', 'key = "kobe-shi"'))
    with pytest.raises(ProfileError, match=r"members\[22\].code: .*281000.*key = kobe"):
        profile.load(file, LATER)
    assert changed(profile.load(PROFILE, LATER)) == []


@pytest.mark.django_db
def test_two_members_may_exchange_codes(tmp_path: Path) -> None:
    profile.load(PROFILE, NOW)
    file = file_with(
        tmp_path,
        ('key = "kobe"', 'key = "exchanged"'),
        ('key = "kyoto"', 'key = "kobe"'),
        ('key = "exchanged"', 'key = "kyoto"'),
    )
    profile.load(file, LATER)
    assert Member.objects.get(key="kobe").code == "261009"
    assert Member.objects.get(key="kyoto").code == "281000"


@pytest.mark.django_db
def test_what_staff_and_sources_changed_since_stays() -> None:
    profile.load(PROFILE, NOW)
    Feed.objects.filter(key="un-habitat").update(state=Feed.State.PAUSED)  # by staff
    Feed.objects.filter(key="iclei-world").update(url="https://moved.example.jp/feed/")  # by a 301
    assert changed(profile.load(PROFILE, LATER)) == []
    assert Feed.objects.get(key="un-habitat").state == Feed.State.PAUSED
    assert Feed.objects.get(key="iclei-world").url == "https://moved.example.jp/feed/"


@pytest.mark.django_db
def test_a_new_address_in_the_file_counts_more_than_the_remembered_one(tmp_path: Path) -> None:
    profile.load(PROFILE, NOW)
    Feed.objects.filter(key="iclei-world").update(url="https://moved.example.jp/feed/", etag='"1"')
    file = file_with(tmp_path, ("https://iclei.org/feed/", "https://news.example.jp/feed/"))
    assert changed(profile.load(file, LATER)) == [("feed", "iclei-world", Action.CHANGED)]
    assert Feed.objects.get(key="iclei-world").url == "https://news.example.jp/feed/"
    assert Feed.objects.get(key="iclei-world").etag == ""


@pytest.mark.django_db
def test_a_feed_taken_out_of_the_file_is_paused_and_others_are_let_be(tmp_path: Path) -> None:
    profile.load(PROFILE, NOW)
    Feed.objects.create(key="by-hand", name="手で登録", url="https://hand.example.jp/feed")
    text = PROFILE.read_text()
    start = text.index('[[feeds]]\nkey = "un-habitat"')
    file = tmp_path / "profile.toml"
    file.write_text(text[:start] + text[text.index("[[feeds]]", start + 1) :])
    assert changed(profile.load(file, LATER)) == [("feed", "un-habitat", Action.PAUSED)]
    assert Feed.objects.get(key="by-hand").state == Feed.State.ACTIVE


@pytest.mark.django_db
def test_a_section_in_use_cannot_be_taken_away(tmp_path: Path) -> None:
    profile.load(PROFILE, NOW)
    issue = Issue.objects.create(month=date(2026, 11, 1), release_on=date(2026, 11, 30), subject="件名")
    issue.placements.create(entry=feed_entry("News"), section="office", position=1, headline="見出し")
    file = file_with(tmp_path, ('key = "office"', 'key = "bureau"'), ('section = "office"', 'section = "bureau"'))
    with pytest.raises(ProfileError, match="欄「office」は2026年11月号の掲載「見出し」が使っています"):
        profile.load(file, LATER)
    assert profile.current().section("office")


@pytest.mark.django_db
def test_a_wrong_file_changes_nothing(tmp_path: Path) -> None:
    file = file_with(tmp_path, ('code = "281000"', 'code = "281001"'), ('kind = "office"', 'kind = "bureau"'))
    with pytest.raises(ProfileError) as caught:
        profile.load(file, datetime(2026, 11, 1, tzinfo=UTC))
    assert "members[22].code" in str(caught.value)
    assert "sections[5].kind" in str(caught.value)
    assert not Association.objects.exists()
    assert not Member.objects.exists()


# ------------------------------------------------------------ the text that people agree to
@pytest.mark.django_db
def test_a_text_that_people_agreed_to_cannot_be_changed_under_its_version(tmp_path: Path) -> None:
    profile.load(PROFILE, NOW)
    before = profile.current()
    japanese = ("いつでも止められます。", "いつでも、すぐに止められます。")
    english = ("I can stop it at any time", "I can stop it whenever I like")
    for change, key in ((japanese, "wording.text"), (english, "english.wording")):
        other_name = ('title = "ICLEI Japan e-News"', 'title = "Another e-News"')
        with pytest.raises(ProfileError) as caught:
            profile.load(file_with(tmp_path, change, other_name), LATER)
        assert str(caught.value).startswith(f"{key}: 版「2026-12")
        assert "[wording] の version を新しい名前" in str(caught.value)
        assert profile.current() == before
    assert sorted(Wording.objects.values_list("version", flat=True)) == ["2026-12", "2026-12-en"]
    assert set(Wording.objects.values_list("since", flat=True)) == {NOW}


@pytest.mark.django_db
def test_a_new_version_has_a_text_of_its_own_and_an_old_one_comes_back_with_its_very_text(tmp_path: Path) -> None:
    profile.load(PROFILE, NOW)
    newer = file_with(
        tmp_path, ('version = "2026-12"', 'version = "2027-01"'), ("いつでも止められます。", "すぐに止められます。")
    )
    profile.load(newer, LATER)
    profile.load(PROFILE, LATER + timedelta(days=1))
    assert profile.current().wording.version == "2026-12"
    texts = dict(Wording.objects.values_list("version", "text"))
    assert texts["2026-12"] == profile.current().wording.text
    assert "すぐに止められます" in texts["2027-01"]
    assert texts["2027-01-en"] == texts["2026-12-en"]  # the English text did not change, and is shown as 2027-01-en
    assert changed(profile.load(PROFILE, LATER + timedelta(days=2))) == []


@pytest.mark.django_db
def test_a_text_that_is_japanese_for_everybody_is_kept_once(tmp_path: Path) -> None:
    text = PROFILE.read_text()
    start = text.index('wording = """\nI would')
    file = tmp_path / "profile.toml"
    file.write_text(text[:start] + text[text.index('"""', start + 15) + 3 :])
    profile.load(file, NOW)
    assert list(Wording.objects.values_list("version", flat=True)) == ["2026-12"]
