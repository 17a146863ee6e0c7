"""What one reader's copy of the e-news costs: our join of segments against an EmailMessage for each reader.

    python bench/message.py [--readers 2000] [--kilobytes 60]

Both make the same message with the same headers and parts; a reader's links, Message-ID and To differ. Both outputs
are parsed by the standard library first and must decode to the same texts; so must the one with 8-bit bodies.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import html
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from newsletter.mail.content import PREFERENCES_SLOT, UNSUBSCRIBE_SLOT, RenderedMail
from newsletter.mail.envelope import message_id
from newsletter.mail.message import Recipient, Sender, compile_message

DATE = datetime(2026, 11, 30, 1, 7, tzinfo=UTC)
# No list_name: an EmailMessage writes List-Id as it is given.
SENDER = Sender("イクレイ日本", "enews@example.jp", "office@example.jp", "enews.example.jp")
SENTENCE = "自治体の取組を紹介します。詳しくは事務局までお問い合わせください。"


def rendered(kilobytes: int) -> RenderedMail:
    """A mail whose HTML is about `kilobytes`, its text a third of that, with links at the top and at the bottom."""
    links = f'<p><a href="{UNSUBSCRIBE_SLOT}">配信停止</a> <a href="{PREFERENCES_SLOT}">設定</a></p>\n'
    paragraph = f'<p style="margin:0 0 16px;font-size:16px;line-height:1.8;color:#1f2a2e">{SENTENCE}</p>\n'
    number = kilobytes * 1000 // len(paragraph.encode())
    page = f'<!doctype html>\n<html lang="ja"><body>\n{links}{paragraph * number}{links}</body></html>\n'
    text_links = f"配信停止\n{UNSUBSCRIBE_SLOT}\n設定\n{PREFERENCES_SLOT}\n"
    text = text_links + f"{SENTENCE}\n" * (number * 2 // 3) + text_links
    return RenderedMail("【イクレイ日本】e-ニュース 11月号（第137号）", page, text)


def readers(number: int) -> list[Recipient]:
    """Readers with links of the length that real ones have."""
    return [
        Recipient(
            f"reader{at}@city{at % 500}.example.lg.jp",
            message_id(at, "a key for the benchmark", "example.jp"),
            f"https://news.example.jp/u/{at:022d}.{'k' * 32}/",
            f"https://news.example.jp/p/{at:022d}.{'k' * 32}/",
        )
        for at in range(1, number + 1)
    ]


def the_plain_way(mail: RenderedMail, reader: Recipient) -> bytes:
    """What a program does that uses the standard library for each reader."""
    message = EmailMessage()
    message["From"] = f"{SENDER.name} <{SENDER.address}>"
    message["To"] = reader.address
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(DATE)
    message["Message-ID"] = reader.message_id
    message["List-Unsubscribe"] = f"<{reader.unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Reply-To"] = SENDER.reply_to
    message["List-Id"] = f"<{SENDER.list_id}>"
    message["Content-Language"] = "ja"
    values = ((UNSUBSCRIBE_SLOT, reader.unsubscribe_url), (PREFERENCES_SLOT, reader.preferences_url))
    text, page = mail.text, mail.html
    for slot, url in values:
        text, page = text.replace(slot, url), page.replace(slot, html.escape(url))
    message.set_content(text, cte="base64")
    message.add_alternative(page, subtype="html", cte="base64")
    return message.as_bytes(policy=email.policy.SMTP)


def texts(octets: bytes) -> list[str]:
    """What a mail program would show of both parts."""
    message = email.message_from_bytes(octets, policy=email.policy.default)
    return [str(part.get_content()).replace("\r\n", "\n") for part in message.iter_parts()]


def seconds_each(work: Callable[[Recipient], bytes], for_whom: list[Recipient]) -> float:
    """The best of three rounds, per reader, of this process's own time."""
    rounds = []
    for _ in range(3):
        start = time.process_time()
        for reader in for_whom:
            work(reader)
        rounds.append((time.process_time() - start) / len(for_whom))
    return min(rounds)


def machine() -> str:
    """Processor, cores and Python, for whoever compares numbers later."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=2000)
    parser.add_argument("--kilobytes", type=int, default=60)
    options = parser.parse_args()

    mail, everybody = rendered(options.kilobytes), readers(options.readers)
    start = time.process_time()
    compiled = compile_message(mail, SENDER, date=DATE)
    compiling = time.process_time() - start
    eight = compile_message(mail, SENDER, date=DATE, eight_bit=True)
    ours, theirs = compiled.join(everybody[0]), the_plain_way(mail, everybody[0])
    as_it_is = eight.join(everybody[0], eight_bit=True)
    if not texts(ours) == texts(theirs) == texts(as_it_is):
        raise SystemExit("the messages differ: the figures would mean nothing")

    few = everybody[: max(20, options.readers // 20)]  # the plain way is slow; its figure is per reader, too
    in_8_bits = seconds_each(lambda reader: eight.join(reader, eight_bit=True), everybody)
    join, plain = seconds_each(compiled.join, everybody), seconds_each(lambda reader: the_plain_way(mail, reader), few)
    print(f"machine              {machine()}")
    print(f"HTML, text           {len(mail.html.encode()):,} and {len(mail.text.encode()):,} bytes")
    print(f"message              {len(ours):,} bytes ours, {len(as_it_is):,} in 8 bits, {len(theirs):,} EmailMessage")
    print(f"readers              {len(everybody):,} and {len(few):,}, best of 3 rounds")
    print(f"compile, once        {compiling * 1e3:10.2f} ms")
    print(f"join, per reader     {join * 1e6:10.1f} µs   {1 / join:10,.0f} /s")
    print(f"the same in 8 bits   {in_8_bits * 1e6:10.1f} µs   {1 / in_8_bits:10,.0f} /s")
    print(f"EmailMessage, each   {plain * 1e6:10.1f} µs   {1 / plain:10,.0f} /s")
    print(f"ratio                {plain / join:10.1f}")


if __name__ == "__main__":
    main()
