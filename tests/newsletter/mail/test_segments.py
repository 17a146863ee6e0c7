from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.segments import SlottedText, base64_lines

ONE, TWO = "https://slot.invalid/one", "https://slot.invalid/two"
RUNS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=150)
PIECES = st.lists(st.tuples(RUNS, st.sampled_from([ONE, TWO])), max_size=6)
VALUES = st.text(alphabet="https://example.jp/u?=&%", min_size=1, max_size=150)


def check(text: str, one: str, two: str, compiled: SlottedText) -> None:
    lines = compiled.join({ONE: one.encode(), TWO: two.encode()})
    expected = text.replace(ONE, "\0").replace(TWO, two).replace("\0", one)
    assert lines == base64_lines(expected.encode())
    assert base64.b64decode(lines).decode() == expected
    rows = lines.split(b"\r\n")
    assert rows.pop() == b""
    assert all(len(row) == 76 for row in rows[:-1])
    assert all(0 < len(row) <= 76 for row in rows)


@given(PIECES, RUNS, st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4))
def test_a_join_is_the_encoding_of_the_plain_substitution(
    pieces: list[tuple[str, str]], end: str, readers: list[tuple[str, str]]
) -> None:
    text = "".join(run.replace("\0", "") + slot for run, slot in pieces) + end.replace("\0", "")
    compiled = SlottedText(text, (ONE, TWO))
    for one, two in readers:
        check(text, one, two, compiled)


def test_every_length_of_value_and_run_meets_the_line_ends() -> None:
    for run in (0, 1, 2, 55, 56, 57, 58, 113, 114, 115, 200):
        text = f"始め{ONE}{'あ' * run}{TWO}{'x' * run}{ONE}"
        compiled = SlottedText(text, (ONE, TWO))
        for length in range(1, 120):
            check(text, "u" * length, "v" * (120 - length), compiled)


def test_a_text_without_slots_is_encoded_once() -> None:
    compiled = SlottedText("号" * 1000, (ONE, TWO))
    assert compiled.slots == ()
    assert compiled.join({}) == base64_lines(("号" * 1000).encode())


def test_an_empty_text_has_no_lines() -> None:
    assert SlottedText("", (ONE,)).join({}) == b""
