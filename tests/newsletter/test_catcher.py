"""The mail catcher, spoken to over real SMTP and real HTTP."""

from __future__ import annotations

import http.client
import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlencode

import pytest

from newsletter.catcher import Catcher, Maildir
from newsletter.errors import CatcherError

HTML = (
    "<!doctype html><html><head><title>x</title></head><body><p>こんにちは</p><script>alert(1)</script></body></html>"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[Catcher]:
    with Catcher(tmp_path / "box", free_port(), free_port()) as running:
        yield running


def letter(subject: str = "【北九州市】環境フォーラムを開催します", html: str = HTML) -> bytes:
    message = EmailMessage()
    message["From"] = "事務局 <news@example.jp>"
    message["Subject"] = subject
    message.set_content("こんにちは\n本文です")
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def send(catcher: Catcher, *recipients: str, content: bytes | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port) as client:
        client.sendmail("bounce+1.abc@example.jp", list(recipients), content or letter())


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers = response.status, response.headers
        self.body = response.read().decode("utf-8")


def ask(catcher: Catcher, path: str, method: str = "GET", host: str = "", form: dict[str, str] | None = None) -> Answer:
    assert catcher.web_port is not None
    connection = http.client.HTTPConnection("127.0.0.1", catcher.web_port, timeout=10)
    headers = {"Host": host or f"127.0.0.1:{catcher.web_port}"}
    body = None
    if form is not None:
        body, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
    connection.request(method, path, body, headers)
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


def only_mail(catcher: Catcher) -> str:
    (heading,) = catcher.maildir.headings()
    return f"/mail/{heading.name}"


def test_it_keeps_the_mail_as_it_came_below_its_envelope(catcher: Catcher) -> None:
    content = letter().replace(b"\n", b"\r\n")
    send(catcher, "reader@example.lg.jp", content=content)
    (file,) = (catcher.maildir.folder / "new").iterdir()
    envelope = b"Delivered-To: reader@example.lg.jp\r\nReturn-Path: <bounce+1.abc@example.jp>\r\n"
    assert file.read_bytes() == envelope + content


def test_it_reads_the_headings_of_a_mail(catcher: Catcher) -> None:
    send(catcher, "a@example.lg.jp", "b@example.lg.jp")
    (heading,) = catcher.maildir.headings()
    assert heading.recipients == ("a@example.lg.jp", "b@example.lg.jp")
    assert heading.sender == "bounce+1.abc@example.jp"
    assert heading.subject == "【北九州市】環境フォーラムを開催します"


def test_a_recipient_that_the_mail_itself_claims_is_not_believed(catcher: Catcher) -> None:
    send(catcher, "a@example.lg.jp", content=b"Delivered-To: forged@example.jp\r\nSubject: x\r\n\r\nx\r\n")
    assert catcher.maildir.headings()[0].recipients == ("a@example.lg.jp",)


def test_it_takes_an_old_carrier_address_in_quotes(catcher: Catcher) -> None:
    send(catcher, '"a..b."@docomo.ne.jp')
    assert catcher.maildir.headings()[0].recipients[0].replace('"', "") == "a..b.@docomo.ne.jp"


def converse(catcher: Catcher, *packets: bytes) -> bytes:
    """Send packets as they are, and return all that was answered."""
    with socket.create_connection(("127.0.0.1", catcher.smtp_port), timeout=10) as line:
        for packet in packets:
            line.sendall(packet)
        answers = b""
        while block := line.recv(65536):
            answers += block
    return answers


def test_it_takes_an_address_in_japanese(catcher: Catcher) -> None:
    commands = "EHLO x\r\nMAIL FROM:<a@example.jp> BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<読者@例え.jp>\r\nDATA\r\n"
    answers = converse(catcher, commands.encode(), "Subject: 件名\r\n\r\n本文\r\n.\r\nQUIT\r\n".encode())
    assert b"250 2.0.0 Kept" in answers
    (heading,) = catcher.maildir.headings()
    assert (heading.recipients, heading.subject) == (("読者@例え.jp",), "件名")


def test_it_takes_pipelined_commands_in_one_packet(catcher: Catcher) -> None:
    commands = b"MAIL FROM:<a@example.jp>\r\nRCPT TO:<b@example.jp>\r\nDATA\r\n"
    mail = b"Subject: x\r\n\r\nx\r\n.\r\n"
    answers = converse(catcher, b"EHLO x\r\n" + (commands + mail) * 3 + b"QUIT\r\n")
    assert b"250-PIPELINING\r\n" in answers
    assert answers.count(b"250 2.0.0 Kept") == 3
    assert len(catcher.maildir.headings()) == 3


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..a\r\nb\r\n...\r\n..\r\n.\r\n", b".a\r\nb\r\n..\r\n.\r\n"),
        (b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n"),  # a bare LF ends no line: no smuggling of a second mail
        (b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n"),
    ],
)
def test_a_mail_ends_at_the_line_with_a_single_dot(catcher: Catcher, sent: bytes, kept: bytes) -> None:
    start = b"EHLO x\r\nMAIL FROM:<a@example.jp>\r\nRCPT TO:<b@example.jp>\r\nDATA\r\n"
    whole = start + sent + b"QUIT\r\n"
    for packets in ([whole], [whole[:-9], whole[-9:]], [start, *(bytes([octet]) for octet in sent), b"QUIT\r\n"]):
        assert b"\r\n221 " in converse(catcher, *packets)
    files = [catcher.maildir.read(heading.name) or b"" for heading in catcher.maildir.headings()]
    assert [file.partition(b"Return-Path: <a@example.jp>\r\n")[2] for file in files] == [kept] * 3


def test_it_refuses_a_line_that_the_world_would_refuse(catcher: Catcher) -> None:
    for length, code in ((998, 250), (999, 500)):
        with smtplib.SMTP("127.0.0.1", catcher.smtp_port) as client:
            client.ehlo()
            client.mail("a@example.jp")
            client.rcpt("b@example.jp")
            assert client.data(b"x" * length + b"\r\n")[0] == code


def test_it_refuses_a_mail_that_turns_out_too_big_and_goes_on(catcher: Catcher) -> None:
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port) as client:
        client.ehlo()
        for lines, code in ((500_000, 552), (1, 250)):
            client.mail("a@example.jp")
            client.rcpt("b@example.jp")
            assert client.data((b"x" * 76 + b"\r\n") * lines)[0] == code


