"""A thousand invented subscribers as a CP932 CSV such as Excel writes, with twenty dirty rows among them."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass

COLUMNS = ("メールアドレス", "氏名", "所属団体", "部署", "形式")
CLEAN_ROWS = 1000
SEED = 137
_FAMILY = "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 斎藤 清水".split()
_GIVEN = "見本太郎 見本花子 見本一郎 見本美咲 見本健 見本恵 見本翔 見本葵 見本誠 見本由美".split()
_BODIES = "札幌市 東京都 横浜市 名古屋市 京都市 神戸市 広島市 北九州市 長野県 鳥取県 見本大学 見本研究所 市民".split()
_SECTIONS = ("環境局", "企画部", "国際課", "脱炭素推進室", "広報課", "")
_HOSTS = ("city.example.lg.jp", "pref.example.lg.jp", "univ.example.jp", "mail.example.jp", "example.jp")

# People who must get nothing although they stand in the list.
LEFT = "left.reader@example.jp"
BOUNCED = "bounced.reader@example.jp"
ERASED = "erased.reader@example.jp"
# People who asked on the page and have not confirmed.
PENDING = ("pending.one@example.jp", "pending.two@example.jp", "pending.three@example.jp")
STOPPED = 2  # clean rows whose readers telephone after the import: they want no more mail


@dataclass(frozen=True, slots=True)
class DirtyRow:
    """A row such as real lists hold, and whether its reader can be saved."""

    address: str
    saved: bool
    why: str


def dirty_rows(clean: list[str]) -> tuple[DirtyRow, ...]:
    """Twenty kinds of dirt; three of them repeat addresses of `clean`."""
    return (
        DirtyRow("ｚｅｎｋａｋｕ＠example.jp", True, "全角文字"),
        DirtyRow("  trailing.space@example.jp　", True, "前後の空白"),
        DirtyRow("mailto:from.link@example.jp", True, "mailto: つき"),
        DirtyRow("見本 四郎 <with.name@example.jp>", True, "氏名つき"),
        DirtyRow("ends.with.dot@example.jp.", True, "末尾の点"),
        DirtyRow("UPPER.Case@EXAMPLE.JP", True, "大文字"),
        DirtyRow("", False, "空欄"),
        DirtyRow("no-at-sign.example.jp", False, "@ がない"),
        DirtyRow("two@signs@example.jp", False, "@ が2つ"),
        DirtyRow("taro@localhost", False, "ドメインが不完全"),
        DirtyRow("taro@[192.0.2.1]", False, "IPアドレス"),
        DirtyRow("taro(comment)@example.jp", False, "注釈つき"),
        DirtyRow("a" * 70 + "@example.jp", False, "長すぎる"),
        DirtyRow("not an address", False, "アドレスではない"),
        DirtyRow(clean[0], False, "重複"),
        DirtyRow(clean[1].upper(), False, "大文字の重複"),
        DirtyRow(clean[2].replace("@", "＠"), False, "全角の重複"),
        DirtyRow(LEFT, False, "解除済み"),
        DirtyRow(BOUNCED, False, "不達"),
        DirtyRow(ERASED, False, "消去済み"),
    )


def _clean_rows(chance: random.Random) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for number in range(1, CLEAN_ROWS + 1):
        name = f"{chance.choice(_FAMILY)} {chance.choice(_GIVEN)}"
        wants = "テキスト形式" if number % 8 == 0 else "HTML形式"
        address = f"reader{number:04d}@{chance.choice(_HOSTS)}"
        rows.append((address, name, chance.choice(_BODIES), chance.choice(_SECTIONS), wants))
    return rows


def stopped_later() -> tuple[str, ...]:
    """The addresses of those who telephone after the import."""
    rows = _clean_rows(random.Random(SEED))  # noqa: S311 sample data, the same at every run
    return tuple(row[0] for row in rows[-STOPPED:])


def as_csv() -> bytes:
    """The list as a file: CP932, CRLF, the dirty rows scattered, the same at every run."""
    chance = random.Random(SEED)  # noqa: S311 sample data, the same at every run
    clean = _clean_rows(chance)
    rows: list[tuple[str, ...]] = list(clean)
    for dirt in dirty_rows([row[0] for row in clean]):
        # After the rows that it may repeat: the first of two equal rows is the one that counts.
        rows.insert(chance.randrange(10, len(rows)), (dirt.address, f"見本 {dirt.why}", "", "", ""))
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([COLUMNS, *rows])
    return text.getvalue().encode("cp932")
