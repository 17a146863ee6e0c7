"""A letter with a file: what a mail program finds in it, and that its signature holds."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from newsletter.mail.attachments import XLSX, Attachment, AttachmentError
from newsletter.mail.content import RenderedMail
from newsletter.mail.message import Recipient, Sender, compile_message

NOW = datetime(2027, 3, 1, 1, 0, tzinfo=UTC)
MAIL = RenderedMail("宛先のご確認", "<!doctype html><html lang='ja'><p>本文</p></html>", "本文です。")
SENDER = Sender("見本", "news@example.jp", "office@example.jp")
TO = Recipient("hanako@city.example.lg.jp", "<1.abc@example.jp>")
FILE = Attachment("roster-2027-shiomi.xlsx", XLSX, bytes(range(256)) * 40)


@pytest.mark.parametrize("text_only", [False, True])
def test_the_file_stands_beside_the_text(text_only: bool) -> None:
    message = compile_message(MAIL, SENDER, date=NOW, text_only=text_only, bulk=False, files=[FILE])
    content = message.join(TO)
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    parsed = message_from_bytes(content, policy=policy.default)
    assert parsed.get_content_type() == "multipart/mixed"
    assert parsed.defects == []
    assert parsed.get_body(("plain",)).get_content().strip() == "本文です。"  # type: ignore[union-attr]
    assert (parsed.get_body(("html",)) is None) is text_only
    [found] = list(parsed.iter_attachments())  # type: ignore[attr-defined]
    assert (found.get_filename(), found.get_content_type(), found.get_content()) == (
        FILE.name, FILE.media_type, FILE.content,
    )  # fmt: skip
    assert found.get_content_disposition() == "attachment"


def test_several_files_keep_their_order_and_without_any_nothing_changes() -> None:
    second = Attachment("b.txt", "text/plain", b"hello")
    parsed = message_from_bytes(
        compile_message(MAIL, SENDER, date=NOW, bulk=False, files=[FILE, second]).join(TO), policy=policy.default
    )
    assert [part.get_filename() for part in parsed.iter_attachments()] == [FILE.name, "b.txt"]  # type: ignore[attr-defined]
    without = compile_message(MAIL, SENDER, date=NOW, bulk=False).join(TO)
    assert compile_message(MAIL, SENDER, date=NOW, bulk=False, files=[]).join(TO) == without


@pytest.mark.parametrize("name", ["", "宛先.xlsx", 'a".xlsx', "a\r\nBcc: x", "../a.xlsx", "a" * 65])
def test_a_name_that_a_gateway_could_garble_is_refused(name: str) -> None:
    with pytest.raises(AttachmentError):
        Attachment(name, XLSX, b"")


def test_a_media_type_that_is_none_is_refused() -> None:
    with pytest.raises(AttachmentError):
        Attachment("a.xlsx", "text/plain\r\nX: y", b"")