def test_a_mail_that_breaks_off_is_not_kept(catcher: Catcher) -> None:
    start = b"EHLO x\r\nMAIL FROM:<a@example.jp>\r\nRCPT TO:<b@example.jp>\r\nDATA\r\nSubject: half"
    with socket.create_connection(("127.0.0.1", catcher.smtp_port)) as line:
        line.sendall(start)
    send(catcher, "whole@example.jp")
    assert [heading.recipients for heading in catcher.maildir.headings()] == [("whole@example.jp",)]


def test_commands_out_of_order_are_refused(catcher: Catcher) -> None:
    answers = converse(catcher, b"DATA\r\nEHLO x\r\nDATA\r\nMAIL FROM:<a@example.jp>\r\nDATA\r\nQUIT\r\n")
    assert answers.count(b"\r\n503 ") == 3


def test_it_announces_its_limit_and_refuses_more(catcher: Catcher) -> None:
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port) as client:
        client.ehlo()
        assert int(client.esmtp_features["size"]) >= 30_000_000
        assert client.mail("a@example.jp", ["SIZE=999999999"])[0] == 552


def test_it_says_452_when_the_disk_is_full_and_451_when_it_cannot_write(catcher: Catcher) -> None:
    new = catcher.maildir.folder / "new"
    new.rmdir()
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port) as client, pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail("a@example.jp", ["b@example.jp"], letter())
    assert refused.value.smtp_code == 451
    assert list((catcher.maildir.folder / "tmp").iterdir()) == []


def test_it_stays_on_loopback(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "192.0.2.1", "example.jp", "localhost"):
        with pytest.raises(CatcherError, match="この機械の中"):
            Catcher(tmp_path, 2525, host=host)


