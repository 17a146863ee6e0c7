"""The demonstration: the commands a member of staff would type in a month, one after the other."""

from __future__ import annotations

import secrets
import time
import tomllib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.demo import outcome, sample_feeds, sample_photo, sample_readers, sample_submissions
from newsletter.demo.browser import Browser
from newsletter.demo.instance import CHECKOUT, Instance
from newsletter.demo.serve import STAFF_NAME

Say = Callable[[str], None]
PROFILE = CHECKOUT / "newsletter" / "profiles" / "iclei-japan.toml"
TRANSLATIONS = Path(__file__).parent / "samples" / "translations.toml"
EDITOR, CHIEF = "見本 編集", "見本 事務局長"  # who drafts, and who says yes as the second person


def run_demo(var: Path, say: Say) -> None:
    """Make this month's issue in a fresh installation in `var`, and deliver it to the catcher; prints what happened."""
    started = time.monotonic()
    instance = Instance.fresh(var, say)
    with instance.in_use():
        month = _make_the_month(instance, datetime.now(ZoneInfo("Asia/Tokyo")))
    outcome.tell(instance, month, time.monotonic() - started)


def _make_the_month(instance: Instance, now: datetime) -> str:
    """From the sources to the delivered issue; its month."""
    _prepare(instance)
    _poll_feeds(instance, now)
    with instance.background("catch"), instance.background("serve"):
        _take_submissions(instance, now)
        _gather_readers(instance)
        month = f"{now:%Y-%m}"
        _assemble(instance, month)
        _deliver(instance, month)
    return month


def _chapter(instance: Instance, title: str) -> None:
    instance.say(f"\n■ {title}")


def _prepare(instance: Instance) -> None:
    _chapter(instance, "準備")
    instance.run("migrate")
    instance.run("profile", "load", str(PROFILE))
    password = secrets.token_urlsafe(12)
    (instance.var / "staff-password").write_text(password + "\n")
    (instance.var / "staff-password").chmod(0o600)
    instance.make_staff(STAFF_NAME, password)
    # The association's real sources stay untouched: the demonstration does not leave this machine.
    for feed in instance.report("feeds", "list", quiet=True):
        instance.run("feeds", "pause", feed["key"], quiet=True)


# ------------------------------------------------------------ sources
def _poll_feeds(instance: Instance, now: datetime) -> None:
    _chapter(instance, "フィードを巡回する")
    with sample_feeds.serving(now) as address:
        for feed in sample_feeds.SAMPLE_FEEDS:
            instance.run(
                "feeds", "add", f"{address}/{feed.key}", "--key", feed.key, "--name", feed.name,
                "--language", feed.language, "--section", feed.section, "--credit", feed.name, "--licence", "見本",
            )  # fmt: skip
        # As if it had been visited last month: today it answers 304, nothing new.
        visited = [feed.key for feed in sample_feeds.SAMPLE_FEEDS if feed.etag]
        instance.run("feeds", "refresh", *visited)
        report = instance.report("feeds", "refresh", *_keys(), statuses=(0, 1))  # 1: one source is broken on purpose
    instance.say(outcome.feeds_line(report))


def _keys() -> list[str]:
    return [feed.key for feed in sample_feeds.SAMPLE_FEEDS]


def _take_submissions(instance: Instance, now: datetime) -> None:
    _chapter(instance, "投稿を受け付ける（ウェブ、Excel、CSV）")
    for item in sample_submissions.of_door("web", now.date()):
        _submit_on_the_web(instance, item)
    _submit_excel(instance, sample_submissions.of_door("excel", now.date()))
    file = instance.var / "submissions.csv"
    file.write_bytes(sample_submissions.as_csv(sample_submissions.of_door("csv", now.date())))
    instance.run("submissions", "import", str(file))
    received = [str(row["number"]) for row in instance.report("submissions", "list", quiet=True)]
    instance.run("submissions", "accept", *received, "--by", EDITOR)
    instance.run("letters", "send")


def _submit_on_the_web(instance: Instance, item: sample_submissions.Item) -> None:
    link = instance.report("submissions", "link", item["member"])["url"]
    browser = Browser()
    browser.open(link)
    answers: dict[str, str | list[str]] = {name: text for name, text in item.items() if name != "member"}
    answers["sdgs"] = item["sdgs"].split("、")
    photo = sample_photo.as_jpeg() if "photo_alt" in item else None
    if photo:
        answers |= {"photo_for_mail": "on", "photo_for_web": "on"}
    browser.send(answers | {"step": "check"}, photo)
    browser.send({"step": "send"})
    instance.say(f"  {item['member']}が、フォームから「{item['title']}」を送りました。")


