"""One entry of a dictionary: from its YAML node to patterns that find and correct. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import yaml

from newsletter.proof.finding import Level

_KEYS = {
    "expected", "pattern", "patterns", "specs", "regexpMustEmpty", "options", "prh",
    "valid_from", "note", "level", "when",
}  # fmt: skip
_SLASHED = re.compile(r"/(.*)/([a-z]*)", re.DOTALL)
_GROUP = re.compile(r"\$(\$|&|\d{1,2})")
_FULL_WIDTH = {chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)}


class EntryError(Exception):
    """An entry that cannot be used; the message is Japanese, the line counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule of a dictionary."""

    layer: str
    expected: str
    written: tuple[str, ...]  # the patterns as written: what a layer above replaces
    patterns: tuple[re.Pattern[str], ...]
    line: int
    must_be_empty: int | None = None
    valid_from: date | None = None
    note: str = ""
    level: Level = Level.WARNING
    mixed: bool = False
    is_off: bool = False

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """Every match of the patterns, whether right or wrong."""
        for pattern in self.patterns:
            for match in pattern.finditer(text):
                if match[0] and not (self.must_be_empty and match[self.must_be_empty]):
                    yield match

    def corrections(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and what would be right, of every match that is not right already."""
        for match in self.matches(text):
            put = _expand(self.expected, match)
            if put != match[0] and not _already(text, match, put):
                yield match.start(), match.end(), put

    def corrected(self, text: str) -> str:
        """The text with every correction made, as a spec expects it."""
        for start, end, put in sorted(self.corrections(text), reverse=True):
            text = text[:start] + put + text[end:]
        return text


def _already(text: str, match: re.Match[str], put: str) -> bool:
    """Whether the match is only a part of the right form: サーバ in サーバー."""
    at = put.find(match[0])
    return at >= 0 and text.startswith(put, match.start() - at)


def _expand(expected: str, match: re.Match[str]) -> str:
    def group(reference: re.Match[str]) -> str:
        name = reference[1]
        if name == "$":
            return "$"
        if name == "&":
            return match[0]
        count = match.re.groups
        number, rest = (int(name), "") if int(name) <= count else (int(name[0]), name[1:])
        return (match[number] or "") + rest if number <= count else reference[0]

    return _GROUP.sub(group, expected)


def entry_of(node: yaml.Node, layer: str) -> tuple[Entry, list[tuple[int, str]]]:
    """The entry of a node, and remarks on keys that nobody reads; EntryError if it cannot be used."""
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        fields: dict[str, object] = {"expected": node.value}
        lines: dict[str, int] = {}
    else:
        fields, lines = _mapping(node, line)
    expected = fields.get("expected")
    if not isinstance(expected, str) or not expected:
        raise EntryError(line, "「expected:」（正しい書き方）がありません。")
    sources = _sources(fields, lines, line, expected)
    patterns = tuple(_compile(source, fields, lines.get("pattern", lines.get("patterns", line))) for source in sources)
    entry = Entry(
        layer=layer,
        expected=expected,
        written=tuple(sources) or (expected,),
        patterns=patterns or (_spelled(expected),),
        line=line,
        must_be_empty=_group_number(fields.get("regexpMustEmpty"), lines.get("regexpMustEmpty", line), patterns),
        valid_from=_day(fields.get("valid_from"), lines.get("valid_from", line)),
        note=str(fields.get("note") or fields.get("prh") or ""),
        level=_level(fields.get("level"), lines.get("level", line)),
        mixed=fields.get("when") == "mixed",
        is_off=fields.get("when") == "never",
    )
    _run_specs(entry, fields.get("specs"), lines.get("specs", line))
    unknown = [key for key in fields if key not in _KEYS]
    return entry, [
        (lines.get(key, line), f"「{key}」という項目は使われません。綴りを確かめてください。") for key in unknown
    ]


def _mapping(node: yaml.Node, line: int) -> tuple[dict[str, object], dict[str, int]]:
    if not isinstance(node, yaml.MappingNode):
        raise EntryError(line, "1件は「- expected: 正しい書き方」の形で書いてください。")
    try:
        fields = yaml.SafeLoader("").construct_mapping(node, deep=True)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise EntryError(line, "項目を読めません。引用符や日付の書き方を確かめてください。") from error
    lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
    return {str(key): value for key, value in fields.items()}, lines


def _sources(fields: dict[str, object], lines: dict[str, int], line: int, expected: str) -> list[str]:
    given = fields.get("patterns", fields.get("pattern"))
    if given is None:
        return []
    sources = given if isinstance(given, list) else [given]
    if not sources or not all(isinstance(source, str) and source for source in sources):
        at = lines.get("patterns", lines.get("pattern", line))
        raise EntryError(at, f"「{expected}」のpatternは、文字（数字だけなら引用符で囲む）で書いてください。")
    return [str(source) for source in sources]


def _compile(source: str, fields: dict[str, object], line: int) -> re.Pattern[str]:
    slashed = _SLASHED.fullmatch(source)
    expression, flags = (slashed[1], slashed[2]) if slashed else (re.escape(source), "")
    options = fields.get("options")
    if isinstance(options, dict) and options.get("wordBoundary"):
        expression = rf"\b(?:{expression})\b"
    expression = expression.replace(r"\/", "/").replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!")
    try:
        return re.compile(expression, re.IGNORECASE if "i" in flags else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise EntryError(line, f"正規表現「{source}」を読めません（{error}）。") from error


def _spelled(expected: str) -> re.Pattern[str]:
    """Without a pattern: the word itself in any case and width, as prh does."""
    spread = "".join(
        f"[{re.escape(c)}{re.escape(c.swapcase())}{_FULL_WIDTH[c]}{_FULL_WIDTH[c.swapcase()]}]"
        if c in _FULL_WIDTH and c.isalnum()
        else re.escape(c)
        for c in expected
    )
    return re.compile(spread)


def _group_number(given: object, line: int, patterns: tuple[re.Pattern[str], ...]) -> int | None:
    if given is None:
        return None
    match = re.fullmatch(r"\$([1-9]\d?)", str(given))
    if not match or any(int(match[1]) > pattern.groups for pattern in patterns):
        raise EntryError(line, "regexpMustEmptyには、patternにある括弧の番号を「$1」の形で書いてください。")
    return int(match[1])


def _day(given: object, line: int) -> date | None:
    if given is None:
        return None
    try:
        return given if type(given) is date else date.fromisoformat(str(given))
    except ValueError as error:
        raise EntryError(line, "valid_fromは「2025-09-01」の形で書いてください。") from error


def _level(given: object, line: int) -> Level:
    if given is None:
        return Level.WARNING
    try:
        return Level(str(given))
    except ValueError as error:
        raise EntryError(line, "levelは error か warning です。") from error


def _run_specs(entry: Entry, specs: object, line: int) -> None:
    if specs is None:
        return
    if not isinstance(specs, list):
        raise EntryError(line, "specsは「- from: 直す前」「  to: 直した後」の一覧で書いてください。")
    for spec in specs:
        if not isinstance(spec, dict) or "from" not in spec or "to" not in spec:
            raise EntryError(line, "specsの1件には、fromとtoの両方が要ります。")
        made = entry.corrected(str(spec["from"]))
        if made != str(spec["to"]):
            raise EntryError(
                line, f"試し（specs）が合いません。「{spec['from']}」は「{spec['to']}」でなく「{made}」になります。"
            )
