"""Addresses as people type and paste them: each case in tests/data/subscribers/addresses.json has its answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.addresses import Address, fingerprint, masked, read_address, split
from subscribers.errors import AddressError

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "subscribers" / "addresses.json").read_text(encoding="utf-8")
)
READ = [case for case in CASES if "address" in case]
REFUSED = [case for case in CASES if "refused" in case]


@pytest.mark.parametrize("case", READ, ids=lambda case: ascii(case["written"]))
def test_it_reads_what_people_write(case: dict[str, Any]) -> None:
    found = read_address(case["written"])
    assert found.address == case["address"]
    assert found.key == case.get("key", case["address"])
    assert found.name == case.get("name", "")
    assert found.is_legacy_mobile == case.get("legacy", False)
    assert [note.kind for note in found.notes] == case.get("kinds", [])
    assert case.get("says", "") in "".join(map(str, found.notes))


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: ascii(case["written"]))
def test_it_refuses_with_the_reason(case: dict[str, Any]) -> None:
    with pytest.raises(AddressError, match=case["refused"]):
        read_address(case["written"])


def test_local_and_domain_have_their_lengths() -> None:
    assert read_address("a" * 64 + "@example.jp").address.startswith("aaa")
    with pytest.raises(AddressError, match=r"64文字まで"):
        read_address("a" * 65 + "@example.jp")
    label = "b" * 62
    with pytest.raises(AddressError, match="長すぎます"):
        read_address(f"{'a' * 60}@{label}.{label}.{label}.example.jp")
    with pytest.raises(AddressError, match="後ろが長すぎます"):
        read_address(f"a@{'b' * 64}.jp")
    with pytest.raises(AddressError, match=r"1,500文字"):
        read_address("a" * 1500)


def test_an_address_that_was_read_is_read_as_itself() -> None:
    for case in READ:
        first = read_address(case["written"])
        assert read_address(first.address).address == first.address


# What stands around addresses, in any order: each must come off, or be refused.
AROUND = [
    "a@example.jp",
    "b@例え.みんな",
    "mail",
    "メール",
    "To",
    ":",
    "／",
    " ",
    "'",
    '"',
    "「",
    "」",
    "<",
    ">",
    "(",
    ")",
]
AROUND += ["[", "]", "●", "1. ", "- ", "様", "宛", "御中", "。", "、", "山田", "mailto:", "SMTP:", "\ud800", "xn--"]


@given(
    st.text(max_size=60)
    | st.text("ab@.<> ＠,;()[]\"'\r\n\t\u200b", max_size=30)
    | st.lists(st.sampled_from(AROUND), max_size=8).map("".join)
)
def test_whatever_is_typed_becomes_a_clean_address_or_a_reason(text: str) -> None:
    for part in split(text):
        try:
            found = read_address(part)
        except AddressError as error:
            assert str(error)  # noqa: PT017
            continue
        assert isinstance(found, Address)
        assert found.address.isascii()
        assert found.address.isprintable()
        assert found.address.count("@") == 1
        assert " " not in found.address
        assert read_address(found.address).key == found.key


def test_layers_of_signs_have_an_end() -> None:
    with pytest.raises(AddressError, match="余分な文字が多すぎます"):
        read_address("mail: - " * 50 + "a@example.jp")


def test_a_half_of_a_character_is_no_address() -> None:
    with pytest.raises(AddressError, match="文字化け"):
        read_address("\ud800@example.jp")


def test_warnings_are_the_notes_that_changed_nothing() -> None:
    found = read_address("ｉｎｆｏ@gmial.com")
    assert [note.kind for note in found.warnings] == ["typo", "role"]


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("a@example.jp", ["a@example.jp"]),
        ("a@example.jp;b@example.jp", ["a@example.jp", "b@example.jp"]),
        ("a@example.jp、ｂ＠example.jp，c@example.jp", ["a@example.jp", "ｂ＠example.jp", "c@example.jp"]),
        ("a@example.jp\nb@example.jp", ["a@example.jp", "b@example.jp"]),
        ("a@example.jp　b@example.jp", ["a@example.jp", "b@example.jp"]),
        ("a@example.jp / b@example.jp", ["a@example.jp", "b@example.jp"]),
        ("山田 <a@example.jp>／鈴木 <b@example.jp>", ["山田 <a@example.jp>", "鈴木 <b@example.jp>"]),
        ("a@example.jp <b@example.jp>", ["a@example.jp <b@example.jp>"]),
        ("a@example.jp様、b@example.jp様", ["a@example.jp様", "b@example.jp様"]),
        ("", [""]),
        ("なし、なし", ["なし、なし"]),
    ],
)
def test_a_cell_is_split_into_its_addresses(cell: str, parts: list[str]) -> None:
    assert split(cell) == parts


@pytest.mark.parametrize("filler", ["x", "<", "@", "x@", "<@", "@>"])
def test_a_word_without_end_costs_no_more_than_its_length(filler: str) -> None:
    """Ten seconds and more if it cost the square: a cell is split before anything asks how long it is."""
    words = ["a@example.jp", "b@example.jp", filler * 15_000]
    parts = split(" ".join(words))
    assert " ".join(parts) == " ".join(words)


def test_a_name_with_a_comma_is_not_split() -> None:
    parts = split("Yamada, Taro <t@example.jp>, b@example.jp")
    assert [read_address(part).address for part in parts] == ["t@example.jp", "b@example.jp"]
    assert read_address(parts[0]).name == "Yamada, Taro"


def test_a_new_header_line_is_no_second_address() -> None:
    cell = "a@example.jp\r\nBcc: b@example.jp"
    assert split(cell) == [cell]


def test_the_fingerprint_needs_the_key() -> None:
    mark = fingerprint("taro@example.jp", "key one")
    assert len(mark) == 32
    assert mark == fingerprint("taro@example.jp", "key one")
    assert mark != fingerprint("taro@example.jp", "key two")


def test_a_masked_address_can_be_recognised_by_its_owner_only() -> None:
    assert masked("taro@example.jp") == "t***@example.jp"
    assert masked("t@example.jp") == "***@example.jp"
