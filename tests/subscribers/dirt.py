"""A dirty list of any length: 40 kinds of dirt by turns, each row with the verdict that it must get."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

HEADINGS = ("メールアドレス", "氏名", "所属団体", "部署", "団体コード", "形式", "状態", "確認日")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of dirt; {n} is the row's number, {N} the same in full-width digits."""

    name: str
    address: str
    verdict: str  # added, warned or refused
    read: str = ""  # the address that comes out
    cells: tuple[str, ...] = ()  # of the other columns


def _row(name: str = "", place: str = "", form: str = "", state: str = "", day: str = "") -> tuple[str, ...]:
    return (name, "", "", place, form, state, day)


PLAIN = "r{n}@example.jp"
KINDS = (
    Kind("clean", PLAIN, "added", PLAIN, _row("見本 太郎")),
    Kind("full-width", "ｒ{N}＠ｅｘａｍｐｌｅ．ｊｐ", "added", PLAIN),
    Kind("mailto", "mailto:r{n}@example.jp", "added", PLAIN),
    Kind("name in front", "見本太郎 <r{n}@example.jp>", "added", PLAIN),
    Kind("zero width", "r{n}\u200b@example.jp", "added", PLAIN),
    Kind("byte order mark", "\ufeffr{n}@example.jp", "added", PLAIN),
    Kind("trailing dot", "r{n}@example.jp.", "added", PLAIN),
    Kind("wide spaces", "\u3000r{n}@example.jp\u3000", "added", PLAIN),
    Kind("brackets", "「r{n}@example.jp」", "added", PLAIN),
    Kind("note behind", "r{n}@example.jp（総務課）", "added", PLAIN),
    Kind("who knows behind", "r{n}@example.jp（4月から）", "warned", PLAIN),
    Kind("retired", "r{n}@example.jp（退職）", "refused"),
    Kind("written at", "r{n}[at]example.jp", "added", PLAIN),
    Kind("capital domain", "R{n}@EXAMPLE.JP", "added", "R{n}@example.jp"),
    Kind("plus tag", "r{n}+news@example.jp", "added", "r{n}+news@example.jp"),
    Kind("Japanese domain", "r{n}@例え.jp", "added", "r{n}@xn--r8jz45g.jp"),
    Kind("old docomo", "r..{n}@docomo.ne.jp", "warned", "r..{n}@docomo.ne.jp"),
    Kind("old ezweb", "r{n}.@ezweb.ne.jp", "warned", "r{n}.@ezweb.ne.jp"),
    Kind("typo of a large domain", "r{n}@gmial.com", "warned", "r{n}@gmial.com"),
    Kind("disposable", "r{n}@mailinator.com", "warned", "r{n}@mailinator.com"),
    Kind("unknown place", PLAIN, "warned", PLAIN, _row(place="どこにもない市")),
    Kind("unknown format", PLAIN, "warned", PLAIN, _row(form="はがき")),
    Kind("unknown state", PLAIN, "refused", "", _row(state="？？")),
    Kind("date that is none", PLAIN, "warned", PLAIN, _row(day="来週")),
    Kind("spreadsheet error", PLAIN, "warned", PLAIN, _row("#N/A")),
    Kind("ditto mark", PLAIN, "warned", PLAIN, _row("〃")),
    Kind("Japanese date", PLAIN, "added", PLAIN, _row(day="令和7年5月1日")),
    Kind("text form", PLAIN, "added", PLAIN, _row(form="テキスト形式")),
    Kind("wave dash and minus", PLAIN, "added", PLAIN, _row("見本〜太郎－{n}")),
    Kind("rare characters", PLAIN, "added", PLAIN, _row("髙橋 德①")),
    Kind("formula", PLAIN, "added", PLAIN, _row("=HYPERLINK(1)")),
    Kind("line break in a name", PLAIN, "added", PLAIN, _row("見本\n太郎")),
    Kind("comma and quotes", PLAIN, "added", PLAIN, _row('見本, "太郎"')),
    Kind("no @", "r{n}.example.jp", "refused"),
    Kind("two @", "r{n}@@example.jp", "refused"),
    Kind("space inside", "r {n}@example.jp", "refused"),
    Kind("dots in a row", "r..{n}@example.jp", "refused"),
    Kind("IP address", "r{n}@192.0.2.1", "refused"),
    Kind("no domain", "r{n}@", "refused"),
    Kind("new header line", "r{n}@example.jp\nBcc: x@example.jp", "refused"),
    Kind("too long", "r{n}" + "x" * 70 + "@example.jp", "refused"),
    Kind("left elsewhere", PLAIN, "refused", "", _row(state="退会")),
    Kind("bounced elsewhere", PLAIN, "refused", "", _row(state="不達")),
)
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True, slots=True)
class Row:
    """What one row holds and must come to; `line` is its number in Excel."""

    kind: str
    cells: tuple[str, ...]
    line: int
    verdict: str
    read: str


def rows(count: int) -> list[Row]:
    """So many rows; every 50th repeats the address of the clean row before it and is refused for that."""
    made: list[Row] = []
    line, clean = 2, ""
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        address, read = (text.format(n=number, N=str(number).translate(WIDE)) for text in (kind.address, kind.read))
        cells, verdict, name = kind.cells, kind.verdict, kind.name
        if number % 50 == 49 and clean:
            address, read, cells, verdict, name = clean.upper(), "", (), "refused", "twice in the list"
        elif kind.name == "clean":
            clean = address
        whole = (address, *(cell.format(n=number) for cell in (cells or _row())))
        made.append(Row(name, whole, line, verdict, read))
        line += 1
    return made


def write(path: Path, dirt: list[Row], encoding: str = "utf-8-sig") -> None:
    """The list as a CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows(row.cells for row in dirt)
    path.write_bytes(text.getvalue().encode(encoding))