def test_it_says_which_port_is_taken_and_lets_go_of_the_other(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, smtp_port = taken.getsockname()[1], free_port()
        with pytest.raises(CatcherError, match=f"ポート {port} はほかのプログラムが使っています"):
            Catcher(tmp_path, port).start()
        with pytest.raises(CatcherError, match=f"ポート {port} はほかのプログラムが使っています"):
            Catcher(tmp_path, smtp_port, port).start()
        with Catcher(tmp_path, smtp_port):
            pass


def test_the_list_shows_the_newest_first_fifty_to_a_page(catcher: Catcher) -> None:
    for number in range(53):
        catcher.maildir.keep("a@example.jp", [f"r{number}@example.jp"], letter(f"{number}通目"))
    first, second = ask(catcher, "/").body, ask(catcher, "/?page=2").body
    assert first.index("52通目") < first.index("51通目")
    assert "53通" in first
    assert ">2通目" not in first
    assert ">2通目" in second
    assert ask(catcher, "/?page=99999999999999").status == 200


def test_the_list_is_searched_by_recipient_and_subject(catcher: Catcher) -> None:
    catcher.maildir.keep("a@example.jp", ["first@example.jp"], letter("春の号"))
    catcher.maildir.keep("a@example.jp", ["second@example.jp"], letter("秋の号"))
    assert "秋の号" not in ask(catcher, "/?q=FIRST").body
    assert "春の号" not in ask(catcher, "/?" + urlencode({"q": "秋"})).body
    assert "含むメールはありません" in ask(catcher, "/?q=nobody").body


def test_a_mail_is_shown_as_text_headers_and_source(catcher: Catcher) -> None:
    send(catcher, "a@example.jp")
    page = only_mail(catcher)
    assert "本文です" in ask(catcher, f"{page}/?view=text").body
    assert "【北九州市】" in ask(catcher, f"{page}/?view=headers").body
    assert "Content-Transfer-Encoding" in ask(catcher, f"{page}/?view=source").body
    download = ask(catcher, f"{page}/source.eml")
    assert download.body.encode() == catcher.maildir.read(page.split("/")[2])
    assert "attachment" in download.headers["Content-Disposition"]


def test_the_html_of_a_mail_may_run_nothing_and_load_nothing(catcher: Catcher) -> None:
    send(catcher, "a@example.jp")
    page = only_mail(catcher)
    outer = ask(catcher, f"{page}/")
    assert "alert(1)" not in outer.body
    assert "default-src 'none'" in outer.headers["Content-Security-Policy"]
    frame = ask(catcher, f"{page}/frame")
    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    assert "allow-scripts" not in policy
    assert "http:" not in policy
    assert frame.body.startswith("<!doctype html>")
    assert '<base target="_blank">' in frame.body
    assert "img-src data: http: https:" in ask(catcher, f"{page}/frame?pictures=1").headers["Content-Security-Policy"]


def test_a_subject_cannot_bring_markup_into_the_list(catcher: Catcher) -> None:
    catcher.maildir.keep("a@example.jp", ["<img src=x>@example.jp"], b"Subject: <script>x</script>\r\n\r\nx\r\n")
    body = ask(catcher, "/").body
    assert "<script>" not in body
    assert "<img" not in body


@pytest.mark.parametrize(
    "content", [b"", b"\0\xff" * 500, b"Subject: =?utf-8?b?!!!?=\r\nContent-Type: text/html; charset=x\r\n\r\n\xff"]
)
def test_a_mail_that_is_no_mail_is_shown_all_the_same(catcher: Catcher, content: bytes) -> None:
    name = catcher.maildir.keep("", ["a@example.jp"], content)
    assert ask(catcher, "/").status == 200
    for view in ("html", "text", "headers", "source"):
        assert ask(catcher, f"/mail/{name}/?view={view}").status == 200


def test_emptying_needs_the_button_of_the_page(catcher: Catcher) -> None:
    send(catcher, "a@example.jp")
    assert ask(catcher, "/empty").status == 404
    assert ask(catcher, "/empty", "POST", form={"token": "guessed"}).status == 403
    assert len(catcher.maildir.headings()) == 1
    token = ask(catcher, "/").body.partition('name="token" value="')[2].partition('"')[0]
    assert ask(catcher, "/empty", "POST", form={"token": token}).status == 303
    assert catcher.maildir.headings() == []


def test_a_name_that_points_here_from_elsewhere_is_refused(catcher: Catcher) -> None:
    assert ask(catcher, "/", host=f"attacker.example:{catcher.web_port}").status == 421
    assert ask(catcher, "/", host=f"localhost:{catcher.web_port}").status == 200


@pytest.mark.parametrize(
    "path", ["/mail/../../etc/passwd/", "/mail/%2e%2e%2fsecret/", "/mail/nothing/", "/static/../x", "/mail//"]
)
def test_nothing_outside_the_maildir_can_be_read(catcher: Catcher, path: str) -> None:
    (catcher.maildir.folder / "secret").write_text("secret")
    assert ask(catcher, path).status == 404


def test_a_thousand_mails_are_listed_and_none_is_opened_a_second_time(tmp_path: Path) -> None:
    maildir = Maildir(tmp_path)
    maildir.make()
    content = letter(html=HTML + "<p>長い本文</p>" * 3000)
    names = [maildir.keep("a@example.jp", [f"r{number}@example.jp"], content) for number in range(1000)]
    listed = maildir.headings()
    assert [heading.name for heading in listed] == sorted(names, reverse=True)
    for name in names:
        (tmp_path / "new" / name).write_bytes(b"Subject: something else\r\n\r\n")
    assert maildir.headings() == listed
