from __future__ import annotations

import pytest

from feeds import members
from feeds.errors import MemberError
from feeds.models import Member
from feeds.wards import SHARED_WARDS


@pytest.mark.parametrize("code", ["011002", "141003", "261009", "130001", "131229", "014681"])
def test_the_check_digit_is_the_published_one(code: str) -> None:
    assert members.check_digit(code[:5]) == code[5]
    assert members.is_valid_code(code)


def test_all_codes_of_the_national_list_have_the_right_check_digit() -> None:
    codes = [place.code for place in members.municipalities()]
    assert len(codes) == len(set(codes)) == 1788
    assert [code for code in codes if not members.is_valid_code(code)] == []


@pytest.mark.parametrize("code", ["011003", "11002", "", "01100２", "0110020", "abcdef"])
def test_a_code_with_a_fault_is_not_valid(code: str) -> None:
    assert not members.is_valid_code(code)


def test_five_digits_only_make_a_check_digit() -> None:
    with pytest.raises(MemberError, match="数字"):
        members.check_digit("1410")


@pytest.mark.parametrize("name", ["檮原町", "梼原町", "高知県梼原町", "394050", "39405", "３９４０５０"])
def test_a_town_is_found_whichever_way_its_name_is_written(name: str) -> None:
    assert members.find_municipality(name).code == "394050"


@pytest.mark.parametrize(
    ("name", "code"), [("龍ヶ崎市", "082082"), ("葛\U000e0100飾区", "131229"), ("鯵ヶ沢町", "023213")]
)
def test_glyph_variants_name_the_same_place(name: str, code: str) -> None:
    assert members.find_municipality(name).code == code


def test_a_name_that_several_places_share_needs_its_prefecture() -> None:
    with pytest.raises(MemberError, match="北海道池田町、福井県池田町、長野県池田町、岐阜県池田町"):
        members.find_municipality("池田町")
    assert members.find_municipality("長野県池田町").code == "204811"


@pytest.mark.parametrize(("ward", "code"), [("中央区", "131024"), ("北区", "131172"), ("港区", "131032")])
def test_a_ward_of_tokyo_that_other_cities_have_too_is_asked_about(ward: str, code: str) -> None:
    with pytest.raises(MemberError, match=f"「東京都{ward}」、政令指定都市の区なら市の名前を書いてください（.*大阪市"):
        members.find_municipality(f" {ward}")
    assert members.find_municipality(f"東京都{ward}").code == members.find_municipality(code).code == code
    assert members.find_municipality("品川区").prefecture == "東京都"


def test_every_shared_ward_and_its_cities_are_in_the_national_list() -> None:
    names = {place.name for place in members.municipalities()}
    cities = {city for cities in SHARED_WARDS.values() for city in cities}
    assert names >= SHARED_WARDS.keys() | cities


@pytest.mark.parametrize(
    ("code", "name"),
    [("132063", "東京都府中市"), ("342084", "広島県府中市"), ("012335", "北海道伊達市"), ("131024", "東京都中央区"),
     ("011002", "札幌市"), ("400009", "福岡県")],
)  # fmt: skip
def test_a_name_that_others_bear_is_said_with_its_prefecture(code: str, name: str) -> None:
    assert members.unmistakable_name(members.find_municipality(code)) == name


def test_a_code_that_lost_its_leading_zero_in_excel_is_completed() -> None:
    assert members.find_municipality("11002").name == "札幌市"


def test_an_unknown_place_is_refused() -> None:
    with pytest.raises(MemberError, match="見つかりません"):
        members.find_municipality("ない町")


@pytest.fixture
def towns(db: None) -> None:
    Member.objects.create(key="sapporo", name="札幌市", prefecture="北海道", code="011002")
    Member.objects.create(key="ikeda-nagano", name="池田町", prefecture="長野県", code="204811")
    Member.objects.create(key="ikeda-gifu", name="池田町", prefecture="岐阜県", code="214043")
    Member.objects.create(key="kato", name="見本 三郎", kind=Member.Kind.SPECIAL)
    Member.objects.create(key="gone", name="退会市", active=False)


@pytest.mark.usefixtures("towns")
@pytest.mark.parametrize("text", ["sapporo", "011002", "０１１００２", "11002", "札幌市", " 札幌市 ", "北海道札幌市"])
def test_a_member_is_found_by_key_code_or_name(text: str) -> None:
    assert members.find(text).key == "sapporo"


@pytest.mark.usefixtures("towns")
def test_a_special_member_is_found_with_or_without_the_space_in_the_name() -> None:
    assert members.find("見本三郎").key == members.find("見本　三郎").key == "kato"


@pytest.mark.usefixtures("towns")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("池田町", "都道府県を付けて"),
        ("横浜市", "「横浜市」という会員はありません"),
        ("141003", "横浜市（141003）という会員はありません"),
        ("011003", "検査数字が合いません"),
        ("退会市", "いまは会員ではありません"),
        ("", "という会員はありません"),
    ],
)
def test_why_there_is_no_such_member_is_said_in_words(text: str, words: str) -> None:
    with pytest.raises(MemberError, match=words):
        members.find(text)


@pytest.mark.usefixtures("towns")
def test_the_prefecture_tells_members_of_the_same_name_apart() -> None:
    assert members.find("岐阜県池田町").key == "ikeda-gifu"
