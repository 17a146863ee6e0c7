"""What the demonstration came to: counted from the installation's own reports, told as a table, kept as report.json."""

from __future__ import annotations

import json
import mailbox
from collections import Counter
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from newsletter.demo import sample_feeds
from newsletter.demo.instance import DemoError, Instance


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def feeds_line(report: list[dict[str, Any]]) -> str:
    """One line for people on what a round of polling brought."""
    words = {"fetched": "取得", "unchanged": "変更なし", "failed": "失敗"}
    counts = Counter(words.get(row["result"], row["result"]) for row in report)
    new = sum(row["new"] for row in report)
    return f"  新しい記事 {new}件（" + "、".join(f"{word} {count}" for word, count in counts.items()) + "）"


def readers_line(report: dict[str, Any]) -> str:
    """One line for people on what an import came to."""
    counts = report["counts"]
    return f"  {counts['rows']}行のうち 登録 {counts['added']}、拒否 {counts['refused']}、警告 {counts['warned']}"


def tell(instance: Instance, month: str, seconds: float) -> None:
    """Count, write report.json and sample.eml, and print the table with the files to open."""
    counts = _counts(instance, month) | {"seconds": round(seconds, 1)}
    (instance.var / "report.json").write_text(as_json(counts))
    _print_table(counts)
    instance.say("\n開いてみてください（見本のデータです。外へは何も送っていません）")
    for name, words in (
        ("issue.html", "号のHTML版"),
        ("issue.txt", "号のテキスト版"),
        ("sample.eml", "届いたメールの1通"),
        ("report.json", "上の数字"),
    ):
        instance.say(f"  {instance.var / name}  {words}")
    instance.say(f"  {instance.var / 'catcher'}  受信箱（Maildir）")
    instance.say("続けて make serve で、同じデータを画面で見られます。")


def _counts(instance: Instance, month: str) -> dict[str, Any]:
    ours = {feed.key for feed in sample_feeds.SAMPLE_FEEDS}
    feeds = [feed for feed in instance.report("feeds", "list", quiet=True) if feed["key"] in ours]
    submissions = instance.report("submissions", "list", quiet=True)
    campaign = instance.report("campaign", "report", quiet=True)
    imported = json.loads((instance.var / "import.json").read_text())["counts"]
    states = campaign["states"]
    caught = _caught(instance.var / "catcher", campaign["subject"], instance.var / "sample.eml")
    return {
        "feeds": len(feeds),
        "feeds_with_problems": sum(bool(feed["last_error"]) for feed in feeds),
        "entries": sum(feed["entries"] for feed in feeds) + len(submissions),
        "submissions": len(submissions),
        "placements": len(instance.report("issue", "show", month, quiet=True)["placements"]),
        "subscribers_added": imported["added"],
        "subscribers_refused": imported["refused"],
        "queued": campaign["total"],
        "sent": states.get("sent", 0),
        "refused": states.get("refused", 0),
        "in_doubt": states.get("in_doubt", 0),
        "caught": caught,
    }


def _caught(folder: Path, subject: str, sample: Path) -> int:
    """How many mails with this subject the catcher holds; one of them is kept as a sample."""
    box = mailbox.Maildir(folder, create=False)
    mails = [key for key, mail in box.iteritems() if str(make_header(decode_header(mail["Subject"]))) == subject]
    if not mails:
        raise DemoError("受信箱に号のメールが1通もありません。")
    sample.write_bytes(box.get_bytes(mails[0]))
    return len(mails)


def _print_table(counts: dict[str, Any]) -> None:
    rows = (
        ("フィード", f"{counts['feeds']}（うち問題あり {counts['feeds_with_problems']}）"),
        ("記事", counts["entries"]),
        ("投稿", counts["submissions"]),
        ("掲載", counts["placements"]),
        ("購読者 登録／拒否", f"{counts['subscribers_added']}／{counts['subscribers_refused']}"),
        ("宛先", counts["queued"]),
        ("送信済み／拒否／不明", f"{counts['sent']}／{counts['refused']}／{counts['in_doubt']}"),
        ("受信箱に届いた数", counts["caught"]),
        ("所要時間", f"{counts['seconds']}秒"),
    )
    table = Table(show_header=False, title="結果", title_justify="left")
    for label, value in rows:
        table.add_row(label, str(value))
    Console().print(table)
