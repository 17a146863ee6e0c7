"""Whether a list says what is stored already, also when its encoding could not hold every character. Pure."""

from __future__ import annotations

from subscribers.reading import GETA


def is_equal(told: object, stored: object, *, is_cp932: bool) -> bool:
    """Whether the file says what we have. CP932 cannot tell 〜 from ～, so it never changes one into the other."""
    if is_cp932 and isinstance(told, str) and isinstance(stored, str) and told != stored:
        return told.encode("cp932", "replace") == stored.encode("cp932", "xmlcharrefreplace")
    return told == stored


def is_equal_under_geta(told: object, stored: object, *, is_cp932: bool) -> bool:
    """Whether the file says what we have but for the characters that a lossy export wrote as 〓."""
    if not isinstance(told, str) or not isinstance(stored, str) or GETA not in told or len(told) != len(stored):
        return False
    filled = "".join(ours if sign == GETA else sign for sign, ours in zip(told, stored, strict=True))
    return is_equal(filled, stored, is_cp932=is_cp932)