def _submit_excel(instance: Instance, items: list[sample_submissions.Item]) -> None:
    form = instance.var / "form.xlsx"
    instance.run("submissions", "form", items[0]["member"], "--output", str(form))
    filled = instance.var / "form-filled.xlsx"
    filled.write_bytes(sample_submissions.filled_form(form.read_bytes(), items))
    instance.run("submissions", "import", str(filled))


# ------------------------------------------------------------ readers
def _gather_readers(instance: Instance) -> None:
    _chapter(instance, "購読者を登録する")
    people = sample_readers
    instance.run("subscribers", "suppress", people.LEFT, "--reason", "left", "--by", EDITOR)
    instance.run("subscribers", "suppress", people.BOUNCED, "--reason", "bounced", "--by", EDITOR)
    for address in (people.ERASED, *people.PENDING):
        browser = Browser()
        browser.open(f"{instance.base_url}/subscribe/")
        browser.send({"email": address})
    instance.say(f"  {len(people.PENDING) + 1}人が申込ページから申し込みました（まだ確認していません）。")
    instance.run("subscribers", "erase", people.ERASED, "--yes", "--by", EDITOR)
    file = instance.var / "subscribers.csv"
    file.write_bytes(people.as_csv())
    refused = instance.var / "subscribers-refused.csv"
    report = instance.report(
        "subscribers", "import", str(file), "--apply", "--basis", "imported", "--proof", "見本の名簿（同意書あり）",
        "--refused", str(refused), "--by", EDITOR, statuses=(0, 1),
    )  # fmt: skip
    instance.say(outcome.readers_line(report))
    (instance.var / "import.json").write_text(outcome.as_json(report))
    for address in people.stopped_later():
        instance.run("subscribers", "suppress", address, "--note", "本人から電話で申出", "--by", EDITOR)
    instance.run("letters", "send")


# ------------------------------------------------------------ issue
def _assemble(instance: Instance, month: str) -> None:
    _chapter(instance, "号を組み立てる")
    instance.run("issue", "open", month)
    suggested = instance.report("issue", "suggest", month)
    instance.say(f"  {len(suggested['added'])}件を提案しました。")
    _write_the_japanese(instance, month)
    # The story with the photo opens the issue.
    lead_story = next(row for row in suggested["added"] if row["headline"].startswith("【札幌市】"))
    instance.run("issue", "move", str(lead_story["number"]), "--issue", month, "--position", "1")
    instance.run(
        "issue", "edit", month,
        "--subject", f"【イクレイ日本 e-ニュース】{month[:4]}年{int(month[5:])}月号　札幌市が雪冷房を実証 ほか",
        "--lead",
        "今月は、雪を使った冷房の実証や団地の断熱改修など、会員自治体の取組をお届けします。"
        "世界のネットワークからは、川でつながる都市の共通の手引きをご紹介します。",
    )  # fmt: skip
    found = instance.report("issue", "proof", month, statuses=(0, 1))
    instance.say(f"  校正: 誤り {found['errors']}件、注意 {found['warnings']}件")
    preview = instance.report("issue", "preview", month)
    instance.keep(Path(preview["html"]), "issue.html")
    instance.keep(Path(preview["text"]), "issue.txt")
    for person in (EDITOR, CHIEF):
        instance.run("issue", "approve", month, "--by", person)


def _write_the_japanese(instance: Instance, month: str) -> None:
    japanese = tomllib.loads(TRANSLATIONS.read_text("utf-8"))
    waiting = [row for row in instance.report("issue", "show", month, quiet=True)["placements"] if row["waiting"]]
    for row in waiting:
        written = japanese[row["original_title"]]
        instance.run(
            "issue", "write", str(row["number"]), "--issue", month, "--headline", written["headline"],
            "--text", written["text"], quiet=True,
        )  # fmt: skip
    instance.say(f"  英語の記事{len(waiting)}件に、日本語の見出しと本文を書きました（newsletter issue write）。")


def _deliver(instance: Instance, month: str) -> None:
    _chapter(instance, "配信する（この機械の受信箱へ）")
    instance.run("campaign", "send", month, "--yes", "--by", CHIEF)
