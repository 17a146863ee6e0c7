"""Refused rows on disk: each once, in their order, as often as they are asked for."""

from __future__ import annotations

from subscribers.refused import RefusedRows


def test_rows_come_back_in_their_order_with_all_their_reasons_as_often_as_asked() -> None:
    with RefusedRows() as refused:
        for line, cells, reason in [
            (2, ("a@@example.jp;b\ud800", "髙\n"), "一。"),
            (2, ("a@@example.jp;b\ud800", "髙\n"), "二。"),
            (2, ("c",), "三。"),  # of a pasted line each address is a row
            (3, ("c",), "四。"),
        ]:
            refused.add(line, cells, reason)
        rows = [(["a@@example.jp;b\ud800", "髙\n"], "一。 二。"), (["c"], "三。"), (["c"], "四。")]
        assert list(refused) == rows
        assert list(refused) == rows
