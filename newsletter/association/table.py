"""A TOML table that is being read: typed values out, remarks with the key's full name for what is wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


class Remarks:
    """What is wrong with the document, gathered while it is read."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, key: str, words: str) -> None:
        """Note that the value at `key` is wrong."""
        self.lines.append(f"{key}: {words}")

    def once(self, key: str, values: Iterable[str], what: str) -> None:
        """Note every value that occurs twice."""
        for value, count in Counter(value for value in values if value).items():
            if count > 1:
                self.add(key, f"{what}「{value}」が{count}回書かれています。")


class Table:
    """A TOML table that is being read; a key that nobody asked for is a remark."""

    def __init__(self, values: Any, where: str, remarks: Remarks) -> None:
        self.where, self.remarks = where, remarks
        self.values: dict[str, Any] = values if isinstance(values, dict) else {}
        self.asked: set[str] = set()
        if not isinstance(values, dict):
            remarks.add(where, "表（テーブル）として書いてください。")

    def name(self, key: str) -> str:
        """The key as the person finds it in the file: `members[3].code`."""
        return f"{self.where}.{key}" if self.where else key

    def wrong(self, key: str, words: str) -> None:
        """Note a remark on `key` of this table."""
        self.remarks.add(self.name(key), words)

    def text(self, key: str, *, required: bool = True, longest: int = 1000) -> str:
        """A string without outer white space; required unless said otherwise."""
        self.asked.add(key)
        value = self.values.get(key, "")
        if not isinstance(value, str):
            self.wrong(key, "文字列（引用符で囲んだ値）を書いてください。")
            return ""
        text = str(value).strip()
        if required and not text:
            self.wrong(key, "必ず書いてください。")
        if len(text) > longest:
            self.wrong(key, f"{longest}文字以内で書いてください（いまは{len(text)}文字です）。")
        return text

    def matching(
        self, key: str, pattern: re.Pattern[str], hint: str, *, required: bool = True, longest: int = 200
    ) -> str:
        """A string of a given form; `hint` shows the form."""
        value = self.text(key, required=required, longest=longest)
        if value and not pattern.fullmatch(value):
            self.wrong(key, f"「{value}」は使えません。{hint}")
            return ""
        return value

    def slug(self, key: str, *, required: bool = True) -> str:
        """A key of ours: lower-case ASCII, at most 40 characters."""
        return self.matching(
            key, SLUG, "半角の英小文字・数字・ハイフンで書いてください。", required=required, longest=40
        )

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from `low` to `high`."""
        self.asked.add(key)
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.wrong(key, f"{low}から{high}までの整数を書いてください。")
            return low
        return value

    def boolean(self, key: str, default: bool) -> bool:
        """true or false."""
        self.asked.add(key)
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self.wrong(key, "true か false を書いてください。")
            return default
        return value

    def choice(self, key: str, choices: Iterable[str], default: str = "") -> str:
        """One of `choices`; the first of them stands in for a wrong value."""
        known = list(choices)
        value = self.text(key, required=not default) or default
        if value and value not in known:
            self.wrong(key, f"「{value}」は使えません。次のどれかを書いてください: {', '.join(known)}")
        return value if value in known else known[0]

    def mail_address(self, key: str, *, required: bool = True) -> str:
        """A mail address in ASCII, as it stands in a header."""
        value = self.text(key, required=required, longest=254)
        try:
            if value:
                validate_email(value)
                value.encode("ascii")
        except (ValidationError, UnicodeEncodeError):
            self.wrong(key, f"「{value}」はメールアドレスとして正しくありません。")
        return value

    def web_address(self, key: str, *, required: bool = True, longest: int = 200) -> str:
        """An http(s) address."""
        value = self.text(key, required=required, longest=longest)
        if value and not is_web_address(value):
            self.wrong(key, f"「{value}」はウェブのアドレスとして正しくありません（https:// から書いてください）。")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, which may be missing."""
        self.asked.add(key)
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            self.wrong(key, '文字列の並び（["…", "…"]）を書いてください。')
            return ()
        return tuple(item.strip() for item in value)

    def table(self, key: str, *, required: bool = True) -> Table:
        """The table under `key`; a missing one reads as empty."""
        self.asked.add(key)
        if required and key not in self.values:
            self.wrong(key, f"[{key}] の項目がありません。")
            return Table({}, self.name(key), Remarks())  # one remark is enough
        return Table(self.values.get(key, {}), self.name(key), self.remarks)

    def tables(self, key: str) -> list[Table]:
        """The tables under `[[key]]`, counted from 1 as a person counts."""
        self.asked.add(key)
        values = self.values.get(key, [])
        if not isinstance(values, list):
            self.wrong(key, f"[[{key}]] の形で書いてください。")
            return []
        return [Table(value, f"{self.name(key)}[{number}]", self.remarks) for number, value in enumerate(values, 1)]

    def close(self) -> None:
        """Refuse what nobody asked for: a misspelt key must not look as if it worked."""
        for key in self.values:
            if key not in self.asked:
                self.wrong(key, "知らない項目です。綴りを確かめてください。")


def is_web_address(text: str) -> bool:
    """Whether `text` is an http(s) address with a host and no white space."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)
    except ValueError:
        return False
