"""What click says by itself, in Japanese: usage, headings of the help, wrong arguments.

click asks gettext for each of its sentences. A gettext catalogue is found by the person's locale, and an office's
server often runs in C or en_US, so the sentences are answered here instead.
"""

from __future__ import annotations

import gettext
from types import ModuleType

from click import core, decorators, exceptions, formatting, parser, termui, types

MODULES: tuple[ModuleType, ...] = (core, decorators, exceptions, formatting, parser, termui, types)

SENTENCES = {
    # the help
    "Usage:": "使い方:",
    "Options": "オプション",
    "Positional arguments": "引数",
    "Commands": "コマンド",
    "required": "必須",
    "default: {default}": "省略時: {default}",
    "env var: {var}": "環境変数: {var}",
    "(dynamic)": "（そのつど決まります）",
    "deprecated": "廃止予定",
    "Show this message and exit.": "この説明を表示します。",
    "Show the version and exit.": "版を表示します。",
    "%(prog)s, version %(version)s": "%(prog)s %(version)s",
    "Try '{command} {option}' for help.": "使い方は「{command} {option}」で表示できます。",
    # wrong use
    "Error: {message}": "エラー: {message}",
    "Aborted!": "中止しました。",
    "unknown error": "理由は分かりません",
    "Missing command.": "コマンドを指定してください。",
    "Missing argument": "必要な引数がありません",
    "Missing option": "必要なオプションがありません",
    "Missing parameter": "必要な値がありません",
    "Missing parameter: {param_name}": "必要な値がありません: {param_name}",
    "Missing {param_type}": "必要な値がありません（{param_type}）",
    "No such option {name!r}.": "{name} というオプションはありません。",
    "No such command {name!r}.": "{name} というコマンドはありません。",
    "Did you mean {possibility}?": "{possibility} ではありませんか？",
    "(Did you mean one of: {possibilities}?)": "（近いもの: {possibilities}）",
    "Got unexpected extra argument ({args})": "余分な引数があります（{args}）。",
    "Got unexpected extra arguments ({args})": "余分な引数があります（{args}）。",
    "Option {name!r} does not take a value.": "オプション {name} に値は付けられません。",
    "Option {name!r} requires an argument.": "オプション {name} には値が必要です。",
    "Option {name!r} requires {nargs} arguments.": "オプション {name} には値が{nargs}個必要です。",
    "Argument {name!r} takes {nargs} values.": "引数 {name} には値が{nargs}個必要です。",
    "Takes {nargs} values but 1 was given.": "値が{nargs}個必要ですが、1個しかありません。",
    "Takes {nargs} values but {len} were given.": "値が{nargs}個必要ですが、{len}個あります。",
    "{len_type} values are required, but {len_value} was given.": "値が{len_type}個必要ですが、{len_value}個です。",
    "{len_type} values are required, but {len_value} were given.": "値が{len_type}個必要ですが、{len_value}個です。",
    # wrong values
    "Invalid value: {message}": "値が正しくありません。{message}",
    "Invalid value for {param_hint}: {message}": "{param_hint} の値が正しくありません。{message}",
    "{value!r} is not a valid {number_type}.": "「{value}」は数として読めません。",
    "{value} is not in the range {range}.": "「{value}」は {range} の範囲にありません。",
    "{value!r} is not a valid boolean. Recognized values: {states}": "「{value}」は使えません。使えるもの: {states}",
    "{value!r} is not {choice}.": "「{value}」は使えません。{choice} と書いてください。",
    "{value!r} is not one of {choices}.": "「{value}」は使えません。使えるもの: {choices}",
    "Choose from:\n\t{choices}": "選べるもの:\n\t{choices}",
    "Choice({choices})": "選択（{choices}）",
    "{value!r} does not match the format {format}.": "「{value}」は {format} の形ではありません。",
    "{value!r} does not match the formats {formats}.": "「{value}」はどの形でもありません: {formats}",
    "{value!r} is not a valid UUID.": "「{value}」はUUIDではありません。",
    "file": "ファイル",
    "directory": "フォルダ",
    "path": "ファイルかフォルダ",
    "{name} {filename!r} does not exist.": "{name}「{filename}」が見つかりません。",
    "{name} {filename!r} is a file.": "「{filename}」はフォルダではなくファイルです。",
    "{name} {filename!r} is a directory.": "「{filename}」はファイルではなくフォルダです。",
    "{name} {filename!r} is not readable.": "{name}「{filename}」を読む権限がありません。",
    "{name} {filename!r} is not writable.": "{name}「{filename}」に書き込む権限がありません。",
    "{name} {filename!r} is not executable.": "「{filename}」を実行する権限がありません。",
    "Could not open file {filename!r}: {message}": "ファイル「{filename}」を開けません。{message}",
    # questions
    "Error: invalid input": "エラー: 読み取れません。",
    "Error: The two entered values do not match.": "エラー: 2回の入力が一致しません。",
    "Do you want to continue?": "続けますか？",
    "Confirm the action without prompting.": "確認の質問をしません。",
    "Repeat for confirmation": "確認のため、もう一度",
    "Press any key to continue...": "何かキーを押すと続けます…",
}


def translate(sentence: str) -> str:
    """click's sentence in Japanese; what is not in the table as gettext gives it."""
    return SENTENCES.get(sentence) or gettext.gettext(sentence)


def translate_counted(one: str, many: str, count: int) -> str:
    """Japanese has no plural, but click's two sentences may ask for different values."""
    return translate(one if count == 1 else many)


def speak() -> None:
    """Let click ask here instead of gettext."""
    for module in MODULES:
        for name, answer in (("_", translate), ("ngettext", translate_counted)):
            if hasattr(module, name):
                setattr(module, name, answer)
